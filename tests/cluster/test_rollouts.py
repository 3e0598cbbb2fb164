"""Restarts, pauses, bounds and Argo's own verbs: planned, written once, recognised and undone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.actions import strategy
from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.parse import Malformed
from cluster.targets.target import Target
from drills.kubernetes import resources
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.conftest import NOW, StandInKubernetes
from tests.cluster.graphs import refer, target
from tests.cluster.test_scale_kinds import live, put, resource, uid

KEY = "run-7/step"
LABELS = {"app": "x"}
POD = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
FOUR: Mapping[str, object] = {
    "replicas": 4,
    "selector": {"matchLabels": LABELS},
    "template": POD,
}
GROUPS = {"replicas": 4, "leaderWorkerTemplate": {"size": 2, "workerTemplate": POD}}


@dataclass
class Scene:
    """A workload called x in a cluster, and the actions on it."""

    world: Cluster
    kubernetes: StandInKubernetes

    def find(self, kind: Kind) -> Target:
        pods = self.world.select(resources.PODS, "llm-d", labels="app=x")
        names = tuple(each["metadata"]["name"] for each in pods)
        return replace(target(kind, "x"), uid=uid(self.world, kind), pods=names)

    def plan(self, kind: Kind, action: str, asked: Mapping[str, object]) -> Plan:
        return verbs(self.kubernetes)[action].plan(self.find(kind), asked)

    def apply(self, plan: Plan, *, key: str = KEY) -> None:
        verb = verbs(self.kubernetes)[plan.action]
        assert verb.already_done(plan, key=key) is Done.NO
        verb.apply(plan, key=key)
        assert verb.already_done(plan, key=key) is Done.YES
        assert verb.already_done(plan, key="run-8/step") is Done.CANNOT_TELL

    def undo(self, plan: Plan, kind: Kind) -> Plan:
        back = dict(plan.inverse)
        made = self.plan(kind, back.pop("action"), back)
        self.apply(made, key=f"{KEY}/undo")
        return made

    def settled(self, plan: Plan) -> object:
        return verbs(self.kubernetes)[plan.action].settled(plan)

    def status(self, kind: Kind, status: Mapping[str, object]) -> None:
        """Write a status as the kind's controller does."""

        def told(thing: Object) -> Object:
            thing["status"] = {**thing.get("status", {}), **status}
            return thing

        writer = Writer(manager="controller", subresource="status")
        self.world.update(resource(kind), "llm-d", "x", told, writer=writer)

    def pod(self, name: str, at: int = 0, **labels: str) -> None:
        body = {"metadata": {"name": name, "namespace": "llm-d", "labels": {**LABELS, **labels}}}
        with self.world.at(NOW + timedelta(seconds=at)):
            self.world.create(
                resources.PODS, body | {"spec": POD["spec"]}, writer=Writer(manager="x")
            )
            ready = {"type": "Ready", "status": "True", "lastTransitionTime": moment(at)}

            def told(thing: Object) -> Object:
                thing["status"] = {"phase": "Running", "conditions": [ready]}
                return thing

            writer = Writer(manager="kubelet", subresource="status")
            self.world.update(resources.PODS, "llm-d", name, told, writer=writer)


def moment(at: int) -> str:
    return f"{NOW + timedelta(seconds=at):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def scene(world: Cluster, kubernetes: StandInKubernetes) -> Scene:
    return Scene(world, kubernetes)


def settle(world: Cluster) -> None:
    controllers = Controllers(world, ready_after=lambda _: 0)
    for index in range(15):
        controllers.reconcile(NOW + timedelta(seconds=60 * (index + 1)))


