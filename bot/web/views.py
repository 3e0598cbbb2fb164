"""What the page of an incident shows, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.postmortem.spans import span
from bot.web.situation import Situation
from incidents.approval import Approval, ApprovalState, fate
from incidents.incident import Incident, Status
from incidents.journal import Summary
from incidents.measures import measure
from incidents.people import People
from incidents.policy import Policy
from incidents.ports import Texts
from incidents.run import Run, Step, StepStatus
from incidents.telling import change
from incidents.timeline import Row, rows

UNDER_WAY = frozenset({StepStatus.STARTED, StepStatus.APPLIED, StepStatus.IN_DOUBT})
OVER = "ChannelArchived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of a run: `mark` is a word for its look (good, bad, open, quiet)."""

    id: str
    status: str
    verdict: str
    because: str
    mark: str
    kubectl: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run of a runbook."""

    id: str
    title: str
    runbook: str
    state: str
    because: str
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """One question to people and what became of it."""

    id: str
    title: str
    state: str
    fate: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The page of one incident; `live` while something may still happen."""

    label: str
    severity: str
    title: str
    word: str
    because: str
    live: bool
    facts: tuple[Fact, ...]
    measures: tuple[Fact, ...]
    runs: tuple[RunView, ...]
    approvals: tuple[ApprovalView, ...]
    timeline: tuple[Row, ...]
    names: Mapping[str, str]


class Viewer:
    """Makes the view of an incident."""

    def __init__(self, *, texts: Texts, people: People, policy: Policy) -> None:
        self._texts = texts
        self._people = people
        self._policy = policy

    def view(self, found: Situation) -> View:
        """Return what the page shows."""
        incident, told = found.incident, rows(found.history)
        return View(
            label=incident.label,
            severity=incident.severity.value,
            title=incident.title,
            word=word(found),
            because=incident.severity_because,
            live=incident.status is not Status.RESOLVED or told[-1].kind != OVER,
            facts=_facts(incident, self._people),
            measures=_measures(found),
            runs=tuple(_run(one) for one in found.runs),
            approvals=tuple(_approval(one) for one in found.approvals),
            timeline=told,
            names={row.by: self._people.called(row.by) for row in told},
        )


def listed(row: Summary) -> dict[str, object]:
    """Return a line of the list of incidents."""
    return {
        "number": row.incident,
        "label": f"INC-{row.incident}",
        "severity": row.severity,
        "state": row.state,
        "title": row.title,
        "opened_at": row.opened_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
        "closed_at": row.closed_at.isoformat() if row.closed_at else None,
    }


def word(found: Situation) -> str:
    """Return the display word: mitigating while an applied change is not verified."""
    status = found.incident.status
    steps = (step for run in found.runs for step in run.steps.values())
    if status is Status.INVESTIGATING and any(one.status is StepStatus.APPLIED for one in steps):
        return "mitigating"
    return status.value


def _facts(incident: Incident, people: People) -> tuple[Fact, ...]:
    opened = incident.opened
    where = "/".join(part for part in (opened.namespace, opened.model) if part) if opened else ""
    taken = incident.acknowledged_by
    facts = (
        ("Where", where or (opened.key if opened else "")),
        ("Opened", _moment(incident.opened_at)),
        ("Alerts", f"{incident.firing} of {len(incident.alerts)} firing"),
        ("Taken by", people.called(taken) if taken else "nobody yet"),
        ("Channel", f"#{incident.channel_name}" if incident.channel_name else "none"),
        ("Severity rule", incident.severity_rule),
        ("Postmortem", incident.postmortem or ""),
    )
    return tuple(Fact(name=name, value=value) for name, value in facts if value)


def _measures(found: Situation) -> tuple[Fact, ...]:
    m = measure(found.incident, found.history)
    spans: tuple[tuple[str, timedelta | None], ...] = (
        ("Detected after", m.to_detect),
        ("Acknowledged after", m.to_acknowledge),
        ("Longest wait for a yes", m.approval_wait),
        ("Mitigated after", m.to_mitigate),
        ("Resolved after", m.to_resolve),
    )
    return tuple(
        Fact(name=name, value=span(value) if value else "not yet") for name, value in spans
    )


def _run(run: Run) -> RunView:
    started = run.started
    return RunView(
        id=run.id,
        title=started.title if started else run.id,
        runbook=started.runbook if started else "",
        state=run.outcome or "running",
        because=run.because or (started.because if started else ""),
        steps=tuple(_step(one) for one in run.steps.values()),
    )


def _step(step: Step) -> StepView:
    pods = f" · {step.ready[0]} of {step.ready[1]} pods ready" if step.ready else ""
    said = step.because or (change(step.plan) if step.plan else "")
    return StepView(
        id=step.id,
        status=step.status.value,
        verdict=step.verdict or "",
        because=f"{said}{pods}",
        mark=_mark(step),
        kubectl=step.plan.kubectl if step.plan else "",
    )


def _mark(step: Step) -> str:
    if step.status in {StepStatus.FAILED, StepStatus.REFUSED, StepStatus.IN_DOUBT}:
        return "bad"
    if step.status is StepStatus.SKIPPED:
        return "quiet"
    if step.verdict in {"worse", "no effect", "cannot tell", "cannot_tell"}:
        return "bad"
    return "good" if step.status is StepStatus.DONE else "open"


def _approval(approval: Approval) -> ApprovalView:
    marks = {
        ApprovalState.REQUESTED: "open",
        ApprovalState.GRANTED: "good",
        ApprovalState.CONSUMED: "good",
    }
    return ApprovalView(
        id=approval.id,
        title=approval.asked.title if approval.asked else approval.id,
        state=approval.state.value,
        fate=fate(approval),
        mark=marks.get(approval.state, "bad"),
    )


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
