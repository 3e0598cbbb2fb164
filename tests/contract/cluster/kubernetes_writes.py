"""What our client writes to a cluster: the same in the stand-in and behind a real API server."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cluster.clients import kinds
from cluster.clients.objects import OwnerReference
from cluster.clients.refusals import Forbidden, Missing
from cluster.clients.things import Patch, Removal, Thing, Write
from incidents.errors import Conflict, Rejected
from tests.contract.cluster import objects
from tests.contract.cluster.places import OPERATOR, Place, path

MANAGER = "triaged/run-1"
FORMS = (Patch.MERGE, Patch.JSON)


class Writes:
    """Every write of the port; a suite inherits it with a fixture `place`."""

    def test_a_size_is_written_once_under_our_name(self, place: Place) -> None:
        """Managed fields say afterwards that it was us, through `/scale`."""
        asked = _resize(place, 3)
        client = place.client()

        done = client.write(asked)
        after = client.deployment(place.namespace, "decode")

        assert (_size(done), after.replicas, after.generation) == (3, 3, 2)
        (ours,) = [each for each in after.writers if each.manager == MANAGER]
        assert (ours.subresource, ours.fields) == ("scale", {"spec", "spec.replicas"})

    def test_a_size_that_it_has_is_not_written_under_our_name(self, place: Place) -> None:
        """Whoever looks for our mark after an unknown outcome finds none where we changed nothing.

        The version may move all the same: the server keeps its book of writers anew.
        """
        asked = _resize(place, 1)
        client = place.client()

        done = client.write(asked)
        after = client.deployment(place.namespace, "decode")

        assert (_size(done), after.replicas, after.generation) == (1, 1, 1)
        assert MANAGER not in {each.manager for each in after.writers}

    def test_a_dry_run_answers_and_changes_nothing(self, place: Place) -> None:
        """A plan asks the API server first; asking must be free."""
        asked = _resize(place, 3)
        before = place.api().get(path(kinds.DEPLOYMENT, place.namespace, "decode"))

        done = place.client().write(replace(asked, dry_run=True))

        assert _size(done) == 3
        assert place.api().get(path(kinds.DEPLOYMENT, place.namespace, "decode")) == before

    def test_an_older_version_is_a_conflict(self, place: Place) -> None:
        """An approval given on a stale picture fails instead of acting."""
        asked = _resize(place, 3)
        client = place.client()
        client.write(asked)

        with pytest.raises(Conflict, match="the object has been modified"):
            client.write(replace(asked, change={"spec": {"replicas": 4}}))

        assert client.deployment(place.namespace, "decode").replicas == 3

    def test_another_object_of_that_name_is_a_conflict(self, place: Place) -> None:
        """Deleted and made again, it is not what was approved."""
        asked = _resize(place, 3)

        with pytest.raises(Conflict, match="Precondition failed: UID in precondition: other"):
            place.client().write(replace(asked, reference=replace(asked.reference, uid="other")))

    def test_what_nobody_owns_is_applied_under_our_name(self, place: Place) -> None:
        """And applied again without it, it goes: we declared it, and nobody else did."""
        before = _whole(place)
        chosen = {"template": {"spec": {"nodeSelector": {"gpu": "h100"}}}}

        tried = _applied(place, before, chosen, dry_run=True)
        first = _applied(place, before, chosen)
        second = _applied(place, before, {"revisionHistoryLimit": 10})

        assert _chosen(tried) == _chosen(first) == {"gpu": "h100"}
        assert "triaged" in {each.manager for each in first.writers}
        assert not _chosen(second)

    def test_what_somebody_else_owns_is_not_applied(self, place: Place) -> None:
        """The refusal names who owns which field; nothing is forced."""
        before = _whole(place)

        with pytest.raises(Rejected) as raised:
            place.client().write(_declared(before, {"replicas": 7}))

        assert f'Apply failed with 1 conflict: conflict with "{OPERATOR}"' in str(raised.value)
        assert ".spec.replicas" in str(raised.value)
        assert _whole(place).body["spec"]["replicas"] == 1

    def test_applying_to_another_version_or_object_is_a_conflict(self, place: Place) -> None:
        """It makes no object either, where there is none of that name."""
        client, before = place.client(), _whole(place)
        asked = _declared(before, {"minReadySeconds": 3})
        client.write(asked)

        with pytest.raises(Conflict):
            client.write(replace(asked, change={**asked.change, "spec": {"minReadySeconds": 4}}))
        now = replace(asked, resource_version=_whole(place).resource_version)
        with pytest.raises(Conflict):
            client.write(replace(now, reference=replace(before.itself, uid="other")))

    def test_an_object_is_created_once_under_our_name(self, place: Place) -> None:
        """A second one of that name is a conflict, and a dry run makes none."""
        client, made = place.client(), objects.deployment("another", replicas=0)

        tried = client.create(
            place.namespace, kinds.DEPLOYMENT, made, manager=MANAGER, dry_run=True
        )
        with pytest.raises(Missing):
            client.deployment(place.namespace, "another")
        done = client.create(place.namespace, kinds.DEPLOYMENT, made, manager=MANAGER)

        assert tried.itself.name == done.itself.name == "another"
        assert {each.manager for each in done.writers} == {MANAGER}
        with pytest.raises(Conflict, match="already exists"):
            client.create(place.namespace, kinds.DEPLOYMENT, made, manager=MANAGER)

    def test_what_is_gone_is_not_scaled(self, place: Place) -> None:
        """Nor made again by the patch."""
        asked = _resize(place, 3)

        with pytest.raises(Missing, match=r'deployments\.apps "prefill" not found'):
            place.client().write(replace(asked, reference=replace(asked.reference, name="prefill")))

    def test_a_size_below_nothing_is_refused(self, place: Place) -> None:
        """A wrong sum must not pass in the rehearsal."""
        asked = _resize(place, -1)

        with pytest.raises(Rejected, match="must be greater than or equal to 0"):
            place.client().write(asked)

    @pytest.mark.parametrize(
        "may",
        [
            pytest.param(frozenset({"get deployments/scale"}), id="only-read"),
            pytest.param(frozenset({"patch deployments"}), id="only-the-whole"),
        ],
    )
    def test_who_may_not_scale_is_told_the_right(self, place: Place, may: frozenset[str]) -> None:
        """`deployments/scale` is a right of its own."""
        asked = _resize(place, 3)

        with pytest.raises(Forbidden) as raised:
            place.client(may).write(asked)

        assert str(raised.value).partition("no permission: ")[2] == (
            'deployments.apps "decode" is forbidden: User "reader" cannot patch resource '
            f'"deployments/scale" in API group "apps" in the namespace "{place.namespace}"'
        )

    def test_patch_of_the_scale_suffices(self, place: Place) -> None:
        """Nobody has to grant more than is used."""
        asked = _resize(place, 3)

        done = place.client(frozenset({"patch deployments/scale"})).write(asked)

        assert _size(done) == 3

    @pytest.mark.parametrize("patch", FORMS, ids=lambda each: each.name.lower())
    def test_both_forms_of_a_patch_write_once(self, place: Place, patch: Patch) -> None:
        """Annotations carry the key of the run, so that ours is recognised."""
        found = _found(place)
        asked = _note(found, patch)
        client = place.client()

        done = client.write(asked)

        assert done.annotations["triaged.dev/run"] == "run-1"
        assert MANAGER in {each.manager for each in done.writers}
        assert done.resource_version != found.resource_version

    def test_an_annotation_of_a_deployment_is_a_new_generation(self, place: Place) -> None:
        """Its controller copies annotations to ReplicaSets; it has to see it, and so have we."""
        found = _found(place)

        done = place.client().write(_note(found, Patch.MERGE))

        assert done.generation == found.generation + 1

    @pytest.mark.parametrize("patch", FORMS, ids=lambda each: each.name.lower())
    def test_both_forms_of_a_patch_refuse_an_older_version(
        self, place: Place, patch: Patch
    ) -> None:
        """Whichever form an action needs, the picture that was approved must still be true."""
        found = _found(place)
        client = place.client()
        client.write(_note(found, patch))

        with pytest.raises(Conflict, match="the object has been modified"):
            client.write(_note(found, patch, value="run-2"))

        assert _found(place).annotations["triaged.dev/run"] == "run-1"

    @pytest.mark.parametrize("patch", FORMS, ids=lambda each: each.name.lower())
    def test_both_forms_of_a_patch_refuse_another_object(self, place: Place, patch: Patch) -> None:
        """Made again under the same name, it is not what was approved."""
        found = _found(place)
        other = replace(found, itself=replace(found.itself, uid="other"))

        with pytest.raises(Conflict, match="other"):
            place.client().write(_note(other, patch))

    @pytest.mark.parametrize("patch", FORMS, ids=lambda each: each.name.lower())
    def test_both_forms_of_a_patch_can_be_tried_dry(self, place: Place, patch: Patch) -> None:
        """The answer shows what would be, and nothing is."""
        found = _found(place)

        done = place.client().write(replace(_note(found, patch), dry_run=True))

        assert done.annotations["triaged.dev/run"] == "run-1"
        assert _found(place) == found

    def test_a_template_that_is_invalid_is_refused_by_the_dry_run(self, place: Place) -> None:
        """Before anybody is asked to approve it."""
        found = _found(place)
        change = {"spec": {"template": {"spec": {"containers": []}}}}
        asked = replace(_note(found, Patch.MERGE), change=change, dry_run=True)

        with pytest.raises(Rejected, match=r"spec\.template\.spec\.containers: Required value"):
            place.client().write(asked)

    def test_a_node_is_cordoned_and_released(self, place: Place) -> None:
        """The scheduler leaves it alone meanwhile; what runs there goes on."""
        client = place.client()
        node = client.things("", kinds.NODE)[0]

        def cordon(on: bool) -> Thing | None:
            fresh = client.thing("", node.itself)
            asked = _note(fresh, Patch.MERGE)
            try:
                return client.write(replace(asked, change={"spec": {"unschedulable": on or None}}))
            except Conflict:  # its kubelet wrote meanwhile
                return None

        assert place.until(lambda: cordon(True)).body["spec"]["unschedulable"] is True
        assert "unschedulable" not in place.until(lambda: cordon(False)).body["spec"]

    def test_a_pod_is_deleted_only_under_its_uid(self, place: Place) -> None:
        """The name of a pod says nothing about which pod it is."""
        made = place.make(kinds.POD, objects.pod("alone"))["metadata"]
        asked = Removal(namespace=place.namespace, name="alone", uid="other")
        client = place.client()

        with pytest.raises(Conflict, match=r"the UID in the precondition \(other\) does not match"):
            client.delete(asked)
        client.delete(replace(asked, uid=made["uid"], dry_run=True))
        (still,) = client.pods(place.namespace, "")
        client.delete(replace(asked, uid=made["uid"]))

        assert still.leaving is False
        assert place.until(lambda: not client.pods(place.namespace, ""))


def _found(place: Place) -> Thing:
    """Return a Deployment that nobody but us writes to: it is paused and has no pods to count."""
    client = place.client()
    if not client.workloads(place.namespace, kinds.DEPLOYMENT):
        place.make(kinds.DEPLOYMENT, objects.deployment("decode", replicas=1))
    reference = OwnerReference(kind="Deployment", name="decode", api_version="apps/v1")
    return place.until(lambda: _quiet(client.thing(place.namespace, reference)))


def _quiet(found: Thing) -> Thing | None:
    """Return what its controllers have nothing to write about any more."""
    status = found.body.get("status", {})
    seen = status.get("observedGeneration") == found.generation
    return found if seen and status.get("readyReplicas") == 1 else None


def _resize(place: Place, replicas: int) -> Write:
    found = _found(place)
    return replace(
        _note(found, Patch.MERGE), change={"spec": {"replicas": replicas}}, subresource="scale"
    )


def _size(scale: Thing) -> int:
    return int(scale.body["spec"]["replicas"])


def _note(found: Thing, patch: Patch, value: str = "run-1") -> Write:
    """Return a write of one annotation; a Deployment has some already."""
    merge = {"metadata": {"annotations": {"triaged.dev/run": value}}}
    operation = {"op": "add", "path": "/metadata/annotations/triaged.dev~1run", "value": value}
    return Write(
        namespace=found.namespace,
        reference=found.itself,
        resource_version=found.resource_version,
        change=merge if patch is Patch.MERGE else [operation],
        manager=MANAGER,
        patch=patch,
    )


def _whole(place: Place) -> Thing:
    """Return the Deployment of one replica that the operator made."""
    return _found(place)


def _applied(
    place: Place, before: Thing, declared: Mapping[str, object], *, dry_run: bool = False
) -> Thing:
    """Apply to the object as it is now; its controller writes its status meanwhile."""
    client = place.client()

    def tried() -> Thing | None:
        now = client.thing(place.namespace, before.itself)
        try:
            return client.write(replace(_declared(now, declared), dry_run=dry_run))
        except Conflict:
            return None

    return place.until(tried)


def _declared(found: Thing, spec: Mapping[str, object]) -> Write:
    """Return a server-side apply of these fields to the object as it was found."""
    itself = found.itself
    return Write(
        namespace=found.namespace,
        reference=itself,
        resource_version=found.resource_version,
        change={
            "apiVersion": itself.api_version,
            "kind": itself.kind,
            "metadata": {"name": itself.name, "namespace": found.namespace},
            "spec": dict(spec),
        },
        manager="triaged",
        patch=Patch.APPLY,
    )


def _chosen(found: Thing) -> object:
    return found.body["spec"]["template"]["spec"].get("nodeSelector")