def test_a_restart_begins_every_pod_anew(scene: Scene) -> None:
    """The plan is the same whenever it is made, so that an approval fits it."""
    put(scene.world, kinds.DEPLOYMENT, "x", FOUR)
    settle(scene.world)

    plan = scene.plan(kinds.DEPLOYMENT, "restart", {})
    assert scene.plan(kinds.DEPLOYMENT, "restart", {}).digest == plan.digest
    before = {each["metadata"]["uid"] for each in scene.world.select(resources.PODS, "llm-d")}
    scene.apply(plan)

    assert scene.settled(plan).since is None
    settle(scene.world)
    pods = scene.world.select(resources.PODS, "llm-d", labels="app=x")
    assert not before & {each["metadata"]["uid"] for each in pods}
    assert scene.settled(plan).ready == 4
    assert scene.settled(plan).since is not None
    assert plan.before == (("restarted", "none"),)
    assert not plan.reversible
    assert any("requests on them are cut off" in each for each in plan.warnings)


def test_a_rollout_of_argo_restarts_by_a_field_of_its_own(scene: Scene) -> None:
    """Its template stays; it says itself when all pods have begun anew."""
    put(scene.world, kinds.ROLLOUT, "x", FOUR)
    scene.pod("x-1", at=5)

    plan = scene.plan(kinds.ROLLOUT, "restart", {})
    scene.apply(plan)

    assert live(scene.world, kinds.ROLLOUT)["spec"]["restartAt"] == moment(6)
    assert scene.settled(plan).words == "not all pods have begun anew"
    scene.status(kinds.ROLLOUT, {"restartedAt": moment(6)})
    assert "ready" in scene.settled(plan).words


def test_groups_restart_by_their_workers_template(scene: Scene) -> None:
    """Its pods before the write are not those after it, though it tells no generation."""
    put(scene.world, kinds.GROUPS, "x", GROUPS)
    scene.pod("x-0", at=-60)
    counted = {"replicas": 4, "updatedReplicas": 4, "readyReplicas": 4}
    scene.status(kinds.GROUPS, counted)

    plan = scene.plan(kinds.GROUPS, "restart", {})
    scene.apply(plan)

    spec = live(scene.world, kinds.GROUPS)["spec"]["leaderWorkerTemplate"]
    notes = spec["workerTemplate"]["metadata"]["annotations"]
    assert notes == {"kubectl.kubernetes.io/restartedAt": moment(-59)}
    assert scene.settled(plan).since is None


@pytest.mark.parametrize(
    ("spec", "because"),
    [
        pytest.param(FOUR, "no pods to restart", id="empty"),
        pytest.param({**FOUR, "paused": True}, "resume it first", id="paused"),
    ],
)
def test_what_would_not_restart_is_refused(
    scene: Scene, spec: Mapping[str, object], because: str
) -> None:
    """Nothing would begin anew."""
    put(scene.world, kinds.DEPLOYMENT, "x", spec)

    with pytest.raises(Rejected, match=because):
        scene.plan(kinds.DEPLOYMENT, "restart", {})


def test_a_workload_of_kserve_is_restarted_pod_by_pod(scene: Scene) -> None:
    """KServe writes the mark away again."""
    put(scene.world, kinds.INFERENCE_SERVICE, "x", {})
    put(scene.world, kinds.DEPLOYMENT, "x", FOUR, above=refer(kinds.INFERENCE_SERVICE, "x"))
    settle(scene.world)

    with pytest.raises(Rejected, match="delete its pods one by one") as refused:
        scene.plan(kinds.DEPLOYMENT, "restart", {})

    assert "Pull request" not in str(refused.value)


@pytest.mark.parametrize("kind", [kinds.DEPLOYMENT, kinds.ROLLOUT], ids=lambda kind: kind.name)
def test_a_rollout_stands_still_and_goes_on(scene: Scene, kind: Kind) -> None:
    """The inverse of the inverse is the original."""
    put(scene.world, kind, "x", FOUR)

    plan = scene.plan(kind, "pause_rollout", {"pause": "yes"})
    scene.apply(plan)

    assert live(scene.world, kind)["spec"]["paused"] is True
    assert scene.settled(plan).since is not None
    assert "until somebody resumes it" in plan.warnings[0]
    back = scene.undo(plan, kind)
    assert "paused" not in live(scene.world, kind)["spec"]
    assert scene.settled(back).since is not None
    assert dict(back.inverse) == {"action": "pause_rollout", "pause": "yes"}


