"""The pen groups what waits, bounds it, and answers everybody."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from incidents.errors import Conflict, Rejected, TriagedError, Unavailable
from storage.pen import Bounds, Pen

BOUNDS = Bounds(batch=3, batch_bytes=100, waiting=5, waiting_bytes=200)


class Book:
    """Takes down batches; waits at the gate; numbers below zero are poison."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.away = False

    def write(self, batch: Sequence[int]) -> Sequence[int | TriagedError]:
        """Answer twice the number, a conflict for zero."""
        self.entered.set()
        self.gate.wait(10)
        self.batches.append(list(batch))
        if self.away:
            message = "away"
            raise Unavailable(message)
        if min(batch) < 0:
            message = "poison"
            raise Rejected(message)
        return [number * 2 if number else Conflict() for number in batch]


@contextmanager
def pen(book: Book, *, weight: int = 1) -> Iterator[Pen[int, int]]:
    """Open a pen whose thread ends with the block."""
    made: Pen[int, int] = Pen("test", write=book.write, weigh=lambda _: weight, bounds=BOUNDS)
    try:
        yield made
    finally:
        book.gate.set()
        assert made.close(timeout=5)


def test_what_waits_is_written_together_and_in_order() -> None:
    """One fsync for all of them: that is where the speed comes from."""
    book = Book()
    with pen(book) as made:
        futures = [made.submit(1)]
        book.entered.wait(5)
        futures += [made.submit(number) for number in (2, 3, 4, 5)]
        book.gate.set()

        assert [future.result(5) for future in futures] == [2, 4, 6, 8, 10]
    assert book.batches == [[1], [2, 3, 4], [5]]


def test_a_batch_is_bounded_in_bytes_and_never_empty() -> None:
    """Ten bodies of 10 MiB must not become one statement; one of 20 MiB must still go."""
    book = Book()
    with pen(book, weight=60) as made:
        futures = [made.submit(1)]
        book.entered.wait(5)
        futures += [made.submit(number) for number in (2, 3)]
        book.gate.set()
        for future in futures:
            future.result(5)
    assert book.batches == [[1], [2], [3]]


def test_one_conflict_is_one_callers_own() -> None:
    """The others' answers are results."""
    book = Book()
    with pen(book) as made:
        first = made.submit(1)
        book.entered.wait(5)
        loser, winner = made.submit(0), made.submit(2)
        book.gate.set()

        assert (first.result(5), winner.result(5)) == (2, 4)
        with pytest.raises(Conflict):
            loser.result(5)


def test_poison_is_found_by_writing_one_by_one() -> None:
    """The database refuses the whole batch and does not say for whom."""
    book = Book()
    with pen(book) as made:
        first = made.submit(1)
        book.entered.wait(5)
        futures = [made.submit(number) for number in (2, -3, 4)]
        book.gate.set()

        assert [first.result(5), futures[0].result(5), futures[2].result(5)] == [2, 4, 8]
        with pytest.raises(Rejected, match="poison"):
            futures[1].result(5)
    assert book.batches == [[1], [2, -3, 4], [2], [-3], [4]]


def test_a_store_that_is_away_is_not_asked_once_per_caller() -> None:
    """Thirty timeouts one after the other would outlast every caller's patience."""
    book = Book()
    book.away = True
    with pen(book) as made:
        first = made.submit(1)
        book.entered.wait(5)
        futures = [made.submit(number) for number in (2, 3)]
        book.gate.set()

        errors = [future.exception(5) for future in (first, *futures)]
    assert [type(error) for error in errors] == [Unavailable] * 3
    assert len({id(error) for error in errors}) == 3
    assert book.batches == [[1], [2, 3]]


def test_a_full_queue_says_so_at_once() -> None:
    """Memory is bounded: the sender repeats later, and is told so within a moment."""
    book = Book()
    with pen(book) as made:
        first = made.submit(1)
        book.entered.wait(5)
        accepted = [made.submit(2) for _ in range(5)]
        refused = made.submit(3)

        assert isinstance(refused.exception(0), Unavailable)
        book.gate.set()
        assert [future.result(5) for future in (first, *accepted)] == [2, 4, 4, 4, 4, 4]


def test_a_caller_that_gave_up_is_not_written() -> None:
    """It was told Unavailable and will send again."""
    book = Book()
    with pen(book) as made:
        made.submit(1)
        book.entered.wait(5)
        late = made.submit(2)
        assert late.cancel()
        book.gate.set()
        assert made.submit(3).result(5) == 6
    assert [2] not in book.batches
    assert all(2 not in batch for batch in book.batches)


def test_closing_drains_and_then_refuses() -> None:
    """What was accepted is written, what comes later is not."""
    book = Book()
    with pen(book) as made:
        waiting = [made.submit(number) for number in (1, 2)]
        book.gate.set()
        assert made.close(timeout=5)
        late = made.submit(3)

    assert [future.result(0) for future in waiting] == [2, 4]
    assert isinstance(late.exception(0), Unavailable)


def test_closing_says_when_the_thread_hangs() -> None:
    """The owner cuts the connection then; it must not wait for ever."""
    book = Book()
    with pen(book) as made:
        made.submit(1)
        book.entered.wait(5)

        assert made.close(timeout=0.01) is False
