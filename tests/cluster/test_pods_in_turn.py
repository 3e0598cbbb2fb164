"""Pods go one at a time while they serve, and all at once only when none of them does."""

from datetime import timedelta

import pytest

from cluster.actions.plan import Done, DryRunRefused, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.refusals import Forbidden
from cluster.clients.things import Removal
from cluster.evidence.collect import touched
from cluster.targets.target import Target
from drills.kubernetes import resources, shapes
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Conflict, NotDone, Rejected, Unavailable
from tests.cluster.conftest import DECODE, NAMESPACE, NOW, StandInKubernetes
from tests.cluster.test_pods_that_go import edit, found, node_of, pods

KEY = "run-7/next"


@pytest.fixture
def decode(world: Cluster) -> Target:
    return found(world, kinds.DEPLOYMENT, DECODE)


def plan(kubernetes: StandInKubernetes, action: str, at: Target, **asked: object) -> Plan:
    return verbs(kubernetes)[action].plan(at, asked)


def named(made: Plan) -> str:
    return made.write.name


def renew(world: Cluster, *names: str, after: int = 10) -> None:
    """Let pods be made anew so many minutes later."""
    for name in names:
        world.delete(resources.PODS, NAMESPACE, name, grace=0)
    reconciled(world, start=after)


def fall(world: Cluster, *names: str) -> None:
    """Let pods no longer be ready."""

    def ill(thing: Object) -> None:
        thing["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

    for name in names:
        edit(world, resources.PODS, name, ill)


def close(world: Cluster, node: str) -> None:
    def closed(thing: Object) -> None:
        thing["spec"] = {"unschedulable": True}

    edit(world, resources.NODES, node, closed)


def reconciled(world: Cluster, start: int = 0) -> None:
    """Let the controllers work for five minutes."""
    controllers = Controllers(world, ready_after=lambda _: 0.0)
    for step in range(60):
        moment = NOW + timedelta(minutes=start) + step * timedelta(seconds=5)
        with world.at(moment):
            controllers.reconcile(moment)


def test_repeated_it_restarts_every_pod_once(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """What was made anew is the youngest: so many steps as there are pods restart them all."""
    before = pods(world)
    verb = verbs(kubernetes)["restart_one"]
    asked = []
    for number in range(len(before)):
        made = plan(kubernetes, "restart_one", decode)
        verb.apply(made, key=KEY)
        with pytest.raises(Unavailable, match="the next pod has to wait: not ready"):
            plan(kubernetes, "restart_one", decode)
        reconciled(world, start=5 * number)
        assert (verb.settled(made).ready, verb.settled(made).since is not None) == (4, True)
        asked.append(named(made))

    assert sorted(asked) == before
    assert set(before).isdisjoint(pods(world))


def test_the_oldest_pod_is_the_next_one(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """An approver sees which pod it is, and why this one."""
    *others, last = pods(world)
    renew(world, *others)

    made = plan(kubernetes, "restart_one", decode)

    assert named(made) == last
    assert made.write.subresource == "eviction"
    assert made.warnings[0] == "it is the oldest of 4 pods, made at 2026-02-26 12:00:00 UTC"
    assert (made.reversible, made.parameters) == (False, ())


def test_what_was_made_since_a_moment_stays(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """A runbook that repeats the step once too often must not begin a second round."""
    first, *others = pods(world)
    renew(world, *others)

    bound = {"made_before": "2026-03-01T12:05:00Z"}
    assert named(plan(kubernetes, "restart_one", decode, **bound)) == first
    with pytest.raises(Rejected, match="all of its 4 pods were made since 2026-02-20T12:00"):
        plan(kubernetes, "restart_one", decode, made_before="2026-02-20T12:00:00Z")
    for wrong in ("soon", "2026-03-01T10:00:00"):
        with pytest.raises(Rejected, match="made_before is a time such as"):
            plan(kubernetes, "restart_one", decode, made_before=wrong)


def test_nobody_goes_while_another_one_is_away(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Two of four away is no rolling restart; and a pod that is not there yet counts too."""
    first, *_ = pods(world)
    fall(world, first)
    with pytest.raises(Unavailable, match=f"not ready: {first}"):
        plan(kubernetes, "restart_one", decode)

    world.delete(resources.PODS, NAMESPACE, first, grace=0)
    with pytest.raises(Unavailable, match="3 of 4 are there"):
        plan(kubernetes, "restart_one", decode)


def test_of_many_that_are_not_ready_some_are_named(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """A card has no room for a hundred names."""
    fall(world, *pods(world))

    with pytest.raises(Unavailable, match=r"not ready: .*, .*, .* and 1 more$"):
        plan(kubernetes, "restart_one", decode)


def test_a_node_is_drained_pod_by_pod(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Each pod has its own approval, and the next one waits until the target is whole again."""
    node = node_of(world, pods(world)[0])
    here = [each for each in pods(world) if node_of(world, each) == node]
    with pytest.raises(Rejected, match="takes new pods; cordon it first"):
        plan(kubernetes, "drain", decode, node=node)
    close(world, node)
    verb = verbs(kubernetes)["drain"]

    asked = []
    for number in range(len(here)):
        made = plan(kubernetes, "drain", decode, node=node)
        left = len(here) - number - 1
        assert made.warnings[0] == f"{left} more pods of the target stand on Node {node} after it"
        assert "pods and" in made.warnings[1]
        verb.apply(made, key=KEY)
        if left:
            with pytest.raises(Unavailable, match="the next pod has to wait"):
                plan(kubernetes, "drain", decode, node=node)
        reconciled(world, start=5 * number)
        assert verb.already_done(made, key=KEY) is Done.YES
        asked.append(named(made))

    assert sorted(asked) == here
    with pytest.raises(Rejected, match="it is drained"):
        plan(kubernetes, "drain", decode, node=node)


def test_a_broken_pod_leaves_a_closed_node_first(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """It serves nobody there; only the pods elsewhere have to be ready meanwhile."""
    first = pods(world)[0]
    node = node_of(world, first)
    close(world, node)
    renew(world, first)
    here = [each for each in pods(world) if node_of(world, each) == node]
    (elsewhere,) = set(pods(world)) - set(here)
    fall(world, here[-1])

    assert named(plan(kubernetes, "drain", decode, node=node)) == here[-1]
    fall(world, elsewhere)
    with pytest.raises(Unavailable, match=f"not ready: {elsewhere}"):
        plan(kubernetes, "drain", decode, node=node)


def test_all_go_at_once_when_none_of_them_serves(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """A role that is down altogether is not restarted pod by pod."""
    own, others = pods(world), pods(world, "prefill")
    fall(world, *own)
    verb = verbs(kubernetes)["delete_all"]

    made = plan(kubernetes, "delete_all", decode)
    assert verb.already_done(made, key=KEY) is Done.NO
    applied = verb.apply(made, key=KEY)

    assert made.before == (("pods", f"4, none of them ready: {', '.join(own)}"),)
    assert made.after == (("pods", "gone, and made anew"),)
    assert made.kubectl == f"kubectl delete pod -n {NAMESPACE} {' '.join(own)}"
    assert (made.reversible, applied.detail) == (False, "4 pods were asked to go")
    assert touched(made) == tuple(own)
    assert verb.already_done(made, key=KEY) is Done.YES
    reconciled(world)
    assert (verb.settled(made).ready, verb.settled(made).since is not None) == (4, True)
    assert set(own).isdisjoint(pods(world))
    assert pods(world, "prefill") == others


def test_one_pod_that_serves_keeps_all_of_them(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Also one that became ready after the approval: requests on it would be cut off."""
    own = pods(world)
    fall(world, *own[1:])
    with pytest.raises(Rejected, match=f"1 of 4 pods are ready: {own[0]}; restart_one"):
        plan(kubernetes, "delete_all", decode)

    fall(world, own[0])
    made = plan(kubernetes, "delete_all", decode)

    def well(thing: Object) -> None:
        since = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-03-01T12:00:00Z"}
        thing["status"]["conditions"] = [since]

    edit(world, resources.PODS, own[2], well)
    with pytest.raises(Rejected, match=f"1 of 4 pods are ready: {own[2]}"):
        verbs(kubernetes)["delete_all"].apply(made, key=KEY)
    assert pods(world) == own


def test_a_target_without_pods_has_none_to_delete(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """Nothing would happen, and it would look like something."""
    fall(world, *pods(world))
    for name in pods(world):
        world.delete(resources.PODS, NAMESPACE, name)
    with pytest.raises(Rejected, match="all of its 4 pods go already"):
        plan(kubernetes, "delete_all", decode)

    for name in pods(world):
        world.delete(resources.PODS, NAMESPACE, name, grace=0)
    for action in ("delete_all", "restart_one"):
        with pytest.raises(Rejected, match="it has no pod"):
            plan(kubernetes, action, decode)


def test_the_other_role_of_a_set_stays(world: Cluster, kubernetes: StandInKubernetes) -> None:
    """Prefill and decode of one DisaggregatedSet stand side by side."""
    shapes.disaggregated(world, "ds", model="org/m")
    whole = [each for each in pods(world, "ds-") if each.startswith("ds-")]
    fall(world, *whole)

    made = plan(kubernetes, "delete_all", found(world, kinds.DISAGGREGATED, "ds"))

    gone = {made.write.name, *(name for name, _ in made.write.also)}
    assert gone == {each for each in whole if "-decode-" in each}


class Breaks(StandInKubernetes):
    """A cluster in which removals fail after so many that did not."""

    def __init__(self, cluster: Cluster, error: Exception, *, after: int) -> None:
        super().__init__(cluster)
        self._error, self.left = error, after

    def delete(self, removal: Removal) -> None:
        if self.left == 0:
            raise self._error
        self.left -= 1
        super().delete(removal)


def test_half_of_them_gone_is_a_doubt(world: Cluster, decode: Target) -> None:
    """Whoever looks must know that some went; asking again is harmless."""
    fall(world, *pods(world))
    broken = Breaks(world, Unavailable("cut"), after=4 + 2)
    verb = verbs(broken)["delete_all"]
    made = plan(broken, "delete_all", decode)

    with pytest.raises(Unavailable, match="2 of 4 pods were asked to go; then: cut"):
        verb.apply(made, key=KEY)

    assert verb.already_done(made, key=KEY) is Done.CANNOT_TELL


@pytest.mark.parametrize(
    ("error", "raised", "says"),
    [
        pytest.param(NotDone("429"), NotDone, "429", id="never-arrived"),
        pytest.param(Rejected("policy"), Rejected, "policy", id="refused"),
        pytest.param(Conflict("uid"), Conflict, "none of the 4 pods is there", id="all-others"),
    ],
)
def test_when_the_first_is_refused_nothing_has_happened(
    world: Cluster, decode: Target, error: Exception, raised: type[Exception], says: str
) -> None:
    """What certainly did not happen is told so, and not as a doubt."""
    fall(world, *pods(world))
    broken = Breaks(world, error, after=4)
    made = plan(broken, "delete_all", decode)

    with pytest.raises(raised, match=says):
        verbs(broken)["delete_all"].apply(made, key=KEY)


def test_a_removal_that_cannot_be_tried_is_told(world: Cluster, decode: Target) -> None:
    """A desk in shadow has no right to it, and shows the plan all the same."""
    fall(world, *pods(world))

    with pytest.raises(DryRunRefused) as refused:
        plan(Breaks(world, Forbidden("no"), after=0), "delete_all", decode)
    assert refused.value.plan.dry_run == "no dry run: no"
    with pytest.raises(Unavailable, match="changed while planning"):
        plan(Breaks(world, Conflict("uid"), after=0), "delete_all", decode)
