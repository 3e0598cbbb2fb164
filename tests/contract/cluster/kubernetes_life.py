"""What a cluster's own controllers make of a write: the same in the stand-in and in a real one."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from cluster.clients import kinds
from cluster.clients.kubernetes import KubernetesClient
from cluster.clients.objects import OwnerReference, Pod
from cluster.clients.things import Patch, Removal, Thing, Write
from incidents.errors import Conflict, NotDone, Unavailable
from tests.contract.cluster import objects
from tests.contract.cluster.places import OPERATOR, Place, path

MANAGER = "triaged/run-1"
REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"


class Life:
    """What follows from a write; a suite inherits it with a fixture `place`."""

    @pytest.mark.parametrize("subresource", ["scale", ""], ids=["scale", "replicas"])
    def test_both_ways_to_write_a_size_lead_to_as_many_pods(
        self, place: Place, subresource: str
    ) -> None:
        """The first needs one right less, and the second is what Git does."""
        decode = _deployed(place, replicas=1)
        client = place.client()

        client.write(_sized(decode, 3, subresource=subresource))
        after = place.until(lambda: _ready(client.pods(place.namespace, "app=decode"), 3))

        assert len({pod.name for pod in after}) == 3
        assert _at_rest(place).body["status"]["availableReplicas"] == 3

    def test_an_autoscaler_takes_back_what_is_below_its_floor(self, place: Place) -> None:
        """Without any metrics too: it keeps its bounds, and its hand shows in `/scale`."""
        decode = _deployed(place, replicas=3)
        place.make(kinds.AUTOSCALER, objects.autoscaler("decode", least=3, most=5, of="decode"))
        client = place.client()

        client.write(_sized(decode, 1))
        after = place.until(lambda: _resized(client, place, 3))

        last = next(each for each in after.writers if "spec.replicas" in each.fields)
        assert (last.manager, last.subresource) == ("kube-controller-manager", "scale")

    def test_an_autoscaler_takes_back_what_is_above_its_ceiling(self, place: Place) -> None:
        """So that a scale up past it is no remedy either."""
        decode = _deployed(place, replicas=1)
        place.make(kinds.AUTOSCALER, objects.autoscaler("decode", least=1, most=2, of="decode"))
        client = place.client()

        client.write(_sized(decode, 4))

        assert place.until(lambda: _resized(client, place, 2))

    def test_an_autoscaler_is_off_at_zero(self, place: Place) -> None:
        """Nothing brings a workload back that was scaled to nothing."""
        decode = _deployed(place, replicas=1)
        client = place.client()
        client.write(_sized(decode, 0))
        place.make(kinds.AUTOSCALER, objects.autoscaler("decode", least=2, most=5, of="decode"))
        hpa = OwnerReference(
            kind="HorizontalPodAutoscaler", name="decode", api_version="autoscaling/v2"
        )

        place.until(lambda: _condition(client.thing(place.namespace, hpa), "ScalingActive"))

        assert client.deployment(place.namespace, "decode").replicas == 0

    def test_another_image_is_another_revision(self, place: Place) -> None:
        """What was before is kept at size zero: it is what one rolls back to."""
        decode = _deployed(place, replicas=1)
        client = place.client()

        client.write(_imaged(decode, "vllm:2"))
        _at_rest(place)
        old, new = place.until(lambda: _revisions(client, place, 2))

        assert [_revision(each) for each in (old, new)] == [1, 2]
        assert [each.body["spec"]["replicas"] for each in (old, new)] == [0, 1]
        assert [_image(each) for each in (old, new)] == ["vllm:1", "vllm:2"]
        assert old.labels[HASH] != new.labels[HASH]
        assert _revision(client.thing(place.namespace, decode.itself)) == 2

    def test_a_rollback_is_the_old_revision_with_a_new_number(self, place: Place) -> None:
        """The ReplicaSet is the same one; a revision's number is not its name for ever."""
        decode = _deployed(place, replicas=1)
        client = place.client()
        client.write(_imaged(decode, "vllm:2"))
        changed = _at_rest(place)
        first, _ = place.until(lambda: _revisions(client, place, 2))

        template = {**first.body["spec"]["template"]}
        labels = {k: v for k, v in template["metadata"]["labels"].items() if k != HASH}
        template["metadata"] = {**template["metadata"], "labels": labels}
        undo = [{"op": "replace", "path": "/spec/template", "value": template}]
        client.write(replace(_imaged(changed, ""), patch=Patch.JSON, change=undo))
        _at_rest(place)
        second, back = place.until(lambda: _revisions(client, place, 2))

        assert back.itself == first.itself
        assert [_revision(each) for each in (second, back)] == [2, 3]
        assert [each.body["spec"]["replicas"] for each in (second, back)] == [0, 1]

    def test_a_paused_deployment_scales_and_does_not_roll(self, place: Place) -> None:
        """Pausing stops a bad rollout where it is."""
        decode = _deployed(place, replicas=1)
        client = place.client()
        pause = {"spec": {"paused": True}}
        paused = client.write(replace(_imaged(decode, ""), change=pause))

        changed = client.write(_imaged(paused, "vllm:2"))
        client.write(_sized(changed, 2))
        after = place.until(lambda: _ready(client.pods(place.namespace, "app=decode"), 2))

        assert len({pod.owners for pod in after}) == 1
        assert [_image(each) for each in _sets(client, place)] == ["vllm:1"]

    def test_a_pod_without_a_budget_is_evicted(self, place: Place) -> None:
        """And its ReplicaSet makes another."""
        _deployed(place, replicas=2)
        client = place.client()
        first, second = client.pods(place.namespace, "app=decode")

        client.evict(_removal(first))
        after = place.until(
            lambda: _ready(_without(first, client.pods(place.namespace, "app=decode")), 2)
        )

        assert second.uid in {pod.uid for pod in after}

    def test_a_budget_forbids_what_it_must(self, place: Place) -> None:
        """Nothing was done, so that it may be tried later; the pod serves on."""
        _deployed(place, replicas=2)
        _budgeted(place, 2)
        client = place.client()
        first, _ = client.pods(place.namespace, "app=decode")

        told = r"violate the pod's disruption budget\. .* decode needs 2 healthy pods and has 2"
        with pytest.raises(Unavailable, match=told):
            client.evict(replace(_removal(first), dry_run=True))
        with pytest.raises(NotDone, match=told):
            client.evict(_removal(first))

        after = client.pods(place.namespace, "app=decode")
        assert first in after
        assert not any(pod.leaving for pod in after)

    def test_a_budget_is_spent_by_one_eviction_at_a_time(self, place: Place) -> None:
        """Two at once would be one too many, also before the controller has counted again."""
        _deployed(place, replicas=2)
        _budgeted(place, 1)
        client = place.client()
        first, second = client.pods(place.namespace, "app=decode")

        client.evict(replace(_removal(first), dry_run=True))
        client.evict(_removal(first))
        with pytest.raises(NotDone):
            client.evict(_removal(second))

        assert second.uid in {pod.uid for pod in client.pods(place.namespace, "app=decode")}

    def test_a_pod_is_evicted_only_under_its_uid(self, place: Place) -> None:
        """The name of a pod says nothing about which pod it is."""
        made = place.make(kinds.POD, objects.pod("alone"))
        client = place.client()
        asked = Removal(namespace=place.namespace, name="alone", uid="other")

        with pytest.raises(Conflict, match=r"the UID in the precondition \(other\)"):
            client.evict(asked)

        (still,) = client.pods(place.namespace, "")
        assert still.uid == made["metadata"]["uid"]


