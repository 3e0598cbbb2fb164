"""A signal: one logical name, and the ways to read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cluster.signals.series import Formula, Place

# Four scrapes of llm-d's PodMonitors, which scrape every 30 s.
FRESH: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal by its logical name; the first of its `ways` whose series exist is taken.

    `without` says what nobody can tell where it is missing. `fresh` is how old the newest sample
    may be; None for a signal about the past. `breakdown` is the label by which its parts differ.
    """

    name: str
    unit: str
    meaning: str
    without: str
    ways: tuple[Formula, ...]
    fresh: timedelta | None = FRESH
    needs_prefill: bool = False
    breakdown: str = ""


def metric_names(signals: Iterable[Signal]) -> tuple[str, ...]:
    """Return every metric that one of the signals can be read from."""
    terms = (term for signal in signals for way in signal.ways for term in way.terms)
    return tuple(dict.fromkeys(name for term in terms for name in term.metric.names))


def metrics_by_place(signals: Iterable[Signal]) -> dict[Place, tuple[str, ...]]:
    """Return the same metrics by the label that holds the namespace they are about."""
    terms = [term for signal in signals for way in signal.ways for term in way.terms]
    return {
        place: tuple(
            dict.fromkeys(
                name for term in terms if term.scope.place is place for name in term.metric.names
            )
        )
        for place in Place
    }
