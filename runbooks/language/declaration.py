"""What a module in `steps/` declares: its verb, its fields, its verdicts and what it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from cluster.canary.port import Canaries, NoCanaries
from cluster.clients.reads import NoObjects, Objects
from cluster.rights import Right
from cluster.signals.catalogue import SIGNALS
from cluster.signals.signals import Signals
from cluster.targets.target import Target
from incidents.events.run import Evidence
from runbooks.language.shapes import Choice, Duration, Field, Record, Value

Arguments = Mapping[str, Value]
"""The values of a step's fields, with parameters put in."""
Found = tuple[tuple[str, str], ...]
"""What a finding is about, as (what, name): the worst `pod`, or the worst `node`."""


class Kind(Enum):
    """The four kinds of steps."""

    CHECK = "check"
    ACTION = "action"
    ASK = "ask"
    WAIT = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a check is asked: about which target, as of which moment.

    `signals` and `objects` are all that it sees of the world, and `canaries` all that it asks of a
    model; none of them can change anything.
    """

    arguments: Arguments
    target: Target
    signals: Signals
    at: datetime
    objects: Objects = field(default_factory=NoObjects)
    canaries: Canaries = field(default_factory=NoCanaries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found: a verdict of its set, why, the numbers behind it, and whom it is about.

    Later steps may take from `found` what they act on.
    """

    verdict: str
    because: str
    evidence: tuple[Evidence, ...] = ()
    found: Found = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """What an ask asks."""

    question: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckVerb:
    """A check: `judge` reads and decides; it may raise Unavailable and Rejected.

    Of its verdicts `wrong` say that something is, and `well` that nothing is; the others say
    neither. `rights` are what `judge` needs of an API server to read its objects. `finds` are the
    verdicts with which a finding may name a `pod` or a `node`.
    """

    name: str
    meaning: str
    fields: Record
    verdicts: tuple[str, ...]
    judge: Callable[[Question], Finding]
    wrong: tuple[str, ...] = ()
    well: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    finds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionVerb:
    """An action: `parameters` are what the cluster's verb of the same name is planned with.

    One that `stands` is proven by having come about, unless its runbook expects more of it.
    """

    name: str
    meaning: str
    fields: Record
    parameters: Callable[[Arguments], Mapping[str, object]]
    stands: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskVerb:
    """An ask: its verdicts are its choices."""

    name: str
    meaning: str
    fields: Record
    pose: Callable[[Arguments], Posed]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitVerb:
    """A wait: how long."""

    name: str
    meaning: str
    fields: Record
    length: Callable[[Arguments], timedelta]


StepVerb = CheckVerb | ActionVerb | AskVerb | WaitVerb

SIGNAL = Choice(choices=tuple(sorted(SIGNALS)))
"""The shape of a field that names a signal of the catalogue."""


def looks_back(default: timedelta, *, meaning: str) -> Record:
    """Return the one field `over` of a check that looks so far back."""
    shape = Duration(minimum=timedelta(minutes=1), maximum=timedelta(hours=6))
    over = Field(shape=shape, default=default, by_reference=True, meaning=meaning)
    return Record(fields={"over": over})


WAITED = "waited"
"""The one verdict of a wait."""


def kind(verb: StepVerb) -> Kind:
    """Return the kind of step that a verb makes."""
    match verb:
        case CheckVerb():
            return Kind.CHECK
        case ActionVerb():
            return Kind.ACTION
        case AskVerb():
            return Kind.ASK
        case WaitVerb():
            return Kind.WAIT
