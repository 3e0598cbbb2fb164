"""Every query of the KV-cache story: the rehearsal's own samples, asked of both servers."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from cluster.targets.target import Target
from drills.installation import MODEL, NAMESPACE
from drills.prometheus import evaluate
from drills.prometheus.labels import NAME
from drills.prometheus.store import DISTANT, Store, moment
from drills.prometheus.values import Vector
from drills.rehearsal import GRID, Rehearsal
from drills.stories import named
from tests.queries import story_queries

pytestmark = pytest.mark.server

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
LENGTH = timedelta(minutes=40)
MOMENTS = (timedelta(minutes=1), timedelta(minutes=17, milliseconds=250), LENGTH)


@pytest.fixture(scope="module")
def told() -> Store:
    """Let the story run until its pods are short of blocks; nobody does anything about it."""
    rehearsal = Rehearsal(seed=1, start=START, now=lambda: START, story=named("kv-cache"))
    for index in range(1, LENGTH // GRID + 1):
        rehearsal.step(START + index * GRID)
    return rehearsal.store


def samples(store: Store) -> Iterator[tuple[Mapping[str, str], float, datetime]]:
    """Yield what was scraped; text has no way to say that a series ended, and alerts end."""
    for track in store.select((), -DISTANT, DISTANT):
        labels = dict(track.labels)
        if not labels[NAME].startswith("ALERTS"):
            assert not track.stale
            for at, value in zip(track.times, track.values, strict=True):
                yield labels, value, moment(at)


def queries(store: Store) -> tuple[str, ...]:
    """Return all questions of all signals about the decode pods, over the series of the story."""
    pods = sorted({dict(each).get("pod", "") for each in store.label_sets()})
    decode = tuple(pod for pod in pods if "decode" in pod)
    assert len(decode) > 1
    target = Target(
        cluster="local",
        namespace=NAMESPACE,
        kind="Deployment",
        name="decode",
        uid="1",
        model=MODEL,
        role="decode",
        pods=decode,
        roles=("decode", "prefill"),
    )
    return story_queries(target, names={dict(each)[NAME] for each in store.label_sets()})


def test_every_query_of_the_story_is_answered_the_same(
    real_prometheus: Callable[..., str],
    told: Store,
    same_instant: Callable[[str, Store, str, datetime], None],
) -> None:
    """The verdict `exhausted` in the drill must be the verdict in production."""
    server = real_prometheus(samples(told))
    for query in queries(told):
        for after in MOMENTS:
            same_instant(server, told, query, START + after)


def test_most_queries_of_the_story_have_an_answer(told: Store) -> None:
    """Two empty answers are equal for any evaluator."""
    at = START + LENGTH
    asked = queries(told)

    empty = [each for each in asked if evaluate.instant(told, each, at) == Vector()]

    assert len(empty) < len(asked) / 4, empty
