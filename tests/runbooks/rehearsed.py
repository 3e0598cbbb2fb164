"""A run of a shipped runbook against the rehearsal's cluster, in memory: real checks and actions.

Its controllers make, place and load pods as time passes. Prometheus is what a test says.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from cluster.actions.registry import verbs
from cluster.clients.reads import ReadOnly
from cluster.guardrails.guarded import guarded
from cluster.guardrails.scene import World as Guarded
from cluster.signals.reading import NotApplicable
from cluster.targets.labels import LabelTargets
from cluster.tools import Tools
from drills.kubernetes import shapes, surroundings
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import (
    Object,
    View,
    labels_of,
    name_of,
    ready,
    stamp,
    terminating,
)
from drills.kubernetes.resources import DEPLOYMENTS, PODS, Resource
from drills.kubernetes.seed import GUIDE, NAME, seed_llm_d
from drills.kubernetes.state import Cluster
from incidents.approval import ApprovalState
from incidents.commands.run import AnswerAsk
from incidents.run import StepStatus
from runbooks.language import loader
from tests.cluster.conftest import StandInKubernetes
from tests.runbooks.engine.conftest import START, World

NAMESPACE = "llm-d"
POOL = "llama-pool"
DECODE = f"{NAME}-decode"
ROLE = "llm-d.ai/role"
GUIDE_LABEL = "llm-d.ai/guide"
LOAD_SECONDS = 90.0
BAD = "bad"
"""An image with this word in it never serves."""
STEP = timedelta(seconds=60)
LONGEST = 4 * 60
"""No runbook takes more steps of time."""
Signal = Callable[[datetime], float]


class Played(World):
    """A run that a person sees through; `answers` are theirs, by step.

    `looks` are called whenever time has passed.
    """

    def __init__(
        self, runbook: str, *, answers: Mapping[str, str], text: str = "", at: str = NAMESPACE
    ) -> None:
        self.answers = answers
        self.looks: list[Callable[[], None]] = []
        super().__init__(text or loader.load()[runbook].text, at=at)

    def later(self, **time: float) -> None:
        """Let time pass, and the cluster with it."""
        super().later(**time)
        self.follow()
        for look in self.looks:
            look()

    def follow(self) -> None:
        """Let the cluster's controllers do what is due; real ones do so by themselves."""

    def serving(self) -> int:
        """Return how many pods are ready."""
        raise NotImplementedError

    def play(self) -> None:
        """Let the run come to its end: whatever is planned is approved, what is asked answered."""
        for _ in range(LONGEST):
            self.settle()
            if self.run.outcome is not None:
                return
            if not (self._approved() or self._answered()):
                self.later(seconds=STEP.total_seconds())
        raise AssertionError(self.told())

    def told(self) -> list[str]:
        """Return how each step stands, for who reads a failure."""
        steps = self.run.steps.values()
        return [f"{one.id}: {one.status.value} {one.verdict} {one.because}" for one in steps]

    def did(self) -> dict[str, str | None]:
        """Return what became of each step that changed something."""
        return {one.id: one.verdict for one in self.run.steps.values() if one.applied is not None}

    def _approved(self) -> bool:
        planned = [x for x in self.run.steps.values() if x.status is StepStatus.PLANNED]
        for one in planned:
            self.approve(one.id)
            if self.desk.approval(one.approval or "").state is ApprovalState.REQUESTED:
                self.approve(one.id, by="bob")
        return bool(planned)

    def _answered(self) -> bool:
        asked = [x for x in self.run.steps.values() if x.status is StepStatus.ASKED]
        for one in asked:
            answer = self.answers.get(one.id, one.choices[-1])
            self.tell(AnswerAsk(step=one.id, answer=answer, by="alice"))
        return bool(asked)