def _deployed(place: Place, *, replicas: int) -> Thing:
    """Return a Deployment whose pods are all ready."""
    place.make(kinds.DEPLOYMENT, objects.deployment("decode", replicas=replicas))
    return _at_rest(place)


def _at_rest(place: Place) -> Thing:
    client = place.client()
    reference = OwnerReference(kind="Deployment", name="decode", api_version="apps/v1")

    def settled() -> Thing | None:
        found = client.thing(place.namespace, reference)
        spec, status = found.body["spec"], found.body.get("status", {})
        counts = [status.get(f"{name}Replicas", 0) for name in ("updated", "ready", "available")]
        seen = status.get("observedGeneration") == found.generation
        whole = status.get("replicas", 0) == spec["replicas"]
        return found if seen and whole and set(counts) == {spec["replicas"]} else None

    return place.until(settled)


def _write(found: Thing, change: object, subresource: str = "") -> Write:
    return Write(
        namespace=found.namespace,
        reference=found.itself,
        resource_version="",
        change=change,
        manager=MANAGER,
        subresource=subresource,
    )


def _sized(found: Thing, replicas: int, *, subresource: str = "scale") -> Write:
    return _write(found, {"spec": {"replicas": replicas}}, subresource)


def _imaged(found: Thing, image: str) -> Write:
    container = found.body["spec"]["template"]["spec"]["containers"][0] | {"image": image}
    return _write(found, {"spec": {"template": {"spec": {"containers": [container]}}}})


def _resized(client: KubernetesClient, place: Place, replicas: int) -> Thing | None:
    reference = OwnerReference(kind="Deployment", name="decode", api_version="apps/v1")
    found = client.thing(place.namespace, reference)
    return found if found.body["spec"]["replicas"] == replicas else None


def _sets(client: KubernetesClient, place: Place) -> Sequence[Thing]:
    return sorted(client.things(place.namespace, kinds.REPLICA_SET), key=_revision)


def _revisions(client: KubernetesClient, place: Place, number: int) -> Sequence[Thing]:
    found = _sets(client, place)
    return found if len(found) == number else []


def _revision(found: Thing) -> int:
    return int(found.annotations[REVISION])


def _image(found: Thing) -> str:
    return str(found.body["spec"]["template"]["spec"]["containers"][0]["image"])


def _condition(found: Thing, kind: str) -> str:
    given = found.body.get("status", {}).get("conditions") or ()
    return next((each["reason"] for each in given if each["type"] == kind), "")


def _ready(found: Sequence[Pod], number: int) -> Sequence[Pod]:
    whole = len(found) == number and all(pod.ready_since and not pod.leaving for pod in found)
    return found if whole else []


def _without(gone: Pod, found: Sequence[Pod]) -> Sequence[Pod]:
    return [pod for pod in found if pod.uid != gone.uid]


def _removal(pod: Pod) -> Removal:
    return Removal(namespace=pod.namespace, name=pod.name, uid=pod.uid)


def _budgeted(place: Place, least: int) -> None:
    """Set a budget, and let its controller count."""
    chosen = {"minAvailable": least, "selector": {"matchLabels": {"app": "decode"}}}
    place.api().create(
        path(kinds.BUDGET, place.namespace),
        {"metadata": {"name": "decode"}, "spec": chosen},
        fieldManager=OPERATOR,
    )
    client = place.client()

    def counted() -> bool:
        (budget,) = client.things(place.namespace, kinds.BUDGET)
        return budget.body.get("status", {}).get("currentHealthy") == 2

    place.until(counted)
