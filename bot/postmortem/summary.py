"""The beginning of a postmortem: what happened in a few sentences, facts and measures."""

from datetime import datetime, timedelta

from bot.postmortem.document import Fact
from bot.postmortem.legible import one_line
from bot.postmortem.spans import span
from bot.postmortem.story import Story
from incidents.events.incident import TargetChosen
from incidents.events.run import CheckFinished, EffectVerified, StepFinished, WouldHaveActed
from incidents.incident import Incident, Status
from incidents.measures import measure
from incidents.targeting import answer
from incidents.telling import change, judged, tell

MOST_NAMES = 5
LONGEST = 80
"""Alerts that the first sentence names, and characters of each name; all stand further below."""

DAY = "%Y-%m-%d %H:%M:%S UTC"


def paragraphs(story: Story) -> tuple[Fact, ...]:
    """Return the summary, a paragraph each: what, why so bad, what was found, done, and the end.

    Every one of them is a reading of events; what did not happen is said, not passed over.
    """
    incident = story.incident
    rows = (
        ("What happened", _what(incident)),
        (f"Why {incident.severity.value}", incident.severity_because or "no reason is recorded"),
        ("What was found", _found(story)),
        ("What was changed", _changed(story)),
        ("What people did instead", _instead(story)),
        ("What came of it", _came_of_it(story)),
        ("How it ended", _end(incident)),
    )
    return tuple(Fact(name=name, value=_sentence(value)) for name, value in rows if value)


def facts(story: Story) -> tuple[Fact, ...]:
    """Return what stands in the box on the first page."""
    incident, opened = story.incident, story.incident.opened
    books = dict.fromkeys(run.started.runbook for run in story.runs if run.started)
    rows = (
        ("Severity", f"{incident.severity.value} (rule {incident.severity_rule or 'none'})"),
        ("Status", incident.status.value),
        ("Where", where(incident)),
        ("Workload", workload(story)),
        ("Cluster", opened.cluster if opened else ""),
        ("Opened", _moment(incident.opened_at)),
        ("Resolved", _moment(incident.resolved_at)),
        ("Failure mode", opened.mode if opened else ""),
        ("Runbook", ", ".join(books) or "none ran"),
        ("Channel", f"#{incident.channel_name}" if incident.channel_name else "none"),
    )
    return tuple(Fact(name=name, value=value) for name, value in rows if value)


def measures(story: Story) -> tuple[Fact, ...]:
    """Return how long each stage took; a stage that was not reached says so."""
    found = measure(story.incident, story.history)
    spans: tuple[tuple[str, timedelta | None], ...] = (
        ("From the alert's start until triaged opened the incident", found.to_detect),
        ("From the alert's start until a person had taken it", found.to_acknowledge),
        ("From the alert's start until users were served again", found.to_mitigate),
        ("From the alert's start until it was resolved", found.to_resolve),
        ("Longest wait for a yes", found.approval_wait),
    )
    counts = (
        ("Occurrences of alerts", found.alerts),
        ("Changes made", found.changes),
        ("Changes proven to help", found.verified),
    )
    return (
        *(Fact(name=name, value=_reached(value)) for name, value in spans),
        *(Fact(name=name, value=str(value)) for name, value in counts),
    )


def workload(story: Story) -> str:
    """Return which workload a person chose, and who; empty where nobody had to."""
    names = [event.by for _, _, event in story.told(TargetChosen)]
    return answer(story.incident, names[-1]) if names else ""


def where(incident: Incident) -> str:
    """Return where it went wrong: namespace and model, else the incident's key."""
    opened = incident.opened
    if opened is None:
        return incident.id
    return "/".join(part for part in (opened.namespace, opened.model) if part) or opened.key


def _what(incident: Incident) -> str:
    names = sorted({one.fired.name for one in incident.alerts.values()})
    more = f", and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    shown = ", ".join(one_line(name, most=LONGEST) for name in names[:MOST_NAMES])
    rang = f" ({shown}{more})" if names else ""
    return f"{incident.title}{rang}, in {where(incident)}"


def _found(story: Story) -> str:
    """Return what the last check found, which is what a change was based on."""
    checks = [event for _, _, event in story.told(CheckFinished)]
    if not checks:
        return "no check ran"
    return f"{checks[-1].step}: {checks[-1].verdict}, because {checks[-1].because}"


def _changed(story: Story) -> str:
    made = {(stream, event.step) for _, stream, event in story.told(StepFinished)}
    plans = [
        change(step.plan)
        for run in story.runs
        for step in run.steps.values()
        if (run.id, step.id) in made and step.plan is not None
    ]
    would = [change(event.plan) for _, _, event in story.told(WouldHaveActed)]
    shadow = f"in shadow, would have: {'; '.join(would)}" if would else ""
    return "; ".join(filter(None, ["; ".join(plans) or "nothing", shadow]))


def _instead(story: Story) -> str:
    """Return what people did where a run was in shadow; empty while nothing was seen."""
    return "; ".join(tell(one) for watch in story.watches for one in watch.told)


def _came_of_it(story: Story) -> str:
    proofs = [event for _, _, event in story.told(EffectVerified)]
    return "; ".join(f"{one.step} {judged(one.verdict, one.because)}" for one in proofs)


def _end(incident: Incident) -> str:
    if incident.status is not Status.RESOLVED:
        return f"it was {incident.status.value} when this was written"
    kind = " as a false positive" if incident.false_positive else ""
    return f"resolved{kind}: {incident.resolved_because}"


def _sentence(text: str) -> str:
    whole = text.strip()
    stop = "" if whole.endswith((".", "!", "?", "…")) else "."
    return f"{whole}{stop}"


def _moment(at: datetime | None) -> str:
    return f"{at:{DAY}}" if at else ""


def _reached(length: timedelta | None) -> str:
    return "not reached" if length is None else span(length)
