"""The store: order, repeats, retention, look-ups, and many threads."""

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from drills.prometheus.errors import OutOfOrder
from drills.prometheus.matchers import Matcher, Operation
from drills.prometheus.store import APPENDS_BETWEEN_SWEEPS, Store, milliseconds

SECOND = timedelta(seconds=1)
SERIES = {"__name__": "m", "pod": "a"}
BY_NAME = (Matcher(name="__name__", operation=Operation.EQUAL, value="m"),)
ALWAYS = (-(1 << 62), 1 << 62)


def test_an_older_sample_is_refused(start: datetime) -> None:
    """A clock that runs backwards must be seen, not averaged away."""
    store = Store()
    store.append(SERIES, 1, start)

    with pytest.raises(OutOfOrder, match="is not after"):
        store.append(SERIES, 2, start - SECOND)


def test_the_same_sample_twice_is_one(start: datetime) -> None:
    """Rules that meet a round again write what they wrote."""
    store = Store()
    store.append(SERIES, 1, start)
    store.append(SERIES, 1, start)

    with pytest.raises(OutOfOrder):
        store.append(SERIES, 2, start)
    assert [track.values for track in store.select(BY_NAME, *ALWAYS)] == [[1]]


def test_a_series_needs_a_name(start: datetime) -> None:
    """Nothing could select it."""
    with pytest.raises(ValueError, match="metric name"):
        Store().append({"pod": "a"}, 1, start)


def test_an_empty_label_is_no_label(start: datetime) -> None:
    """Prometheus knows no difference, so a join over it must not either."""
    store = Store()
    store.append({**SERIES, "zone": ""}, 1, start)

    assert store.label_sets() == [(("__name__", "m"), ("pod", "a"))]


def test_old_samples_and_ended_series_are_forgotten(start: datetime) -> None:
    """A world that runs for days at sixty times the speed of life must fit in memory."""
    store = Store(keep=timedelta(minutes=10), limit=50)
    store.append({"__name__": "gone"}, 1, start)
    for index in range(APPENDS_BETWEEN_SWEEPS):
        store.append(SERIES, index, start + index * SECOND)

    tracks = store.select(BY_NAME, *ALWAYS)
    assert len(tracks[0].times) <= 51
    assert store.label_sets() == [(("__name__", "m"), ("pod", "a"))]


def test_a_reader_keeps_what_it_read(start: datetime) -> None:
    """All steps of a query see the same samples."""
    store = Store()
    store.append(SERIES, 1, start)
    before = store.select(BY_NAME, *ALWAYS)
    store.append(SERIES, 2, start + SECOND)

    assert [track.values for track in before] == [[1]]


def test_nan_is_a_value_and_stale_is_none(start: datetime) -> None:
    """An engine that reports NaN is there; one that vanished is not."""
    store = Store()
    store.append(SERIES, math.nan, start)
    store.end({"__name__": "m", "pod": "b"}, start)

    assert [track.stale for track in store.select(BY_NAME, *ALWAYS)] == [False, True]


def test_a_look_up_knows_its_time(start: datetime) -> None:
    """The era of an install is read from the names that are there now."""
    store = Store()
    store.append(SERIES, 1, start)

    at = milliseconds(start)
    assert store.label_sets((), at, at) == [(("__name__", "m"), ("pod", "a"))]
    assert store.label_sets((), at + 1, at + 2) == []


def test_threads_append_and_read_together(start: datetime) -> None:
    """The world writes while the bot asks."""
    store = Store()

    def write(pod: int) -> None:
        for index in range(300):
            store.append({"__name__": "m", "pod": str(pod)}, index, start + index * SECOND)
            store.select(BY_NAME, *ALWAYS)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))

    assert [len(track.times) for track in store.select(BY_NAME, *ALWAYS)] == [300] * 4
