"""Builders of appends and outbox rows that name only what a test is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from incidents.journal import Aggregate, Append, Draft, Recorded, Summary, Wanted

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def later(seconds: float) -> datetime:
    """Return the moment so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def draft(event_id: str = "e", *, body: bytes = b"{}", at: datetime = NOON) -> Draft:
    """Return an event that is not yet recorded."""
    return Draft(event_id=event_id, kind="noted", schema=1, body=body, at=at)


def summary(stream: str = "incident-1", *, version: int = 1, **changes: object) -> Summary:
    """Return the summary of a stream; the aggregate and the incident stand in its name."""
    aggregate, _, number = stream.partition("-")
    plain = Summary(
        stream=stream,
        aggregate=Aggregate(aggregate),
        version=version,
        incident=int(number) if number else None,
        state="investigating",
        title="KV cache exhausted",
        updated_at=NOON,
        opened_at=NOON,
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def append(
    stream: str = "incident-1",
    expected: int = 0,
    *,
    append_id: str | None = None,
    bodies: tuple[bytes, ...] = (b"{}",),
    about: Summary | None = None,
    **changes: object,
) -> Append:
    """Return an append of one event per body, with an append id made of stream and version."""
    version = expected + len(bodies)
    plain = Append(
        stream=stream,
        expected=expected,
        events=tuple(
            draft(f"{stream}-{expected + n}", body=body) for n, body in enumerate(bodies, start=1)
        ),
        summary=about or summary(stream, version=version),
        append_id=append_id or f"append-{stream}-{expected}",
        at=NOON,
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def recorded(request: Append, *, position: int) -> list[Recorded]:
    """Return the events of an append as they stand in the journal from that position on."""
    return [
        Recorded(
            position=position + offset,
            stream=request.stream,
            version=request.expected + offset + 1,
            event_id=event.event_id,
            append_id=request.append_id,
            kind=event.kind,
            schema=event.schema,
            body=event.body,
            at=event.at,
            cause=event.cause,
            correlation=event.correlation,
        )
        for offset, event in enumerate(request.events)
    ]


def wanted(key: str, *, body: bytes = b"hello", **changes: object) -> Wanted:
    """Return what there should be outside; the digest follows the body."""
    plain = Wanted(key=key, kind="post", lane="INC-1", body=body, digest=f"digest of {body!r}")
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields
