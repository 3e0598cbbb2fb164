"""The headline: the one message of an incident that is always true."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.chat.left import in_short
from bot.chat.message import Block, Context, Fields, Header, Message, Section
from bot.chat.situation import Situation
from bot.chat.wording import DAY, names, shortened, within
from incidents.approval import ApprovalState
from incidents.belonging import team
from incidents.events.desk import Frozen
from incidents.events.run import CheckFinished
from incidents.facts_seen import blind_in_short, numbers
from incidents.incident import Incident, Status
from incidents.modes import MODES
from incidents.people import People
from incidents.run import CRITERION, Run, Step, StepStatus
from incidents.status_word import status_word
from incidents.targeting import answer, choosing
from incidents.telling import change, progress

SHORT = 60
KINDS = 10
"""So many names are listed; of the others there is a number."""

UNHELPFUL = frozenset({"no effect", "worse", "cannot tell"})
"""Verdicts of a change that still stands, and may have to go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The texts of the headline in which something is counted or measured."""

    alerts: str
    hides: str
    small: str


def headline(situation: Situation) -> Message:
    """Return the headline: severity, what, because, and what is to be done now."""
    incident = situation.incident
    counted = Counted(
        alerts=_alerts(incident), hides=_some(sorted(incident.children)), small=_small(incident)
    )
    return _headline(situation, counted)


def gist(situation: Situation) -> Message:
    """Return the headline without what only counts; when this changes, people must see it now.

    The kinds of alerts and what is hidden stay, as far as they are listed.
    """
    incident = situation.incident
    counted = Counted(
        alerts=f"{', '.join(_kinds(incident)[:KINDS])}{_flaps(incident)}",
        hides=", ".join(sorted(incident.children)[:KINDS]),
        small=_rule(incident),
    )
    return _headline(situation, counted)


def _headline(situation: Situation, counted: Counted) -> Message:
    incident = situation.incident
    first = f"{incident.severity.value} {incident.label} {shortened(incident.title, SHORT)}"
    standing = freezes(situation.frozen, situation.people)
    left = in_short(situation, left=True)
    blocks: tuple[Block, ...] = (
        Header(text=first),
        Section(strong="Because", text=because(incident)),
        Section(strong="Now", text=now(situation)),
        *(Section(strong="Frozen", text=one) for one in standing),
        *((Section(strong="Left on purpose", text=left),) if left else ()),
        Fields(pairs=_fields(situation, counted)),
        Context(text=counted.small, page=situation.page),
    )
    lead = f"{first}: {shortened(because(incident), SHORT)}; {now(situation)}"
    return Message(text=lead, blocks=blocks)


def because(incident: Incident) -> str:
    """Return why it is as bad as it is said to be, and what could not be seen."""
    return f"{incident.severity_because}{blind_in_short(incident.seen)}"


def topic(situation: Situation) -> str:
    """Return the channel's topic."""
    incident = situation.incident
    return f"{incident.severity.value} {word(situation)}: {shortened(incident.title, 150)}"


def word(situation: Situation) -> str:
    """Return the status as Slack shows it."""
    return status_word(situation.incident, situation.runs).title()


def now(situation: Situation) -> str:
    """Return in one sentence what is to be done, or what is being waited for.

    What only a person can do comes first.
    """
    incident = situation.incident
    if incident.status is Status.RESOLVED:
        return f"nothing: {incident.resolved_because}"
    return next(_next(situation))


def freezes(standing: Iterable[Frozen], people: People) -> tuple[str, ...]:
    """Return for each freeze what it holds still, who says so and why, and how it ends."""
    return tuple(
        f"nothing may be changed {within(one.scope)}, says {people.called(one.by)}: "
        f"{one.reason}; /incident thaw ends it"
        for one in standing
    )


def _next(situation: Situation) -> Iterator[str]:
    """Yield everything that could be said now, the most pressing first."""
    every = list(_steps(situation))
    steps = [(run, step) for run, step in every if not step.id.startswith(CRITERION)]
    yield from _doing(steps, StepStatus.IN_DOUBT)
    yield from _which(situation.incident)
    yield from _doing(steps, StepStatus.ASKED)
    yield from _approvals(situation, ApprovalState.REQUESTED, "approve or reject: {}")
    yield from (_again(run, step) for run, step in steps if _expired(situation, step))
    # Asked beside the runbook, which may wait for something more urgent.
    yield from _doing(every, StepStatus.ASKED)
    yield from _doing(steps, StepStatus.APPLIED, StepStatus.STARTED)
    held = "thaw" if situation.frozen else "wait"
    yield from (f"{held}: {one}" for one in _standing(situation))
    yield from _approvals(situation, ApprovalState.GRANTED, f"{held}: {{}} is approved")
    yield from _doing(steps, StepStatus.WAITING)
    yield _otherwise(situation)


