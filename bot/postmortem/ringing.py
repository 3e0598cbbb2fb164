"""The alerts, with their labels and what their senders wrote."""

from bot.postmortem.document import Fact, Ringing
from bot.postmortem.legible import legible
from bot.postmortem.story import Story
from incidents.incident import Occurrence

# Bounds of what senders can make us render: a storm of long texts must not cost the postmortem.
MOST = 20
"""Occurrences that are printed; a storm has thousands, and the gaps say how many more."""
PAIRS = 32
LONGEST = 600
"""Labels, and annotations, of one alert, and characters of each; the mark says how many more."""

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
        labels=_facts(fired.labels),
        annotations=_facts(tuple((wrote or {}).items())),
        note="" if wrote is not None else ERASED,
    )


def _facts(pairs: tuple[tuple[str, str], ...]) -> tuple[Fact, ...]:
    shown = [
        Fact(name=legible(name, most=LONGEST), value=legible(value, most=LONGEST))
        for name, value in pairs[:PAIRS]
    ]
    if len(pairs) > PAIRS:
        shown.append(Fact(name="…", value=f"{len(pairs) - PAIRS} more"))
    return tuple(shown)
