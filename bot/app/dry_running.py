"""A dry run of a runbook: the engine's own moves over a journal in memory, up to the first plan.

Checks read the live world. An action is planned, which asks the API server for a dry run of its one
write; nothing is approved, so nothing can be applied. Questions are listed and left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from alert_webhooks.notification import Notification
from bot.app import classifying
from bot.app.beginning import Beginning, in_force
from bot.app.classifying import Answer
from bot.app.configuration import Configuration
from bot.app.facts import NoSource
from bot.app.intake_units import Candidate, judgement
from cluster.actions.plan import Applied, Done, Plan, Settled, Verb
from cluster.targets.target import Selector, Target
from cluster.tools import Tools
from incidents.aggregates import incident_stream
from incidents.commands.incident import ReportAlerts
from incidents.commands.run import SkipStep, StartRun
from incidents.correlation import LOCAL
from incidents.desk import Desk, entries
from incidents.errors import Rejected, TriagedError
from incidents.events.run import CheckFinished, Evidence, PlanRecord
from incidents.run import Run, StepStatus
from incidents.run import Step as State
from runbooks.engine import moves
from runbooks.engine.runner import Runner
from runbooks.engine.shelf import Shelf
from runbooks.language import model
from runbooks.language.declaration import CheckVerb
from runbooks.language.grammar import Verbs
from runbooks.language.loader import LIBRARY
from runbooks.language.loader import load as load_runbooks
from runbooks.language.model import Runbook
from runbooks.language.registry import verbs as all_verbs
from storage.memory import MemoryStore

RUN = "run-1-1"
US = "the dry run"
HOLD = timedelta(minutes=10)
CANNOT_TELL = "cannot_tell"
MOVES = 1000
"""More than any runbook has; a run that goes on is a mistake of ours."""
SHOWN = 3
"""So many actions that are not reached stand in the reason; all of them are listed beside it."""
OVERVIEW = "signal"
"""A number beyond its bound is a symptom; what explains it says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a check found; `speaks` is `for` something wrong, `against`, or neither (empty)."""

    step: str
    title: str
    check: str
    verdict: str
    because: str
    speaks: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person would be asked, and which verdicts lead to it."""

    step: str
    title: str
    question: str
    choices: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A step that is not reached, and why."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a run would do for the alerts of one problem.

    `diagnosis` is what was found that leads on, None where nothing was; `plan` is what would be
    proposed, None with the `reason`.
    """

    runbook: Runbook
    because: str
    alerts: tuple[str, ...]
    namespace: str
    model: str
    role: str
    target: str
    found: tuple[Found, ...]
    diagnosis: Found | None
    step: str
    plan: PlanRecord | None
    reason: str
    asks: tuple[Asked, ...]
    left_out: tuple[LeftOut, ...]


def dry_runs(
    delivery: Notification,
    *,
    configuration: Configuration,
    tools: Tools,
    at: datetime,
    cluster: str = LOCAL,
) -> Sequence[DryRun]:
    """Return a dry run for each problem of the delivery, the worst first.

    Raises Rejected where no alert of it fires, or a runbook is wrong.
    """
    firing = [one for one in delivery.alerts if one.ends_at is None]
    if not firing:
        message = "no alert of it fires: there is nothing to run"
        raise Rejected(message)
    answers = classifying.answers(
        firing,
        policy=configuration.policy,
        facts={},
        source=NoSource("a dry run chooses the runbook by labels alone"),
        chosen=classifying.chooser(configuration),
        at=at,
    )
    library = load_runbooks((LIBRARY, *configuration.runbooks))
    once = {name: _once(runbook) for name, runbook in library.items()}
    ordered = sorted(answers, key=lambda one: (one.key, one.verdict.severity.value))
    groups = [tuple(found) for _, found in groupby(ordered, key=lambda one: one.key)]
    groups.sort(key=lambda group: group[0].verdict.severity.value)
    return [_Rehearsed(group, configuration, once, tools, at, cluster).result() for group in groups]


def _once(runbook: Runbook) -> Runbook:
    """Return the runbook with every check tried once: nobody waits for a second try here."""
    steps = tuple(
        replace(one, retry=0) if isinstance(one, model.Check) else one for one in runbook.steps
    )
    return replace(runbook, steps=steps)


@dataclass(slots=True)
class _PlansOnly:
    """An action that can be planned and looked at, and never applied."""

    name: str
    verb: Verb

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        """Plan it."""
        return self.verb.plan(target, parameters)

    def apply(self, plan: Plan, *, key: str) -> Applied:
        """Raise Rejected."""
        message = f"{plan.action} as {key}: a dry run changes nothing"
        raise Rejected(message)

    def already_done(self, plan: Plan, *, key: str) -> Done:
        """Ask the world."""
        return self.verb.already_done(plan, key=key)

    def settled(self, plan: Plan) -> Settled:
        """Ask the world."""
        return self.verb.settled(plan)


class _Rehearsed:
    """One run in memory, moved on by the engine until it would ask for an approval."""

    def __init__(
        self,
        answers: Sequence[Answer],
        configuration: Configuration,
        library: Mapping[str, Runbook],
        tools: Tools,
        at: datetime,
        cluster: str,
    ) -> None:
        store = MemoryStore(clock=lambda: at)
        self._journal, self._tools, self._answers = store.journal, tools, answers
        self._verbs: Verbs = all_verbs()
        self._desk = Desk(journal=store.journal, policy=configuration.policy, clock=lambda: at)
        self._desk.tell(incident_stream(1), _report(answers))
        begins = Beginning(
            runbooks=library,
            texts=store.texts,
            # What would be proposed is shown; nothing of this journal can be approved.
            in_force=replace(in_force(configuration), acts=lambda _: True),
            cluster=cluster,
        )
        self._started = begins.begin(self._desk.incident(1))
        self._runbook = library[self._started.runbook]
        self._desk.tell(RUN, StartRun(started=self._started))
        planning = {name: _PlansOnly(name, verb) for name, verb in tools.verbs.items()}
        self._runner = Runner(
            desk=self._desk,
            tools=replace(tools, verbs=planning),
            runbooks=Shelf(runbooks=library, texts=store.texts, verbs=self._verbs),
            verbs=self._verbs,
            clock=lambda: at,
        )

    def result(self) -> DryRun:
        """Let the engine move, and tell what came of it."""
        asks = tuple(self._asks())
        run = self._desk.run(RUN)
        planned = next((one for one in run.steps.values() if one.plan is not None), None)
        found = tuple(self._found(run))
        leads = planned.id if planned else next((one.step for one in asks if one.because), "")
        return DryRun(
            runbook=self._runbook,
            because=self._started.because,
            alerts=tuple(one.alert.name for one in self._answers),
            namespace=self._started.namespace,
            model=self._started.model,
            role=self._started.role,
            target=self._target(planned),
            found=found,
            diagnosis=self._diagnosis(found, leads),
            step=planned.id if planned else "",
            plan=planned.plan if planned else None,
            reason="" if planned else self._reason(run, asks),
            asks=asks,
            left_out=tuple(self._left_out(run)),
        )

    def _asks(self) -> Iterator[Asked]:
        """Let the engine make its moves; yield what people are asked on the way."""
        for _ in range(MOVES):
            move = self._runner.next_move(RUN)
            match move:
                case moves.Pose():
                    yield self._posed(move.step)
                case moves.BeginWait():
                    self._skip(move.step, "it only waits")
                case moves.AwaitApproval() | moves.Nothing() | moves.Blocked():
                    return
                case _ if not self._runner.advance(RUN):
                    return
                case _:
                    pass

    def _posed(self, step: str) -> Asked:
        before = self._desk.run(RUN)
        self._runner.advance(RUN)
        named = self._runbook.step(step)
        question, choices = "", self._desk.run(RUN).step(step).choices
        if isinstance(named, model.Ask):
            question = str(named.arguments["question"])
        self._skip(step, "a dry run asks nobody")
        because = "; ".join(f"{x.step} is {before.step(x.step).verdict}" for x in self._when(step))
        return Asked(
            step=step,
            title=named.title if named else step,
            question=question,
            choices=choices,
            because=because,
        )

    def _skip(self, step: str, because: str) -> None:
        self._desk.tell(RUN, SkipStep(step=step, by=US, because=because))

    def _when(self, step: str) -> Sequence[model.Condition]:
        named = self._runbook.step(step)
        return named.when if named is not None else ()

    def _found(self, run: Run) -> Iterator[Found]:
        told = {
            entry.event.step: entry.event
            for entry in entries(self._journal.read(RUN))
            if isinstance(entry.event, CheckFinished)
        }
        for step in self._runbook.steps:
            state = run.step(step.id)
            if not isinstance(step, model.Check) or state.status is StepStatus.OPEN:
                continue
            said = told.get(step.id)
            yield Found(
                step=step.id,
                title=step.title,
                check=step.verb,
                verdict=state.verdict or state.status.value,
                because=state.because,
                speaks=_speaks(self._verbs[step.verb], state.verdict),
                evidence=said.evidence if said else (),
            )

    def _diagnosis(self, found: Sequence[Found], leads: str) -> Found | None:
        """Return what leads to the plan or the first question, else the first that is wrong."""
        wanted = {condition.step for condition in self._when(leads)}
        wrong = [one for one in found if one.speaks == "for"]
        ranked = sorted(wrong, key=lambda one: (one.step not in wanted, one.check == OVERVIEW))
        return ranked[0] if ranked else None

    def _left_out(self, run: Run) -> Iterator[LeftOut]:
        for step in self._runbook.steps:
            state = run.step(step.id)
            if state.status is StepStatus.SKIPPED and not isinstance(step, model.Ask):
                yield LeftOut(step=step.id, because=state.because)

    def _reason(self, run: Run, asks: Sequence[Asked]) -> str:
        """Return why nothing is proposed."""
        actions = [one for one in self._runbook.steps if isinstance(one, model.Action)]
        refused = [x for x in map(run.step, (one.id for one in actions)) if _refused(x)]
        if refused:
            return f"{refused[0].id}: {refused[0].because}"
        if run.waits is not None:
            return run.waits.because
        if not actions:
            first = f": {asks[0].title}" if asks else ""
            return f"{self._runbook.name} changes nothing by itself{first}"
        why = [f"{one.id}: {run.step(one.id).because}" for one in actions]
        more = f"; and {len(why) - SHOWN} more" if len(why) > SHOWN else ""
        return "; ".join(why[:SHOWN]) + more

    def _target(self, planned: State | None) -> str:
        """Return the workload in words, or why there is none."""
        if planned is not None and planned.plan is not None:
            return f"{planned.plan.kind} {planned.plan.namespace}/{planned.plan.name}"
        started = self._started
        selector = Selector(
            cluster=started.cluster or LOCAL,
            namespace=started.namespace,
            model=started.model,
            role=started.role,
            pool=started.pool,
        )
        with suppress(TriagedError):
            return str(self._tools.targets.find(selector)) if started.namespace else ""
        return ""


def _refused(state: State) -> bool:
    return state.status in {StepStatus.REFUSED, StepStatus.FAILED}


def _speaks(verb: object, verdict: str | None) -> str:
    if not isinstance(verb, CheckVerb) or verdict is None:
        return ""
    return "for" if verdict in verb.wrong else "against" if verdict in verb.well else ""


def _report(answers: Sequence[Answer]) -> ReportAlerts:
    first = answers[0]
    return ReportAlerts(
        number=1,
        key=first.key,
        place=first.place,
        alerts=tuple(judgement(_candidate(one), text="") for one in answers),
        truncated=0,
        hold=HOLD,
    )


def _candidate(one: Answer) -> Candidate:
    return Candidate(
        alert=one.alert,
        key=one.key,
        place=one.place,
        verdict=one.verdict,
        runbook=one.runbook,
        runbook_because=one.runbook_because,
    )
