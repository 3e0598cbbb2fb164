"""A storm: ten thousand alerts of four models, and as the very last one a P0 of a fifth."""

import hashlib
import json
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any  # what a program printed as JSON

import psycopg

from tests.alert_webhooks.bodies import alert, body
from tests.bench import prometheus
from tests.bench.deliveries import ANNOTATIONS
from tests.bench.figures import Figure, Must, at_most
from tests.bench.places import Places, Say
from tests.bench.served import ROOT, TOKEN, Served, desk, started
from tests.bench.watched_slack import WatchedSlack, watched_slack

ALERTS, TOGETHER, MODELS = 10_000, 10, 4
SHORT_SECONDS, WHOLE_SECONDS = 10.0, 60.0
SETTLED_SECONDS = 120.0
QUIET_SECONDS = 3.0
MINUTE = 60.0
MILLI = 1e3
CREATE = "conversations.create"
HANDLED = "SELECT count(*) FROM holds WHERE kind = 'occurrence'"
INCIDENTS = "SELECT count(*) FROM holds WHERE kind = 'open_incident'"
# Figure -> its goal, its unit, what is asked of it, and the quantile of the rounds that counts.
ASKED: Mapping[str, tuple[str, str, Must | None]] = {
    "acknowledgement, p99": ("P4", "ms", at_most(250)),
    "not answered 2xx": ("P4", "deliveries", at_most(0)),
    "last alert sent to all in incidents": ("P4", "s", at_most(10)),
    "P0, the last of all, to its first Slack call": ("P5", "s", at_most(1)),
    "channels": ("P5", "", at_most(5)),
    "incidents": ("P5", "", None),
    "Slack calls in the busiest minute": ("P5", "", at_most(40)),
    "questions to Prometheus": ("P5", "", None),
    "memory that it grew by": ("P9", "MiB", at_most(64)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """What a storm is let loose on."""

    server: Served
    slack: WatchedSlack
    prometheus: int
    url: str


def measure(
    places: Places, *, rounds: int, say: Say, seconds: float = SHORT_SECONDS
) -> list[Figure]:
    """Return P4 and P5; one round for each store, since a storm leaves a desk full of it."""
    del rounds
    values: dict[tuple[str, str], float] = {}
    bodies = _bodies(places.folder / "storm-bodies")
    for store, url in places.databases(f"storm_{seconds:.0f}").items():
        say(f"a storm of {ALERTS} alerts in {seconds:.0f} s, {store}")
        with ExitStack() as stack:
            room = places.room(f"storm-{seconds:.0f}-{store}")
            storm = _storm(stack, room, url)
            for name, value in _once(storm, bodies, seconds):
                values[store, name] = value
    return [
        Figure(
            goal=goal,
            name=f"storm in {seconds:.0f} s: {name}",
            store=store,
            unit=unit,
            values=[values[store, name]],
            must=must,
        )
        for name, (goal, unit, must) in ASKED.items()
        for store in dict.fromkeys(store for store, _ in values)
    ]


whole = partial(measure, seconds=WHOLE_SECONDS)
"""The storm in its own minute."""


def _storm(stack: ExitStack, room: Path, url: str) -> Storm:
    slack = stack.enter_context(watched_slack())
    words: list[str | Path] = [sys.executable, "-m", "tests.bench.prometheus"]
    (room / "prometheus").mkdir()
    asked = stack.enter_context(started(words, room / "prometheus", environment={}))
    address = f"http://127.0.0.1:{asked.port}"
    # As it is delivered, with the pace and the bound that it keeps: they are part of the figure.
    settings = {**slack.settings(room), "prometheus_url": address}
    del settings["slack_post_gap"], settings["slack_calls"]
    server = stack.enter_context(desk(room, url, **settings))
    server.until_ready()
    slack.until_quiet(QUIET_SECONDS)
    return Storm(server=server, slack=slack, prometheus=asked.port, url=url)


def _once(storm: Storm, bodies: Path, seconds: float) -> Iterator[tuple[str, float]]:
    before, rss = len(storm.slack.calls), storm.server.rss_mib()
    asked = prometheus.asked(storm.prometheus)
    said = _pour(storm.server, bodies, seconds)
    last = float(said["last"])
    settled = _until_handled(storm.url, last)
    latencies = sorted(said["latencies"])
    _until_created(storm.slack, last)
    calls = _until_calm(storm.slack, before)
    created = [call for call in calls if call.method == CREATE]
    yield "acknowledgement, p99", latencies[int(0.99 * len(latencies))] * MILLI
    yield "not answered 2xx", sum(n for status, n in said["statuses"].items() if status != "200")
    yield "last alert sent to all in incidents", settled
    first = [call.came - last for call in created if call.came > last]
    yield "P0, the last of all, to its first Slack call", min(first, default=float("inf"))
    yield "channels", len(created)
    yield "incidents", _count(storm.url, INCIDENTS)
    yield "Slack calls in the busiest minute", _busiest([call.came for call in calls])
    yield "questions to Prometheus", prometheus.asked(storm.prometheus) - asked
    yield "memory that it grew by", storm.server.rss_mib() - rss


def _pour(server: Served, bodies: Path, seconds: float) -> Any:
    options = {"port": server.port, "token": TOKEN, "bodies": bodies, "seconds": seconds}
    words = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "tests.bench.pour", *words]
    ran = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE)
    return json.loads(ran.stdout)


