"""What a postmortem says, as plain values: texts from outside stand in it as they are."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and what it is."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of the impact; `value` says `no data` where there was none, never zero.

    `at` is when it was read, `source` what read it, or why nothing did.
    """

    name: str
    value: str
    at: datetime | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A signal before and after a change; None where there was no data, and then `note` says why.

    `shown_before` and `shown_after` are the same as people write them.
    """

    signal: str
    before: float | None
    after: float | None
    shown_before: str
    shown_after: str
    expected: str
    met: bool | None
    note: str
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a person did with a question: approved, refused, voted, tried."""

    at: datetime
    who: str
    what: str
    via: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question to people: exactly which change, with which parameters, and who decided."""

    approval: str
    title: str
    digest: str
    parameters: str
    asked_at: datetime
    asked_of: str
    expires_at: datetime
    fate: str
    waited: timedelta | None
    decisions: tuple[Decided, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of the cluster: the plan, what became of it, and the proof."""

    step: str
    title: str
    facts: tuple[Fact, ...]
    kubectl: str
    warnings: tuple[str, ...]
    applied_at: datetime | None
    verdict: str
    because: str
    comparisons: tuple[Compared, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A number that a check read, or why there was none."""

    name: str
    value: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check with its verdict, the numbers behind it, and how they were asked for."""

    at: datetime
    step: str
    verdict: str
    because: str
    measured: tuple[Measured, ...]
    queries: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing:
    """An alert of the incident, with what its sender wrote."""

    name: str
    severity: str
    because: str
    starts_at: datetime
    ends_at: datetime | None
    source: str
    labels: tuple[Fact, ...]
    annotations: tuple[Fact, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the timeline; `loud` rows are the ones to read in a hurry."""

    at: datetime
    text: str
    who: str
    loud: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of the incident with a name of its own."""

    name: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole postmortem. It holds no moment of its own: the same history gives the same bytes.

    With `several_days` a time of day alone would be ambiguous; `left_out` counts rows of the
    timeline that are not in it.
    """

    label: str
    title: str
    severity: str
    status: str
    because: str
    summary: tuple[Fact, ...]
    facts: tuple[Fact, ...]
    impact: tuple[Number, ...]
    measures: tuple[Fact, ...]
    phases: tuple[Phase, ...]
    changes: tuple[Change, ...]
    asked: tuple[Asked, ...]
    checks: tuple[Check, ...]
    alerts: tuple[Ringing, ...]
    tried: tuple[Line, ...]
    gaps: tuple[str, ...]
    follow_ups: tuple[str, ...]
    timeline: tuple[Line, ...]
    several_days: bool
    left_out: int
