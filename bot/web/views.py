"""What the page of an incident shows, as plain values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.postmortem.document import Fact, Ringing
from bot.postmortem.ringing import alerts
from bot.postmortem.spans import span
from bot.postmortem.story import Story
from bot.postmortem.summary import where, workload
from incidents.approval import Approval, ApprovalState, fate
from incidents.belonging import team
from incidents.events.incident import Acknowledged
from incidents.facts import FACTS
from incidents.facts_seen import blind, numbers
from incidents.followups import FollowUp
from incidents.freeze import ALL, FreezeState
from incidents.incident import Incident, Status
from incidents.journal import Summary
from incidents.measures import measure
from incidents.people import People
from incidents.policy import Policy
from incidents.run import Run, Step, StepStatus
from incidents.shadow import Watch
from incidents.status_word import status_word
from incidents.targeting import choosing
from incidents.telling import bundled, change, progress, tell
from incidents.timeline import Row, rows

MOST_ROWS = 300
"""Rows of the timeline on the page; all of them are in `timeline.json`."""

_WRONG = frozenset({StepStatus.FAILED, StepStatus.REFUSED, StepStatus.IN_DOUBT})
_UNPROVEN = frozenset({"worse", "no effect", "reverted", "cannot tell", "cannot_tell"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of a run: `mark` is a word for its look (good, bad, done, open, quiet).

    `evidence` counts what was kept of pods before it changed anything.
    """

    id: str
    status: str
    verdict: str
    because: str
    mark: str
    kubectl: str
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run of a runbook; `waits` is what it waits for before its next step.

    A `shadowed` run asks nobody for approval and changes nothing; `watched` is what people did.
    """

    id: str
    title: str
    runbook: str
    state: str
    because: str
    waits: str
    shadowed: bool
    watched: tuple[str, ...]
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """One question to people and what became of it; `asked` says of whom, while it is open."""

    id: str
    title: str
    state: str
    fate: str
    asked: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpView:
    """One thing that is left to be done: whose it is and until when, or why it is done."""

    label: str
    what: str
    stands: str
    left: bool
    mark: str
    way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The page of one incident; `live` while something may still happen.

    The timeline has the newest rows first; `earlier` counts those that are not shown. `frozen`
    says what keeps the incident from changing anything.
    """

    label: str
    severity: str
    title: str
    word: str
    because: str
    live: bool
    frozen: tuple[str, ...]
    facts: tuple[Fact, ...]
    measures: tuple[Fact, ...]
    runs: tuple[RunView, ...]
    approvals: tuple[ApprovalView, ...]
    follow_ups: tuple[FollowUpView, ...]
    alerts: tuple[Ringing, ...]
    timeline: tuple[Row, ...]
    earlier: int


