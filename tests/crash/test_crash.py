"""Kills the desk at every point of a short story; finds nothing, and finds what was planted."""

import itertools
import re
import subprocess
import time
from collections.abc import Iterator, Sequence

import pytest

from tests.crash.explorers import COMMAND, THEN, WORKERS, Explorers, Found, explorers, table
from tests.crash.faults import FAULTS, Fault

PARTS = 20
AROUND = 8
WITH = " with "
CHANGE = "before request: PATCH"
# What Slack tells of our own messages comes when it comes: one commit may hold two of them, so
# the last of these points are not there in every story.
LOOSE = ("commit: keep", "commit: inbox done")


@pytest.fixture(scope="module")
def points() -> Sequence[str]:
    """Return every point of the story, in order; the story itself must go well."""
    said = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout.splitlines()


@pytest.fixture(scope="module", name="explorers")
def running() -> Iterator[Explorers]:
    """Run one explorer per core."""
    with explorers() as running:
        yield running


@pytest.fixture(scope="module")
def told(points: Sequence[str], request: pytest.FixtureRequest) -> Iterator[list[Found]]:
    """Collect what was found, and print it as a table at the end."""
    found, started = list[Found](), time.monotonic()
    yield found
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(table(points, found, time.monotonic() - started))  # noqa: T201  # what was explored


@pytest.mark.parametrize("part", range(PARTS))
def test_no_point_loses_or_repeats_anything(
    part: int, points: Sequence[str], explorers: Explorers, told: list[Found]
) -> None:
    """Machines die between any two steps; people must find one of each, and nothing missing."""
    found = explorers.explore(points[part::PARTS])
    missed = [one["point"] for one in found if not one["killed"]]
    found += explorers.explore([point for point in missed if loose(point)])

    told.extend(found)
    assert [one for one in found if one["violations"]] == []
    assert [point for point in missed if not loose(point)] == []


def loose(point: str) -> bool:
    """Return whether another story may come to a point that this one did not have."""
    return any(word in point for word in LOOSE)


def test_a_desk_that_dies_twice_loses_and_repeats_nothing(
    points: Sequence[str], explorers: Explorers, told: list[Found]
) -> None:
    """What kills a machine often kills it again, while it makes good what the first time cost."""
    change = next(number for number, at in enumerate(points) if CHANGE in at)
    deaths = [
        f"{points[number]}{THEN}{again}"
        for number in (change - 1, change + 1)
        for again in (1, 2, 3, 5, 8)
    ]

    found = explorers.explore(deaths)

    told.extend(found)
    assert [one for one in found if one["violations"] or not one["killed"]] == []


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_planted_fault_is_found(points: Sequence[str], explorers: Explorers, fault: str) -> None:
    """A suite that finds nothing proves something only when it can find what is there."""
    planted = FAULTS[fault]
    near = next(number for number, at in enumerate(points) if planted.near in at)
    around = sorted(range(len(points)), key=lambda number: abs(number - near))[:AROUND]

    asked = [f"{points[number]}{WITH}{fault}" for number in around]
    pairs = (explorers.explore(asked[at : at + WORKERS]) for at in range(0, AROUND, WORKERS))
    said = list(itertools.takewhile(lambda one: not shown(planted, one), itertools.chain(*pairs)))

    assert len(said) < len(asked), f"{planted.shows!r} is said by none of {said}"


def shown(fault: Fault, found: Found) -> bool:
    """Return whether a fault was found by the words that it must be found by.

    A variant that raises or hangs is said to be wrong as well, in other words.
    """
    return any(re.fullmatch(fault.shows, violation) for violation in found["violations"])
