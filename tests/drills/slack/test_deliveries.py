"""Envelopes on an injected clock: who is sent what again, and when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.slack.deliveries import ACK_WITHIN, Deliveries, Kind, State

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATE = ACK_WITHIN + timedelta(milliseconds=1)


def _lose(deliveries: Deliveries, now: datetime) -> datetime:
    """Send what is due and let its time run out; return the moment after."""
    for envelope in deliveries.due(now):
        deliveries.sent(envelope, now)
    deliveries.expire(now + LATE)
    return now + LATE


def test_an_event_is_sent_at_once_after_a_minute_and_after_five() -> None:
    """The bot may be down for minutes and still hear what was said, once per event id."""
    deliveries = Deliveries()
    deliveries.add(Kind.EVENT, {"event_id": "Ev1"}, NOW)
    waits = []
    now = NOW

    for _ in range(3):
        lost = _lose(deliveries, now)
        again = deliveries.all()[-1]
        waits.append(again.at - lost)
        now = again.at
    _lose(deliveries, now)

    assert waits == [timedelta(0), timedelta(minutes=1), timedelta(minutes=5)]
    assert deliveries.due(now + timedelta(days=1)) == ()
    assert [e.attempt for e in deliveries.all()] == [0, 1, 2, 3]
    assert {e.payload["event_id"] for e in deliveries.all()} == {"Ev1"}


@pytest.mark.parametrize("kind", [Kind.INTERACTIVE, Kind.COMMAND])
def test_what_a_person_did_is_sent_once(kind) -> None:
    """Slack sends no click twice: two clicks are two people, or one who pressed again."""
    deliveries = Deliveries()
    envelope = deliveries.add(kind, {}, NOW)

    _lose(deliveries, NOW)

    assert deliveries.due(NOW + timedelta(days=1)) == ()
    lost = deliveries.get(envelope.id)
    assert lost is not None
    assert (lost.state, lost.failure) == (State.FAILED, "operation_timeout")


@given(st.integers(min_value=0, max_value=6000))
def test_an_acknowledgement_counts_within_three_seconds_only(millis) -> None:
    """An answer that comes too late was not given: the person has already seen an error."""
    deliveries = Deliveries()
    envelope = deliveries.add(Kind.INTERACTIVE, {}, NOW)
    deliveries.sent(envelope, NOW)
    moment = NOW + timedelta(milliseconds=millis)

    taken = deliveries.acknowledge(envelope.id, None, moment)

    assert (taken is not None) == (moment - NOW <= ACK_WITHIN)


def test_an_envelope_is_acknowledged_once() -> None:
    """A second acknowledgement must not carry a second answer into the channel."""
    deliveries = Deliveries()
    envelope = deliveries.add(Kind.COMMAND, {}, NOW)
    deliveries.sent(envelope, NOW)

    first = deliveries.acknowledge(envelope.id, {"text": "one"}, NOW)
    second = deliveries.acknowledge(envelope.id, {"text": "two"}, NOW)

    assert first is not None
    assert first.answer == {"text": "one"}
    assert second is None


def test_an_acknowledged_event_is_not_sent_again() -> None:
    """Whoever acknowledged in time hears an event once."""
    deliveries = Deliveries()
    envelope = deliveries.add(Kind.EVENT, {}, NOW)
    deliveries.sent(envelope, NOW)
    deliveries.acknowledge(envelope.id, None, NOW)

    assert deliveries.expire(NOW + LATE) == ()
    assert len(deliveries.all()) == 1
