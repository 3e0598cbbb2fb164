"""Who waits together is written together, and nobody loses by a neighbour."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from incidents.errors import Conflict, HoldConflict, Rejected, TriagedError, VersionConflict
from incidents.journal import Append, Appended, Take
from incidents.ports import Store
from tests.appends import append, draft

Opener = Callable[..., Store]
RACERS = 4
PROBLEMS = 20


@pytest.fixture
def racing(store_url: str, open_stores: Opener) -> Sequence[Store]:
    """Give each racer a store of its own, as a replica has; in memory there is only one.

    Within one store the pen writes one after the other, and nobody would race in the database.
    """
    if store_url == "memory:":
        return [open_stores(store_url)] * RACERS
    return [open_stores(store_url) for _ in range(RACERS)]


class Gate:
    """Stops the pen before its first COMMIT, so that the next batch can gather."""

    def __init__(self) -> None:
        self.points: list[str] = []
        self._reached, self._open = threading.Event(), threading.Event()

    def __call__(self, point: str) -> None:
        """Note the point and wait at the first one."""
        self.points.append(point)
        self._reached.set()
        self._open.wait(10)

    def gather(self, store: Store, requests: list[Append]) -> list[Appended | TriagedError]:
        """Append `requests` in one batch behind a first one; return what each caller hears."""
        with ThreadPoolExecutor(len(requests) + 1) as callers:
            first = callers.submit(store.journal.append, append("desk"))
            self._reached.wait(10)
            answers = []
            for number, request in enumerate(requests, start=1):
                answers.append(callers.submit(_answer, store, request))
                _until(lambda n=number: len(store.journal._pen._queue) >= n)  # type: ignore[attr-defined,misc] # looks inside the pen
            self._open.set()
            first.result(10)
            return [answer.result(10) for answer in answers]


def test_a_batch_in_which_one_loses_lives(database_url: str, open_stores: Opener) -> None:
    """32 callers share a transaction: one conflict must not be 32 retries."""
    gate = Gate()
    store = open_stores(database_url, before_commit=gate)
    take = (Take(kind="open_incident", key="kv"),)
    requests = [
        append("incident-1", take=take),
        append("incident-2", take=take),
        append("incident-3", 7),
        append("incident-4"),
        append("incident-4", 1),
    ]

    answers = gate.gather(store, requests)

    assert [type(answer) for answer in answers] == [
        Appended,
        HoldConflict,
        VersionConflict,
        Appended,
        Appended,
    ]
    assert gate.points == [
        "append desk-1",
        "append incident-1-1 incident-2-1 incident-3-8 incident-4-1 incident-4-2",
    ]
    assert store.journal.head().events == 4
    assert store.journal.verify() is None


def test_a_data_error_is_the_callers_own(database_url: str, open_stores: Opener) -> None:
    """What no database can keep is rejected alone; the batch is written again one by one."""
    gate = Gate()
    store = open_stores(database_url, before_commit=gate)
    poison = append("incident-2", events=(draft("lone \ud800 surrogate"),))

    answers = gate.gather(store, [append("incident-1"), poison, append("incident-3")])

    assert [type(answer) for answer in answers] == [Appended, Rejected, Appended]
    assert gate.points == ["append desk-1", "append incident-1-1", "append incident-3-1"]
    assert store.journal.summary("incident-2") is None
    assert store.journal.verify() is None


def test_racers_for_one_problem_open_exactly_one_incident(racing: Sequence[Store]) -> None:
    """With stream versions alone, several incidents were opened for 50 of 50 problems."""
    ready = Barrier(len(racing))

    def race(store: Store, request: Append) -> Appended | TriagedError:
        ready.wait(10)
        return _answer(store, request)

    with ThreadPoolExecutor(len(racing)) as racers:
        for problem in range(PROBLEMS):
            take = (Take(kind="open_incident", key=f"problem-{problem}"),)
            first = problem * len(racing) + 1
            requests = [append(f"incident-{first + n}", take=take) for n in range(len(racing))]
            answers = list(racers.map(race, racing, requests))

            kinds = sorted(type(answer).__name__ for answer in answers)
            assert kinds == ["Appended", *["HoldConflict"] * (len(racing) - 1)], answers
    assert racing[0].journal.head().events == PROBLEMS
    assert racing[0].journal.verify() is None


def test_racers_for_one_stream_write_gap_free_versions(racing: Sequence[Store]) -> None:
    """Each loser reads again and decides anew: in the end all are in, in one order."""

    def insist(store: Store, number: int) -> None:
        while True:
            known = store.journal.summary("incident-1")
            version = known.version if known else 0
            try:
                store.journal.append(append(expected=version, append_id=f"by-{number}"))
            except Conflict:
                continue
            return

    with ThreadPoolExecutor(len(racing)) as racers:
        list(racers.map(insist, [*racing] * 6, range(6 * len(racing))))

    versions = [event.version for event in racing[0].journal.read("incident-1")]
    assert versions == list(range(1, 6 * len(racing) + 1))
    assert racing[0].journal.verify() is None


def _answer(store: Store, request: Append) -> Appended | TriagedError:
    try:
        return store.journal.append(request)
    except TriagedError as error:
        return error


def _until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not true():
        pause.wait(0.001)
