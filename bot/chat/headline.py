"""The headline: the one message of an incident that is always true."""

from bot.chat.message import Block, Context, Fields, Header, Message, Section
from bot.chat.situation import Situation
from incidents.approval import ApprovalState
from incidents.incident import Incident, Status
from incidents.run import Run, StepStatus
from incidents.telling import change

SHORT = 60
DAY = "%Y-%m-%d %H:%M:%S UTC"


def headline(situation: Situation) -> Message:
    """Return the headline: severity, what, because, and what is to be done now."""
    incident = situation.incident
    first = f"{incident.severity.value} {incident.label} {shortened(incident.title, SHORT)}"
    blocks: tuple[Block, ...] = (
        Header(text=first),
        Section(strong="Because", text=incident.severity_because),
        Section(strong="Now", text=now(situation)),
        Fields(pairs=_fields(situation)),
        Context(text=_small(situation)),
    )
    lead = f"{first}: {shortened(incident.severity_because, SHORT)}; {now(situation)}"
    return Message(text=lead, blocks=blocks)


def topic(situation: Situation) -> str:
    """Return the channel's topic."""
    incident = situation.incident
    return f"{incident.severity.value} {word(situation)}: {shortened(incident.title, 150)}"


def word(situation: Situation) -> str:
    """Return the display word: mitigating while an applied change is not verified."""
    status = situation.incident.status
    applied = any(_applied(run) for run in situation.runs)
    if status is Status.INVESTIGATING and applied:
        return "Mitigating"
    return status.value.title()


def now(situation: Situation) -> str:
    """Return in one sentence what is to be done, or what is being waited for."""
    incident = situation.incident
    if incident.status is Status.RESOLVED:
        return f"nothing: {incident.resolved_because}"
    asked = next((a for a in situation.approvals if a.state is ApprovalState.REQUESTED), None)
    if asked is not None and asked.asked is not None:
        return f"approve or reject: {asked.asked.title}"
    doing = [_doing(run) for run in situation.runs if run.outcome is None]
    if incident.calm_until is not None:
        return f"wait: every alert has ended; resolves at {incident.calm_until:%H:%M} UTC"
    return next((one for one in doing if one), _otherwise(situation))


def shortened(text: str, most: int) -> str:
    """Return the text in one line, cut with a visible mark."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _applied(run: Run) -> bool:
    return any(step.status is StepStatus.APPLIED for step in run.steps.values())


def _doing(run: Run) -> str | None:
    for step in run.steps.values():
        if step.status is StepStatus.IN_DOUBT:
            return f"decide: nobody can tell whether {step.id} took place"
        if step.status is StepStatus.ASKED:
            return f"answer: {step.because}"
        if step.status is StepStatus.APPLIED and step.plan is not None:
            return f"wait: verifying {change(step.plan)}{_pods(step.ready)}"
        if step.status is StepStatus.STARTED and step.plan is not None:
            return f"wait: applying {change(step.plan)}"
    return None


def _pods(ready: tuple[int, int] | None) -> str:
    return f" ({ready[0]} of {ready[1]} pods ready)" if ready else ""


def _otherwise(situation: Situation) -> str:
    ended = [run for run in situation.runs if run.outcome is not None]
    if situation.incident.status is Status.MITIGATED:
        return "wait for the alerts to end"
    if ended and len(ended) == len(situation.runs):
        return f"look: the runbook is over ({ended[-1].outcome}: {ended[-1].because})"
    return "wait: the runbook's checks are running"


def _fields(situation: Situation) -> tuple[tuple[str, str], ...]:
    incident = situation.incident
    people = situation.people
    taken = incident.acknowledged_by
    return (
        ("Status", word(situation)),
        ("Where", _where(incident)),
        ("Alerts", _alerts(incident)),
        ("Taken by", people.called(taken) if taken else "nobody yet: /incident ack"),
        ("Runbook", ", ".join(_ran(run) for run in situation.runs) or "none yet"),
        ("Opened", f"{incident.opened_at:{DAY}}" if incident.opened_at else ""),
    )


def _where(incident: Incident) -> str:
    opened = incident.opened
    if opened is None:
        return ""
    return "/".join(part for part in (opened.namespace, opened.model) if part) or opened.key


def _alerts(incident: Incident) -> str:
    names = sorted({one.fired.name for one in incident.alerts.values()})
    left_out = f", {incident.truncated} left out" if incident.truncated else ""
    return f"{incident.firing} of {len(incident.alerts)} firing ({', '.join(names)}{left_out})"


def _ran(run: Run) -> str:
    name = run.started.runbook if run.started else run.id
    return f"{name} ({run.outcome})" if run.outcome else name


def _small(situation: Situation) -> str:
    incident = situation.incident
    parts = [f"rule {incident.severity_rule}", situation.page]
    if incident.postmortem:
        parts.append(f"postmortem {incident.postmortem}")
    return " · ".join(part for part in parts if part)
