"""Scaling: planned exactly, written once, recognised, seen to settle, and undone."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.actions import field, settling
from cluster.actions.plan import Applied, Done, DryRunRefused, Plan, Settled, Verb
from cluster.actions.registry import verbs
from cluster.clients import objects as client
from cluster.clients import parse
from cluster.clients.objects import OwnerReference
from cluster.clients.ports import Kubernetes
from cluster.clients.refusals import Forbidden
from cluster.clients.things import Thing, Write
from cluster.owners.sight import LiveSight
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector, Target
from drills.kubernetes import resources
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.people import kubectl_scale
from drills.kubernetes.state import Cluster
from incidents.errors import Conflict, Rejected, Unavailable
from incidents.events.run import WriteRecord
from tests.cluster.conftest import NOW

DECODE = "pd-disaggregation-nvidia-gpu-vllm-decode"
SIX = {"replicas": "+50%", "at_most": 8}
KEY = "run-7/scale"


@pytest.fixture
def decode(kubernetes: Kubernetes) -> Target:
    return LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="llama-3-70b"))


@pytest.fixture
def verb(kubernetes: Kubernetes) -> Verb:
    return verbs(kubernetes)["scale"]


def live(world: Cluster) -> Object:
    return world.get(resources.DEPLOYMENTS, "llm-d", DECODE)


def test_a_plan_says_exactly_what_will_happen(verb: Verb, decode: Target, world: Cluster) -> None:
    """With names and numbers: this is what a person approves."""
    before = live(world)

    plan = verb.plan(decode, SIX)

    assert plan == Plan(
        action="scale",
        target=decode,
        parameters=(("replicas", "+50%"), ("at_most", "8"), ("at_least", "1")),
        owner_path=(f"Deployment {DECODE}",),
        before=(("replicas", "4"),),
        after=(("replicas", "6"),),
        uid=before["metadata"]["uid"],
        resource_version=before["metadata"]["resourceVersion"],
        inverse=(("action", "scale"), ("replicas", "4")),
        kubectl=(f"kubectl scale deployment/{DECODE} -n llm-d --replicas=6 --current-replicas=4"),
        dry_run="accepted by the API server: replicas 4 → 6",
        warnings=(),
        reversible=True,
        digest=plan.digest,
        write=WriteRecord(
            api_version="apps/v1",
            kind="Deployment",
            namespace="llm-d",
            name=DECODE,
            uid=before["metadata"]["uid"],
            subresource="scale",
            fields=(("/spec/replicas", "6"),),
            bare=plan.write.bare,
        ),
    )
    assert live(world) == before


def test_the_digest_is_of_what_happens_and_not_of_when(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """A status update between plan and claim must not void the approval; another size must."""
    plan = verb.plan(decode, SIX)
    annotate(world, {"note": "touched"})
    again = verb.plan(replace(decode, pods=()), SIX)

    assert again.resource_version != plan.resource_version
    assert again.digest == plan.digest
    assert verb.plan(decode, {"replicas": 5}).digest != plan.digest
    assert len(plan.digest) == 64


def test_an_autoscaler_gets_a_higher_floor(verb: Verb, decode: Target, world: Cluster) -> None:
    """A number that it undoes in 15 s is worse than none: what stays is the least it may make."""
    autoscale(world)
    hpa = world.get(resources.AUTOSCALERS, "llm-d", "decode")

    plan = verb.plan(decode, SIX)

    assert plan.owner_path == (f"Deployment {DECODE}", "HPA decode")
    assert (plan.before, plan.after) == ((("minReplicas", "4"),), (("minReplicas", "6"),))
    assert plan.uid == decode.uid
    assert plan.write == WriteRecord(
        api_version="autoscaling/v2",
        kind="HorizontalPodAutoscaler",
        namespace="llm-d",
        name="decode",
        uid=hpa["metadata"]["uid"],
        subresource="",
        fields=(("/spec/minReplicas", "6"),),
        bare=True,
    )
    assert plan.resource_version == hpa["metadata"]["resourceVersion"]
    assert plan.inverse == (("action", "autoscaler"), ("floor", "4"))
    assert world.get(resources.AUTOSCALERS, "llm-d", "decode") == hpa


def test_a_floor_is_written_once_and_recognised(verb: Verb, decode: Target, world: Cluster) -> None:
    """The autoscaler carries our mark; the Deployment is left to it."""
    autoscale(world)
    plan = verb.plan(decode, SIX)
    assert verb.already_done(plan, key=KEY) is Done.NO

    applied = verb.apply(plan, key=KEY)

    hpa = world.get(resources.AUTOSCALERS, "llm-d", "decode")
    assert applied.detail == "minReplicas 4 → 6"
    assert hpa["spec"]["minReplicas"] == 6
    assert hpa["metadata"]["annotations"] == {"triaged.dev/run": KEY}
    assert live(world)["spec"]["replicas"] == 4
    assert verb.already_done(plan, key=KEY) is Done.YES
    assert verb.already_done(plan, key="run-8/scale") is Done.CANNOT_TELL
    assert verb.settled(plan) == Settled(ready=4, wanted=6, since=None)


def test_a_ceiling_is_raised_only_as_far_as_the_runbook_allows(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """The ceiling is a budget that somebody set; the runbook's bound says how far it may go."""
    autoscale(world)

    plan = verb.plan(decode, {"replicas": 12, "at_most": 16})

    assert plan.after == (("minReplicas", "12"), ("maxReplicas", "12"))
    assert plan.before == (("minReplicas", "4"), ("maxReplicas", "8"))
    assert plan.inverse == (("action", "autoscaler"), ("floor", "4"), ("ceiling", "8"))
    with pytest.raises(Rejected, match="allows at most 8; say at_most"):
        verb.plan(decode, {"replicas": 12})


