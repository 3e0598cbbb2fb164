"""What was tried and came to nothing, was refused, or was left out."""

from bot.postmortem.document import Line
from bot.postmortem.story import Story
from incidents.events import approval, run
from incidents.incident import DESK
from incidents.timeline import rows

_NOTHING_CAME = (
    run.StepFailed,
    run.WouldHaveActed,
    run.ActionRefused,
    run.PlanVoided,
    run.StepNotApplied,
    run.StepInDoubt,
    run.StepSkipped,
    run.StepRetried,
    approval.ApprovalRefused,
    approval.ApprovalExpired,
    approval.ApprovalDenied,
)


def lines(story: Story) -> tuple[Line, ...]:
    """Return them in order; a step whose `when` did not hold was never tried."""
    entries = [entry for entry in story.history if isinstance(entry.event, _NOTHING_CAME)]
    tried = [
        entry
        for entry in entries
        if not (isinstance(entry.event, run.StepSkipped) and entry.event.by == DESK)
    ]
    return tuple(Line(at=row.at, text=row.text, who=row.by, loud=False) for row in rows(tried))
