"""A rehearsal's clock over HTTP: the world's rate, its steps, and its absence."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from bot.app.clock import ASK_EVERY, PATIENCE, world_clock
from bot.app.server import Server
from drills.clock import WorldClock, far_enough_in_the_past
from incidents.errors import Unavailable

START = far_enough_in_the_past()


@dataclass(slots=True)
class Place:
    """Where a world's clock is served; `says` stands in the place of the right answer."""

    clock: WorldClock
    seconds: float = 0.0
    says: Any = None

    def monotonic(self) -> float:
        """Return the seconds of this machine."""
        return self.seconds


@pytest.fixture
def place() -> Place:
    """Make a world that only steps."""
    return Place(clock=WorldClock(START, 0.0))


@pytest.fixture
def server(place: Place) -> Iterator[tuple[str, Server]]:
    """Serve the world's clock; give its address and what serves it."""
    app = FastAPI()

    @app.get("/clock")
    def clock() -> Any:
        moment, rate = place.clock.reading()
        return place.says or {"time": moment.isoformat(), "rate": rate}

    served = Server(app, host="127.0.0.1", port=0)
    yield f"http://127.0.0.1:{served.start()}/", served
    served.stop()


def test_a_world_that_steps_is_asked_each_time(place: Place, server: tuple[str, Server]) -> None:
    """A step must be seen at once, or the rehearsal waits for nothing."""
    clock = world_clock(server[0], monotonic=place.monotonic)

    first = clock()
    place.clock.advance(90)

    assert (first, clock()) == (START, START + timedelta(seconds=90))
    assert first.tzinfo is UTC


def test_a_running_world_is_followed_between_two_questions(
    place: Place, server: tuple[str, Server]
) -> None:
    """At a rate of 60 a second of life is a minute of the world."""
    place.says = {"time": START.isoformat(), "rate": 60.0}
    clock = world_clock(server[0], monotonic=place.monotonic)
    clock()

    place.seconds = ASK_EVERY / 2

    assert clock() == START + timedelta(seconds=60 * ASK_EVERY / 2)


def test_a_change_of_rate_never_turns_time_back(place: Place, server: tuple[str, Server]) -> None:
    """The world slows down while a person is asked; what was guessed ahead stays."""
    place.says = {"time": START.isoformat(), "rate": 60.0}
    clock = world_clock(server[0], monotonic=place.monotonic)
    clock()
    place.seconds = ASK_EVERY * 0.9
    ahead = clock()

    place.says = {"time": (START + timedelta(seconds=1)).isoformat(), "rate": 1.0}
    place.seconds = ASK_EVERY

    assert clock() == ahead
    place.seconds += 30
    place.says = {"time": (START + timedelta(seconds=31)).isoformat(), "rate": 1.0}
    assert clock() == START + timedelta(seconds=31)


def test_a_world_that_is_gone_runs_on_and_one_that_stood_is_not_guessed(
    place: Place, server: tuple[str, Server]
) -> None:
    """A rehearsal that lost its world must end, and not with a moment that never was."""
    address, served = server
    standing = world_clock(address, monotonic=place.monotonic)
    standing()
    place.says = {"time": START.isoformat(), "rate": 10.0}
    running = world_clock(address, monotonic=place.monotonic)
    running()

    served.stop()
    place.seconds = PATIENCE

    assert running() == START + timedelta(seconds=10 * PATIENCE)
    with pytest.raises(Unavailable, match="the world's clock at"):
        standing()


@pytest.mark.parametrize(
    "says",
    [
        pytest.param({"time": "noon", "rate": 1}, id="no-moment"),
        pytest.param({"time": "2026-01-01T00:00:00+00:00"}, id="no-rate"),
        pytest.param(["2026-01-01T00:00:00+00:00", 1], id="no-object"),
    ],
)
def test_an_answer_that_is_none_is_as_if_the_world_were_away(
    place: Place, server: tuple[str, Server], says: Any
) -> None:
    """The address of something else is a mistake to be told of, and no crash."""
    place.says = says

    with pytest.raises(Unavailable, match="the world's clock at"):
        world_clock(server[0], monotonic=place.monotonic)()