def _which(incident: Incident) -> Iterator[str]:
    """Yield that a person is to choose a workload: the run's own questions rest on that."""
    asked = choosing(incident)
    if asked:
        yield f"{asked} (/incident target)"


def _doing(steps: Sequence[tuple[Run, Step]], *statuses: StepStatus) -> Iterator[str]:
    """Yield what the steps of these statuses need, by status first."""
    for status in statuses:
        yield from (_DOING[status](run, step) for run, step in steps if step.status is status)


def _approvals(situation: Situation, state: ApprovalState, sentence: str) -> Iterator[str]:
    """Yield the sentence for each approval in this state, with what it is for."""
    for approval in situation.approvals:
        if approval.state is state and approval.asked is not None:
            yield sentence.format(approval.asked.title)


def _standing(situation: Situation) -> Iterator[str]:
    """Yield what cannot go on for now, and why."""
    for run in situation.runs:
        if run.waits is not None:
            step = run.step(run.waits.step)
            planned = step.status is StepStatus.PLANNED
            what = f"{_change(step)} is approved" if planned else step.id or "the runbook"
            yield f"{what}: {run.waits.because}"


def _steps(situation: Situation) -> Iterator[tuple[Run, Step]]:
    for run in situation.runs:
        if run.outcome is None:
            yield from ((run, step) for step in run.steps.values())


def _expired(situation: Situation, step: Step) -> bool:
    """Return whether nobody decided about the step's plan, so that it waits for a person."""
    states = {one.id: one.state for one in situation.approvals}
    planned = step.status is StepStatus.PLANNED
    return planned and states.get(step.approval or "") is ApprovalState.EXPIRED


def _again(run: Run, step: Step) -> str:
    how = f"triaged run continue {run.id} {step.id}"
    return f"nobody decided in time about {_change(step)}: {how} asks again"


def _settle(run: Run, step: Step) -> str:
    how = f"triaged run settle {run.id} {step.id} --applied or --no-applied"
    return f"decide whether {_change(step)} took place: {how}"


def _ask(run: Run, step: Step) -> str:
    return f"answer: {step.because} (triaged run answer {run.id} {step.id})"


def _verifying(run: Run, step: Step) -> str:
    said = progress(step.ready, step.settling)
    stands = f" ({said})" if said else ""
    return f"wait: verifying {_change(step)}{stands}{_why(run, step)}"


def _why(run: Run, step: Step) -> str:
    waits = run.waits
    return f": {waits.because}" if waits is not None and waits.step == step.id else ""


def _applying(_: Run, step: Step) -> str:
    return f"wait: applying {_change(step)}"


def _waiting(_: Run, step: Step) -> str:
    return f"wait until {step.until:%H:%M:%S} UTC" if step.until else "wait"


def _change(step: Step) -> str:
    return change(step.plan) if step.plan else step.id


_DOING: Mapping[StepStatus, Callable[[Run, Step], str]] = {
    StepStatus.IN_DOUBT: _settle,
    StepStatus.ASKED: _ask,
    StepStatus.APPLIED: _verifying,
    StepStatus.STARTED: _applying,
    StepStatus.WAITING: _waiting,
}


def _otherwise(situation: Situation) -> str:
    incident = situation.incident
    if incident.under is not None:
        back = f"triaged incident forward {incident.number} brings it back"
        return f"look at INC-{incident.under}: {incident.hidden_because}; {back}"
    if incident.calm_until is not None:
        return f"wait: every alert has ended; resolves at {incident.calm_until:%H:%M:%S} UTC"
    if incident.status is Status.MITIGATED:
        return "wait for the alerts to end"
    ended = [run for run in situation.runs if run.outcome is not None]
    if ended and len(ended) == len(situation.runs):
        return _over(ended[-1])
    return "wait: the runbook's checks are running"


