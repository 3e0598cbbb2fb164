"""Many questions within one deadline, and each asked once for all who want to know."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from cluster.signals.answers import Row, Track, Trouble
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.promql import Promql
from cluster.signals.reading import NoData, Why
from cluster.signals.together import KEPT, MOST, Crew, Late, Once, Remembered, Together, bucket
from cluster.targets.target import Target

AT = datetime(2026, 3, 1, 12, 0, 3, tzinfo=UTC)
SHORT = timedelta(milliseconds=50)
LONG = timedelta(seconds=30)


class Slow:
    """A Prometheus that answers when it is let go, and notes what it was asked."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked: list[str] = []

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...] | Trouble:
        self.asked.append(query)
        assert self.let_go.wait(20)
        return ()

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        self.asked.append(query)
        return ()


@pytest.fixture
def slow() -> Iterator[Slow]:
    """Yield it, and let its threads end with the test."""
    made = Slow()
    yield made
    made.let_go.set()


class Timed:
    """A clock that a test moves, in seconds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_is_not_back_in_time_is_no_data(slow: Slow, target: Target) -> None:
    """An incident opens whatever Prometheus does, and says what it could not see."""
    found = PrometheusSignals(slow).read_many(
        ["kv_usage", "waiting"], target, at=AT, deadline=SHORT
    )

    assert found == {
        name: NoData(signal=name, why=Why.TIMEOUT, detail="no answer within 0.05 s")
        for name in ("kv_usage", "waiting")
    }


def test_no_more_threads_than_the_crew_has_ask_at_once(slow: Slow, target: Target) -> None:
    """A Prometheus that hangs must not collect a thread for every alert."""
    signals = PrometheusSignals(slow)
    before = threading.active_count()

    for namespace in range(30):
        at = AT + timedelta(minutes=namespace)
        signals.read_many(["kv_usage", "waiting"], target, at=at, deadline=timedelta())

    assert threading.active_count() - before <= 8


def test_a_crew_goes_home_when_there_is_nothing_to_do() -> None:
    """Threads that wait for work for ever keep what they know for ever."""
    crew = Crew(most=2)
    done = [threading.Event() for _ in range(9)]
    before = set(threading.enumerate())
    for each in done:
        crew.submit(each.set)
    assert all(each.wait(10) for each in done)

    for thread in set(threading.enumerate()) - before:
        thread.join(10)

    assert set(threading.enumerate()) <= before


def test_what_nobody_waits_for_is_not_asked() -> None:
    """A server that is slow is not helped by questions about a minute ago."""
    clock, held, asked = Timed(), threading.Event(), list[str]()
    together = Together[str, str](Crew(most=1), monotonic=clock)

    def hold() -> str:
        assert held.wait(10)
        return "held"

    together.ask({"first": hold}, deadline=timedelta())
    together.ask({"second": lambda: asked.append("second") or "2"}, deadline=timedelta())
    held.set()
    third = together.ask({"third": lambda: "3"}, deadline=LONG)

    assert third == {"third": "3"}
    assert asked == []
    assert together.ask({"second": lambda: "2"}, deadline=LONG) == {
        "second": Late(after=timedelta())
    }


def test_an_answer_is_given_again_for_seconds_and_not_for_longer() -> None:
    """What was so must not stay so."""
    clock, asked = Timed(), list[int]()
    together = Together[str, int](monotonic=clock)

    def count() -> int:
        asked.append(1)
        return len(asked)

    first = together.ask({"x": count}, deadline=LONG)
    clock.now += KEPT - 0.1
    again = together.ask({"x": count}, deadline=LONG)
    clock.now += 0.2
    later = together.ask({"x": count}, deadline=LONG)

    assert (first, again, later) == ({"x": 1}, {"x": 1}, {"x": 2})


def test_a_bug_reaches_whoever_asked() -> None:
    """It must not read as an answer that is late."""
    together = Together[str, float]()

    with pytest.raises(ZeroDivisionError):
        together.ask({"x": lambda: 1 / 0}, deadline=LONG)


def test_the_memory_is_bounded() -> None:
    """A storm over many targets must not be kept for ever."""
    clock = Timed()
    once = Once[int, int](clock)
    for key in range(MOST + 10):
        _, mine = once.future(key)
        assert mine

    assert len(once._kept) == MOST
    assert once.future(MOST + 9)[1] is False
    clock.now += KEPT
    assert once.future(-1)[1] is True
    assert len(once._kept) == 1


def test_a_prometheus_is_asked_the_same_thing_once_at_a_time(slow: Slow) -> None:
    """A thousand alerts on one target are one question."""
    remembered = Remembered(slow)
    threads = [
        threading.Thread(target=lambda: remembered.instant(Promql("up{}"), at=AT))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    slow.let_go.set()
    for thread in threads:
        thread.join(10)

    assert slow.asked == ["up{}"]
    assert remembered.instant(Promql("up{}"), at=AT + timedelta(seconds=1)) == ()
    assert remembered.range(Promql("r"), start=AT, end=AT, step=LONG) == ()
    assert slow.asked == ["up{}", "up{}", "r"]


def test_a_bucket_begins_at_or_before_its_moments() -> None:
    """An answer from the future would be about what has not happened."""
    assert bucket(AT) == AT.replace(second=0)
    assert bucket(AT.replace(second=5)) == AT.replace(second=5)
    assert bucket(AT.replace(second=9, microsecond=999_999)) == AT.replace(second=5)


def test_of_many_who_begin_at_once_one_asks_which_names_there_are(
    slow: Slow, target: Target
) -> None:
    """The question names every metric that there is: eight of them at once are a burden."""
    signals, together = PrometheusSignals(slow), threading.Barrier(9)

    def begin() -> None:
        together.wait(20)
        signals.read("waiting", target, at=AT)

    readers = [threading.Thread(target=begin) for _ in range(8)]
    for each in readers:
        each.start()
    together.wait(20)
    while not slow.asked:
        threading.Event().wait(0.01)
    threading.Event().wait(0.2)
    slow.let_go.set()
    for each in readers:
        each.join(20)

    assert len([query for query in slow.asked if "__name__=~" in query]) == 1
