"""Events of an incident."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOpened:
    """Something that belongs together under one key went wrong.

    `mode` is the failure mode of the catalogue, where it names one (`RB-12`); `because` says what
    of the place the alert's labels did not; `follows` is the incident that was about it before.
    """

    number: int
    key: str
    cluster: str
    namespace: str
    model: str
    role: str
    mode: str
    pool: str = ""
    because: str = ""
    follows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSeen:
    """A fact that was asked for when an alert was judged.

    `value` is its JSON, None where it was not known; `source` says where it was read, or why not.
    """

    name: str
    value: str | None
    unit: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFired:
    """An occurrence of an alert: the same fingerprint and start are one occurrence.

    `text` is the digest of its annotations; `source` names who delivered it first; `because` and
    `rule` say why it is as bad as `severity`, `facts` what that rests on; `runbook` is what matches
    it, and why.
    """

    fingerprint: str
    starts_at: datetime
    name: str
    title: str
    severity: str
    because: str
    rule: str
    runbook: str
    runbook_because: str
    labels: tuple[tuple[str, str], ...]
    text: str
    source: str
    url: str
    facts: tuple[FactSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertResolved:
    """That occurrence ended; not `seen_firing` where it had when it was heard of first."""

    fingerprint: str
    starts_at: datetime
    ends_at: datetime
    name: str = ""
    seen_firing: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsTruncated:
    """A delivery left out so many alerts."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A rule brought alerts here that were kept back, or none could tell from others.

    `rule` is as in `threshold:restarts`, `snooze:3`, `maintenance:upgrade`, `inhibition:down`.
    """

    rule: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """The same problem came back soon after the end."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlappingBegan:
    """An alert fires and ends again and again: the incident stays open for longer."""

    name: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildHidden:
    """Alerts of another key are a consequence of this incident, and are listed under it."""

    key: str
    rule: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """The incident is a consequence of another, `under` which it is listed."""

    under: int
    rule: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameForward:
    """The incident stands for itself again: its parent ended, or a person says so."""

    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityChanged:
    """The incident is worse, or a person says how bad it is."""

    was: str
    now: str
    because: str
    rule: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAgain:
    """Facts were asked for again by which the alert `name` is judged."""

    name: str
    facts: tuple[FactSeen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One of several workloads that an incident may be about; `words` is the way up to it."""

    kind: str
    name: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetAsked:
    """Several workloads fit what the alerts say: a person is to choose one of the candidates.

    So many `more` fit that are not among them.
    """

    candidates: tuple[Workload, ...]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChosen:
    """A person said which workload is meant, as in `Deployment decode`, among `of` candidates."""

    chosen: str
    of: int
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A person has taken the incident."""

    by: str
    via: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigated:
    """A verified change, or a person, says that users are served again."""

    by: str
    because: str
    run: str | None
    step: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relapsed:
    """What had been mitigated is not: an alert fired again, or a verified change was undone."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalmBegan:
    """Every alert has ended; the incident resolves at `until` if nothing fires before."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CalmBroken:
    """An alert fired within the hold time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentResolved:
    """The incident is over."""

    by: str
    because: str
    false_positive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """A criterion of a runbook, or the clock, asks for more people."""

    because: str
    run: str | None
    criterion: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOpened:
    """The incident has a channel."""

    platform: str
    channel: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelArchived:
    """The channel was archived."""

    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemWritten:
    """The postmortem was written; the digest is of the Markdown's bytes."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBegan:
    """A run of a runbook began; its own stream tells the rest."""

    run: str
    runbook: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """A run is over."""

    run: str
    outcome: str


IncidentEvent = (
    IncidentOpened
    | AlertFired
    | AlertResolved
    | AlertsTruncated
    | Gathered
    | Reopened
    | FlappingBegan
    | ChildHidden
    | Hidden
    | CameForward
    | SeverityChanged
    | LookedAgain
    | TargetAsked
    | TargetChosen
    | Acknowledged
    | Mitigated
    | Relapsed
    | CalmBegan
    | CalmBroken
    | IncidentResolved
    | Escalated
    | ChannelOpened
    | ChannelArchived
    | PostmortemWritten
    | RunBegan
    | RunEnded
)
