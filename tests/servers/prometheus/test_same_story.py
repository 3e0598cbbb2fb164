"""Every query of the KV-cache story: the rehearsal's own samples, asked of both servers.

The real server is 2.42, so all that has a sample on the border of a window is compared with the
borders of `Release.V2`. The rehearsal plays `Release.V3`, whose range selectors and look-back are
left-open, and whose rates of young counters are extrapolated less; those two differences are held
against worked examples in tests/drills/prometheus/test_windows.py. Between scrapes, and where no
counter is younger than a window, both releases answer the story's queries alike, so there V3 is
compared here too.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from statistics import mean

import pytest

from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from cluster.signals.catalogue import SIGNALS
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.promql import Promql
from cluster.signals.questions import questions
from cluster.signals.signal import metrics_by_place
from cluster.signals.signals import Samples
from cluster.targets.target import Target
from drills.prometheus import evaluate
from drills.prometheus.labels import NAME
from drills.prometheus.store import DISTANT, Store, moment
from drills.prometheus.values import Vector
from drills.prometheus.windows import Release
from tests.queries import story_queries
from tests.servers.prometheus.story import BETWEEN, PROVEN, Span, Told, telling

pytestmark = pytest.mark.server

READ = tuple(dict.fromkeys(one.signal for one in PROVEN.expect))


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    with telling() as story:
        yield story


@pytest.fixture(scope="module")
def server(real_prometheus: Callable[..., str], told: Told) -> str:
    return real_prometheus(samples(told.store))


def samples(store: Store) -> Iterator[tuple[Mapping[str, str], float, datetime]]:
    """Yield what was scraped; text has no way to say that a series ended, and alerts end."""
    for track in store.select((), -DISTANT, DISTANT):
        labels = dict(track.labels)
        if not labels[NAME].startswith("ALERTS"):
            assert not track.stale
            for at, value in zip(track.times, track.values, strict=True):
                yield labels, value, moment(at)


def names(store: Store) -> frozenset[str]:
    return frozenset(dict(each)[NAME] for each in store.label_sets())


def read_over_ranges(store: Store, target: Target) -> tuple[Promql, ...]:
    """Return what `read_range` may ask for the signals of the proof, in every way that exists."""
    known = metrics_by_place(SIGNALS.values())
    there = {place: names(store).intersection(listed) for place, listed in known.items()}
    ways = [way for each in READ for way in questions(SIGNALS[each], target, names=there)]
    return tuple(query for way in ways for query in (way.whole().query, way.newest()))


def test_the_story_goes_from_four_pods_to_six(told: Told) -> None:
    """Otherwise all that is compared below would be the time before the scale."""
    assert (len(told.before.pods), len(told.after.pods)) == (4, 6)
    assert set(told.before.pods) < set(told.after.pods)


def test_every_query_of_the_story_is_answered_the_same(
    server: str, told: Told, same_instant: Callable[[str, Store, str, datetime], None]
) -> None:
    """The verdict `exhausted` in the drill must be the verdict in production."""
    for at, target in told.moments.items():
        for query in story_queries(target, names=names(told.store)):
            same_instant(server, told.store, query, at)


def test_most_queries_of_the_story_have_an_answer(told: Told) -> None:
    """Two empty answers are equal for any evaluator."""
    for at, target in told.moments.items():
        asked = story_queries(target, names=names(told.store))

        empty = [each for each in asked if evaluate.instant(told.store, each, at) == Vector()]

        assert len(empty) < len(asked) / 4, (at, empty)


def test_between_scrapes_the_release_of_the_rehearsal_answers_the_same(told: Told) -> None:
    """What is compared above with the borders of V2 then holds for the V3 that is rehearsed."""
    for at in (told.pressed, told.windows[1][1] + BETWEEN):
        target = told.before if at == told.pressed else told.after

        assert differing(told.store, target, at) == {}


def test_only_rates_of_young_counters_tell_the_releases_apart(told: Told) -> None:
    """A counter that is younger than the window is extrapolated less in V3, and never more."""
    found = differing(told.store, told.after, told.young)
    tokens = [query for query in found if query.startswith("sum (rate(vllm:generation_tokens")]

    assert all("rate(" in query for query in found)
    assert len(tokens) == 1
    (newer,), (older,) = (each.samples for each in found[tokens[0]])
    assert 0.98 * older.value < newer.value < older.value


def differing(store: Store, target: Target, at: datetime) -> Mapping[str, tuple[Vector, Vector]]:
    """Return the queries that V3 and V2 answer otherwise at this moment, with both answers."""
    found = {}
    for query in story_queries(target, names=names(store)):
        newer = evaluate.instant(store, query, at)
        older = evaluate.instant(store, query, at, release=Release.V2)
        # As text, so that NaN is NaN.
        if repr(newer) != repr(older):
            found[query] = newer, older
    return found


@pytest.mark.parametrize("release", Release)
def test_every_range_that_verification_reads_is_answered_the_same(
    server: str, told: Told, same_range: Callable[..., None], release: Release
) -> None:
    """`Verified` rests on these ranges, before the scale and after it."""
    for target, span in zip((told.before, told.after), told.windows, strict=True):
        asked = between(span) if release is Release.V3 else span
        for query in read_over_ranges(told.store, target):
            same_range(server, told.store, query, asked, release=release)


def test_verification_reads_the_same_samples_from_both(server: str, told: Told) -> None:
    """The client, the way that is chosen and the judgement of freshness stand between as well."""
    for target, span in zip((told.before, told.after), told.windows, strict=True):
        theirs, ours = read(server, target, span), read(told.address, target, span)

        assert theirs.keys() == ours.keys() == set(READ)
        for name, points in ours.items():
            assert len(points) >= PROVEN.samples
            assert theirs[name] == pytest.approx(points, rel=1e-9, abs=1e-12)


def test_the_real_server_proves_the_change(server: str, told: Told) -> None:
    """Two flat lines are equal too: what was beyond its bound must have come back within it."""
    before = read(server, told.before, told.windows[0])
    after = read(server, told.after, told.windows[1])

    for one in PROVEN.expect:
        assert one.at_most is not None
        assert mean(after[one.signal].values()) <= one.at_most < mean(before[one.signal].values())


def between(span: Span) -> Span:
    start, end, step = span
    return start + BETWEEN, end + BETWEEN, step


def read(address: str, target: Target, span: Span) -> Mapping[str, Mapping[datetime, float]]:
    """Return what verification reads over a window, by signal; what has no samples is left out."""
    start, end, step = span
    with closing(PrometheusClient(address, session=PrometheusSession())) as client:
        signals = PrometheusSignals(client)
        found = {
            name: signals.read_range(name, target, start=start, end=end, step=step) for name in READ
        }
    return {name: dict(one.points) for name, one in found.items() if isinstance(one, Samples)}