@pytest.mark.parametrize(
    ("kind", "asked", "because"),
    [
        pytest.param(kinds.DEPLOYMENT, {"pause": "no"}, "nothing to change", id="runs"),
        pytest.param(kinds.DEPLOYMENT, {"pause": "maybe"}, "is yes or no", id="word"),
        pytest.param(kinds.DEPLOYMENT, {}, "is yes or no", id="nothing"),
        pytest.param(kinds.STATEFUL_SET, {"pause": "yes"}, "cannot be paused", id="kind"),
    ],
)
def test_what_cannot_be_paused_is_refused(
    scene: Scene, kind: Kind, asked: Mapping[str, object], because: str
) -> None:
    """A StatefulSet has no pause."""
    put(scene.world, kind, "x", FOUR)

    with pytest.raises(Rejected, match=because):
        scene.plan(kind, "pause_rollout", asked)


CANARY = {**FOUR, "strategy": {"canary": {"maxSurge": "50%"}}}


@pytest.mark.parametrize(
    ("kind", "spec", "path", "was"),
    [
        pytest.param(kinds.DEPLOYMENT, FOUR, ("strategy", "rollingUpdate"), "25%", id="Deployment"),
        pytest.param(kinds.ROLLOUT, CANARY, ("strategy", "canary"), "50%", id="Rollout"),
    ],
)
def test_a_rollout_gets_other_bounds_and_its_old_ones_back(
    scene: Scene, kind: Kind, spec: Mapping[str, object], path: tuple[str, ...], was: str
) -> None:
    """Without a free GPU an old pod has to go first."""
    put(scene.world, kind, "x", spec)

    plan = scene.plan(kind, "rollout_strategy", {"max_surge": "0", "max_unavailable": "1"})
    scene.apply(plan)

    assert bounds(scene, kind, path) == (0, 1)
    assert dict(plan.before) == {"max_surge": was, "max_unavailable": "25%"}
    assert plan.warnings[0] == "up to 1 of 4 pods are away at a time"
    assert scene.settled(plan).since is not None
    back = scene.undo(plan, kind)
    assert bounds(scene, kind, path) == (was, "25%")
    assert dict(back.inverse)["max_surge"] == "0"


def bounds(scene: Scene, kind: Kind, path: tuple[str, ...]) -> tuple[object, object]:
    found = live(scene.world, kind)["spec"]
    for part in path:
        found = found[part]
    return found["maxSurge"], found["maxUnavailable"]


def test_the_only_replica_may_not_go_unseen(scene: Scene) -> None:
    """With one of one away nobody answers, for as long as a model loads."""
    put(scene.world, kinds.DEPLOYMENT, "x", {**FOUR, "replicas": 1})

    plan = scene.plan(
        kinds.DEPLOYMENT, "rollout_strategy", {"max_surge": "0", "max_unavailable": "1"}
    )

    assert plan.warnings[0] == "1 of 1 may be away: an outage while the model loads"


@pytest.mark.parametrize(
    ("kind", "spec", "asked", "because"),
    [
        pytest.param(kinds.DEPLOYMENT, FOUR, {"max_surge": "25%"}, "nothing to change", id="same"),
        pytest.param(
            kinds.DEPLOYMENT,
            FOUR,
            {"max_surge": "0", "max_unavailable": "0%"},
            "no rollout could go on",
            id="both-none",
        ),
        pytest.param(kinds.DEPLOYMENT, FOUR, {"max_surge": "-1"}, "a number or", id="negative"),
        pytest.param(
            kinds.DEPLOYMENT,
            {**FOUR, "strategy": {"type": "Recreate"}},
            {"max_surge": "1"},
            "Recreate",
            id="recreate",
        ),
        pytest.param(
            kinds.ROLLOUT,
            {**FOUR, "strategy": {"blueGreen": {}}},
            {"max_surge": "1"},
            "only a canary",
            id="blue-green",
        ),
        pytest.param(kinds.STATEFUL_SET, FOUR, {"max_surge": "1"}, "no such bounds", id="kind"),
    ],
)
def test_bounds_that_cannot_be_are_refused(
    scene: Scene, kind: Kind, spec: Mapping[str, object], asked: Mapping[str, object], because: str
) -> None:
    """A person is told before anybody is asked to approve."""
    put(scene.world, kind, "x", spec)

    with pytest.raises(Rejected, match=because):
        scene.plan(kind, "rollout_strategy", asked)


