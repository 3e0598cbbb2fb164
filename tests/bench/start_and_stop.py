"""Start and stop: seconds until ready, memory at rest, and the end while deliveries come in."""

import sqlite3
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import psycopg

from tests.bench import programs
from tests.bench.deliveries import delivery
from tests.bench.figures import Figure, Must, at_most
from tests.bench.places import Places, Say
from tests.bench.served import desk
from tests.bench.watched_slack import WatchedSlack, watched_slack

REST_SECONDS = 0.5
UNDER_LOAD_SECONDS = 0.5
CONNECTIONS = 16
# More than can be answered before the end: the load lasts until the door closes.
ENDLESS = 50_000
# Both are configured, as in any installation, so that their clients are loaded; nobody answers.
NOT_THERE = {"kubernetes_url": "http://127.0.0.1:9", "prometheus_url": "http://127.0.0.1:9"}
TAKE_OVER = "take-over after SIGKILL"
COUNT = "SELECT count(*) FROM inbox"

# Figure -> its goal, its unit, and what is asked of it.
ASKED: Mapping[str, tuple[str, str, Must | None]] = {
    "start to ready": ("P13", "s", at_most(3)),
    "CPU of that start": ("P13", "s", None),
    "SIGTERM to the end, under load": ("P13", "s", at_most(5)),
    "acknowledged and lost": ("P13", "deliveries", at_most(0)),
    "answered 5xx while it stopped": ("P13", "deliveries", at_most(0)),
    TAKE_OVER: ("P13", "s", at_most(10)),
    "memory at rest": ("P9", "MiB", at_most(150)),
}


def measure(places: Places, *, rounds: int, say: Say) -> list[Figure]:
    """Return P13, and P9 at rest, of one process with all roles, for both stores.

    Two processes can lead one after the other where they share a server: on PostgreSQL.
    """
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    body = places.folder / "one.json"
    body.write_bytes(delivery(1))
    urls = places.databases("start")
    with watched_slack() as slack:
        for number in range(1, rounds + 1):
            say(f"start and stop, round {number} of {rounds}")
            for store, url in urls.items():
                room = places.room(f"start-{store}")
                for name, value in _once(room, url, body, slack).items():
                    values[store, name].append(value)
                if not url.startswith("sqlite"):
                    values[store, TAKE_OVER].append(_taken_over(places, url))
    return [
        _figure(store, name, values[store, name])
        for name in ASKED
        for store in urls
        if values[store, name]
    ]


def _once(room: Path, url: str, body: Path, slack: WatchedSlack) -> Mapping[str, float]:
    before, began = _kept(url), time.perf_counter()
    with desk(room, url, **NOT_THERE, **slack.settings(room)) as server:
        server.until_ready()
        ready, cpu = time.perf_counter() - began, server.cpu_seconds()
        time.sleep(REST_SECONDS)
        rss = server.rss_mib()
        with programs.generating(
            server, body, requests=ENDLESS, connections=CONNECTIONS
        ) as generating:
            time.sleep(UNDER_LOAD_SECONDS)
            ended = server.terminate()
            statuses = generating()["statuses"]
    lost = statuses.get("200", 0) - (_kept(url) - before)
    refused = sum(count for status, count in statuses.items() if status.startswith("5"))
    measured = (ready, cpu, ended, max(0, lost), refused, rss)
    return dict(zip((name for name in ASKED if name != TAKE_OVER), measured, strict=True))


def _taken_over(places: Places, url: str) -> float:
    """Return the seconds from the leader's death to the moment at which another one leads."""
    first, second = places.room("leader"), places.room("follower")
    with desk(first, url, roles="desk") as leader, desk(second, url, roles="desk") as follower:
        leader.until_leading("desk")
        leader.process.kill()
        died = time.perf_counter()
        follower.until_leading("desk")
        return time.perf_counter() - died


def _figure(store: str, name: str, values: list[float]) -> Figure:
    goal, unit, must = ASKED[name]
    # Losing anything once is losing: there the worst round counts, not the middle one.
    part = 0.5 if unit != "deliveries" else 1.0
    return Figure(
        goal=goal, name=name, store=store, unit=unit, values=values, quantile=part, must=must
    )


def _kept(url: str) -> int:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return int(connection.execute(COUNT).fetchone()[0])
    with psycopg.connect(url) as server:
        row = server.execute(COUNT).fetchone()
        return int(row[0]) if row else 0
