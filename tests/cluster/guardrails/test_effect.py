"""What a plan does to pods follows from its one write, whatever action made it."""

from dataclasses import replace

import pytest

from cluster.actions.member import GROUP
from cluster.actions.plan import Plan
from cluster.actions.registry import actions, verbs
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.guardrails import effect
from cluster.guardrails.effect import Effect
from cluster.guardrails.guard import Answer, Refused, Warned
from cluster.guardrails.scene import Scene, World
from cluster.owners.sight import Hidden
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector
from drills.kubernetes import resources, shapes
from drills.kubernetes.objects import Object
from incidents.events.run import WriteRecord
from incidents.guardrails import Guardrails
from tests.cluster.conftest import DECODE, NAMESPACE, NOW
from tests.cluster.graphs import made
from tests.cluster.guardrails.scenes import Guarding, Told
from tests.cluster.guardrails.test_room_and_budgets import Blind
from tests.cluster.installs import WRITER
from tests.property.cluster.test_guards_hold import Listed, ask, node, pod, scaled


def of(guarding: Guarding, plan: Plan) -> Effect:
    found = effect.of(guarding.scene(plan))
    assert isinstance(found, Effect), found
    return found


def writes(guarding: Guarding, kind: str, *fields: tuple[str, str], uid: str = "u") -> Plan:
    """Return a plan that writes these fields of another object."""
    plan = guarding.scaled(5)
    write = WriteRecord(
        api_version="autoscaling/v2",
        kind=kind,
        namespace=NAMESPACE,
        name="x",
        uid=uid,
        subresource="",
        fields=fields,
    )
    return replace(plan, write=write)


@pytest.mark.parametrize(
    ("fields", "becomes"),
    [
        pytest.param([("/spec/minReplicas", "6")], 6, id="a-floor-above"),
        pytest.param([("/spec/minReplicas", "2")], 4, id="a-floor-below"),
        pytest.param([("/spec/maxReplicaCount", "3")], 3, id="a-ceiling-below"),
        pytest.param([("/spec/maxReplicaCount", "9")], 4, id="a-ceiling-above"),
        pytest.param(
            [("/spec/minReplicas", "6"), ("/spec/maxReplicas", "6")], 6, id="both-at-once"
        ),
        pytest.param(
            [("/metadata/annotations/autoscaling.keda.sh~1paused-replicas", '"2"')], 2, id="held"
        ),
        pytest.param([("/spec/roles/1/spec/replicas", "7")], 7, id="of-a-role"),
        pytest.param([("/spec/minReplicas", "null")], 4, id="taken-away"),
    ],
)
def test_a_size_is_told_by_the_field(
    guarding: Guarding, fields: list[tuple[str, str]], becomes: int
) -> None:
    """An autoscaler makes as many as its floor says, and no more than its ceiling."""
    found = of(guarding, writes(guarding, "HorizontalPodAutoscaler", *fields))

    assert (found.was, found.becomes) == (4, becomes)
    assert (found.comes, found.away) == (max(0, becomes - 4), max(0, 4 - becomes))


def test_pods_that_are_not_ready_go_first(guarding: Guarding) -> None:
    """A Deployment lets them go before those that serve: then nothing is lost."""

    def unready(thing: Object) -> Object:
        return thing | {"status": {**thing["status"], "conditions": []}}

    for name in guarding.find().pods[:2]:
        guarding.kubernetes.cluster.update(
            resources.PODS, NAMESPACE, name, unready, writer=replace(WRITER, subresource="status")
        )

    assert of(guarding, guarding.scaled(2)).away == 0
    assert of(guarding, guarding.scaled(1)).away == 1


