"""A pod goes by its uid alone, and it is said what goes with it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.actions.plan import Done, DryRunRefused, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.refusals import Forbidden
from cluster.clients.things import Removal
from cluster.targets.target import Target
from drills.kubernetes import resources, shapes
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Conflict, NotDone, Rejected, Unavailable
from tests.cluster.conftest import DECODE, NAMESPACE, NOW, StandInKubernetes
from tests.cluster.graphs import target as as_target
from tests.cluster.test_scale_kinds import resource

KEY = "run-7/evict"
KUBELET = Writer(manager="kubelet")


def found(world: Cluster, kind: Kind, name: str, *, role: str = "decode") -> Target:
    body = world.get(resource(kind), NAMESPACE, name)
    return replace(as_target(kind, name, role=role), uid=body["metadata"]["uid"])


@pytest.fixture
def decode(world: Cluster) -> Target:
    return found(world, kinds.DEPLOYMENT, DECODE)


def pods(world: Cluster, part: str = "decode") -> list[str]:
    listed = world.select(resources.PODS, NAMESPACE)
    return sorted(x["metadata"]["name"] for x in listed if part in x["metadata"]["name"])


def plan(kubernetes: StandInKubernetes, action: str, at: Target, pod: str) -> Plan:
    return verbs(kubernetes)[action].plan(at, {"pod": pod})


def edit(
    world: Cluster, kind: resources.Resource, name: str, change: Callable[[Object], None]
) -> None:
    """Change an object as its kubelet or a person would, status included."""
    namespace = NAMESPACE if kind.namespaced else ""
    for subresource in ("", "status"):

        def changed(thing: Object) -> Object:
            change(thing)
            return thing

        writer = Writer(manager="kubelet", subresource=subresource)
        world.update(kind, namespace, name, changed, writer=writer)


@pytest.mark.parametrize("action", ["evict", "delete_pod"])
def test_a_pod_goes_and_another_takes_its_place(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target, action: str
) -> None:
    """One wedged engine is taken away without touching the others."""
    name = pods(world)[0]
    verb = verbs(kubernetes)[action]

    made = plan(kubernetes, action, decode, name)
    assert verb.already_done(made, key=KEY) is Done.NO
    verb.apply(made, key=KEY)

    assert (made.reversible, made.inverse) == (False, ())
    assert made.before[0][1].startswith(f"{name} on gpu-")
    assert made.after == (("pod", "gone, and made anew"),)
    assert "2 GPUs do nothing until the model is loaded again" in made.warnings
    assert "requests on it are cut off" in made.warnings
    assert verb.already_done(made, key=KEY) is Done.YES
    assert verb.settled(made).since is None

    controllers = Controllers(world, ready_after=lambda _: 0.0)
    for step in range(60):
        controllers.reconcile(NOW + step * timedelta(seconds=5))
    assert name not in pods(world)
    assert (verb.settled(made).ready, verb.settled(made).wanted) == (4, 4)
    assert verb.settled(made).since is not None
    assert verb.already_done(made, key=KEY) is Done.YES


def test_a_pod_of_the_same_name_with_another_uid_is_never_touched(
    world: Cluster, kubernetes: StandInKubernetes
) -> None:
    """A StatefulSet's pods keep their names: the one that came after is healthy."""
    shapes.groups(world, "lws", model="m", number=1, size=1)
    made = plan(kubernetes, "delete_pod", found(world, kinds.GROUPS, "lws"), "lws-0")
    before = world.get(resources.PODS, NAMESPACE, "lws-0")
    world.delete(resources.PODS, NAMESPACE, "lws-0", grace=0)
    kept = {key: before["metadata"][key] for key in ("name", "namespace", "labels")}
    world.create(resources.PODS, {"metadata": kept, "spec": before["spec"]}, writer=KUBELET)

    assert verbs(kubernetes)["delete_pod"].already_done(made, key=KEY) is Done.YES
    with pytest.raises(Exception, match=r"uid|UID"):
        verbs(kubernetes)["delete_pod"].apply(made, key=KEY)
    assert "deletionTimestamp" not in world.get(resources.PODS, NAMESPACE, "lws-0")["metadata"]