def view(story: Story, *, people: People, freeze: FreezeState, policy: Policy) -> View:
    """Return what the page of an incident shows."""
    incident, told = story.incident, rows(story.history)
    return View(
        label=incident.label,
        severity=incident.severity.value,
        title=incident.title,
        word=status_word(incident, story.runs),
        because=f"{incident.severity_because}{blind(incident.seen)}",
        live=_live(incident),
        frozen=_frozen(incident, freeze, people),
        facts=_facts(story, policy),
        measures=_measures(story),
        runs=tuple(_run(one, story.watches) for one in story.runs),
        approvals=tuple(_approval(one, story.incident) for one in story.approvals),
        follow_ups=tuple(_follow_up(one, incident) for one in story.left),
        alerts=alerts(story),
        timeline=tuple(reversed(told[-MOST_ROWS:])),
        earlier=max(0, len(told) - MOST_ROWS),
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


def _live(incident: Incident) -> bool:
    if incident.status is not Status.RESOLVED or incident.postmortem is None:
        return True
    return incident.channel is not None and not incident.archived


def _facts(story: Story, policy: Policy) -> tuple[Fact, ...]:
    incident = story.incident
    taken = [event.by for _, _, event in story.told(Acknowledged)]
    facts = (
        ("Where", where(incident)),
        ("Team", team(incident, policy)),
        ("Workload", workload(story)),
        ("Asked", _which(incident)),
        ("Opened", _moment(incident.opened_at)),
        ("Alerts", f"{incident.firing} of {len(incident.alerts)} firing"),
        ("Taken by", taken[-1] if taken else "nobody yet"),
        ("Channel", f"#{incident.channel_name}" if incident.channel_name else "none"),
        ("Severity rule", incident.severity_rule),
        ("Seen", numbers(incident.seen, most=len(FACTS))),
        ("Postmortem", incident.postmortem or ""),
    )
    return tuple(Fact(name=name, value=value) for name, value in facts if value)


def _which(incident: Incident) -> str:
    """Return that people are to say which workload is meant, and how; empty where nobody asks."""
    asked = choosing(incident)
    return f"{asked} (triaged incident target {incident.number})" if asked else ""


def _measures(story: Story) -> tuple[Fact, ...]:
    m = measure(story.incident, story.history)
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


def _frozen(incident: Incident, freeze: FreezeState, people: People) -> tuple[str, ...]:
    if not _live(incident):
        return ()
    scopes = (ALL, incident.opened.namespace if incident.opened else "")
    found = (freeze.frozen[scope] for scope in scopes if scope in freeze.frozen)
    return tuple(
        f"nothing may be changed in {one.scope}, says {people.called(one.by)}: {one.reason}"
        for one in found
    )


def _run(run: Run, watches: Iterable[Watch]) -> RunView:
    started = run.started
    return RunView(
        id=run.id,
        title=started.title if started else run.id,
        runbook=started.runbook if started else "",
        state=run.outcome or "running",
        because=run.because or (started.because if started else ""),
        waits=f"{run.waits.step}: {run.waits.because}".removeprefix(": ") if run.waits else "",
        shadowed=run.shadowed,
        watched=tuple(
            tell(one)
            for watch in watches
            if watch.began is not None and watch.began.run == run.id
            for one in watch.told
        ),
        steps=tuple(_step(one) for one in run.steps.values()),
    )


def _step(step: Step) -> StepView:
    settles = step.status is StepStatus.APPLIED
    stands = progress(step.ready, step.settling) if settles else ""
    would = "would have: " if step.status is StepStatus.SHADOWED else ""
    said = step.because or (f"{would}{change(step.plan)}" if step.plan else "")
    return StepView(
        id=step.id,
        status=step.status.value,
        verdict=step.verdict or "",
        because=" · ".join(filter(None, (said, stands))),
        mark=_mark(step),
        kubectl=step.plan.kubectl if step.plan else "",
        evidence=bundled(step.evidence) if step.evidence and step.evidence.text else "",
    )


def _mark(step: Step) -> str:
    if step.status in _WRONG or step.verdict in _UNPROVEN:
        return "bad"
    if step.status in {StepStatus.SKIPPED, StepStatus.SHADOWED}:
        return "quiet"
    if step.status is not StepStatus.DONE:
        return "open"
    return "good" if step.verdict == "verified" else "done"


def _approval(approval: Approval, incident: Incident) -> ApprovalView:
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
        asked=_asked(approval, incident),
        mark=marks.get(approval.state, "bad"),
    )


def _follow_up(one: FollowUp, incident: Incident) -> FollowUpView:
    label = f"{incident.label}/{one.made.number}"
    if one.done is not None:
        stands, mark = f"done: {one.done.because}", "good"
    else:
        stands, mark = f"{one.owner}, until {_moment(one.due)}", "open"
    return FollowUpView(
        label=label,
        what=one.made.what,
        stands=stands,
        left=one.left,
        mark=mark,
        way=f"triaged followups undo {label}" if one.open and one.made.undo else "",
    )


def _asked(approval: Approval, incident: Incident) -> str:
    asked = approval.asked
    if asked is None or approval.state is not ApprovalState.REQUESTED:
        return ""
    who = ", ".join(asked.approvers) or "nobody"
    until = f"asked of {who} until {asked.expires_at:%H:%M:%S} UTC"
    if not incident.archived:
        return until
    # Nothing can be posted into an archived channel: the server is the only way in.
    return f"{until}; its channel is archived: triaged approve {approval.id} {asked.digest}"


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""
