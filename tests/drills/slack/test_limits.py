"""Rate limits on an injected clock."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from drills.slack.limits import PACED, POST_BURST, Limits

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CREATE = "conversations.create"


def test_the_twenty_first_call_of_a_minute_must_wait() -> None:
    """conversations.create stands in the tier of twenty a minute."""
    limits = Limits()

    waits = [limits.wait(CREATE, "", NOW + timedelta(seconds=second)) for second in range(21)]

    assert waits == [None] * 20 + [40]


def test_one_method_does_not_use_up_another() -> None:
    """Slack counts per method: a busy create leaves the archive usable."""
    limits = Limits()
    for _ in range(20):
        limits.wait(CREATE, "", NOW)

    assert limits.wait("conversations.archive", "", NOW) is None


@given(st.lists(st.integers(min_value=0, max_value=3000), min_size=1, max_size=60))
def test_whoever_waits_as_told_gets_through(gaps) -> None:
    """A Retry-After that is too short would send a polite bot round in circles."""
    limits = Limits()
    now = NOW
    for gap in gaps:
        now += timedelta(milliseconds=gap)
        wait = limits.wait(PACED, "C1", now)
        if wait is not None:
            now += timedelta(seconds=wait)
            assert limits.wait(PACED, "C1", now) is None


@given(st.lists(st.integers(min_value=0, max_value=2500), min_size=1, max_size=80))
def test_posting_never_exceeds_one_a_second_and_a_burst(gaps) -> None:
    """Over any time the channel takes its seconds and the burst, and no more."""
    limits = Limits()
    now, posted = NOW, 0
    for gap in gaps:
        now += timedelta(milliseconds=gap)
        posted += limits.wait(PACED, "C1", now) is None

    assert posted <= (now - NOW).total_seconds() + POST_BURST


def test_the_limits_can_be_switched_off() -> None:
    """A drill that is not about limits should not wait for them."""
    limits = Limits()
    limits.tiers = limits.pacing = False

    waits = {limits.wait(method, "C1", NOW) for method in (CREATE, PACED) for _ in range(100)}

    assert waits == {None}
