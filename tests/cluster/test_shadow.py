"""What people did where a plan was only planned: seen at the objects, and never guessed."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.actions import copying
from cluster.actions.registry import actions, verbs
from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.reads import ReadOnly
from cluster.clients.refusals import Forbidden
from cluster.clients.things import Thing
from cluster.shadow.comparing import Then, compare
from cluster.shadow.standing import MOST, Standing, marks, pods, read
from cluster.targets.labels import RIGHTS as FINDING
from cluster.targets.target import Member, Target
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.people import kubectl_scale
from drills.kubernetes.state import Cluster
from incidents.errors import Unavailable
from incidents.events.run import CopyRecord, PlanRecord
from incidents.events.shadow import Did, PeopleActed
from runbooks.engine.records import record
from tests import builders
from tests.cluster.conftest import DECODE, NAMESPACE, NOW, StandInKubernetes
from tests.cluster.recording import Recording
from tests.cluster.test_pods_that_go import found
from tests.cluster.test_pods_that_go import pods as named

STEP = "add-decode"
KUBECTL = Writer(manager="kubectl-edit")
FRESH = NOW + timedelta(seconds=1)


@pytest.fixture
def decode(world: Cluster) -> Target:
    return found(world, kinds.DEPLOYMENT, DECODE)


def planned(
    kubernetes: StandInKubernetes, action: str, target: Target, **asked: object
) -> PlanRecord:
    return record(verbs(kubernetes)[action].plan(target, asked))


def scaling(kubernetes: StandInKubernetes, target: Target) -> PlanRecord:
    return planned(kubernetes, "scale", target, replicas="+2", at_most=16)


class Watching:
    """What stood when it was planned, and what people did since."""

    def __init__(self, kubernetes: StandInKubernetes, plan: PlanRecord) -> None:
        self.objects, self.plan = ReadOnly(kubernetes), plan
        then = read(self.objects, plan)
        self.then = Then(at=NOW, marks=dict(marks(plan, then)), pods=pods(then))

    def did(self) -> PeopleActed:
        return compare(self.plan, STEP, self.then, read(self.objects, self.plan))


def edit(
    world: Cluster,
    change: Callable[[Object], object],
    *,
    by: Writer = KUBECTL,
    kind: resources.Resource = resources.DEPLOYMENTS,
    name: str = DECODE,
) -> None:
    """Change an object as a person does."""

    def changed(thing: Object) -> Object:
        change(thing)
        return thing

    world.update(kind, NAMESPACE if kind.namespaced else "", name, changed, writer=by)


def image(thing: Object) -> None:
    thing["spec"]["template"]["spec"]["containers"][0]["image"] = "vllm:old"


@pytest.mark.parametrize(
    ("replicas", "did", "what"),
    [
        pytest.param(6, Did.SAME, "replicas is 6 now", id="the-same"),
        pytest.param(5, Did.AMOUNT, "replicas is 5 now", id="less"),
        pytest.param(9, Did.AMOUNT, "replicas is 9 now", id="more"),
        pytest.param(3, Did.OTHERWISE, "replicas became something else", id="the-other-way"),
    ],
)
def test_a_size_that_a_person_sets_is_compared_with_the_plan(  # what there is and what is expected
    world: Cluster,
    kubernetes: StandInKubernetes,
    decode: Target,
    replicas: int,
    did: Did,
    what: str,
) -> None:
    """Whether people would have done it is the one thing that shadow is for."""
    watching = Watching(kubernetes, scaling(kubernetes, decode))
    kubectl_scale(world, NAMESPACE, DECODE, replicas)

    act = watching.did()

    assert (act.did, act.what, act.who) == (did, what, ("kubectl-scale",))
    known = (("/spec/replicas", str(replicas)),) if did is not Did.OTHERWISE else ()
    assert act.became == known


def test_nothing_is_found_where_nothing_was_done(
    kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Status, events and time pass by; none of it is an act."""
    act = Watching(kubernetes, scaling(kubernetes, decode)).did()

    assert (act.did, act.what) == (Did.NOTHING, "everything stands as it did")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        pytest.param(image, "spec.template", id="another-image"),
        pytest.param(lambda x: x["spec"].update(paused=True), "spec.paused", id="something-new"),
        pytest.param(
            lambda x: x["spec"].pop("minReadySeconds"), "spec.minReadySeconds", id="taken-away"
        ),
        pytest.param(
            lambda x: x["metadata"]["labels"].update(team="mine"), "metadata.labels", id="a-label"
        ),
    ],
)
def test_another_change_of_the_object_is_told_by_its_part(
    world: Cluster,
    kubernetes: StandInKubernetes,
    decode: Target,
    change: Callable[[Object], object],
    part: str,
) -> None:
    """A restart instead of more replicas is an answer, and another one."""
    edit(world, lambda thing: thing["spec"].update(minReadySeconds=5))
    watching = Watching(kubernetes, scaling(kubernetes, decode))
    edit(world, change)

    act = watching.did()

    assert (act.did, act.what) == (Did.OTHERWISE, f"Deployment {DECODE} {part} changed")


