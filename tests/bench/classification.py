"""Classification with a dozen live facts: the first time, and within seconds again."""

import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime

from bot.app.facts import Asked
from bot.app.reach import live_facts
from bot.app.settings import Settings, load
from incidents.correlation import Place
from incidents.default_policy import default_policy
from incidents.facts import Known
from incidents.severity import judge
from tests.alert_webhooks.bodies import LABELS
from tests.bench.figures import Figure, at_most
from tests.bench.places import Places, Say
from tests.bench.prometheus import NAMESPACE
from tests.bench.served import started
from tests.builders import alert

FACTS = (
    "error_ratio",
    "ttft_p95",
    "itl_p95",
    "request_rate",
    "traffic_gone",
    "flow_rejected_ratio",
    "ready_endpoints",
    "transfer_failures",
    "preemptions",
    "waiting",
    "waiting_rising",
    "oom_kills",
)
PLACE = Place(cluster="local", namespace=NAMESPACE, model=LABELS["model_name"], role="decode")
MILLI = 1e3
DEADLINE_MILLI = 3000
EACH = 4


def measure(places: Places, *, rounds: int, say: Say) -> list[Figure]:
    """Return how long one alert takes: facts read over HTTP, then judged."""
    values: dict[str, list[float]] = {"cold": [], "warm": []}
    words = [sys.executable, "-m", "tests.bench.prometheus"]
    room = places.room("classification")
    with started([*words], room, environment={}) as server:
        settings = load({"TRIAGED_PROMETHEUS_URL": f"http://127.0.0.1:{server.port}"})
        for number in range(1, rounds + 1):
            say(f"classification, round {number} of {rounds}")
            for _ in range(EACH):
                cold, warm = _both(settings)
                values["cold"].append(cold * MILLI)
                values["warm"].append(warm * MILLI)
    return [
        Figure(
            goal="P5",
            name=f"classification with {len(FACTS)} signals, {name}",
            store="none",
            unit="ms",
            values=found,
            must=at_most(DEADLINE_MILLI),
        )
        for name, found in values.items()
    ]


def _both(settings: Settings) -> tuple[float, float]:
    """Return the seconds of the first classification and of the next one."""
    policy, asked, at = default_policy(), [Asked(place=PLACE, names=FACTS)], datetime.now(UTC)
    with ExitStack() as closing:
        source = live_facts(settings, closing=closing)

        def once() -> float:
            began = time.perf_counter()
            (found,) = source.gather(asked, at)
            judge(alert(), found, policy)
            seconds = time.perf_counter() - began
            there = sum(isinstance(one, Known) for one in found.values())
            assert there >= len(FACTS) // 2, found
            return seconds

        return once(), once()