@pytest.mark.parametrize("action", ["evict", "delete_pod", "force_delete", "quarantine"])
def test_no_pod_of_another_workload_goes(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target, action: str
) -> None:
    """An approval is for the target, whatever the labels of other pods say."""
    shapes.kserve(world, "ks", model="org/m")
    labels = world.get(resources.PODS, NAMESPACE, pods(world)[0])["metadata"]["labels"]
    spec = {"containers": [{"name": "c"}]}
    lone = {"metadata": {"name": "lone", "namespace": NAMESPACE, "labels": labels}, "spec": spec}
    world.create(resources.PODS, lone, writer=KUBELET)
    mine = {each for each in pods(world) if each.startswith(DECODE)}

    for name in set(pods(world, "")) - mine:
        with pytest.raises(Rejected, match="is not a pod of it"):
            plan(kubernetes, action, replace(decode, pool="ks"), name)


def test_a_role_is_not_the_other_one(world: Cluster, kubernetes: StandInKubernetes) -> None:
    """Prefill pods of the same set serve other requests."""
    shapes.disaggregated(world, "ds", model="org/m")
    at = found(world, kinds.DISAGGREGATED, "ds")

    made = plan(kubernetes, "delete_pod", at, "ds-0-ab12-decode-0")
    assert made.owner_path == ("Pod ds-0-ab12-decode-0", "DisaggregatedSet ds role decode")
    with pytest.raises(Rejected, match="is not a pod of it"):
        plan(kubernetes, "delete_pod", at, "ds-0-ab12-prefill-0")


@pytest.mark.parametrize(
    ("policy", "after"),
    [
        pytest.param(None, "gone with its group of 3 pods, and made anew", id="default"),
        pytest.param("None", "gone, and made anew", id="none"),
    ],
)
def test_a_pod_of_a_group_takes_the_group_along(
    world: Cluster, kubernetes: StandInKubernetes, policy: str | None, after: str
) -> None:
    """A LeaderWorkerSet loads the model anew on all nodes of the group."""
    shapes.groups(world, "lws", model="org/m", number=2, size=3)

    def restart(thing: Object) -> None:
        if policy:
            thing["spec"]["leaderWorkerTemplate"]["restartPolicy"] = policy

    edit(world, resources.GROUPS, "lws", restart)
    at = found(world, kinds.GROUPS, "lws")

    for name in ("lws-1", "lws-1-2"):
        assert plan(kubernetes, "delete_pod", at, name).after == (("pod", after),)


@pytest.mark.parametrize(
    ("asked", "because"),
    [
        pytest.param({}, "there is no pod ''", id="none"),
        pytest.param({"pod": "gone"}, "there is no pod 'gone' in llm-d", id="gone"),
        pytest.param({"pod": "x", "grace": 0}, "unknown parameter 'grace'", id="unknown"),
    ],
)
def test_a_pod_that_is_not_there_is_refused(
    kubernetes: StandInKubernetes, decode: Target, asked: Mapping[str, object], because: str
) -> None:
    """The name is often typed by hand."""
    with pytest.raises(Rejected, match=because):
        verbs(kubernetes)["delete_pod"].plan(decode, asked)