def test_a_floor_that_would_change_nothing_is_refused(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """The autoscaler keeps four because of load: a lower floor takes no pod away by itself."""
    autoscale(world, least=2)

    with pytest.raises(Rejected, match="between 2 and 8, and 4 are there; a floor of 3"):
        verb.plan(decode, {"replicas": 3})


def test_a_bad_moment_is_told(verb: Verb, decode: Target, world: Cluster) -> None:
    """The approver sees it; it does not forbid the change."""
    annotate(world, {"meta.helm.sh/release-name": "ms"})
    seen = {"observedGeneration": live(world)["metadata"]["generation"], "readyReplicas": 3}
    world.update(
        resources.DEPLOYMENTS,
        "llm-d",
        DECODE,
        lambda thing: thing | {"status": thing["status"] | seen},
        writer=Writer(manager="test", subresource="status"),
    )

    warnings = verb.plan(decode, {"replicas": 3}).warnings

    assert warnings == (
        "Helm release ms: the next `helm upgrade` sets the replicas back to the chart's values",
        "only 3 of 4 pods are ready",
        "requests on the pods that go are cut off",
    )


def test_a_rollout_in_progress_is_told(verb: Verb, decode: Target, world: Cluster) -> None:
    """Scaling a rollout changes the numbers that its verdict rests on."""
    world.update(
        resources.DEPLOYMENTS,
        "llm-d",
        DECODE,
        lambda thing: thing | {"status": thing["status"] | {"updatedReplicas": 1}},
        writer=Writer(manager="test", subresource="status"),
    )
    assert verb.plan(decode, SIX).warnings == ("a rollout is in progress: 1 of 4 new",)

    pause(world)

    assert verb.plan(decode, SIX).warnings == (
        "the Deployment was changed a moment ago and has not been acted on",
        "the Deployment is paused",
    )


def test_a_kind_without_a_size_is_not_scaled(verb: Verb, decode: Target) -> None:
    """A ReplicaSet would be scaled back by its Deployment."""
    with pytest.raises(Rejected, match="no kind that has a size; there are Deployment, "):
        verb.plan(replace(decode, kind="ReplicaSet"), SIX)


def test_an_object_made_anew_is_another_one(verb: Verb, decode: Target) -> None:
    """The name is the same, what was looked at is gone."""
    with pytest.raises(Rejected, match="deleted and made anew"):
        verb.plan(replace(decode, uid="old"), SIX)


def test_the_write_is_done_once_and_recognised(verb: Verb, decode: Target, world: Cluster) -> None:
    """After a crash the world must be able to say whether it was us."""
    plan = verb.plan(decode, SIX)
    assert verb.already_done(plan, key=KEY) is Done.NO

    applied = verb.apply(plan, key=KEY)

    after = live(world)
    assert after["spec"]["replicas"] == 6
    assert applied == Applied(
        resource_version=after["metadata"]["resourceVersion"], detail="replicas 4 → 6"
    )
    assert verb.already_done(plan, key=KEY) is Done.YES
    assert verb.already_done(plan, key="run-8/scale") is Done.CANNOT_TELL


def test_a_write_that_somebody_overwrote_is_left_to_a_person(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """Our mark is gone with our number: it may have been us before."""
    plan = verb.plan(decode, SIX)
    verb.apply(plan, key=KEY)
    kubectl_scale(world, "llm-d", DECODE, 3)

    assert verb.already_done(plan, key=KEY) is Done.CANNOT_TELL


def test_what_cannot_be_asked_cannot_be_told(verb: Verb, decode: Target) -> None:
    """A Deployment that is gone proves nothing about our write."""
    plan = verb.plan(decode, SIX)
    gone = replace(plan, write=replace(plan.write, name="gone"))

    assert verb.already_done(gone, key=KEY) is Done.CANNOT_TELL


@pytest.mark.parametrize("change", ["scaled", "touched"])
def test_a_change_by_somebody_else_voids_the_plan(
    verb: Verb, decode: Target, world: Cluster, change: str
) -> None:
    """The approval was for the picture that the plan shows."""
    plan = verb.plan(decode, SIX)
    if change == "scaled":
        kubectl_scale(world, "llm-d", DECODE, 5)
    else:
        annotate(world, {"note": "touched"})
    before = live(world)

    with pytest.raises(Conflict):
        verb.apply(plan, key=KEY)

    assert live(world) == before


def test_pods_take_their_time(verb: Verb, decode: Target, world: Cluster) -> None:
    """Scaled is not serving: new pods load the model first."""
    plan = verb.plan(decode, SIX)
    verb.apply(plan, key=KEY)
    controllers = Controllers(world, ready_after=lambda _: 90.0)
    start = world.now()
    controllers.reconcile(start)
    assert verb.settled(plan) == Settled(ready=4, wanted=6, since=None)

    ready = start + timedelta(seconds=90)
    controllers.reconcile(ready)

    assert verb.settled(plan) == Settled(ready=6, wanted=6, since=ready)


def test_a_pod_that_has_failed_is_not_waited_for(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """What a node evicted lies there for days, and another pod serves in its place."""
    plan = verb.plan(decode, SIX)
    verb.apply(plan, key=KEY)
    Controllers(world, ready_after=lambda _: 0.0).reconcile(world.now())
    left = world.select(resources.PODS, "llm-d", labels="llm-d.ai/role=decode")[0]
    meta = {**left["metadata"], "name": "evicted", "ownerReferences": []}
    world.create(resources.PODS, {**left, "metadata": meta}, writer=Writer(manager="kubelet"))
    writer = Writer(manager="kubelet", subresource="status")
    failed = {"phase": "Failed", "reason": "Evicted"}
    world.update(
        resources.PODS, "llm-d", "evicted", lambda pod: pod | {"status": failed}, writer=writer
    )

    settled = verb.settled(plan)

    assert (settled.ready, settled.wanted, settled.since) == (6, 6, world.now())


def test_pods_that_leave_are_waited_for(verb: Verb, decode: Target, world: Cluster) -> None:
    """A pod that is still there may still serve."""
    plan = verb.plan(decode, {"replicas": 3})
    verb.apply(plan, key=KEY)
    assert verb.settled(plan) == Settled(ready=4, wanted=3, since=None)

    Controllers(world, ready_after=lambda _: 90.0).reconcile(world.now())

    settled = verb.settled(plan)
    assert (settled.ready, settled.since is not None) == (3, True)


def test_who_scaled_back_is_named(verb: Verb, decode: Target, world: Cluster) -> None:
    """The API server knows the writer."""
    plan = verb.plan(decode, SIX)
    verb.apply(plan, key=KEY)
    kubectl_scale(world, "llm-d", DECODE, 4)

    assert verb.settled(plan) == Settled(ready=4, wanted=6, since=None, reverted_by="kubectl-scale")


def test_who_scales_after_another_one_wrote_the_object_is_named(
    verb: Verb, decode: Target, kubernetes: Kubernetes
) -> None:
    """A real API server keeps no moment of a size that was written through `/scale`."""
    plan = verb.plan(decode, SIX)
    size = frozenset({"spec.replicas"})
    edited = client.Writer(manager="kubectl-edit", at=NOW, fields=size)
    scaled = client.Writer(manager="kubectl-scale", subresource="scale", fields=size)
    there, sight = field.written(kubernetes, plan), LiveSight(kubernetes, "llm-d")

    names = [
        settling.undone_by(plan, replace(there, writers=writers), sight)
        for writers in ((edited,), (scaled, edited), ())
    ]

    assert names == ["kubectl-edit", "kubectl-scale", "somebody (the API server does not say who)"]


def test_an_autoscaler_that_came_later_is_named_by_its_name(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """In the write it is only the controller manager."""
    plan = verb.plan(decode, SIX)
    verb.apply(plan, key=KEY)
    autoscale(world)
    world.update(
        resources.DEPLOYMENTS,
        "llm-d",
        DECODE,
        lambda thing: thing | {"spec": thing["spec"] | {"replicas": 4}},
        writer=Writer(manager="kube-controller-manager", subresource="scale"),
    )

    assert verb.settled(plan).reverted_by == "HorizontalPodAutoscaler decode"


def test_the_inverse_leads_back(verb: Verb, decode: Target, world: Cluster) -> None:
    """Undo is a step like any other, with a plan and an approval of its own."""
    plan = verb.plan(decode, SIX)
    verb.apply(plan, key=KEY)
    parameters: Mapping[str, object] = dict(plan.inverse[1:])

    back = verb.plan(decode, parameters)
    verb.apply(back, key="run-7/undo")

    assert (back.before, back.after) == (plan.after, plan.before)
    assert live(world)["spec"]["replicas"] == 4


class Mutating:
    """A cluster whose admission makes something else of a write, or loses it."""

    def __init__(self, kubernetes: Kubernetes, answer: int | Exception) -> None:
        self.deployment = kubernetes.deployment
        self.thing = kubernetes.thing
        self.things = kubernetes.things
        self.owner = kubernetes.owner
        self.pools = kubernetes.pools
        self.routes = kubernetes.routes
        self.pods = kubernetes.pods
        self.autoscalers = kubernetes.autoscalers
        self.answer = answer

    def write(self, write: Write) -> Thing:
        assert write.dry_run
        if isinstance(self.answer, Exception):
            raise self.answer
        scale = {"kind": "Scale", "spec": {"replicas": self.answer}}
        return parse.thing(scale)


class Nameless:
    """A cluster whose answers do not say which version of an object they are."""

    def __init__(self, kubernetes: Kubernetes) -> None:
        self._kubernetes = kubernetes

    def __getattr__(self, name: str) -> object:
        return getattr(self._kubernetes, name)

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        return replace(self._kubernetes.thing(namespace, reference), resource_version="")

    def write(self, write: Write) -> Thing:
        raise AssertionError(write)


def test_nothing_is_written_to_an_unknown_version(kubernetes: Kubernetes, decode: Target) -> None:
    """An empty version is no precondition: it would be a blind write."""
    with pytest.raises(Rejected, match="does not say which version of Deployment llm-d/pd"):
        verbs(Nameless(kubernetes))["scale"].plan(decode, SIX)  # type: ignore[arg-type]  # all others are asked of it


def test_admission_that_changes_the_number_is_seen_before_approval(
    kubernetes: Kubernetes, decode: Target
) -> None:
    """The dry run runs the webhooks too."""
    verb = verbs(Mutating(kubernetes, 5))["scale"]

    with pytest.raises(Rejected, match="would make it 5 replicas, not 6"):
        verb.plan(decode, SIX)


def test_a_dry_run_without_the_right_to_it_comes_with_the_plan(
    kubernetes: Kubernetes, decode: Target
) -> None:
    """A desk in shadow shows the plan all the same, and says that nobody has tried it."""
    verb = verbs(Mutating(kubernetes, Forbidden("no permission: cannot patch")))["scale"]

    with pytest.raises(DryRunRefused, match="no permission: cannot patch") as refused:
        verb.plan(decode, SIX)

    plan = refused.value.plan
    assert plan.after == (("replicas", "6"),)
    assert plan.dry_run == "no dry run: no permission: cannot patch"


def test_a_change_while_planning_is_for_later(kubernetes: Kubernetes, decode: Target) -> None:
    """Planning again is enough; nobody approved anything yet."""
    verb = verbs(Mutating(kubernetes, Conflict("modified")))["scale"]

    with pytest.raises(Unavailable, match="changed while planning"):
        verb.plan(decode, SIX)


@pytest.mark.parametrize("key", ["run-7/scale", "x" * 300, "a\nb", "schräg"])
def test_the_mark_is_one_that_the_api_server_takes(key: str) -> None:
    """It refuses field managers that are too long or cannot be printed."""
    mark = field.manager(key)

    assert mark.startswith("triaged/")
    assert len(mark) <= 128
    assert mark.isprintable()
    assert json.loads(json.dumps(mark)) == mark


def annotate(world: Cluster, annotations: Mapping[str, str]) -> None:
    """Touch the Deployment without changing its size."""

    def touched(thing: Object) -> Object:
        known = thing["metadata"].get("annotations") or {}
        return thing | {"metadata": thing["metadata"] | {"annotations": known | dict(annotations)}}

    world.update(resources.DEPLOYMENTS, "llm-d", DECODE, touched, writer=Writer(manager="somebody"))


def pause(world: Cluster) -> None:
    """Pause the rollout."""
    world.update(
        resources.DEPLOYMENTS,
        "llm-d",
        DECODE,
        lambda thing: thing | {"spec": thing["spec"] | {"paused": True}},
        writer=Writer(manager="somebody"),
    )


def autoscale(world: Cluster, *, least: int = 4) -> None:
    """Put an autoscaler on the decode workload."""
    world.create(
        resources.AUTOSCALERS,
        {
            "metadata": {"name": "decode", "namespace": "llm-d"},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": DECODE},
                "minReplicas": least,
                "maxReplicas": 8,
            },
        },
        writer=Writer(manager="somebody"),
    )
