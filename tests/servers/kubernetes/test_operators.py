"""The real controllers of LeaderWorkerSet and KEDA: what they make, and what they take back."""

import time
from collections.abc import Mapping, Sequence

import pytest

from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.kubernetes import KubernetesClient
from cluster.clients.objects import OwnerReference, Pod
from cluster.clients.things import Thing, Write
from cluster.snapshots import generation
from cluster.snapshots.taking import take
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector
from incidents.errors import Conflict, Rejected, Unavailable
from tests.contract.cluster import objects
from tests.contract.cluster.asking import Body
from tests.servers.kubernetes.conftest import Real

pytestmark = pytest.mark.server

MANAGER = "triaged/run-1"
LATE = 0.7
"""So late in a second nothing becomes ready in the rest of it."""


@pytest.mark.usefixtures("leading")
class TestLeaderWorkerSet:
    """Groups of pods that live and die together."""

    def test_pods_of_a_group_lead_to_their_set(self, place: Real) -> None:
        """Leaders through its StatefulSet, workers through that of their leader."""
        _grouped(place)
        client = place.client()

        found = LabelTargets(client).find(Selector(namespace=place.namespace, model="m"))
        pods = client.pods(place.namespace, "leaderworkerset.sigs.k8s.io/name=lws")

        assert (found.words, found.notes) == ("pod → LeaderWorkerSet lws", ())
        assert {pod.name: _above(client, pod) for pod in pods} == {
            "lws-0": ["StatefulSet lws", "LeaderWorkerSet lws"],
            "lws-1": ["StatefulSet lws", "LeaderWorkerSet lws"],
            "lws-0-1": [
                *("StatefulSet lws-0", "Pod lws-0", "StatefulSet lws", "LeaderWorkerSet lws"),
            ],
            "lws-1-1": [
                *("StatefulSet lws-1", "Pod lws-1", "StatefulSet lws", "LeaderWorkerSet lws"),
            ],
        }
        assert {pod.group_size for pod in pods} == {2}

    def test_a_group_more_is_all_of_its_pods(self, place: Real) -> None:
        """The unit of a scale is a group, and our name stands in its managed fields."""
        groups = _grouped(place)
        client = place.client()

        client.write(_sized(groups, 3))
        place.until(lambda: _whole(client, place, 6))
        after = place.until(lambda: _ready(client.thing(place.namespace, groups.itself), 3))

        (ours,) = [each for each in after.writers if each.manager == MANAGER]
        assert (ours.subresource, ours.fields) == ("scale", {"spec", "spec.replicas"})
        assert after.generation == groups.generation + 1

    def test_the_scale_of_a_custom_kind_knows_no_uid(self, place: Real) -> None:
        """Only the version keeps a write from another object of that name; it must be given."""
        groups = _grouped(place)
        client = place.client()
        other = _sized(groups, 3, uid="other")

        assert client.write(other).body["spec"]["replicas"] == 3
        with pytest.raises(Conflict, match="the object has been modified"):
            client.write(_sized(groups, 1, uid="other", version=groups.resource_version))

    def test_a_worker_that_goes_takes_its_group_along(self, place: Real) -> None:
        """Whoever deletes one pod restarts all of its group, and no other."""
        _grouped(place)
        client = place.client()
        before = _uids(client, place)

        place.api().delete(
            f"/api/v1/namespaces/{place.namespace}/pods/lws-1-1", gracePeriodSeconds=0
        )
        after = place.until(lambda: _replaced(client, place, before, 2))

        assert sorted(name for name in before if after[name] != before[name]) == [
            "lws-1",
            "lws-1-1",
        ]

    def test_a_rollout_leaves_no_revision_of_its_own_to_go_back_to(self, place: Real) -> None:
        """A rollback needs a template that somebody else has noted, and that stays."""
        groups = _grouped(place)
        client = place.client()
        take(client, place.namespace)

        _change(place, groups, {"spec": {"leaderWorkerTemplate": NEW}})
        place.until(lambda: _rolled(client, place, groups))
        kept = place.until(lambda: _own(client, place, groups, 1))
        found = take(client, place.namespace)

        assert [each.body["revision"] for each in kept] == [2]
        assert found.noted == (f"{groups}: generation 2",)
        assert take(client, place.namespace).noted == ()

    def test_it_is_rolled_back_to_what_was_noted_and_forward_again(self, place: Real) -> None:
        """To the last field, with all pods of the old template ready, and through its webhooks."""
        groups = _grouped(place)
        client = place.client()
        old = client.thing(place.namespace, groups.itself).body["spec"]["leaderWorkerTemplate"]
        take(client, place.namespace)
        _change(place, groups, {"spec": {"leaderWorkerTemplate": NEW}})
        place.until(lambda: _rolled(client, place, groups))
        new = client.thing(place.namespace, groups.itself).body["spec"]["leaderWorkerTemplate"]
        take(client, place.namespace)

        back = _carry_out(place, groups, {}, key="run-1/back")
        between = client.thing(place.namespace, groups.itself).body["spec"]["leaderWorkerTemplate"]
        forward = _carry_out(
            place, groups, {"revision": dict(back.inverse)["revision"]}, key="run-1/forward"
        )

        assert (back.before, back.after) == (
            (("revision", "2 (vllm:2)"),),
            (("revision", "1 (vllm:1)"),),
        )
        assert between == old
        after = client.thing(place.namespace, groups.itself).body["spec"]["leaderWorkerTemplate"]
        assert after == new
        assert forward.before == (("revision", "1 (vllm:1)"),)

    def test_nobody_can_change_what_was_noted(self, place: Real) -> None:
        """The API server itself keeps the data of a ControllerRevision as it was."""
        _grouped(place)
        client = place.client()
        take(client, place.namespace)
        (noted,) = client.things(place.namespace, kinds.CONTROLLER_REVISION, selector=generation.OF)

        with pytest.raises(Rejected, match="data: Invalid value"):
            _change(place, noted, {"data": {"spec": {"leaderWorkerTemplate": {"size": 9}}}})

    def test_a_size_that_makes_no_sense_is_refused_by_its_webhook(self, place: Real) -> None:
        """With a 403 that has nothing to do with rights."""
        groups = _grouped(place)
        change = {"spec": {"leaderWorkerTemplate": {"size": 0}}}

        with pytest.raises(Rejected) as raised:
            _change(place, groups, change)

        assert "size must be equal or greater than 1" in str(raised.value)
        assert "no permission" not in str(raised.value)