def test_a_pod_that_goes_already_is_left_to_go(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Asking again would do nothing, and look like something."""
    name = pods(world)[0]
    world.delete(resources.PODS, NAMESPACE, name)

    for action in ("evict", "delete_pod"):
        with pytest.raises(Rejected, match="goes already"):
            plan(kubernetes, action, decode, name)


class Refuses(StandInKubernetes):
    """A cluster that refuses removals."""

    def __init__(self, cluster: Cluster, error: Exception) -> None:
        super().__init__(cluster)
        self._error = error

    def evict(self, removal: Removal) -> None:
        raise self._error


def test_a_budget_that_forbids_it_is_named(world: Cluster, decode: Target) -> None:
    """Later it may be allowed: nothing happened, and nothing is wrong with the plan."""
    says = NotDone("evict Pod llm-d/x: The disruption budget decode needs 4 healthy pods")

    with pytest.raises(NotDone, match="disruption budget decode"):
        plan(Refuses(world, says), "evict", decode, pods(world)[0])
    with pytest.raises(Unavailable, match="changed while planning"):
        plan(Refuses(world, Conflict("uid")), "evict", decode, pods(world)[0])


def test_a_dry_run_without_the_right_to_it_comes_with_the_plan(
    world: Cluster, decode: Target
) -> None:
    """A desk in shadow shows the plan all the same, and says that nobody has tried it."""
    barred = Refuses(world, Forbidden("no permission: cannot create pods/eviction"))

    with pytest.raises(DryRunRefused) as refused:
        plan(barred, "evict", decode, pods(world)[0])

    assert refused.value.plan.after == (("pod", "gone, and made anew"),)
    assert refused.value.plan.dry_run == f"no dry run: {refused.value}"


def test_the_last_ready_pod_is_told(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """After it nothing answers."""
    first, *others = pods(world)
    for name in others:
        world.delete(resources.PODS, NAMESPACE, name)

    warnings = plan(kubernetes, "delete_pod", decode, first).warnings
    assert warnings[0] == "no disruption budget is asked; evict asks it"
    assert warnings[-1] == "no other pod of the target is ready"


def die(world: Cluster, node: str, *, ready: str = "Unknown", taint: str = "") -> None:
    def dead(thing: Object) -> None:
        thing["status"]["conditions"] = [{"type": "Ready", "status": ready}] if ready else []
        thing["spec"] = {"taints": [{"key": taint, "effect": "NoExecute"}] if taint else []}

    edit(world, resources.NODES, node, dead)


OFF = "node.kubernetes.io/out-of-service"


@pytest.fixture
def stuck(world: Cluster) -> str:
    """Return a pod that was asked to go."""
    name = pods(world)[0]
    world.delete(resources.PODS, NAMESPACE, name)
    return name


def node_of(world: Cluster, pod: str) -> str:
    found: str = world.get(resources.PODS, NAMESPACE, pod)["spec"]["nodeName"]
    return found


@pytest.mark.parametrize("gone", [False, True], ids=["tainted", "gone"])
def test_a_pod_on_a_dead_node_is_forgotten(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target, stuck: str, *, gone: bool
) -> None:
    """Nothing there answers any more, and its name and volumes are needed elsewhere."""
    node = node_of(world, stuck)
    die(world, node, taint=OFF)
    if gone:
        world.delete(resources.NODES, "", node)

    made = plan(kubernetes, "force_delete", decode, stuck)
    verb = verbs(kubernetes)["force_delete"]

    assert made.warnings[0].startswith(f"Node {node} is ")
    assert verb.already_done(made, key=KEY) is Done.NO
    verb.apply(made, key=KEY)
    assert stuck not in pods(world)
    assert verb.already_done(made, key=KEY) is Done.YES


@pytest.mark.parametrize(
    ("ready", "taint", "because"),
    [
        pytest.param("True", OFF, "is ready: what runs there goes by itself", id="alive"),
        pytest.param("", OFF, "does not say whether it is ready", id="silent"),
        pytest.param("Unknown", "", "nobody has confirmed that it is off", id="unreachable"),
        pytest.param("False", "node.kubernetes.io/unreachable", "nobody has conf", id="other"),
    ],
)
def test_a_node_that_may_live_keeps_its_pods(
    world: Cluster,
    kubernetes: StandInKubernetes,
    decode: Target,
    stuck: str,
    ready: str,
    taint: str,
    because: str,
) -> None:
    """An engine that still runs would write to its volume beside the new one."""
    die(world, node_of(world, stuck), ready=ready, taint=taint)

    with pytest.raises(Rejected, match=because):
        plan(kubernetes, "force_delete", decode, stuck)


def test_a_pod_is_forced_only_after_it_was_asked(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """The gentle way is tried first, always."""
    with pytest.raises(Rejected, match="was not asked to go; delete it first"):
        plan(kubernetes, "force_delete", decode, pods(world)[0])
