"""The alerts, with their labels and what their senders wrote."""

from bot.postmortem.document import Fact, Ringing
from bot.postmortem.story import Story
from incidents.incident import Occurrence

MOST = 50
"""Occurrences that are printed in full; a storm has thousands, and the gaps say how many more."""

ERASED = "What the sender wrote is no longer there."


def alerts(story: Story) -> tuple[Ringing, ...]:
    """Return the occurrences, the worst first, at most `MOST` of them."""
    found = sorted(
        story.incident.alerts.values(),
        key=lambda one: (one.fired.severity, one.fired.starts_at, one.fired.fingerprint),
    )
    return tuple(_ringing(story, one) for one in found[:MOST])


def _ringing(story: Story, one: Occurrence) -> Ringing:
    fired = one.fired
    wrote = story.annotations(fired)
    return Ringing(
        name=fired.name,
        severity=fired.severity,
        because=fired.because,
        starts_at=fired.starts_at,
        ends_at=one.ends_at,
        source=fired.source,
        labels=tuple(Fact(name=name, value=value) for name, value in fired.labels),
        annotations=tuple(Fact(name=name, value=value) for name, value in (wrote or {}).items()),
        note="" if wrote is not None else ERASED,
    )
