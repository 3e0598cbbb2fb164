"""One rehearsal: the model, the cluster, the samples and the rules, and what is due at a moment.

It has no thread and no clock: whoever owns the time calls `step` for each moment of the grid.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from drills import faults, installation, targets
from drills.colleague import Colleague
from drills.faults import AnyFault, Causes
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.objects import View
from drills.kubernetes.state import Cluster
from drills.model.llm_d import LlmD, Phase, Pod
from drills.prometheus import rule_files
from drills.prometheus.alerts import PostableAlert
from drills.prometheus.rules import RuleGroups
from drills.prometheus.store import Store
from drills.scrape import Scraper
from drills.stories import Story

# The file that operators install, by a link, so that the wheel carries it too.
RULES = Path(__file__).parent / "kv-cache.yaml"

# Moments at which something can happen are this far apart.
GRID = timedelta(seconds=5)
SCRAPE_INTERVAL = timedelta(seconds=15)
# Controllers look again at the latest then while a pod is on its way, for their own deadlines.
_RESYNC = timedelta(seconds=60)
# Normal traffic before the story begins, so that rates over five minutes exist.
WARM_UP = timedelta(minutes=5)


class Rehearsal:
    """A fresh world at `start`, warmed up; the same seed and story give the same one."""

    def __init__(
        self,
        *,
        seed: int,
        start: datetime,
        now: Callable[[], datetime],
        story: Story,
        open_ends: bool = False,
    ) -> None:
        self.start = start
        self.causes = Causes()
        self.model = LlmD(seed=seed)
        self.store = Store()
        self._rules = rule_files.load(RULES)
        self._open_ends = open_ends
        self._restarted = False
        self.groups = self._new_groups()
        self.cluster = Cluster(now=now, seed=seed)
        installation.begin(self.cluster)
        self._story = list(story)
        self._faults: dict[str, AnyFault] = {}
        self._scraper = Scraper(self.store)
        self._controllers = Controllers(self.cluster, ready_after=self._ready_after)
        self._colleague = Colleague(self.cluster)
        self._pods: list[Pod] = []
        self._loading: list[View] = []
        self._reconciled = start
        self._seen = -1
        self._warm_up()

    @property
    def faults(self) -> Mapping[str, AnyFault]:
        """The faults that stand, by their kind."""
        return dict(self._faults)

    def put(self, fault: AnyFault) -> None:
        """Let a fault begin; one of the same kind is replaced."""
        self._faults[str(faults.written(fault)["kind"])] = fault
        self.causes = faults.causes_with(self._faults.values())

    def clear(self, kind: str) -> None:
        """Let a fault end, if there is one of this kind."""
        self._faults.pop(kind, None)
        self.causes = faults.causes_with(self._faults.values())

    def step(self, at: datetime) -> list[PostableAlert]:
        """Do what is due at `at`, the next moment of the grid; return the alerts to be posted."""
        while self._story and self.start + timedelta(seconds=self._story[0].after) <= at:
            self.put(self._story.pop(0).fault)
        self._run_model()
        self._colleague.act(at, self.causes.scale_back)
        self._reconcile(at)
        if (at - self.start) % SCRAPE_INTERVAL:
            return []
        if not self.causes.prometheus_runs:
            self._restarted = True
            return []
        if self._restarted:
            self._restarted = False
            self.groups = self._new_groups()
        self._scraper.scrape(targets.answers(self.model, self._pods), at)
        return self.groups.evaluate(at)

    def _warm_up(self) -> None:
        self._look()
        at = self.start - WARM_UP
        while at < self.start:
            at += SCRAPE_INTERVAL
            self.model.run(SCRAPE_INTERVAL.total_seconds())
            self._scraper.scrape(targets.answers(self.model, self._pods), at)

    def _new_groups(self) -> RuleGroups:
        """Return rules without memory: a server that was gone forgot what was pending."""
        return RuleGroups(self.store, self._rules, open_ends=self._open_ends)

    def _run_model(self) -> None:
        self.model.traffic = self.causes.traffic
        self.model.run(GRID.total_seconds())

    def _reconcile(self, at: datetime) -> None:
        if not self._due(at):
            return
        self._reconciled = at
        self._controllers.reconcile(at)
        self._look()

    def _due(self, at: datetime) -> bool:
        """Tell whether controllers have anything to do: a pass that does nothing is dear."""
        if self.cluster.version != self._seen:
            return True
        phases = {pod.phase for pod in self._pods}
        if phases == {Phase.SERVING}:
            return False
        load = self.causes.load_seconds
        return (
            Phase.LEAVING in phases
            or any(installation.loaded(pod, load, at) for pod in self._loading)
            or at >= self._reconciled + _RESYNC
        )

    def _look(self) -> None:
        self._seen = self.cluster.version
        found = installation.pods(self.cluster)
        self._pods = [installation.engine(pod) for pod in found]
        self._loading = [
            view for view, pod in zip(found, self._pods, strict=True) if pod.phase is Phase.LOADING
        ]
        self.model.place(self._pods)

    def _ready_after(self, pod: View) -> float | None:
        return installation.load_time(pod, self.causes.load_seconds)