@given(
    surge=st.integers(0, 5) | st.integers(0, 100).map(lambda x: f"{x}%"),
    unavailable=st.integers(0, 5) | st.integers(0, 100).map(lambda x: f"{x}%"),
    size=st.integers(1, 40),
)
def test_some_pod_may_always_move(surge: int | str, unavailable: int | str, size: int) -> None:
    """Kubernetes never lets a rollout stand still by its bounds."""
    found = strategy.bounds(surge, unavailable, size)

    assert found.surge + found.away >= 1
    assert min(found.surge, found.away) >= 0


def test_a_bound_that_is_none_is_not_guessed() -> None:
    """Its meaning would be made up."""
    with pytest.raises(Malformed):
        strategy.bounds("half", 0, 4)


UNDERWAY = {"stableRS": "aaa", "currentPodHash": "bbb"}


def test_a_rollout_is_aborted_and_tried_again(scene: Scene) -> None:
    """It has come about when the stable template's pods are all ready."""
    put(scene.world, kinds.ROLLOUT, "x", {**FOUR, "replicas": 2})
    scene.status(kinds.ROLLOUT, UNDERWAY)
    scene.pod("x-aaa-1", **{"rollouts-pod-template-hash": "aaa"})
    scene.pod("x-bbb-1", **{"rollouts-pod-template-hash": "bbb"})

    plan = scene.plan(kinds.ROLLOUT, "argo_rollout", {"do": "abort"})
    scene.apply(plan)

    assert plan.write.subresource == "status"
    assert live(scene.world, kinds.ROLLOUT)["status"]["abort"] is True
    assert (scene.settled(plan).ready, scene.settled(plan).since) == (1, None)
    scene.pod("x-aaa-2", **{"rollouts-pod-template-hash": "aaa"})
    assert scene.settled(plan).since is not None
    back = scene.undo(plan, kinds.ROLLOUT)
    assert live(scene.world, kinds.ROLLOUT)["status"]["abort"] is False
    assert scene.settled(back).words == "the rollout goes on"
    assert scene.settled(plan).reverted_by is not None
    assert plan.kubectl == "kubectl argo rollouts abort x -n llm-d"


def test_a_rollout_is_promoted_for_good(scene: Scene) -> None:
    """The controller takes the mark away when it is done: nobody reverted it."""
    put(scene.world, kinds.ROLLOUT, "x", {**FOUR, "replicas": 1})
    scene.status(kinds.ROLLOUT, UNDERWAY)

    plan = scene.plan(kinds.ROLLOUT, "argo_rollout", {"do": "promote"})
    scene.apply(plan)
    scene.status(kinds.ROLLOUT, {"promoteFull": False, "stableRS": "bbb"})
    scene.pod("x-bbb-1", **{"rollouts-pod-template-hash": "bbb"})

    assert (scene.settled(plan).reverted_by, scene.settled(plan).ready) == (None, 1)
    assert scene.settled(plan).since is not None
    assert not plan.reversible
    assert plan.kubectl == "kubectl argo rollouts promote x -n llm-d --full"


def test_a_rollout_that_waits_goes_on(scene: Scene) -> None:
    """A step's pause is a condition of its status."""
    put(scene.world, kinds.ROLLOUT, "x", FOUR)
    waits = [{"reason": "CanaryPauseStep", "startTime": moment(0)}]
    scene.status(kinds.ROLLOUT, {**UNDERWAY, "pauseConditions": waits})

    plan = scene.plan(kinds.ROLLOUT, "argo_rollout", {"do": "resume"})
    verbs(scene.kubernetes)["argo_rollout"].apply(plan, key=KEY)

    assert "pauseConditions" not in live(scene.world, kinds.ROLLOUT)["status"]
    assert plan.before == (("paused", "CanaryPauseStep"),)
    # A field that was taken away has no manager: it cannot be told who did that.
    done = verbs(scene.kubernetes)["argo_rollout"].already_done(plan, key=KEY)
    assert done is Done.CANNOT_TELL


