"""What is appended to the journal, and what is read back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum


class Aggregate(Enum):
    """The kinds of streams; a stream's name is `<aggregate>-<id>`, or `desk`."""

    INCIDENT = "incident"
    RUN = "run"
    APPROVAL = "approval"
    DESK = "desk"
    KEPT = "kept"
    SNOOZE = "snooze"
    SILENCE = "silence"
    SHADOW = "shadow"
    FOLLOW_UPS = "followups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event that is not yet recorded; `body` is the exact bytes that are hashed."""

    event_id: str
    kind: str
    schema: int
    body: bytes
    at: datetime
    cause: str | None = None
    correlation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event of the journal: versions have no gaps, positions may."""

    position: int
    stream: str
    version: int
    event_id: str
    append_id: str
    kind: str
    schema: int
    body: bytes
    at: datetime
    cause: str | None = None
    correlation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """Take the hold `(kind, key)`; `expires_at` is compared with the `at` of later appends."""

    kind: str
    key: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Release the hold `(kind, key)` if this stream has it; a free hold is no error."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold as it stands: `stream` took it."""

    kind: str
    key: str
    stream: str
    taken_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldAbsent:
    """Nobody has the hold (an expired one counts as absent)."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPresent:
    """Somebody has the hold; with `stream`, that stream has it."""

    kind: str
    key: str
    stream: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGranted:
    """The approval's summary says `granted` for exactly this digest, and `at` is not later."""

    approval: str
    digest: str
    not_after: datetime


BUDGET = "budget"
"""The kind of a conflict over a budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Fewer than `limit` appends have carried this key in the `window` before `at`."""

    key: str
    limit: int
    window: timedelta


Requirement = HoldAbsent | HoldPresent | ApprovalGranted | Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The row by which a stream is found, computed from its folded state.

    `state` is the aggregate's own word (`investigating`, `granted`, …); `digest` and `not_after`
    are an approval's; `next_due` is the moment of the aggregate's next timer, None where it has
    none.
    """

    stream: str
    aggregate: Aggregate
    version: int
    incident: int | None
    state: str
    title: str
    updated_at: datetime
    opened_at: datetime
    severity: str | None = None
    key: str | None = None
    closed_at: datetime | None = None
    next_due: datetime | None = None
    digest: str | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """One append: all of it happens, or nothing.

    `expected` is the stream's version before it; `inbox` names the inbox rows that are done with
    it; `append_id` makes it safe to send again: a known one returns the first result.
    """

    stream: str
    expected: int
    events: tuple[Draft, ...]
    summary: Summary
    append_id: str
    at: datetime
    take: tuple[Take, ...] = ()
    release: tuple[Release, ...] = ()
    require: tuple[Requirement, ...] = ()
    inbox: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """The result of an append; `repeated` when its append id was known already."""

    stream: str
    version: int
    position: int
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The desk-wide end of the chain: `mac` covers every event up to `position`."""

    position: int
    events: int
    mac: str
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first row at which the chain does not hold."""

    position: int
    stream: str
    version: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Bytes from outside, as they were kept; `key` is the sender's own id, where it has one.

    `received_at` and `done_at` are of the store's own clock, in real time.
    """

    inbox_id: int
    source: str
    body: bytes
    received_at: datetime
    key: str | None = None
    attempts: int = 0
    set_aside: str | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The bytes are committed; `repeated` when the same source and key had been kept before."""

    inbox_id: int
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What there should be outside, under a key that never changes its meaning.

    `lane` orders deliveries that must follow each other (one channel), `after` names keys that
    must have been sent first, `priority` is smaller for what is more urgent. `gist` is the digest
    of what matters of the body: two bodies with the same gist differ in what only counts. None
    where everything matters.
    """

    key: str
    kind: str
    lane: str
    body: bytes
    digest: str
    priority: int = 5
    after: tuple[str, ...] = ()
    gist: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calm:
    """Until when, in real time, something that was sent is not edited only because it counts.

    `edits` is how many edits in a row only counted.
    """

    until: datetime
    edits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An outbox row: what is wanted (`body`, `digest`), what there is (`remote`, `sent_digest`).

    `attempted_digest` and `attempted_at` are written before a request leaves: an item found so
    after a crash is looked for outside before it is sent again. `sent_gist` is the gist of what is
    outside, None where that is not known; `calm` is how long that rests.
    """

    key: str
    stream: str
    kind: str
    lane: str
    body: bytes
    digest: str
    priority: int
    after: tuple[str, ...]
    remote: Mapping[str, str] = field(default_factory=dict)
    sent_digest: str | None = None
    attempted_digest: str | None = None
    attempted_at: datetime | None = None
    attempts: int = 0
    not_before: datetime | None = None
    dead: str | None = None
    gist: str | None = None
    sent_gist: str | None = None
    calm: Calm | None = None

    @property
    def counts_only(self) -> bool:
        """Return whether what is wanted differs from what is outside only in what counts."""
        return self.gist is not None and self.gist == self.sent_gist