def test_who_changed_the_template_is_named(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """People ask each other why."""
    watching = Watching(kubernetes, scaling(kubernetes, decode))
    edit(world, image)

    assert (watching.did().who, watching.did().at) == (("kubectl-edit",), NOW)


def test_a_pod_that_went_is_another_act(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Deleting pods by hand is what people do first; the API server keeps nobody's name."""
    watching = Watching(kubernetes, scaling(kubernetes, decode))
    first, second = named(world)[:2]
    for name in (first, second):
        world.delete(resources.PODS, NAMESPACE, name, grace=0)

    act = watching.did()

    assert (act.did, act.what) == (Did.OTHERWISE, f"Pod {first} and 1 more went")
    assert (act.who, act.at) == ((), None)


def test_pods_that_a_rollout_replaces_are_not_remembered(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """They go by themselves, so that their going says nothing."""
    edit(
        world,
        lambda thing: thing["status"].update(updatedReplicas=1),
        by=Writer(manager="kube-controller-manager", subresource="status"),
    )
    watching = Watching(kubernetes, scaling(kubernetes, decode))

    assert watching.then.pods == ()


def test_a_target_that_was_deleted_is_an_act(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Made anew under its name it is another one."""
    watching = Watching(kubernetes, scaling(kubernetes, decode))
    world.delete(resources.DEPLOYMENTS, NAMESPACE, DECODE)

    act = watching.did()

    assert (act.did, act.what) == (Did.OTHERWISE, f"Deployment {DECODE} was deleted")


def test_what_triaged_does_in_another_run_says_nothing_of_people(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Our own hand must never be counted as agreement."""
    plan = scaling(kubernetes, decode)
    watching = Watching(kubernetes, plan)
    made = verbs(kubernetes)["scale"].plan(decode, {"replicas": "6", "at_most": 16})
    verbs(kubernetes)["scale"].apply(made, key="run-2-1/add-decode/1")

    act = watching.did()

    assert (act.did, act.who) == (Did.CANNOT_TELL, ())
    assert act.what == "triaged changed it itself, in another run"


def autoscaled(world: Cluster) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": DECODE}
    spec = {"scaleTargetRef": target, "minReplicas": 4, "maxReplicas": 12}
    made = {"metadata": {"name": "decode", "namespace": NAMESPACE}, "spec": spec}
    world.create(resources.AUTOSCALERS, made, writer=KUBECTL)


def floor(thing: Object) -> None:
    thing["spec"]["minReplicas"] = 6


def test_under_an_autoscaler_the_floor_is_what_counts(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """What the autoscaler makes of its target by itself no person did."""
    autoscaled(world)
    watching = Watching(kubernetes, scaling(kubernetes, decode))
    hpa = Writer(manager="kube-controller-manager", subresource="scale")
    edit(world, lambda thing: thing["spec"].update(replicas=5), by=hpa)
    world.delete(resources.PODS, NAMESPACE, named(world)[0], grace=0)

    by_itself = watching.did()
    edit(world, floor, kind=resources.AUTOSCALERS, name="decode")

    assert watching.plan.write.kind == "HorizontalPodAutoscaler"
    assert (by_itself.did, watching.did().did) == (Did.NOTHING, Did.SAME)
    assert watching.did().what == "minReplicas is 6 now"


def test_a_person_who_goes_past_the_autoscaler_did_otherwise(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """It is taken back within seconds, which the report is to show."""
    autoscaled(world)
    watching = Watching(kubernetes, scaling(kubernetes, decode))
    kubectl_scale(world, NAMESPACE, DECODE, 6)

    act = watching.did()

    assert (act.did, act.who) == (Did.OTHERWISE, ("kubectl-scale",))
    assert act.what == f"Deployment {DECODE} spec.replicas changed"


def test_what_kubernetes_wrote_itself_nobody_did(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """An autoscaler that somebody installs meanwhile is told by its name."""
    watching = Watching(kubernetes, scaling(kubernetes, decode))
    hpa = Writer(manager="kube-controller-manager", subresource="scale")
    edit(world, lambda thing: thing["spec"].update(replicas=6), by=hpa)

    act = watching.did()

    assert (act.did, act.what) == (
        Did.NOTHING,
        "replicas is 6 now, by kube-controller-manager",
    )


def test_a_restart_by_hand_is_the_same_restart(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Whoever types `kubectl rollout restart` writes the moment of then, and never ours."""
    whole = replace(decode, pods=tuple(named(world)))
    watching = Watching(kubernetes, planned(kubernetes, "restart", whole))

    def restart(at: str) -> None:
        mark = {"kubectl.kubernetes.io/restartedAt": at}
        edit(
            world,
            lambda x: x["spec"]["template"].setdefault("metadata", {}).update(annotations=mark),
        )

    restart("2026-02-01T00:00:00Z")
    early = watching.did()
    restart("2026-03-01T14:20:00+02:00")

    assert (early.did, watching.did().did) == (Did.OTHERWISE, Did.SAME)


@pytest.fixture
def evicting(world: Cluster, kubernetes: StandInKubernetes, decode: Target) -> Watching:
    """Watch after an eviction of the first pod was only planned."""
    return Watching(kubernetes, planned(kubernetes, "evict", decode, pod=named(world)[0]))


def test_a_pod_that_would_have_gone_is_looked_for_by_its_uid(
    world: Cluster, evicting: Watching
) -> None:
    """A pod of a StatefulSet comes back under its name."""
    name = named(world)[0]
    before = evicting.did()
    world.delete(resources.PODS, NAMESPACE, name, grace=0)

    assert (before.did, evicting.did().did) == (Did.NOTHING, Did.SAME)
    assert evicting.did().what == f"Pod {name} is gone"


def test_a_pod_that_goes_with_its_template_was_not_let_go(
    world: Cluster, evicting: Watching
) -> None:
    """A rollout replaces every pod; that one went is no agreement."""
    name = named(world)[0]
    edit(world, image)
    changed = evicting.did()
    world.delete(resources.PODS, NAMESPACE, name, grace=0)

    assert (changed.did, changed.what) == (
        Did.OTHERWISE,
        f"Deployment {DECODE} spec.template changed",
    )
    assert evicting.did().what == f"{changed.what}, and {name} went with it"


def test_another_pod_that_went_is_another_act(world: Cluster, evicting: Watching) -> None:
    """It was another engine that people thought was wedged."""
    other = named(world)[1]
    world.delete(resources.PODS, NAMESPACE, other, grace=0)

    assert (evicting.did().did, evicting.did().what) == (Did.OTHERWISE, f"Pod {other} went")


@pytest.mark.parametrize(
    ("count", "did", "what"),
    [
        pytest.param(0, Did.NOTHING, "everything stands as it did", id="none"),
        pytest.param(1, Did.AMOUNT, "1 of 4 pods are gone", id="one"),
        pytest.param(4, Did.SAME, "4 of 4 pods are gone", id="all"),
    ],
)
def test_of_several_pods_all_have_to_go(  # what there is and what is expected
    world: Cluster,
    kubernetes: StandInKubernetes,
    decode: Target,
    count: int,
    did: Did,
    what: str,
) -> None:
    """Half of them is the same way, and not as far."""
    there = world.select(resources.PODS, NAMESPACE, labels="llm-d.ai/role=decode")
    first, *others = [(one["metadata"]["name"], one["metadata"]["uid"]) for one in there]
    write = builders.write(
        api_version="v1", kind="Pod", name=first[0], uid=first[1], fields=(), subresource=""
    )
    target = {"kind": decode.kind, "name": decode.name, "uid": decode.uid}
    plan = builders.plan(**target, write=replace(write, also=tuple(others)))
    watching = Watching(kubernetes, plan)
    for name, _ in [first, *others][:count]:
        world.delete(resources.PODS, NAMESPACE, name, grace=0)

    act = watching.did()

    assert (act.did, act.what) == (did, what)


def test_of_several_pods_nothing_is_said_where_pods_are_hidden(evicting: Watching) -> None:
    """Those that cannot be listed have not gone by that."""
    write = replace(evicting.plan.write, also=(("decode-x", "uid-x"),))
    evicting.plan = replace(evicting.plan, write=write)
    now = replace(read(evicting.objects, evicting.plan), pods={}, hidden="no permission")

    act = compare(evicting.plan, STEP, evicting.then, now)

    assert (act.did, act.what) == (Did.CANNOT_TELL, "no permission")


class Blind(ReadOnly):
    """A cluster of which a kind cannot be seen."""

    def __init__(self, kubernetes: StandInKubernetes, *hidden: Kind, error: Exception) -> None:
        super().__init__(kubernetes)
        object.__setattr__(self, "hidden", {kind.name for kind in hidden})
        object.__setattr__(self, "error", error)

    __slots__ = ("error", "hidden")
    hidden: set[str]
    error: Exception

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        if reference.kind in self.hidden:
            raise self.error
        return super().thing(namespace, reference)

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        if kind.name in self.hidden:
            raise self.error
        return super().things(namespace, kind, selector=selector)


def test_what_may_not_be_seen_is_never_taken_for_nothing(
    kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Absent data is "cannot tell": else a missing right would speak against people."""
    watching = Watching(kubernetes, scaling(kubernetes, decode))
    watching.objects = Blind(kubernetes, kinds.POD, error=Forbidden("no permission: list pods"))

    act = watching.did()

    assert act.did is Did.CANNOT_TELL
    assert "no permission: list pods" in act.what


def test_a_target_that_is_hidden_is_not_taken_for_gone(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """The autoscaler is seen, and what it scales is not."""
    autoscaled(world)
    watching = Watching(kubernetes, scaling(kubernetes, decode))
    watching.objects = Blind(kubernetes, kinds.DEPLOYMENT, error=Unavailable("away"))

    assert (watching.did().did, watching.did().what.partition(";")[0]) == (Did.CANNOT_TELL, "away")


def test_what_was_not_seen_then_is_not_compared(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """The planned number alone can be told without what stood there."""
    watching = Watching(kubernetes, scaling(kubernetes, decode))
    watching.then = Then(at=NOW, marks={}, pods=())
    edit(world, image)
    unseen = watching.did()
    kubectl_scale(world, NAMESPACE, DECODE, 5)

    assert (unseen.did, watching.did().did) == (Did.CANNOT_TELL, Did.AMOUNT)
    assert unseen.what == "what stood there was not seen when it was planned"


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        pytest.param("scale", {"replicas": "+2", "at_most": 16}, id="a-size"),
        pytest.param("restart", {}, id="a-template"),
        pytest.param("evict", {"pod": 0}, id="a-pod"),
        pytest.param("cordon", {"node": 0}, id="a-node"),
    ],
)
def test_watching_needs_no_right_that_the_plan_did_not_need(
    world: Cluster,
    kubernetes: StandInKubernetes,
    decode: Target,
    action: str,
    asked: Mapping[str, object],
) -> None:
    """`triaged rbac` prints what is needed, and nothing is added for shadow."""
    pod = world.get(resources.PODS, NAMESPACE, named(world)[0])
    names = {"pod": pod["metadata"]["name"], "node": pod["spec"]["nodeName"]}
    whole = replace(decode, pods=tuple(named(world)), members=members(world))
    exactly = {name: names.get(name, what) for name, what in asked.items()}
    plan = planned(kubernetes, action, whole, **exactly)
    recording = Recording(kubernetes, home="home")

    read(ReadOnly(recording), plan)

    has = {(one.verb, one.group, one.resource) for one in (*actions()[action].rights, *FINDING)}
    needs = {(one.verb, one.group, one.resource) for one in recording.used}
    assert needs
    assert needs - has == set()


def test_a_node_that_a_person_closes_is_the_same_cordon_and_its_labels_are_no_act(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Drivers label nodes by themselves; nobody did anything by that."""
    node = world.get(resources.PODS, NAMESPACE, named(world)[0])["spec"]["nodeName"]
    whole = replace(decode, pods=tuple(named(world)), members=members(world))
    watching = Watching(kubernetes, planned(kubernetes, "cordon", whole, node=node))
    label = {"nvidia.com/gpu.product": "H100"}
    edit(world, lambda x: x["metadata"]["labels"].update(label), kind=resources.NODES, name=node)
    before = watching.did()
    edit(world, close, kind=resources.NODES, name=node)

    act = watching.did()

    assert (before.did, act.did) == (Did.NOTHING, Did.SAME)
    assert (act.what, act.who) == ("unschedulable is true now", ("kubectl-edit",))


def close(node: Object) -> None:
    node.setdefault("spec", {})["unschedulable"] = True


def members(world: Cluster) -> tuple[Member, ...]:
    return tuple(Member(name=name, role="decode") for name in named(world))


def deployment(
    fields: Mapping[str, object], *, writers: Sequence[Mapping[str, object]] = ()
) -> Thing:
    """Return a Deployment of the story with this spec."""
    meta = {
        "name": "decode",
        "namespace": "llm-d",
        "uid": "uid-decode",
        "managedFields": list(writers),
    }
    return parse.thing(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": dict(fields)}
    )


def at(thing: Thing | None) -> Standing:
    return Standing(written=thing, target=thing, pods={})


def then(plan: PlanRecord, fields: Mapping[str, object]) -> Then:
    return Then(at=NOW, marks=dict(marks(plan, at(deployment(fields)))), pods=())


def writing(**fields: object) -> PlanRecord:
    """Return the story's plan, writing these fields of the spec."""
    pairs = tuple((f"/spec/{name}", json.dumps(new)) for name, new in fields.items())
    before = tuple((name, "4") for name in fields)
    after = tuple((name, str(new)) for name, new in fields.items())
    return builders.plan(before=before, after=after, write=builders.write(fields=pairs))


@pytest.mark.parametrize(
    ("now", "did", "what"),
    [
        pytest.param({"low": 6, "high": 8}, Did.SAME, "low is 6 now, high is 8 now", id="both"),
        pytest.param({"low": 6, "high": 4}, Did.AMOUNT, "low is 6 now, high is 4 now", id="one"),
        pytest.param({"low": 6, "high": 2}, Did.OTHERWISE, "high became something else", id="back"),
        pytest.param({"low": 4, "high": 4}, Did.NOTHING, "everything stands as it did", id="none"),
    ],
)
def test_a_plan_of_two_fields_is_done_when_both_are(
    now: Mapping[str, object], did: Did, what: str
) -> None:
    """A floor without its ceiling is half of it, and half of it is no agreement."""
    plan = writing(low=6, high=8)

    act = compare(plan, STEP, then(plan, {"low": 4, "high": 4}), at(deployment(now)))

    assert (act.did, act.what) == (did, what)


@pytest.mark.parametrize(
    ("now", "did"),
    [
        pytest.param({"mode": "FailOpen"}, Did.SAME, id="as-planned"),
        pytest.param({"mode": "Other"}, Did.OTHERWISE, id="something-else"),
        pytest.param({"mode": "FailClose"}, Did.NOTHING, id="as-before"),
        pytest.param({}, Did.OTHERWISE, id="taken-away"),
    ],
)
def test_what_is_no_number_is_as_planned_or_something_else(
    now: Mapping[str, object], did: Did
) -> None:
    """There is no amount of a word."""
    plan = writing(mode="FailOpen")

    act = compare(plan, STEP, then(plan, {"mode": "FailClose"}), at(deployment(now)))

    assert act.did is did
    assert not act.became or act.became == (("/spec/mode", '"FailOpen"'),)


def test_a_word_that_was_not_seen_then_cannot_be_compared() -> None:
    """It may have been so already."""
    plan = writing(mode="FailOpen")
    unseen = Then(at=NOW, marks={}, pods=())

    act = compare(plan, STEP, unseen, at(deployment({"mode": "Other"})))

    assert (act.did, act.what) == (
        Did.CANNOT_TELL,
        "what stood there was not seen when it was planned",
    )


def test_a_template_that_was_brought_back_is_the_same_by_its_digest() -> None:
    """`kubectl rollout undo` writes what a plan only names; its values stand nowhere."""
    old = {"image": "vllm:1"}
    copy = CopyRecord(
        field="/spec/template",
        api_version="apps/v1",
        kind="ReplicaSet",
        name="decode-1",
        uid="u",
        source="/spec/template",
        without=(),
        digest=copying.digest(old),
    )
    plan = builders.plan(before=(), after=(), write=builders.write(fields=(), copied=(copy,)))
    was = then(plan, {"template": {"image": "vllm:2"}})

    back = compare(plan, STEP, was, at(deployment({"template": old})))
    other = compare(plan, STEP, was, at(deployment({"template": {"image": "vllm:3"}})))

    assert (back.did, back.what, back.became) == (Did.SAME, "template became as planned", ())
    assert (other.did, other.what) == (Did.OTHERWISE, "template became something else")


def writer(manager: str, moment: datetime | None, *fields: str) -> Mapping[str, object]:
    return {
        "manager": manager,
        "operation": "Update",
        "subresource": "" if moment else "scale",
        "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else "",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {f"f:{name}": {} for name in fields}},
    }


def test_who_wrote_before_or_something_else_is_not_named() -> None:
    """The API server keeps everybody who ever wrote; those of now and of this field count."""
    wrote = [
        writer("helm", NOW - timedelta(hours=1), "replicas"),
        writer("argocd", FRESH, "paused"),
        writer("kubectl-edit", FRESH + timedelta(minutes=1), "replicas"),
        writer("kubectl-scale", FRESH, "replicas"),
    ]
    plan = writing(replicas=6)

    act = compare(
        plan, STEP, then(plan, {"replicas": 4}), at(deployment({"replicas": 6}, writers=wrote))
    )

    assert (act.who, act.at) == (("kubectl-scale", "kubectl-edit"), FRESH + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("manager", "did", "who"),
    [
        pytest.param("kubectl-scale", Did.SAME, ("kubectl-scale",), id="a-person"),
        pytest.param("kube-controller-manager", Did.NOTHING, (), id="an-autoscaler"),
        pytest.param("triaged/run-2-1/add/1", Did.CANNOT_TELL, (), id="ourselves"),
    ],
)
def test_a_size_without_a_moment_was_written_by_who_has_it(
    manager: str, did: Did, who: tuple[str, ...]
) -> None:
    """A real API server keeps no moment of what is written through `/scale`."""
    wrote = [writer(manager, None, "replicas")]
    plan = writing(replicas=6)

    act = compare(
        plan, STEP, then(plan, {"replicas": 4}), at(deployment({"replicas": 6}, writers=wrote))
    )

    assert (act.did, act.who, act.at) == (did, who, None)


def test_what_stands_there_is_kept_as_digests_alone() -> None:
    """Templates hold tokens, and the journal is for ever."""
    fields = {"replicas": 4, "template": {"env": [{"name": "HF_TOKEN", "value": "hf_secret"}]}}
    plan = writing(replicas=6)

    kept = marks(plan, at(deployment(fields)))

    assert dict(kept).keys() == {
        "/spec/replicas",
        "Deployment decode metadata.labels",
        "Deployment decode spec.replicas",
        "Deployment decode spec.template",
    }
    assert "hf_secret" not in str(kept)


def test_what_is_remembered_is_bounded() -> None:
    """Whoever makes objects in the cluster must not fill the journal."""
    many = deployment({f"part-{n}": n for n in range(2 * MOST)})
    standing = Standing(written=many, target=many, pods={f"p{n}": "u" for n in range(2 * MOST)})

    assert (len(marks(writing(replicas=6), standing)), len(pods(standing))) == (MOST, MOST)


VALUES = st.fixed_dictionaries(
    {"replicas": st.integers(0, 9)},
    optional={"paused": st.booleans(), "data": st.sampled_from(["a", "b"])},
)


@given(was=VALUES, now=VALUES, wanted=st.integers(0, 9))
def test_people_did_the_same_only_where_all_of_it_stands(
    was: Mapping[str, int], now: Mapping[str, int], wanted: int
) -> None:
    """For any two moments: the same is as planned, and not at all is as before."""
    plan = replace(writing(replicas=wanted), before=(("replicas", str(was["replicas"])),))
    kept = Then(at=NOW, marks=dict(marks(plan, at(deployment(was)))), pods=())

    did = compare(plan, STEP, kept, at(deployment(now))).did

    assert (did is Did.SAME) == (now["replicas"] == wanted)
    assert (did is Did.NOTHING) == (now == was and now["replicas"] != wanted)
    assert did is not Did.CANNOT_TELL