@pytest.mark.usefixtures("scaling")
class TestKeda:
    """ScaledObjects own the HorizontalPodAutoscalers that they make."""

    def test_a_scaled_object_owns_its_autoscaler(self, place: Real) -> None:
        """Without any metrics it keeps the bounds, and its hand is the HPA's."""
        scaled = _scaled(place, least=2, most=4)
        client = place.client()

        (found,) = client.autoscalers(place.namespace)
        after = place.until(lambda: _sized_to(client, place, 2))

        assert (found.name, found.target_kind, found.target_name) == (
            "keda-hpa-decode",
            "Deployment",
            "decode",
        )
        assert found.owners == (
            OwnerReference(
                kind="ScaledObject",
                name="decode",
                uid=scaled.itself.uid,
                api_version="keda.sh/v1alpha1",
            ),
        )
        assert found.labels["scaledobject.keda.sh/name"] == "decode"
        last = next(each for each in after.writers if "spec.replicas" in each.fields)
        assert (last.manager, last.subresource) == ("kube-controller-manager", "scale")

    def test_a_floor_written_to_the_autoscaler_is_taken_back(self, place: Real) -> None:
        """Where it sticks is the ScaledObject."""
        _scaled(place, least=2, most=4)
        client = place.client()
        hpa = OwnerReference(
            kind="HorizontalPodAutoscaler", name="keda-hpa-decode", api_version="autoscaling/v2"
        )
        here = client.thing(place.namespace, hpa)

        wrote = _change(place, here, {"spec": {"minReplicas": 1}})
        place.until(lambda: _floor(client.thing(place.namespace, hpa)) == 2)

        assert _floor(wrote) == 1

    def test_a_floor_written_to_the_scaled_object_sticks(self, place: Real) -> None:
        """Its autoscaler follows, and then the Deployment."""
        scaled = _scaled(place, least=2, most=4)
        client = place.client()

        _change(place, scaled, {"spec": {"minReplicaCount": 3}})

        assert place.until(lambda: _sized_to(client, place, 3))

    def test_a_paused_scaled_object_has_no_autoscaler(self, place: Real) -> None:
        """Then a scale sticks; whoever pauses must remember to end it."""
        scaled = _scaled(place, least=2, most=4)
        client = place.client()
        pause = {"metadata": {"annotations": {"autoscaling.keda.sh/paused": "true"}}}

        _change(place, scaled, pause)

        assert place.until(lambda: not client.autoscalers(place.namespace))


NEW = {
    role: objects.template({"llm-d.ai/role": "decode"}, image="vllm:2")
    for role in ("leaderTemplate", "workerTemplate")
}


def _carry_out(place: Real, groups: Thing, asked: Mapping[str, object], *, key: str) -> Plan:
    """Plan a rollback, write it, and wait until it has come about."""
    client = place.client()
    found = LabelTargets(client).find(Selector(namespace=place.namespace, model="m"))
    verb = verbs(client)["rollback"]

    def done() -> Plan | None:
        # The API server keeps whole seconds: pods that are ready in that of the write may be old.
        place.until(lambda: time.time() % 1 > LATE)
        try:
            made = verb.plan(found, asked)
            verb.apply(made, key=key)
        except (Conflict, Unavailable):
            return None  # its controller writes, too
        return made

    made = place.until(done)
    assert verb.already_done(made, key=key) is Done.YES
    place.until(lambda: verb.settled(made).since)
    assert verb.settled(made).reverted_by is None
    assert _rolled(client, place, groups)
    return made


