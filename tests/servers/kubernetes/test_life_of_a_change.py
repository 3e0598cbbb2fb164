"""A size in every install of llm-d: found, planned, approved, written, proven and undone.

The engine, the desk, the client and the API server are real. What follows a size is its own
controller where `proof` says so; the others are imitated by one write each: the number goes on to
what makes the pods, as their sources do it (KServe llmisvc, Argo Rollouts rollout/sync.go).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.owners import registry
from cluster.owners.ownership import Proof
from cluster.targets.labels import LabelTargets
from cluster.tools import Tools
from incidents.commands.run import AskUndo
from incidents.run import UNDO, StepStatus
from tests.conftest import COUNTED
from tests.contract.cluster import objects
from tests.contract.cluster.asking import MERGE, Body
from tests.contract.cluster.places import path
from tests.runbooks.engine.conftest import World
from tests.servers.kubernetes.conftest import Real

pytestmark = pytest.mark.server

RUNBOOK = """
title: One replica more
target: decode
steps:
  - id: add
    title: One more
    do: scale
    with: {replicas: "+1", at_most: 5}
    timeout: 30m
    verify:
      settle: 15m
      lag: 1m
      window: 1m
      samples: 2
      expect:
        - {signal: waiting, at_most: 10}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """One way to install decode: its objects, whose size it is, and what is seen of it.

    `written` is the object that a change goes to; `size` reads the size there, and `before` it was.
    `pods` are ready of it, `more` after one replica more, and `left` after the undo, where that is
    another number: an autoscaler without a measurement takes none away. `follow` imitates a
    controller, and `found` is what a real one has to have made before anybody looks.
    """

    owner: str
    proof: Proof
    make: tuple[tuple[Kind, Body], ...]
    pods: int
    more: int
    way: tuple[str, ...]
    written: tuple[Kind, str]
    before: int
    size: Callable[[Body], object] = lambda body: body["spec"]["replicas"]
    follow: tuple[tuple[Kind, str], ...] = ()
    needs: str = ""
    left: int = 0
    found: Kind | None = None


def decode(body: Body) -> Body:
    """Return a workload whose pods say that they decode, as llm-d's charts label them."""
    body["spec"]["template"]["metadata"]["labels"]["llm-d.ai/role"] = "decode"
    return body


def below(kind: Kind, body: Body, *, of: str) -> tuple[Kind, Body]:
    """Return what an imitated controller has made for the object of that name."""
    return kind, {**body, "metadata": {**body["metadata"], "ownerReferences": of}}


def replica_set(name: str, *, of: str) -> Body:
    """Return the ReplicaSet that Argo Rollouts makes of a template."""
    made = decode(objects.workload(of, 2))
    made["metadata"]["name"] = name
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", **made}


DEPLOYMENT = (kinds.DEPLOYMENT, decode(objects.deployment("decode")))
STATEFUL = {"apiVersion": "apps/v1", "kind": "StatefulSet", **decode(objects.workload("decode", 2))}
INSTALLS: Mapping[str, Install] = {
    "deployment": Install(
        owner="none",
        proof=Proof.REAL,
        make=(DEPLOYMENT,),
        pods=2,
        more=3,
        way=("Deployment decode",),
        written=(kinds.DEPLOYMENT, "decode"),
        before=2,
    ),
    "stateful-set": Install(
        owner="none",
        proof=Proof.REAL,
        make=((kinds.STATEFUL_SET, STATEFUL),),
        pods=2,
        more=3,
        way=("StatefulSet decode",),
        written=(kinds.STATEFUL_SET, "decode"),
        before=2,
    ),
    "autoscaler": Install(
        owner="HorizontalPodAutoscaler",
        proof=Proof.REAL,
        make=(
            DEPLOYMENT,
            (kinds.AUTOSCALER, objects.autoscaler("decode", least=2, most=5, of="decode")),
        ),
        pods=2,
        more=3,
        way=("Deployment decode", "HPA decode"),
        written=(kinds.AUTOSCALER, "decode"),
        before=2,
        size=lambda body: body["spec"]["minReplicas"],
        left=3,
    ),
    "keda": Install(
        owner="KEDA",
        proof=Proof.REAL,
        make=(DEPLOYMENT, (kinds.SCALED_OBJECT, objects.scaled("decode", least=2, most=5))),
        pods=2,
        more=3,
        way=("Deployment decode", "HPA keda-hpa-decode", "ScaledObject decode"),
        written=(kinds.SCALED_OBJECT, "decode"),
        before=2,
        size=lambda body: body["spec"]["minReplicaCount"],
        needs="scaling",
        left=3,
        found=kinds.AUTOSCALER,
    ),
    "leader-worker-set": Install(
        owner="LeaderWorkerSet",
        proof=Proof.REAL,
        make=((kinds.GROUPS, objects.groups("lws")),),
        pods=2,
        more=4,
        way=("LeaderWorkerSet lws",),
        written=(kinds.GROUPS, "lws"),
        before=1,
        needs="leading",
    ),
    "disaggregated-set": Install(
        owner="DisaggregatedSet",
        proof=Proof.REAL,
        make=((kinds.DISAGGREGATED, objects.disaggregated("ds")),),
        pods=4,
        more=6,
        way=("DisaggregatedSet ds role decode",),
        written=(kinds.DISAGGREGATED, "ds"),
        before=1,
        size=lambda body: body["spec"]["roles"][1]["spec"]["replicas"],
        needs="leading",
    ),
    "kserve": Install(
        owner="KServe LLMInferenceService",
        proof=Proof.IMITATED,
        make=(
            (kinds.INFERENCE_SERVICE, objects.service("ks")),
            below(kinds.DEPLOYMENT, decode(objects.deployment("ks-kserve", replicas=1)), of="ks"),
        ),
        pods=1,
        more=2,
        way=("Deployment ks-kserve", "LLMInferenceService ks"),
        written=(kinds.INFERENCE_SERVICE, "ks"),
        before=1,
        follow=((kinds.DEPLOYMENT, "ks-kserve"),),
    ),
    "rollout": Install(
        owner="Argo Rollouts",
        proof=Proof.IMITATED,
        make=(
            (kinds.ROLLOUT, objects.rollout("ro")),
            below(kinds.REPLICA_SET, replica_set("ro-5d8f", of="ro"), of="ro"),
        ),
        pods=2,
        more=3,
        way=("Rollout ro",),
        written=(kinds.ROLLOUT, "ro"),
        before=2,
        follow=((kinds.REPLICA_SET, "ro-5d8f"),),
    ),
}


