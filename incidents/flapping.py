"""Flapping: an alert that fires and ends again and again is one problem, and not many."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from incidents.gathering import Flapping
from incidents.incident import Occurrence


def flaps(
    alerts: Iterable[Occurrence], fresh: Collection[str], rule: Flapping
) -> tuple[str, str] | None:
    """Return the name of an alert that flaps, of those with a `fresh` fingerprint, and how often.

    Counted by when it began to fire, so that the order in which it was reported does not matter.
    """
    starts = dict[str, list[datetime]]()
    names = dict[str, str]()
    for one in alerts:
        if one.fired.fingerprint in fresh:
            starts.setdefault(one.fired.fingerprint, []).append(one.fired.starts_at)
            names[one.fired.fingerprint] = one.fired.name
    for fingerprint, found in sorted(starts.items()):
        most = _most(sorted(found), rule.within) if len(found) > rule.times else 0
        if most > rule.times:
            span = round(rule.within.total_seconds() / 60)
            return names[fingerprint], f"flapping: {most} times in {span} min"
    return None


def _most(starts: Sequence[datetime], within: timedelta) -> int:
    """Return the most of the sorted moments that lie within one span of this length."""
    most = first = 0
    for number, start in enumerate(starts):
        while start - starts[first] >= within:
            first += 1
        most = max(most, number - first + 1)
    return most
