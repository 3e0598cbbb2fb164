"""What a service promises, and what is left of it: objectives, budgets and how fast they burn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

WINDOW: Final = timedelta(days=30)
"""30 days: 0.1 % of it are 43.2 minutes. The 43.8 that are often read are a calendar month's."""


class Kind(Enum):
    """What is promised; the word stands in objectives.yaml and in the label `kind`."""

    AVAILABILITY = "availability"
    ERRORS = "errors"
    TTFT = "ttft"
    ITL = "itl"
    LATENCY = "latency"
    THROUGHPUT = "throughput"

    @property
    def of_time(self) -> bool:
        """Tell whether it is a share of time; the others are shares of requests."""
        return self in {Kind.AVAILABILITY, Kind.THROUGHPUT}


class Urgency(Enum):
    """Who hears of a budget that burns: a page calls a person, a ticket waits for the day."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One promise: at least the share `target` is good within `window`.

    `bound` is in seconds for the latencies, in requests/s for throughput, None else. Without a
    model each model keeps a budget of its own. `job` is a Prometheus job whose targets count for
    availability before anything else. One that is `off` says why, and has no rules.
    """

    name: str
    kind: Kind
    target: float
    bound: float | None = None
    service: str = ""
    namespace: str = ""
    model: str = ""
    pool: str = ""
    job: str = ""
    description: str = ""
    window: timedelta = WINDOW
    off: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """One alert: the budget burns `factor` times too fast over `long`, and still over `short`."""

    factor: float
    long: timedelta
    short: timedelta
    hold: timedelta
    urgency: Urgency


# 14.4 for 2 minutes and 6 for 15 are those of the operations chapter; the windows, and the two
# slow ones, are those of the SRE workbook, chapter 5, as kubernetes-mixin uses them.
BURNS: Final = (
    Burn(
        factor=14.4,
        long=timedelta(hours=1),
        short=timedelta(minutes=5),
        hold=timedelta(minutes=2),
        urgency=Urgency.PAGE,
    ),
    Burn(
        factor=6.0,
        long=timedelta(hours=6),
        short=timedelta(minutes=30),
        hold=timedelta(minutes=15),
        urgency=Urgency.TICKET,
    ),
    Burn(
        factor=3.0,
        long=timedelta(days=1),
        short=timedelta(hours=2),
        hold=timedelta(hours=1),
        urgency=Urgency.TICKET,
    ),
    Burn(
        factor=1.0,
        long=timedelta(days=3),
        short=timedelta(hours=6),
        hold=timedelta(hours=3),
        urgency=Urgency.TICKET,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What was agreed for the moment at which this share of a budget is spent."""

    spent: float
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Planned maintenance, from `start` up to `end`: it is nobody's breach.

    Empty fields mean any namespace or any model. One that `holds` also keeps alerts back.
    """

    name: str
    start: datetime
    end: datetime
    reason: str
    namespace: str = ""
    model: str = ""
    holds: bool = False

    def concerns(self, objective: Objective) -> bool:
        """Tell whether the objective is about what is worked on."""
        pairs = ((self.namespace, objective.namespace), (self.model, objective.model))
        return all(not mine or not theirs or mine == theirs for mine, theirs in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """A file of objectives; `notes` say what was read otherwise than it was written."""

    objectives: tuple[Objective, ...] = ()
    burns: tuple[Burn, ...] = BURNS
    policy: tuple[Consequence, ...] = ()
    planned: tuple[Planned, ...] = field(default=())
    notes: tuple[str, ...] = ()

    @property
    def in_force(self) -> tuple[Objective, ...]:
        """Return the objectives that are not off."""
        return tuple(one for one in self.objectives if not one.off)


def budget(objective: Objective) -> float:
    """Return the share that may be bad."""
    # Percents are written in decimals, and 1 - 0.999 is not 0.001 in binary.
    return round(1 - objective.target, 9)


def allowed(objective: Objective, planned: timedelta = timedelta()) -> timedelta:
    """Return how long everything may be bad within the window, without its planned maintenance."""
    return (objective.window - planned) * budget(objective)


def burn_rate(bad: float, objective: Objective) -> float:
    """Return how many times too fast this share of bad ones uses up the budget."""
    return bad / budget(objective)


def spent_when_it_rings(burn: Burn, window: timedelta = WINDOW) -> float:
    """Return the share of the budget that is gone when the long window first shows this burn."""
    return burn.factor * (burn.long / window)


def ceiling(burn: Burn, objective: Objective) -> float:
    """Return the share of bad ones above which it rings.

    A budget of 10 % cannot burn 14.4 times too fast. What fails altogether rings all the same.
    """
    return min(burn.factor * budget(objective), ALMOST_ALL)


ALMOST_ALL: Final = 0.999


def left(bad: float, objective: Objective) -> float:
    """Return the share of the budget that is left when this share of the window was bad.

    Negative when more was spent than there was.
    """
    return 1 - burn_rate(bad, objective)


def consequences(policy: Sequence[Consequence], spent: float) -> tuple[Consequence, ...]:
    """Return what was agreed for this share of a spent budget, the strictest last."""
    reached = (one for one in policy if spent >= one.spent)
    return tuple(sorted(reached, key=lambda one: one.spent))
