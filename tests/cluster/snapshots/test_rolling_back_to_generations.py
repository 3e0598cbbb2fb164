"""What keeps no history itself goes back to a generation that was noted, and forward again."""

from collections.abc import Mapping
from dataclasses import asdict, replace

import pytest

from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.snapshots.taking import take
from cluster.targets.target import Target
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.conftest import NAMESPACE, NOW, StandInKubernetes
from tests.cluster.graphs import refer, target
from tests.cluster.test_scale_kinds import live, put, resource, uid

KEY = "run-7/rollback"
SECRET = "hunter2"
WRITER = Writer(manager="somebody")


@pytest.fixture
def empty() -> Cluster:
    world = Cluster(now=lambda: NOW)
    world.create(resources.NAMESPACES, {"metadata": {"name": NAMESPACE}}, writer=WRITER)
    return world


def pod(image: str) -> dict[str, object]:
    env = [{"name": "HF_TOKEN", "value": SECRET}]
    return {"containers": [{"name": "main", "image": image, "env": env}]}


def groups(image: str, *, leader: str = "") -> dict[str, object]:
    leaders = {"leaderTemplate": {"spec": pod(leader)}} if leader else {}
    made = {"size": 2, "workerTemplate": {"spec": pod(image)}, **leaders}
    return {"replicas": 2, "leaderWorkerTemplate": made}


def service(image: str, **more: object) -> dict[str, object]:
    return {"model": {"uri": "hf://m"}, "replicas": 2, "template": pod(image), **more}


def change(world: Cluster, kind: Kind, spec: Mapping[str, object]) -> None:
    def changed(thing: Object) -> Object:
        return {**thing, "spec": dict(spec)}

    world.update(resource(kind), NAMESPACE, "x", changed, writer=WRITER)


def noted(world: Cluster, kind: Kind, *specs: Mapping[str, object]) -> None:
    """Let an object have each of these in turn, seen by a look."""
    put(world, kind, "x", specs[0])
    if kind is kinds.INFERENCE_SERVICE:
        labels = {"a": "b"}
        template = {"metadata": {"labels": labels}, "spec": pod("made:1")}
        made = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        put(world, kinds.DEPLOYMENT, "x-kserve", made, above=refer(kind, "x"))
    for spec in specs:
        change(world, kind, spec)
        take(StandInKubernetes(world), NAMESPACE)


def at(world: Cluster, kind: Kind) -> Target:
    return replace(target(kind, "x"), uid=uid(world, kind))


def plan(world: Cluster, kind: Kind, **asked: object) -> Plan:
    return verbs(StandInKubernetes(world))["rollback"].plan(at(world, kind), asked)


def apply(world: Cluster, made: Plan, key: str = KEY) -> None:
    verb = verbs(StandInKubernetes(world))["rollback"]
    verb.apply(made, key=key)
    assert verb.already_done(made, key=key) is Done.YES
    assert verb.settled(made).reverted_by is None


CASES = {
    "LeaderWorkerSet": (kinds.GROUPS, groups("vllm:1"), groups("vllm:2")),
    "LeaderWorkerSet with leaders": (
        kinds.GROUPS,
        groups("vllm:1", leader="vllm:1"),
        groups("vllm:2", leader="vllm:2"),
    ),
    "KServe": (kinds.INFERENCE_SERVICE, service("vllm:1"), service("vllm:2")),
}


@pytest.mark.parametrize(("kind", "old", "new"), CASES.values(), ids=CASES)
def test_it_goes_back_and_forward_again(
    empty: Cluster, kind: Kind, old: Mapping[str, object], new: Mapping[str, object]
) -> None:
    """To the last field, under the revision's number, and without a secret in the plan."""
    noted(empty, kind, old, new)

    back = plan(empty, kind)
    apply(empty, back)
    after = live(empty, kind)["spec"]
    forward = plan(empty, kind, revision=dict(back.inverse)["revision"])
    apply(empty, forward, key="run-7/undo")

    assert (back.before, back.after) == (
        (("revision", "2 (vllm:2)"),),
        (("revision", "1 (vllm:1)"),),
    )
    assert "image vllm:2 → vllm:1" in back.warnings[0]
    assert SECRET not in repr(asdict(back))
    assert after == old
    assert live(empty, kind)["spec"] == new


def test_a_size_that_changed_meanwhile_stays(empty: Cluster) -> None:
    """Whoever rolls back at night does not want yesterday's number of replicas."""
    noted(empty, kinds.INFERENCE_SERVICE, service("vllm:1"), service("vllm:2"))
    change(empty, kinds.INFERENCE_SERVICE, {**service("vllm:2"), "replicas": 7})

    apply(empty, plan(empty, kinds.INFERENCE_SERVICE))

    after = live(empty, kinds.INFERENCE_SERVICE)["spec"]
    assert after == {**service("vllm:1"), "replicas": 7}