def test_a_rollout_that_its_manifest_pauses_goes_on(scene: Scene) -> None:
    """That is another field, and it can be undone."""
    put(scene.world, kinds.ROLLOUT, "x", {**FOUR, "paused": True})

    plan = scene.plan(kinds.ROLLOUT, "argo_rollout", {"do": "resume"})
    scene.apply(plan)

    assert "paused" not in live(scene.world, kinds.ROLLOUT)["spec"]
    scene.undo(plan, kinds.ROLLOUT)
    assert live(scene.world, kinds.ROLLOUT)["spec"]["paused"] is True


@pytest.mark.parametrize(
    ("kind", "status", "asked", "because"),
    [
        pytest.param(kinds.ROLLOUT, {}, "abort", "no rollout is under way", id="unknown"),
        pytest.param(
            kinds.ROLLOUT,
            {"stableRS": "a", "currentPodHash": "a"},
            "promote",
            "no rollout is under way",
            id="done",
        ),
        pytest.param(
            kinds.ROLLOUT, {**UNDERWAY, "abort": True}, "abort", "nothing to change", id="again"
        ),
        pytest.param(
            kinds.ROLLOUT, {**UNDERWAY, "abort": True}, "promote", "retry it first", id="aborted"
        ),
        pytest.param(kinds.ROLLOUT, UNDERWAY, "retry", "nothing to change", id="not-aborted"),
        pytest.param(kinds.ROLLOUT, UNDERWAY, "resume", "nothing to change", id="not-paused"),
        pytest.param(kinds.ROLLOUT, UNDERWAY, "undo", "do is one of", id="word"),
        pytest.param(kinds.DEPLOYMENT, {}, "abort", "no Argo Rollout", id="kind"),
    ],
)
def test_what_a_rollout_cannot_do_now_is_refused(
    scene: Scene, kind: Kind, status: Mapping[str, object], asked: str, because: str
) -> None:
    """The state is looked at before anybody is asked to approve."""
    put(scene.world, kind, "x", FOUR)
    if status:
        scene.status(kind, status)

    with pytest.raises(Rejected, match=because):
        scene.plan(kind, "argo_rollout", {"do": asked})


def test_a_rollout_paused_by_its_manifest_is_not_promoted(scene: Scene) -> None:
    """It would stay where it is: two writes are two plans."""
    put(scene.world, kinds.ROLLOUT, "x", {**FOUR, "paused": True})
    scene.status(kinds.ROLLOUT, UNDERWAY)

    with pytest.raises(Rejected, match="resume it first"):
        scene.plan(kinds.ROLLOUT, "argo_rollout", {"do": "promote"})


@pytest.mark.parametrize(
    ("written", "seconds"),
    [pytest.param({}, 30, id="the-default"), pytest.param({"scaleDownDelaySeconds": 600}, 600)],
)
@pytest.mark.parametrize("verb", ["promote", "resume"])
def test_promoting_says_when_the_old_pods_of_a_blue_green_are_gone(
    scene: Scene, written: Mapping[str, object], seconds: int, verb: str
) -> None:
    """From then on taking back is a rollout of its own, which loads every model again."""
    put(scene.world, kinds.ROLLOUT, "x", {**FOUR, "strategy": {"blueGreen": dict(written)}})
    waits = [{"reason": "BlueGreenPause", "startTime": moment(0)}]
    scene.status(kinds.ROLLOUT, {**UNDERWAY, "pauseConditions": waits})

    plan = scene.plan(kinds.ROLLOUT, "argo_rollout", {"do": verb})

    assert f"the old pods go after {seconds} s" in " ".join(plan.warnings)
