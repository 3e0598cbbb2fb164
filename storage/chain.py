"""The keyed chain: every event's seal covers the one before it, and the head covers all."""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from incidents.journal import Broken, Draft, Head, Recorded
from storage.columns import micros, to_bytes

GENESIS = bytes(32)
KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Where the desk-wide chain ends: the last position and the seal over everything up to it."""

    position: int
    mac: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An event with its seal and the id of the key that made it."""

    event: Recorded
    mac: bytes
    key_id: str


START = End(position=0, mac=GENESIS)


@dataclass(frozen=True, slots=True)
class Chain:
    """Seals events, digests texts and heads of one key; each use has a key of its own."""

    secret: bytes = field(repr=False)
    key_id: str = field(init=False)
    _events: bytes = field(init=False, repr=False)
    _heads: bytes = field(init=False, repr=False)
    _texts: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            message = f"the chain key has {len(self.secret)} bytes and needs {KEY_BYTES}"
            raise ValueError(message)
        for name in ("events", "heads", "texts"):
            object.__setattr__(self, f"_{name}", _mac(self.secret, f"triaged {name}".encode()))
        object.__setattr__(self, "key_id", _mac(self.secret, b"triaged key id").hex()[:8])

    def seal(self, event: Recorded, *, previous: bytes) -> Sealed:
        """Seal the event behind the `previous` seal of its stream (GENESIS for the first)."""
        mac = _mac(self._events, previous + _envelope(event) + event.body)
        return Sealed(event=event, mac=mac, key_id=self.key_id)

    def extend(self, end: End, sealed: Iterable[Sealed]) -> End:
        """Return the end of the desk-wide chain after these events."""
        position, mac = end.position, end.mac
        for one in sealed:
            position, mac = one.event.position, _mac(self._heads, mac + one.mac)
        return End(position=position, mac=mac)

    def digest(self, text: str) -> str:
        """Return the keyed digest under which a text is kept: 64 hexadecimal digits."""
        return _mac(self._texts, to_bytes(text)).hex()

    def digest_fits(self, digest: str, raw: bytes) -> bool:
        """Tell whether these bytes are those of the text that was given this digest."""
        return hmac.compare_digest(_mac(self._texts, raw).hex().encode(), to_bytes(digest))

    def head(self, end: End) -> Head:
        """Return the end as the port states it; positions have no gaps, so it counts events."""
        return Head(
            position=end.position, events=end.position, mac=end.mac.hex(), key_id=self.key_id
        )


def record(draft: Draft, *, position: int, stream: str, version: int, append_id: str) -> Recorded:
    """Return the draft as it stands in the journal."""
    return Recorded(
        position=position,
        stream=stream,
        version=version,
        event_id=draft.event_id,
        append_id=append_id,
        kind=draft.kind,
        schema=draft.schema,
        body=draft.body,
        at=draft.at,
        cause=draft.cause,
        correlation=draft.correlation,
    )


def verify(
    rows: Iterable[Sealed], *, chain: Chain, end: End | None, noted: Sequence[Head] = ()
) -> Broken | None:
    """Return the first row that does not fit, None when all do.

    `rows` come by position, `end` is the kept head, `noted` are heads that were noted elsewhere:
    only they show a tail that was cut off together with the head.
    """
    audit = _Audit(chain=chain, noted={head.position: head for head in noted})
    return next(audit.complaints(rows, end), None)


@dataclass(slots=True)
class _Audit:
    chain: Chain
    noted: dict[int, Head]
    end: End = START
    tails: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def complaints(self, rows: Iterable[Sealed], kept: End | None) -> Iterator[Broken]:
        for row in rows:
            if because := self._row(row):
                yield _broken(row.event, because)
            self._step(row)
            if because := self._note():
                yield _broken(row.event, because)
        if because := self._tail(kept):
            yield Broken(position=self.end.position + 1, stream="", version=0, because=because)

    def _row(self, row: Sealed) -> str | None:
        event, expected = row.event, self.end.position + 1
        version, previous = self.tails.get(event.stream, (0, GENESIS))
        if event.position != expected:
            return f"position {expected} is missing before this event"
        if event.version != version + 1:
            return f"version {version + 1} of {event.stream} is missing before this event"
        if not all(map(_bytes, (event.body, row.mac))):
            # SQLite gives back whatever type somebody wrote into the column.
            return "its bytes were replaced by something else"
        if row.key_id != self.chain.key_id:
            return f"it is sealed with key {row.key_id}, not with {self.chain.key_id}"
        sound = hmac.compare_digest(self.chain.seal(event, previous=previous).mac, row.mac)
        return None if sound else "its seal does not fit its content and what stands before it"

    def _step(self, row: Sealed) -> None:
        self.tails[row.event.stream] = (row.event.version, row.mac)
        self.end = self.chain.extend(self.end, (row,))

    def _note(self) -> str | None:
        head = self.noted.get(self.end.position)
        fits = head is None or hmac.compare_digest(head.mac, self.end.mac.hex())
        return None if fits else "the head noted at this position does not fit"

    def _tail(self, kept: End | None) -> str | None:
        last = max(self.noted, default=0)
        if last > self.end.position:
            return f"the journal ends here, and a head was noted at position {last}"
        if kept is None:
            return "the head of the journal is missing"
        if kept.position != self.end.position:
            return f"the journal ends here, and its head stands at position {kept.position}"
        sound = hmac.compare_digest(kept.mac, self.end.mac)
        return None if sound else "the head of the journal does not fit its events"


def _broken(event: Recorded, because: str) -> Broken:
    return Broken(
        position=event.position, stream=event.stream, version=event.version, because=because
    )


def _bytes(value: object) -> bool:
    return isinstance(value, bytes)


def _envelope(event: Recorded) -> bytes:
    # Lengths stand first: without them two different envelopes could give the same bytes.
    numbers = f"{event.position} {event.version} {event.schema} {micros(event.at)}"
    words = (event.stream, event.event_id, event.append_id, event.kind)
    ids = (event.cause, event.correlation)
    lengths = [str(len(word)) for word in words]
    lengths += ["-" if word is None else str(len(word)) for word in ids]
    parts = (numbers, *lengths, *words, *(word or "" for word in ids))
    return to_bytes("\n".join((*parts, "")))


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