def _grouped(place: Real) -> Thing:
    """Return a LeaderWorkerSet of two groups of two pods, all of them ready."""
    made = place.make(kinds.GROUPS, objects.groups("lws", replicas=2, size=2))
    client = place.client()
    place.until(lambda: _whole(client, place, 4))
    return _thing(place, kinds.GROUPS, made)


def _scaled(place: Real, *, least: int, most: int) -> Thing:
    """Return a ScaledObject that has made its autoscaler."""
    place.make(kinds.DEPLOYMENT, objects.deployment("decode", replicas=1))
    made = place.make(kinds.SCALED_OBJECT, objects.scaled("decode", least=least, most=most))
    client = place.client()
    place.until(lambda: client.autoscalers(place.namespace))
    return _thing(place, kinds.SCALED_OBJECT, made)


def _thing(place: Real, kind: kinds.Kind, made: Body) -> Thing:
    reference = OwnerReference(
        kind=kind.name,
        name=made["metadata"]["name"],
        uid=made["metadata"]["uid"],
        api_version=kind.api_version,
    )
    return place.client().thing(place.namespace, reference)


def _change(place: Real, found: Thing, change: Body) -> Thing:
    """Write to an object as it is now; its controllers write too, so that it may take a while."""
    client = place.client()

    def wrote() -> Thing | None:
        now = client.thing(found.namespace, found.itself)
        asked = Write(
            namespace=found.namespace,
            reference=found.itself,
            resource_version=now.resource_version,
            change=change,
            manager=MANAGER,
        )
        try:
            return client.write(asked)
        except Conflict:
            return None

    return place.until(wrote)


def _sized(found: Thing, replicas: int, *, uid: str = "", version: str = "") -> Write:
    itself = found.itself
    reference = OwnerReference(
        kind=itself.kind,
        name=itself.name,
        uid=uid or itself.uid,
        api_version=itself.api_version,
    )
    return Write(
        namespace=found.namespace,
        reference=reference,
        resource_version=version,
        change={"spec": {"replicas": replicas}},
        manager=MANAGER,
        subresource="scale",
    )


def _above(client: KubernetesClient, pod: Pod) -> list[str]:
    """Return everything above a pod, by its controllers."""
    found, owners = [], pod.owners
    while owners:
        (owner,) = owners
        found.append(str(owner))
        owners = client.owner(pod.namespace, owner).owners
    return found


def _pods(client: KubernetesClient, place: Real) -> Sequence[Pod]:
    return client.pods(place.namespace, "leaderworkerset.sigs.k8s.io/name=lws")


def _whole(client: KubernetesClient, place: Real, number: int) -> Sequence[Pod]:
    found = [pod for pod in _pods(client, place) if pod.ready_since and not pod.leaving]
    return found if len(found) == number else []


def _ready(found: Thing, number: int) -> Thing | None:
    return found if found.body["status"].get("readyReplicas") == number else None


def _uids(client: KubernetesClient, place: Real) -> dict[str, str]:
    return {pod.name: pod.uid for pod in _pods(client, place)}


def _replaced(
    client: KubernetesClient, place: Real, before: dict[str, str], number: int
) -> dict[str, str]:
    """Return the pods' uids when all are there again, and so many are others."""
    after = {pod.name: pod.uid for pod in _whole(client, place, len(before))}
    others = [name for name in before if after.get(name) != before[name]]
    return after if after.keys() == before.keys() and len(others) >= number else {}


def _rolled(client: KubernetesClient, place: Real, groups: Thing) -> bool:
    found = client.thing(place.namespace, groups.itself)
    status = found.body["status"]
    if status.get("observedGeneration", 0) < found.generation:
        return False  # its controller has not seen the template yet
    new = {
        pod.labels["leaderworkerset.sigs.k8s.io/template-revision-hash"]
        for pod in _pods(client, place)
    }
    return status.get("updatedReplicas") == 2 and len(new) == 1


def _own(client: KubernetesClient, place: Real, groups: Thing, number: int) -> Sequence[Thing]:
    """Return the revisions that the set itself owns; its StatefulSets have others."""
    found = client.things(place.namespace, kinds.CONTROLLER_REVISION)
    own = [each for each in found if each.controller and each.controller.uid == groups.itself.uid]
    return own if len(own) == number else []


def _sized_to(client: KubernetesClient, place: Real, replicas: int) -> Thing | None:
    reference = OwnerReference(kind="Deployment", name="decode", api_version="apps/v1")
    found = client.thing(place.namespace, reference)
    return found if found.body["spec"]["replicas"] == replicas else None


def _floor(found: Thing) -> int:
    return int(found.body["spec"]["minReplicas"])
