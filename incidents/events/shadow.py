"""Events of a watch: what people did where a runbook in shadow only said what it would do."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from incidents.events.run import Comparison, Evidence


class Did(Enum):
    """What people did, compared with what would have been done."""

    SAME = "the same"
    AMOUNT = "the same way, another amount"
    OTHERWISE = "otherwise"
    NOTHING = "not at all"
    CANNOT_TELL = "cannot tell"


class Better(Enum):
    """Whether it got better although the planned change was not made."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowBegan:
    """From here on it is watched what people do, until a moment or a while after the incident.

    `would` is the version of the event in the run's stream that says what would have been done.
    `before` are the windows with which verification would compare. `marks` are pairs of a part of
    an object and the digest of what stood there, `pods` pairs of the name and uid of the target's;
    `unseen` says what of that could not be read, empty for nothing.
    """

    incident: int
    run: str
    would: int
    runbook: str
    step: str
    until: datetime
    before: tuple[Evidence, ...]
    marks: tuple[tuple[str, str], ...]
    pods: tuple[tuple[str, str], ...]
    unseen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleActed:
    """Somebody else than triaged changed something, and how that compares.

    `what` is told to people. `became` are pairs of a JSON pointer of the plan and the value that
    stands there now, as JSON. `who` are names of field managers; `at` is when, in whole seconds.
    Both are empty where the API server does not say it.
    """

    step: str
    did: Did
    what: str
    became: tuple[tuple[str, str], ...]
    who: tuple[str, ...]
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActJudged:
    """What verification says of what people did: as of a change of our own, with its windows."""

    step: str
    verdict: str
    because: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowEnded:
    """The watch is over; `better` is None where people did what would have been done."""

    step: str
    did: Did
    because: str
    better: Better | None


ShadowEvent = ShadowBegan | PeopleActed | ActJudged | ShadowEnded