class Change(World):
    """A run of the runbook over a real cluster; its clock is the real one, and may be put on."""

    model = "m"

    def __init__(self, place: Real, install: Install) -> None:
        self.place, self.install = place, install
        self.kubernetes = place.client()
        self.helped: datetime | None = None
        self._ahead = timedelta()
        super().__init__(RUNBOOK, at=place.namespace)
        self.signals.values["waiting"] = self._waiting

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    @now.setter
    def now(self, moment: datetime) -> None:
        self._ahead = max(timedelta(), moment - datetime.now(UTC))

    def tools(self) -> Tools:
        return Tools(
            signals=self.signals,
            targets=LabelTargets(self.kubernetes),
            verbs=verbs(self.kubernetes),
        )

    def ready(self, number: int) -> bool:
        """Let an imitated controller work, and tell whether so many pods are ready, and no more."""
        follow(self.place, self.install)
        pods = self.kubernetes.pods(self.place.namespace, "")
        return [bool(pod.ready_since) for pod in pods] == [True] * number

    def carried_out(self, step: str, pods: int) -> None:
        """Approve a planned step and see it through to its verdict."""
        # A plan is put off where a controller writes between its read and its dry run.
        self.until(lambda: self.step(step).status is not StepStatus.OPEN, every=1)
        assert self.step(step).status is StepStatus.PLANNED, self.step(step).because
        self.approve(step)
        self.until(lambda: self.step(step).applied is not None, every=1)
        self.place.until(lambda: self.ready(pods))
        self.helped = datetime.now(UTC)
        self.until(lambda: self.step(step).status is StepStatus.DONE)

    def size(self) -> object:
        """Return the size as it stands where a change is written."""
        kind, name = self.install.written
        return self.install.size(self.place.api().get(path(kind, self.place.namespace, name)))

    def _waiting(self, at: datetime) -> float:
        return 40.0 if self.helped is None or at < self.helped else 0.0


@pytest.mark.parametrize("name", INSTALLS)
def test_a_size_is_changed_once_proven_and_taken_back(
    place: Real, name: str, request: pytest.FixtureRequest
) -> None:
    """The whole life of a change: what people approve is what is written, where it stays."""
    install = INSTALLS[name]
    told = f"installs taken through a change: {name} ({install.proof.value})"
    request.node.user_properties.append((COUNTED, told))
    if install.needs:
        request.getfixturevalue(install.needs)
    make(place, install)
    change = Change(place, install)
    place.until(lambda: change.ready(install.pods))
    if install.found:
        place.until(lambda: change.kubernetes.things(place.namespace, install.found))

    change.carried_out("add", install.more)

    added = change.step("add")
    assert added.applied is not None
    assert added.applied.owner_path == install.way
    assert change.size() == install.before + 1
    assert added.verdict == "verified"

    change.tell(AskUndo(step="add", by="alice", because="it was a drill"))
    change.carried_out(f"{UNDO}add", install.left or install.pods)

    assert change.size() == install.before
    assert change.step(f"{UNDO}add").verdict == "verified"
    wrote = [each for each in change.events() if each in ("StepStarted", "StepFinished")]
    assert wrote == ["StepStarted", "StepFinished"] * 2


def test_the_page_of_owners_calls_real_what_was_real_here() -> None:
    """Who reads "real controller" there relies on it."""
    real = {one.owner for one in INSTALLS.values() if one.proof is Proof.REAL}

    assert real - {"none"} == {one.name for one in registry.kinds() if one.proof is Proof.REAL}


def make(place: Real, install: Install) -> None:
    """Install it; what belongs to the first object is made in its name."""
    first: Body = {}
    for kind, body in install.make:
        meta = dict(body["metadata"])
        if "ownerReferences" in meta:
            owner = {key: first[key] for key in ("apiVersion", "kind")}
            meta["ownerReferences"] = [
                {**owner, **_named(first), "controller": True, "blockOwnerDeletion": False}
            ]
        made = place.make(kind, {**body, "metadata": meta})
        first = first or made


def follow(place: Real, install: Install) -> None:
    """Pass the size on to what makes the pods, as the imitated controller does."""
    for kind, name in install.follow:
        where, top = install.written
        wanted = place.api().get(path(where, place.namespace, top))["spec"]["replicas"]
        below = path(kind, place.namespace, name)
        if place.api().get(below)["spec"]["replicas"] != wanted:
            place.api().change(below, {"spec": {"replicas": wanted}}, form=MERGE)


def _named(made: Body) -> Body:
    return {key: made["metadata"][key] for key in ("name", "uid")}
