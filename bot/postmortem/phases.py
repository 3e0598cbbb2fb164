"""The stretches of an incident, one after the other, as far as they were reached."""

from collections.abc import Iterator
from datetime import datetime

from bot.postmortem.document import Phase
from bot.postmortem.story import Story
from incidents.events.approval import ApprovalGiven, ApprovalRequested
from incidents.events.run import StepFinished


def phases(story: Story) -> tuple[Phase, ...]:
    """Return what the time was spent on; each phase begins where the one before ends."""
    marks = sorted(_marks(story), key=lambda mark: mark[0])
    last = max((entry.recorded.at for entry in story.history), default=None)
    end = story.incident.resolved_at or last
    if not marks or end is None:
        return ()
    ends = [at for at, _ in marks[1:]] + [end]
    found = zip(marks, ends, strict=True)
    return tuple(Phase(name=name, begins=at, ends=to) for (at, name), to in found if to > at)


def _marks(story: Story) -> Iterator[tuple[datetime, str]]:
    incident = story.incident
    start = min((one.fired.starts_at for one in incident.alerts.values()), default=None)
    if start is not None:
        yield start, "alert not yet heard"
    if incident.opened_at is not None:
        yield incident.opened_at, "finding the cause"
    for kind, name in (
        (ApprovalRequested, "waiting for a yes"),
        (ApprovalGiven, "applying"),
        (StepFinished, "waiting for the effect"),
    ):
        first = next((at for at, _, _ in story.told(kind)), None)
        if first is not None:
            yield first, name
    if incident.mitigated_at is not None:
        yield incident.mitigated_at, "users are served, watching"
