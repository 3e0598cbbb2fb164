"""How alerts are gathered into incidents: every rule of it, as data with its default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from incidents.correlation import Placing
from incidents.maintenance import Window
from incidents.patterns import Which


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """An incident opens when `count` occurrences of one key were heard of `within` a time."""

    name: str
    which: Which
    count: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """While the parent fires, the child is its consequence, where the `equal` words are equal.

    One that neither says is equal, as in Alertmanager; one that only the child says is not: a
    parent that does not say where it is must not hide what fires elsewhere.
    """

    name: str
    parent: Which
    child: Which
    equal: tuple[str, ...] = ("cluster", "namespace")

    def joins(self, parent: Mapping[str, str], child: Mapping[str, str]) -> bool:
        """Tell whether the two, of which each is what this is about, belong together."""
        return all(parent.get(one, "") == child.get(one, "") for one in self.equal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """An alert that fired more than `times` times `within` a time flaps.

    Then its incident stays open until everything was quiet for `quiet`.
    """

    times: int = 5
    within: timedelta = timedelta(minutes=30)
    quiet: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snoozing:
    """Which severities break a snooze, by name, and the longest that one may last."""

    broken_by: frozenset[str] = frozenset({"P0"})
    longest: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """Everything about which alerts become which incident, and when.

    `reopen` is how long after its end the same problem reopens an incident, `follow` how long a
    new one is said to follow it.
    """

    placing: Placing = field(default_factory=Placing)
    thresholds: tuple[Threshold, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()
    maintenance: tuple[Window, ...] = ()
    flapping: Flapping = field(default_factory=Flapping)
    snoozing: Snoozing = field(default_factory=Snoozing)
    reopen: timedelta = timedelta(minutes=5)
    follow: timedelta = timedelta(days=7)