class Rehearsed(Played):
    """The run, its desk and its cluster."""

    def __init__(self, runbook: str, *, answers: Mapping[str, str], text: str = "") -> None:
        self.now = START
        self.cluster = Cluster(now=lambda: self.now)
        seed_llm_d(self.cluster, model="llama")
        surroundings.install(self.cluster, NAMESPACE)
        # The decode Service stands in for the picker's: it has endpoints while anything serves.
        chosen = {GUIDE_LABEL: GUIDE, ROLE: "decode"}
        shapes.pool(self.cluster, POOL, chosen, picker=surroundings.NAME)
        self.hung: set[str] = set()
        self.controllers = Controllers(self.cluster, ready_after=self._loads)
        self.kubernetes = StandInKubernetes(self.cluster)
        super().__init__(runbook, answers=answers, text=text)

    def tools(self) -> Tools:
        """Return the hands of a runner: the real ones with their guards, over the stand-in."""
        bare = Tools(
            signals=self.signals,
            targets=LabelTargets(self.kubernetes),
            verbs=verbs(self.kubernetes),
            objects=ReadOnly(self.kubernetes),
        )
        seen = Guarded(objects=bare.objects, signals=self.signals, at=self.now)
        return guarded(bare, now=lambda: replace(seen, at=self.now))

    def follow(self) -> None:
        """Let the controllers make, place and load pods."""
        self.controllers.reconcile(self.now)

    def pods(self) -> list[View]:
        """Return the decode pods of the pool that stay."""
        chosen = f"{GUIDE_LABEL}={GUIDE},{ROLE}=decode"
        found = self.cluster.select(PODS, NAMESPACE, labels=chosen)
        return [each for each in found if not terminating(each)]

    def names(self) -> list[str]:
        """Return their names."""
        return sorted(map(name_of, self.pods()))

    def pod(self, name: str) -> View:
        """Return a pod, whatever its labels are now."""
        return self.cluster.get(PODS, NAMESPACE, name)

    def image(self) -> str:
        """Return the image that is wanted."""
        body = self.cluster.get(DEPLOYMENTS, NAMESPACE, DECODE)
        found: str = body["spec"]["template"]["spec"]["containers"][0]["image"]
        return found

    def serving(self) -> int:
        """Return how many of them are ready."""
        return sum(map(ready, self.pods()))

    def edit(
        self, kind: Resource, name: str, change: Callable[[Object], None], *, namespace: str = ""
    ) -> None:
        """Change an object as somebody else would."""

        def changed(thing: Object) -> Object:
            change(thing)
            return thing

        self.cluster.update(
            kind, namespace or NAMESPACE, name, changed, writer=Writer(manager="kubectl")
        )

    def scale_by_hand(self, replicas: int) -> None:
        """Scale the decode pool as somebody with kubectl does, and let it happen."""
        self.edit(DEPLOYMENTS, DECODE, lambda it: it["spec"].update(replicas=replicas))
        for _ in range(5):
            self.later(seconds=60)

    def break_pod(self, name: str) -> None:
        """Let a pod be unready for a quarter of an hour, as its kubelet says."""
        since = stamp(self.now - timedelta(minutes=15))

        def broken(it: Object) -> Object:
            for each in it["status"]["conditions"]:
                if each["type"] == "Ready":
                    each.update(status="False", lastTransitionTime=since)
            for each in it["status"].get("containerStatuses", []):
                each.update(ready=False, restartCount=1)
            return it

        writer = Writer(manager="kubelet", subresource="status")
        self.cluster.update(PODS, NAMESPACE, name, broken, writer=writer)
        self.hung.add(name)

    def roll_out(self, image: str, *, strategy: Mapping[str, int] | None = None) -> None:
        """Roll another image out, and let it go as far as it goes."""

        def written(it: Object) -> None:
            it["spec"]["template"]["spec"]["containers"][0]["image"] = image
            if strategy:
                bounds = dict(strategy)
                it["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": bounds}

        self.edit(DEPLOYMENTS, DECODE, written)
        for _ in range(5):
            self.later(seconds=60)

    def _loads(self, pod: View) -> float | None:
        images = [each["image"] for each in pod["spec"]["containers"]]
        bad = name_of(pod) in self.hung or any(BAD in image for image in images)
        return None if bad else LOAD_SECONDS


def label(pod: View, name: str) -> str:
    """Return a label of a pod, empty where it has none."""
    found: str = labels_of(pod).get(name, "")
    return found


def well(run: Played) -> None:
    """Let all signals be those of a pool that is well, until a test says otherwise."""
    run.signals.values |= {
        "running": lambda _: 8.0,
        "generation_tokens": lambda _: 900.0,
        "prompt_tokens": lambda _: 5000.0,
        "kv_usage": lambda _: 0.4,
        "prefix_hit_ratio": lambda _: 0.7,
        "prefix_hit_ratio_baseline": lambda _: 0.7,
        "request_rate": lambda _: 5.0,
        "gpu_tensor_active": lambda _: 0.5,
        "ready_endpoints": lambda _: float(run.serving()),
        "transfer_failures": lambda _: NotApplicable(signal="transfer_failures", because=""),
    }


def until(run: Played, mended: Callable[[], bool]) -> Callable[[float], Signal]:
    """Return what makes a signal that hurts until something holds, and is zero from then on.

    The past stays as it was: a window before the change must not look mended afterwards.
    """
    since: list[datetime] = []

    def look() -> None:
        if not since and mended():
            since.append(run.now)

    run.looks.append(look)
    return lambda much: lambda at: 0.0 if since and at >= since[0] else much