def test_a_part_that_was_added_goes_again(empty: Cluster) -> None:
    """A part that stays would make a template that never ran."""
    with_more = service("vllm:1", annotations={"a": "b"})
    noted(empty, kinds.INFERENCE_SERVICE, service("vllm:1"), with_more)

    made = plan(empty, kinds.INFERENCE_SERVICE)
    apply(empty, made)

    assert "spec.annotations changed" in made.warnings[0]
    assert made.write.fields == (("/spec/annotations", "null"),)
    assert live(empty, kinds.INFERENCE_SERVICE)["spec"] == service("vllm:1")


def test_a_role_that_went_is_not_made_again(empty: Cluster) -> None:
    """How many replicas it should have stands nowhere."""
    prefill = {"replicas": 1, "template": pod("vllm:1")}
    noted(empty, kinds.INFERENCE_SERVICE, service("vllm:1", prefill=prefill), service("vllm:1"))

    with pytest.raises(Rejected, match=r"it had spec\.prefill, which it has no more"):
        plan(empty, kinds.INFERENCE_SERVICE)


def test_another_group_size_is_told(empty: Cluster) -> None:
    """It is a part of the template of a LeaderWorkerSet, and no image says so."""
    new = groups("vllm:1")
    new["leaderWorkerTemplate"] = {**groups("vllm:1")["leaderWorkerTemplate"], "size": 4}
    noted(empty, kinds.GROUPS, groups("vllm:1"), new)

    made = plan(empty, kinds.GROUPS)

    assert made.warnings[0] == "it changes size of a group 4 → 2"


def test_what_came_back_is_one_revision(empty: Cluster) -> None:
    """The number of a generation that stands there again is its last one."""
    noted(empty, kinds.GROUPS, groups("vllm:1"), groups("vllm:2"), groups("vllm:1"))

    assert plan(empty, kinds.GROUPS).after == (("revision", "2 (vllm:2)"),)
    with pytest.raises(Rejected, match="there is no revision 1 to go to; kept are 2"):
        plan(empty, kinds.GROUPS, revision=1)


def test_what_was_never_noted_says_what_notes_it(empty: Cluster) -> None:
    """A LeaderWorkerSet deletes its earlier revisions when an update is done."""
    noted(empty, kinds.GROUPS, groups("vllm:1"))

    with pytest.raises(Rejected, match=r"which `triaged snapshot` does.*apply its last good"):
        plan(empty, kinds.GROUPS)


def test_a_template_that_was_not_seen_cannot_be_gone_back_to(empty: Cluster) -> None:
    """The approver is told before it is lost."""
    noted(empty, kinds.GROUPS, groups("vllm:1"))
    change(empty, kinds.GROUPS, groups("vllm:2"))

    made = plan(empty, kinds.GROUPS)

    assert not made.reversible
    assert any("was never noted, so this cannot be undone" in each for each in made.warnings)


GIT = [
    pytest.param(
        {"annotations": {"argocd.argoproj.io/tracking-id": "app:{}:llm-d/x"}},
        "the manifest that Argo CD Application app",
        id="Argo CD",
    ),
    pytest.param(
        {"labels": {"kustomize.toolkit.fluxcd.io/name": "k"}}, "Kustomization k", id="Flux"
    ),
]


@pytest.mark.parametrize(("marks", "where"), GIT)
@pytest.mark.parametrize(("kind", "old", "new"), CASES.values(), ids=CASES)
def test_in_git_it_is_taken_back_there(
    empty: Cluster,
    kind: Kind,
    old: Mapping[str, object],
    new: Mapping[str, object],
    marks: Mapping[str, Mapping[str, str]],
    where: str,
) -> None:
    """Git would roll forward again; a person gets the text to paste."""
    noted(empty, kind, old, new)
    kept = {
        part: {name: word.format(f"{kind.group}/{kind.name}") for name, word in each.items()}
        for part, each in marks.items()
    }

    def marked(thing: Object) -> Object:
        return {**thing, "metadata": {**thing["metadata"], **kept}}

    empty.update(resource(kind), NAMESPACE, "x", marked, writer=WRITER)

    with pytest.raises(Rejected, match=rf"Pull request: in .*{where}.*2 \(vllm:2\) → 1"):
        plan(empty, kind)


def test_a_person_could_type_it_without_seeing_the_template(empty: Cluster) -> None:
    """The shell reads it from the revision; `kubectl rollout undo` knows no such kind."""
    noted(empty, kinds.GROUPS, groups("vllm:1"), groups("vllm:2"))
    (first, _) = sorted(
        empty.select(resources.REVISIONS, NAMESPACE), key=lambda one: one["revision"]
    )

    assert plan(empty, kinds.GROUPS).kubectl == (
        "kubectl patch leaderworkersets.leaderworkerset.x-k8s.io/x -n llm-d --type=json -p "
        """'[{"op":"add","path":"/spec/leaderWorkerTemplate","value":'"$(kubectl get """
        f"controllerrevision {first['metadata']['name']} -n llm-d -o "
        """'jsonpath={.data.spec.leaderWorkerTemplate}')"'}]'"""
    )
