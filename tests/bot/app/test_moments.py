"""Moments: when the desk took up a delivery, by the clock of its events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.app.backtest.hindsight import NOBODY, Hindsight
from bot.app.backtest.moments import MOST, Moments, together
from bot.app.intake_units import judged
from incidents.correlation import PLACING
from incidents.events.incident import AlertFired, FactSeen
from incidents.facts import Known, Unknown
from incidents.incident_rules import fired
from incidents.journal import Delivery
from tests.bot.intake.desks import choose
from tests.builders import NOON, alert, judgement, policy

REAL = datetime(2026, 7, 1, tzinfo=UTC)
RATIO = FactSeen(name="error_ratio", value="0.3", unit="ratio", source="picker")


def delivery(number: int, received: float = 0.0, done: float | None = None) -> Delivery:
    """Return a delivery with its seconds by the store's clock."""
    return Delivery(
        inbox_id=number,
        source="alertmanager",
        body=b"",
        received_at=REAL + timedelta(seconds=received),
        done_at=None if done is None else REAL + timedelta(seconds=done),
    )


def test_where_no_event_knows_it_is_the_stores_moment() -> None:
    """In production the two clocks are one."""
    moments = Moments({})
    moments.learn([delivery(1, 0, 1)])

    assert moments.of(delivery(1, 0, 1)) == REAL + timedelta(seconds=1)
    assert moments.of(delivery(2, 5)) == REAL + timedelta(seconds=5)


def test_between_two_that_events_know_time_runs_evenly() -> None:
    """In a rehearsal a minute may be an hour: a threshold within ten minutes must mean the same."""
    moments = Moments({1: NOON, 3: NOON + timedelta(hours=1)})
    page = [delivery(1, 0, 0), delivery(2, 15, 15), delivery(3, 60, 60), delivery(4, 90, 90)]
    moments.learn(page)

    found = [moments.of(one) - NOON for one in page]
    assert found == [timedelta(minutes=minute) for minute in (0, 15, 60, 90)]


def test_what_came_before_and_after_those_pages_is_told_by_them() -> None:
    """A page of repetitions has no event of its own."""
    moments = Moments({1: NOON, 2: NOON + timedelta(hours=1)})
    moments.learn([delivery(1, 0, 0), delivery(2, 60, 60)])
    moments.learn([delivery(3, 120, 120)])

    assert moments.of(delivery(3, 120, 120)) == NOON + timedelta(hours=2)
    assert moments.of(delivery(0, -60, -60)) == NOON - timedelta(hours=1)


def test_two_moments_that_are_close_say_nothing_of_a_rate() -> None:
    """Of two appends in one millisecond one may come late: a day behind them must not be three."""
    moments = Moments({1: NOON, 2: NOON + timedelta(milliseconds=3)})
    moments.learn([delivery(1, 0, 0), delivery(2, 0.001, 0.001)])

    there = moments.of(delivery(3, 3600.001, 3600.001))
    assert there == NOON + timedelta(milliseconds=3, hours=1)


def test_what_was_there_before_the_first_was_done_is_taken_up_together() -> None:
    """After an hour without a desk the worst alert goes first, and not the oldest."""
    page = [delivery(1, 0, 10), delivery(2, 5, 11), delivery(3, 10.5, 12), delivery(4, 11, 12)]

    found = [[one.inbox_id for one in batch] for batch in together(page)]
    assert found == [[1, 2], [3, 4]]


def test_no_more_are_taken_up_together_than_the_desk_does() -> None:
    """A batch without an end would be another order than there was."""
    page = [delivery(number, 0, 10) for number in range(MOST + 1)]

    assert [len(batch) for batch in together(page)] == [MOST, 1]
    assert list(together([])) == []


def told(minutes: float, *seen: FactSeen, pod: str = "a") -> tuple[AlertFired, datetime]:
    """Return an alert that was judged by what was seen so many minutes after noon."""
    one = fired(judgement(facts=seen, fingerprint=pod))
    return one, NOON + timedelta(minutes=minutes)


def test_what_was_seen_of_another_alert_of_the_place_counts_for_half_a_minute() -> None:
    """A number of an hour ago is no number of now; a fact that was not seen is not known."""
    hindsight = Hindsight(PLACING)
    hindsight.fired(*told(0, RATIO))
    beside = replace(alert(fingerprint="b"), labels=dict(judgement().labels))
    one = judged(beside, policy=policy(), choose=choose)

    def known(seconds: float, name: str = "error_ratio") -> Known | Unknown:
        return hindsight.known(one, [name], NOON + timedelta(seconds=seconds))[name]

    assert known(20) == known(-20) == Known(value=0.3, unit="ratio", source="picker")
    assert known(40) == known(-40) == known(0, "waiting") == Unknown(why=NOBODY)


def test_what_was_seen_of_the_alert_itself_counts_until_it_is_seen_again() -> None:
    """Also that it could not be seen: then that decided."""
    hindsight = Hindsight(PLACING)
    away = FactSeen(name="error_ratio", value=None, unit="", source="away")
    hindsight.fired(*told(0, away))
    hindsight.fired(*told(10, RATIO))
    mine = alert(fingerprint="a", starts_at=judgement().starts_at)
    one = judged(mine, policy=policy(), choose=choose)

    found = [
        hindsight.known(one, ["error_ratio"], NOON + timedelta(minutes=minute))["error_ratio"]
        for minute in (5, 20)
    ]
    assert found == [Unknown(why="away"), Known(value=0.3, unit="ratio", source="picker")]
