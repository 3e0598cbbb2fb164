"""Ingest: deliveries kept per second over the whole path, and what they cost the server."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench import programs
from tests.bench.deliveries import delivery
from tests.bench.figures import Figure, Must, at_least, at_most
from tests.bench.places import POSTGRESQL, SQLITE, Places, Say
from tests.bench.served import Served, desk, doorway

NOWHERE = "none"
ALERTS = (1, 100)
REQUESTS = {1: 3000, 100: 200}
WARM_UP = 500
GROUPED, SINGLE = 6400, 6400
LONE = 1500
MICRO, MILLI = 1e6, 1e3

Values = Mapping[str, list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What stays the same from round to round."""

    places: Places
    urls: Mapping[str, str]
    servers: Mapping[str, Served]
    bodies: Mapping[int, Path]


def measure(places: Places, *, rounds: int, say: Say) -> list[Figure]:
    """Return P1 and P2; every round measures everything once, one after the other."""
    values: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        bench = _bench(places, stack)
        for server in bench.servers.values():
            programs.load(server, bench.bodies[1], requests=WARM_UP)
        for number in range(1, rounds + 1):
            say(f"ingest, round {number} of {rounds}")
            for name, value in _round(bench):
                values[name].append(value)
    return [*_sqlite(values), *_postgresql(values), *_against_nothing(values), *_cost(values)]


def _bench(places: Places, stack: ExitStack) -> Bench:
    urls = places.databases("ingest")
    servers = {
        store: stack.enter_context(desk(places.room(f"door-{store}"), url, roles="door"))
        for store, url in urls.items()
    }
    servers[NOWHERE] = stack.enter_context(doorway(places.room("doorway")))
    bodies = {alerts: places.folder / f"{alerts}.json" for alerts in ALERTS}
    for alerts, place in bodies.items():
        place.write_bytes(delivery(alerts))
    return Bench(places=places, urls=urls, servers=servers, bodies=bodies)


def _round(bench: Bench) -> Iterator[tuple[str, float]]:
    for store, url in bench.urls.items():
        yield f"{store} grouped", programs.grouped(url, bench.bodies[1], count=GROUPED)
    yield f"{SQLITE} lone", programs.lone(bench.urls[SQLITE], bench.bodies[1], count=LONE)
    single = programs.pgbench(
        bench.places.cluster, bench.urls[POSTGRESQL], bench.bodies[1], count=SINGLE
    )
    if single is not None:
        yield f"{POSTGRESQL} pgbench", single
    for alerts, body in bench.bodies.items():
        for store, server in bench.servers.items():
            loaded = programs.load(server, body, requests=REQUESTS[alerts])
            yield f"{store} rate {alerts}", loaded.rate
            yield f"{store} cpu {alerts}", loaded.cpu


def _sqlite(values: Values) -> Iterator[Figure]:
    yield _rate(values, SQLITE, against="lone writer", base="lone", must=at_least(1))
    yield _rate(values, SQLITE, against="64 writers, grouped", base="grouped")


def _postgresql(values: Values) -> Iterator[Figure]:
    must: Must | None = at_least(0.15)
    if f"{POSTGRESQL} pgbench" in values:
        yield _rate(values, POSTGRESQL, against="pgbench, 64 clients", base="pgbench", must=must)
        must = None
    yield _rate(values, POSTGRESQL, against="64 writers, grouped", base="grouped", must=must)


def _rate(
    values: Values, store: str, *, against: str, base: str, must: Must | None = None
) -> Figure:
    return Figure(
        goal="P1",
        name="durable ingest, 1 alert",
        store=store,
        unit="/s",
        values=values[f"{store} rate 1"],
        against=f"{against} ({_middle(values[f'{store} {base}'])}/s)",
        base=values[f"{store} {base}"],
        must=must,
    )


def _against_nothing(values: Values) -> Iterator[Figure]:
    for alerts in ALERTS:
        base = values[f"{NOWHERE} rate {alerts}"]
        for store in (SQLITE, POSTGRESQL):
            yield Figure(
                goal="P1",
                name=f"durable ingest, {_alerts(alerts)}",
                store=store,
                unit="/s",
                values=values[f"{store} rate {alerts}"],
                against=f"no storage ({_middle(base)}/s)",
                base=base,
            )


def _cost(values: Values) -> Iterator[Figure]:
    for alerts, unit, scale, must in (
        (1, "µs", MICRO, at_most(350)),
        (100, "ms", MILLI, at_most(4)),
    ):
        for store in (SQLITE, POSTGRESQL, NOWHERE):
            yield Figure(
                goal="P2",
                name=f"server CPU per webhook, {_alerts(alerts)}",
                store=store,
                unit=unit,
                values=[one * scale for one in values[f"{store} cpu {alerts}"]],
                must=None if store == NOWHERE else must,
            )


def _alerts(count: int) -> str:
    return "1 alert" if count == 1 else f"{count} alerts"


def _middle(values: list[float]) -> str:
    return f"{median(values):,.0f}".replace(",", " ")
