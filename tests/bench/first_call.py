"""From a webhook to the first call of Slack: what the desk adds to Slack's own time."""

import http.client
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from tests.bench.deliveries import delivery
from tests.bench.figures import MEDIAN, Figure, at_most
from tests.bench.places import Places, Say
from tests.bench.served import TOKEN, Served, desk
from tests.bench.watched_slack import WatchedSlack, watched_slack

FIRST = "conversations.create"
# Slack's latency in seconds -> deliveries per round; a second is waited for in the first one only.
LATENCIES = {0.0: 4, 0.1: 2, 0.3: 1, 1.0: 1}
SLOWEST = max(LATENCIES)
QUIET_SECONDS = 0.5
MOST_IDLE_SECONDS = 0.3
WARM_UP = 2
MILLI = 1e3
HIGH = 0.99
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Seconds that the desk adds: before the first call, and between its answer and the next."""

    first: float
    second: float


def measure(places: Places, *, rounds: int, say: Say) -> list[Figure]:
    """Return P6 for both stores; deliveries come one by one to a desk that has nothing to do."""
    found: dict[tuple[str, float], list[Added]] = defaultdict(list)
    models = (f"model-{number}" for number in itertools.count(1))
    with ExitStack() as stack:
        desks = _desks(places, stack)
        for server, slack in desks.values():
            for _ in range(WARM_UP):
                _added(server, slack, next(models))
        for number in range(1, rounds + 1):
            say(f"webhook to first Slack call, round {number} of {rounds}")
            for latency, count in LATENCIES.items():
                if latency == SLOWEST and number > 1:
                    continue
                for store, (server, slack) in desks.items():
                    slack.delay = latency
                    found[store, latency] += [
                        _added(server, slack, next(models)) for _ in range(count)
                    ]
    return [
        figure
        for (store, latency), added in sorted(found.items())
        for figure in _figures(store, latency, added)
    ]


def _desks(places: Places, stack: ExitStack) -> dict[str, tuple[Served, WatchedSlack]]:
    desks = {}
    for store, url in places.databases("first_call").items():
        slack = stack.enter_context(watched_slack())
        room = places.room(f"first-call-{store}")
        server = stack.enter_context(desk(room, url, **slack.settings(room)))
        server.until_ready()
        desks[store] = (server, slack)
    return desks


def _added(server: Served, slack: WatchedSlack, model: str) -> Added:
    """Deliver one alert of a model that has no incident yet, and watch Slack."""
    slack.until_quiet(QUIET_SECONDS)
    # Whatever is looked at every so often must not be met at the same moment each time.
    time.sleep(random.uniform(0, MOST_IDLE_SECONDS))
    place = len(slack.calls)
    delivered = _deliver(server, delivery(1, model=model))
    number, first = slack.after(place, FIRST)
    _, second = slack.after(number + 1, "")
    assert first.answered is not None
    return Added(first=first.came - delivered, second=second.came - first.answered)


def _deliver(server: Served, body: bytes) -> float:
    """Post the body; return the moment at which its last byte had left."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("POST", "/webhooks/alertmanager", body=body, headers=HEADERS)
    sent = time.perf_counter()
    answer = connection.getresponse()
    assert answer.status == http.client.OK, answer.read()
    connection.close()
    return sent


def _figures(store: str, latency: float, added: Sequence[Added]) -> Iterator[Figure]:
    first, second = [one.first for one in added], [one.second for one in added]
    slow = f", Slack takes {latency * MILLI:.0f} ms" if latency else ""
    yield _figure(store, f"webhook to first Slack call{slow}, p50", first, bound=25)
    if not latency:
        yield _figure(store, "webhook to first Slack call, p99", first, bound=150, part=HIGH)
    yield _figure(store, f"its answer to the next call{slow}, p50", second)


def _figure(
    store: str,
    name: str,
    seconds: Sequence[float],
    *,
    bound: float | None = None,
    part: float = MEDIAN,
) -> Figure:
    return Figure(
        goal="P6",
        name=name,
        store=store,
        unit="ms",
        values=[one * MILLI for one in seconds],
        quantile=part,
        must=None if bound is None else at_most(bound),
    )