def _over(run: Run) -> str:
    """Return that a person has to look, and how to take back what did not help."""
    ways = "".join(
        f"; triaged run undo {run.id} {step.id} takes the change back"
        for step in run.steps.values()
        if step.verdict in UNHELPFUL and step.applied_at and step.plan and step.plan.inverse
    )
    return f"look: the runbook is over ({run.outcome}: {run.because}){ways}"


def _fields(situation: Situation, counted: Counted) -> tuple[tuple[str, str], ...]:
    incident = situation.incident
    taken = names([incident.acknowledged_by], situation.people) if incident.acknowledged_by else ""
    mitigated = incident.mitigated_because if incident.status is not Status.INVESTIGATING else ""
    false = " (false positive)" if incident.false_positive else ""
    fields = (
        ("Status", f"{word(situation)}{false}"),
        ("Where", _where(incident, situation.people)),
        ("Team", team(incident, situation.policy)),
        ("Alerts", counted.alerts),
        ("Listed under", f"INC-{incident.under}" if incident.under else ""),
        ("Hides", counted.hides),
        ("Taken by", taken or "nobody yet: /incident ack"),
        ("Runbook", ", ".join(_ran(run) for run in situation.runs) or "none yet"),
        ("In shadow", _would_have(situation)),
        ("Diagnosis", _diagnosis(situation)),
        ("Opened", f"{incident.opened_at:{DAY}}" if incident.opened_at else ""),
        ("Escalated", _escalated(incident)),
        ("Mitigated", mitigated),
        ("Postmortem", incident.postmortem or ""),
    )
    return tuple((name, value) for name, value in fields if value)


def _where(incident: Incident, people: People) -> str:
    opened, choice = incident.opened, incident.choice
    if opened is None:
        return ""
    place = "/".join(part for part in (opened.namespace, opened.model) if part) or opened.key
    return f"{place}: {answer(incident, people.called(choice.by))}" if choice else place


def _alerts(incident: Incident) -> str:
    kinds = _some(_kinds(incident))
    left_out = f", {incident.truncated} left out" if incident.truncated else ""
    firing = f"{incident.firing} of {len(incident.alerts)} firing"
    return f"{firing} ({kinds}{left_out}){_flaps(incident)}"


def _kinds(incident: Incident) -> Sequence[str]:
    return sorted({one.fired.name for one in incident.alerts.values()})


def _flaps(incident: Incident) -> str:
    return f"; {incident.flapping}" if incident.flapping else ""


def _some(names_: Sequence[str]) -> str:
    """Return the first of many names, and how many more there are."""
    more = len(names_) - KINDS
    return ", ".join(names_[:KINDS]) + (f" and {more} more" if more > 0 else "")


def _escalated(incident: Incident) -> str:
    if incident.escalated_at is None:
        return ""
    return f"{incident.escalations} so far, last at {incident.escalated_at:{DAY}}"


def _ran(run: Run) -> str:
    name = run.started.runbook if run.started else run.id
    return f"{name} ({run.outcome})" if run.outcome else name


def _would_have(situation: Situation) -> str:
    """Return what the last run would have done: it asks nobody, and nothing was done."""
    last = situation.runs[-1] if situation.runs else None
    if last is None or not last.shadowed:
        return ""
    would = [_change(one) for one in last.steps.values() if one.status is StepStatus.SHADOWED]
    return (
        f"would have: {'; '.join(would)}" if would else "it would not have changed anything so far"
    )


def _diagnosis(situation: Situation) -> str:
    """Return the failure mode that a check found last; the runbook is named by where it began.

    What a check says now of its step replaces what it said before, also when all is well again.
    """
    last: dict[tuple[str, str], str] = {}
    for one in situation.told:
        if isinstance(one.event, CheckFinished):
            last.pop((one.run, one.event.step), None)
            last[one.run, one.event.step] = one.event.because
    return next(filter(None, map(_mode, reversed(last.values()))), "")


def _mode(because: str) -> str:
    """Return the failure mode that stands first in what a check says, as it writes them."""
    known = [f"{number} ({name})" for number, name in MODES.items()]
    parts = because.split("; ")
    return next((mode for part in parts for mode in known if part.startswith(mode)), "")


def _small(incident: Incident) -> str:
    seen = numbers(incident.seen)
    return "; ".join(one for one in (_rule(incident), f"seen: {seen}" if seen else "") if one)


def _rule(incident: Incident) -> str:
    return f"rule {incident.severity_rule}" if incident.severity_rule else ""
