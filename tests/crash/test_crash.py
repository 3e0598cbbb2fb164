"""Kills the desk at every point of a short story; finds nothing, and finds what was planted."""

import itertools
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.crash.explorers import COMMAND, Explorer, Found, explorer, table
from tests.crash.faults import FAULTS
from tests.crash.moments import distinct, twins

WORKERS = 2
PARTS = 8
BUDGET = 300.0
"""Seconds after which the twins of points that were killed are left out."""
AROUND = 8
THEN = " then "
CHANGE = "before request: PATCH"
# What Slack tells of our own messages comes when it comes: one commit may hold two of them.
LOOSE = ("commit: keep", "commit: inbox done")


@pytest.fixture(scope="module")
def points() -> Sequence[str]:
    """Return every point of the story, in order; the story itself must go well."""
    said = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout.splitlines()


@pytest.fixture(scope="module")
def explorers() -> Iterator[Sequence[Explorer]]:
    """Run one explorer per core."""
    with ExitStack() as running:
        yield [running.enter_context(explorer()) for _ in range(WORKERS)]


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
    part: int, points: Sequence[str], explorers: Sequence[Explorer], told: list[Found]
) -> None:
    """Machines die between any two steps; people must find one of each, and nothing missing."""
    until = time.monotonic() + BUDGET / PARTS
    musts, others = distinct(points)[part::PARTS], twins(points)[part::PARTS]

    with ThreadPoolExecutor(WORKERS) as pool:
        shares = [
            pool.submit(share, each, musts[number::WORKERS], others[number::WORKERS], until)
            for number, each in enumerate(explorers)
        ]
        found = [one for its in shares for one in its.result()]

    told.extend(found)
    missed = [one["point"] for one in found if not one["killed"]]
    assert [one for one in found if one["violations"]] == []
    assert [point for point in missed if not any(word in point for word in LOOSE)] == []


def share(
    explorer: Explorer, musts: Sequence[str], others: Sequence[str], until: float
) -> list[Found]:
    """Explore what must be, and what else there is time for."""
    more = itertools.takewhile(lambda _: time.monotonic() < until, others)
    return list(explorer.explore(itertools.chain(musts, more)))


def test_a_desk_that_dies_twice_loses_and_repeats_nothing(
    points: Sequence[str], explorers: Sequence[Explorer], told: list[Found]
) -> None:
    """What kills a machine often kills it again, while it makes good what the first time cost."""
    change = next(number for number, at in enumerate(points) if CHANGE in at)
    deaths = [
        f"{points[number]}{THEN}{again}"
        for number in (change - 1, change + 1)
        for again in (1, 2, 3, 5, 8)
    ]

    found = list(explorers[0].explore(deaths))

    told.extend(found)
    assert [one for one in found if one["violations"] or not one["killed"]] == []


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_planted_fault_is_found(points: Sequence[str], fault: str) -> None:
    """A suite that finds nothing proves something only when it can find what is there."""
    near = next(number for number, at in enumerate(points) if FAULTS[fault].near in at)
    around = sorted(range(len(points)), key=lambda number: abs(number - near))[:AROUND]

    with explorer("--fault", fault) as one:
        found = one.explore(points[number] for number in around)
        seen = next((each for each in found if each["violations"]), None)

    assert seen is not None, f"{fault} shows at none of {[points[number] for number in around]}"
