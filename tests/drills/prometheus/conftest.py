"""A store filled from series in the notation of Prometheus' own rule tests."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from drills.prometheus import evaluate, language
from drills.prometheus.labels import NAME
from drills.prometheus.matchers import Operation
from drills.prometheus.store import Store
from drills.prometheus.tree import Selector
from drills.prometheus.values import Scalar, Vector
from drills.prometheus.windows import Release

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

# None: no sample; "stale": the series ends here.
Values = Sequence[float | str | None]
Filled = Callable[..., Store]
Ask = Callable[..., dict[str, float]]


@pytest.fixture
def start() -> datetime:
    return START


@pytest.fixture
def filled() -> Filled:
    """Return a function that fills a store: `{series: values}`, one value every `every`."""

    def fill(series: Mapping[str, Values], every: timedelta = timedelta(seconds=15)) -> Store:
        store = Store()
        for text, values in series.items():
            for index, value in enumerate(values):
                at = START + index * every
                if value == "stale":
                    store.end(labels(text), at)
                elif value is not None:
                    store.append(labels(text), float(value), at)
        return store

    return fill


@pytest.fixture
def ask() -> Ask:
    """Return a function that asks at a time after the start; elements by their label text."""

    def instant(
        store: Store, expr: str, after: timedelta, release: Release = Release.V3
    ) -> dict[str, float]:
        value = evaluate.instant(store, expr, START + after, release=release)
        if isinstance(value, Scalar):
            return {"": value.value}
        assert isinstance(value, Vector)
        return {written(dict(each.labels)): each.value for each in value.samples}

    return instant


def labels(series: str) -> dict[str, str]:
    """Read `name{label="value"}`."""
    node = language.read(series)
    assert isinstance(node, Selector)
    assert all(each.operation is Operation.EQUAL for each in node.matchers)
    return {each.name: each.value for each in node.matchers}


def written(found: dict[str, str]) -> str:
    """Write a label set so that a test can be read aloud: `name{a=b,c=d}` or `a=b`."""
    name = found.pop(NAME, "")
    rest = ",".join(f"{key}={value}" for key, value in sorted(found.items()))
    return f"{name}{{{rest}}}" if name else rest