@pytest.mark.parametrize(
    ("strategy", "away", "comes"),
    [
        ({"rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}, 0, 2),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "50%"}}, 2, 0),
        ({"type": "Recreate"}, 4, 0),
    ],
)
def test_a_new_template_rolls_as_the_strategy_says(
    guarding: Guarding, strategy: object, away: int, comes: int
) -> None:
    """How many are away at a time is what decides whether users notice."""
    guarding.kubernetes.cluster.update(
        resources.DEPLOYMENTS,
        NAMESPACE,
        DECODE,
        lambda thing: thing | {"spec": {**thing["spec"], "strategy": strategy}},
        writer=WRITER,
    )

    found = of(guarding, guarding.planned("restart", {}))

    assert found.rolls
    assert (found.away, found.comes, found.cut) == (away, comes, 4)


def test_a_template_of_something_else_touches_no_pod_of_the_target(guarding: Guarding) -> None:
    """The endpoint picker has a Deployment, too."""
    fields = ("/spec/template/metadata/annotations/x", '"y"')

    found = of(guarding, writes(guarding, "Deployment", fields, uid="the-picker"))

    assert not found.takes
    assert not found.rolls


@pytest.mark.parametrize(
    ("field", "rolls"),
    [
        ("/spec/worker/containers/0/image", True),
        ("/spec/parallelism/tensor", True),
        ("/spec/storageInitializer/enabled", True),
        ("/spec/labels/a", True),
        ("/spec/prefill/annotations/a", True),
        ("/metadata/labels/a", False),
        ("/spec/router/gateway", False),
    ],
)
def test_all_that_a_service_makes_pods_from_rolls_them(
    guarding: Guarding,
    field: str,
    rolls: bool,  # what is expected
) -> None:
    """KServe makes all pods anew for another label of theirs."""
    plan = writes(guarding, kinds.INFERENCE_SERVICE.name, (field, '"x"'), uid="")
    own = replace(plan, write=replace(plan.write, uid=plan.target.uid))

    assert of(guarding, own).rolls is rolls


@pytest.mark.parametrize("name", sorted(actions()))
def test_no_action_is_silent_about_what_it_writes(guarding: Guarding, name: str) -> None:
    """A write that a plan holds no word of could be a size of 0, whatever made it."""
    plan = guarding.scaled(5)
    silent = replace(plan, action=name, after=(), write=replace(plan.write, fields=()))

    found = effect.of(guarding.scene(silent))

    assert found == Hidden(because="the plan does not hold what it writes")


def test_a_size_and_a_template_at_once_are_both_judged(guarding: Guarding) -> None:
    """The pods that stay are made anew all the same."""
    plan = guarding.planned("restart", {})
    both = (*plan.write.fields, ("/spec/replicas", "2"))

    found = of(guarding, replace(plan, write=replace(plan.write, fields=both)))

    assert (found.becomes, found.rolls, found.cut) == (2, True, 4)
    assert found.away == 3  # two for good, and one of a quarter of four at a time


def test_a_pod_that_is_taken_out_is_made_again(guarding: Guarding) -> None:
    """Its owner no longer selects it; its requests end where they are."""
    shapes.pool(guarding.kubernetes.cluster, "blue", {"llm-d.ai/role": "decode"})
    name = guarding.find().pods[0]
    found = of(guarding, guarding.planned("quarantine", {"pod": name}))

    assert (found.named, found.away, found.cut, found.comes) == ((name,), 1, 0, 1)
    assert found.leave == ()


def test_several_pods_of_one_plan_go_together(guarding: Guarding) -> None:
    """What a plan says beside its first pod goes as well."""
    first, second, *_ = guarding.find().pods
    plan = guarding.planned("delete_pod", {"pod": first})
    both = replace(plan, write=replace(plan.write, also=((second, "u"),)))

    found = of(guarding, both)

    assert set(found.named) == {first, second}
    assert (found.away, found.cut, found.comes) == (2, 2, 2)


def test_pods_that_cannot_be_seen_hide_the_effect(guarding: Guarding) -> None:
    """Nothing is not the same as nothing seen."""
    plan = guarding.scaled(3)
    guarding.more = {"objects": Blind(guarding, {"Pod"})}

    assert effect.of(guarding.scene(plan)) == Hidden(because="no permission to list pods")


@pytest.fixture
def grouped(guarding: Guarding) -> Guarding:
    """Install a LeaderWorkerSet of two groups of three pods, with 2 GPUs each."""
    shapes.groups(guarding.kubernetes.cluster, "lws", model="org/lws", number=2, size=3)
    return guarding


def groups(guarding: Guarding, action: str, **asked: object) -> Plan:
    """Return a plan for the LeaderWorkerSet."""
    finds = LabelTargets(guarding.kubernetes)
    target = finds.find(Selector(namespace=NAMESPACE, model="org/lws", role="decode"))
    return verbs(guarding.kubernetes)[action].plan(target, asked)


def test_a_replica_of_a_group_is_all_of_its_pods(grouped: Guarding) -> None:
    """Three GPUs are not one more replica of three pods."""
    restart = groups(grouped, "restart")

    def sized(replicas: int) -> Plan:
        write = replace(restart.write, fields=(("/spec/replicas", str(replicas)),))
        return replace(restart, write=write)

    more, fewer = of(grouped, sized(3)), of(grouped, sized(1))

    assert (more.becomes, more.each, more.comes) == (3, 3, 3)
    # The leaders alone serve: of two, one goes with its group.
    assert (fewer.becomes, fewer.each, fewer.away) == (1, 3, 1)
    assert (of(grouped, restart).away, of(grouped, restart).cut) == (1, 2)


def test_a_pod_takes_its_group_along(grouped: Guarding) -> None:
    """Its leader cannot serve without it."""
    plan = groups(grouped, "evict", pod="lws-0-1")

    assert set(of(grouped, plan).named) == {"lws-0", "lws-0-1", "lws-0-2"}


EXCLUSIVE = "leaderworkerset.sigs.k8s.io/exclusive-topology"


@pytest.mark.parametrize(
    ("gpus", "answer"),
    [
        pytest.param({"b0": 1, "b1": 1}, Warned, id="a-rack-is-free"),
        pytest.param({"b0": 1, "c0": 1}, Refused, id="half-racks-are-none"),
        pytest.param({"a2": 1, "a3": 1}, Refused, id="the-rack-of-another-group"),
    ],
)
def test_a_group_with_a_topology_of_its_own_needs_a_whole_one(
    gpus: dict[str, int], answer: type[Answer]
) -> None:
    """Free GPUs in two racks are no rack."""
    spec = {"replicas": 1, "leaderWorkerTemplate": {"size": 2}}
    group = {"leaderworkerset.sigs.k8s.io/name": "decode", GROUP: "0"}
    workload = made(kinds.GROUPS, "decode", spec, notes={EXCLUSIVE: "rack"})
    pods = [labelled(pod(f"decode-{i}", f"a{i}", ready=True), group) for i in range(2)]
    nodes = [labelled(node(x, n), {"rack": x[0]}) for x, n in {"a0": 1, "a1": 1, **gpus}.items()]
    plan = scaled(("decode-0", "decode-1"), 1, 2)
    of_groups = replace(
        plan,
        target=replace(
            plan.target,
            kind="LeaderWorkerSet",
            api_version=kinds.GROUPS.api_version,
            uid="uid-LeaderWorkerSet-decode",
        ),
    )

    found = ask("capacity", of_groups, Listed(workload, *pods, *nodes), Told(), Guardrails())

    assert [type(each) for each in found] == [answer]


def labelled(body: dict[str, object], labels: dict[str, str]) -> dict[str, object]:
    """Return the object with labels."""
    meta = body["metadata"]
    assert isinstance(meta, dict)
    return {**body, "metadata": {**meta, "labels": {**meta["labels"], **labels}}}


@pytest.mark.parametrize(
    ("kind", "spec", "bounds"),
    [
        pytest.param(kinds.STATEFUL_SET, {}, (0, 1), id="one-after-the-other"),
        pytest.param(
            kinds.STATEFUL_SET, {"updateStrategy": {"type": "OnDelete"}}, (0, 0), id="by-hand"
        ),
        pytest.param(
            kinds.GROUPS,
            {"rolloutStrategy": {"rollingUpdateConfiguration": {"maxSurge": 2}}},
            (2, 1),
            id="groups",
        ),
        pytest.param(kinds.ROLLOUT, {"strategy": {"blueGreen": {}}}, (4, 0), id="blue-green"),
        pytest.param(
            kinds.ROLLOUT,
            {"strategy": {"canary": {"maxSurge": 1, "maxUnavailable": 0}}},
            (1, 0),
            id="canary",
        ),
    ],
)
def test_each_kind_rolls_in_its_own_way(
    kind: Kind, spec: dict[str, object], bounds: tuple[int, int]
) -> None:
    """A blue-green rollout needs all GPUs twice, and takes nothing away."""
    selector = {"matchLabels": {"app": "decode"}}
    workload = made(kind, "decode", {"replicas": 4, "selector": selector, **spec})
    names = tuple(f"decode-{index}" for index in range(4))
    plan = scaled(names, 4, 5)
    target = replace(
        plan.target,
        kind=kind.name,
        api_version=kind.api_version,
        uid=f"uid-{kind.name}-decode",
    )
    write = replace(
        plan.write,
        uid=target.uid,
        fields=(("/spec/template/metadata/annotations/x", '"y"'),),
    )
    rolls = replace(plan, target=target, write=write)
    cluster = Listed(workload, *(pod(name, "n", ready=True) for name in names))
    world = World(objects=cluster, signals=Told(), at=NOW)

    found = effect.of(Scene(rolls, world))

    assert isinstance(found, Effect), found
    assert (found.comes, found.away, found.rolls) == (*bounds, True)


def test_an_object_that_makes_no_sense_hides_the_effect() -> None:
    """What a strategy of another shape does nobody can tell."""
    odd = {"strategy": {"rollingUpdate": {"maxSurge": "many"}}, "replicas": 4}
    workload = made(kinds.DEPLOYMENT, "decode", {**odd, "selector": {"matchLabels": {"app": "x"}}})
    plan = scaled(("decode-0",), 4, 5)
    rolls = replace(
        plan, write=replace(plan.write, fields=(("/spec/template/metadata/annotations/x", '"y"'),))
    )
    world = World(objects=Listed(workload), signals=Told(), at=NOW)

    found = effect.of(Scene(rolls, world))

    assert found == Hidden(because="many of it is not as its API says")