def _until_handled(url: str, last: float) -> float:
    """Return the seconds from the last delivery until every alert is in an incident."""
    until = time.monotonic() + SETTLED_SECONDS
    while _count(url, HANDLED) < ALERTS + 1:
        if time.monotonic() > until:
            return float("inf")
        time.sleep(0.1)
    return max(0.0, time.perf_counter() - last)


def _until_created(slack: WatchedSlack, last: float) -> None:
    """Wait for the channel of what came last: a desk in a storm may be silent for a while."""
    until = time.monotonic() + MINUTE
    while time.monotonic() < until:
        if any(call.method == CREATE and call.came > last for call in list(slack.calls)):
            return
        time.sleep(QUIET_SECONDS / 10)


def _until_calm(slack: WatchedSlack, before: int) -> list[Any]:
    """Return the calls of Slack since then: those of a minute more, until nothing comes.

    What the desk keeps back in a storm leaves later, and must not be overlooked.
    """
    time.sleep(MINUTE)
    until = time.monotonic() + MINUTE
    known = -1
    while known != len(slack.calls) and time.monotonic() < until:
        known = len(slack.calls)
        time.sleep(QUIET_SECONDS)
    return list(slack.calls[before:])


def _busiest(moments: list[float]) -> int:
    return max((sum(one <= x < one + MINUTE for x in moments) for one in moments), default=0)


def _count(url: str, query: str) -> int:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=10)) as connection:
            return int(connection.execute(query).fetchone()[0])
    with psycopg.connect(url) as server:
        row = server.execute(query).fetchone()
        return int(row[0]) if row else 0


def _bodies(folder: Path) -> Path:
    """Write the deliveries of the storm, in the order in which they are sent."""
    folder.mkdir(exist_ok=True)
    batches = defaultdict[int, list[dict[str, object]]](list)
    for number in range(ALERTS):
        batches[number // TOGETHER].append(_alert(number, f"model-{number // TOGETHER % MODELS}"))
    for number, alerts in batches.items():
        (folder / f"{number:05d}.json").write_bytes(body(*alerts))
    down = {"alertname": "EPPNoReadyEndpoints", "severity": "critical", "model_name": "model-p0"}
    (folder / "99999.json").write_bytes(body(_alert(ALERTS, "model-p0", **down)))
    return folder


def _alert(number: int, model: str, **labels: str) -> dict[str, object]:
    name = f"ms-{model}-decode-{number:05d}"
    given = {"pod": name, "model_name": model, "severity": "warning", "namespace": "llm-d"}
    return alert(
        labels={**given, **labels},
        annotations={key: text.replace("{pod}", name) for key, text in ANNOTATIONS.items()},
        fingerprint=hashlib.sha256(name.encode()).hexdigest()[:16],
    )
