"""Expositions of every engine and era, scraped by a real Prometheus, and kept by the stand-in."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from cluster.signals.answers import Prometheus, Row, Track, Trouble
from cluster.signals.catalogue import SIGNALS
from cluster.signals.eras import era as era_of
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.promql import Promql
from cluster.signals.reading import Reading, Resolved
from cluster.targets.target import Target
from drills.prometheus import evaluate
from drills.prometheus.store import Store

pytestmark = pytest.mark.server

FOLDER = Path(__file__).with_name("expositions")
LINE = re.compile(r"^(?P<name>[\w:]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
ENGINE = {"pod": "decode-5d8f-aa", "container": "vllm"}
PICKER = {"pod": "epp-1", "container": "epp"}
EXPORTER = {"pod": "dcgm-1", "container": "exporter"}
SCRAPES = 6


@dataclass(frozen=True)
class Era:
    """One exposition, how it is scraped, and the signals that must come of it, in whose names."""

    file: str
    labels: dict[str, str]
    words: frozenset[str]
    signals: frozenset[str]
    honoured: bool = False


def signals(words: str, *of_quantiles: str) -> frozenset[str]:
    """Return the signals in the words, and p50, p95 and p99 of others."""
    shares = (f"{name}_p{share}" for name in of_quantiles for share in (50, 95, 99))
    return frozenset((*words.split(), *shares))


ENGINES = signals(
    "kv_usage preemptions prefix_hit_ratio running waiting generation_tokens prompt_tokens "
    "silent_ranks finished_requests",
    "ttft",
    "itl",
    "e2e",
)
SGLANG = ENGINES | {"evicted_tokens"}
OLD_VLLM = ENGINES | {"engine_error_ratio", "preemptions_per_request"}
VLLM = OLD_VLLM | signals(
    "waiting_capacity waiting_deferred engine_rejections recomputed_tokens external_hit_ratio "
    "block_evictions block_idle_p50 http_answers http_error_ratio prompt_length_p95 "
    "answer_length_p95 queue_p95 prefill_p95 decode_p95 transfers transfer_failures "
    "transfer_notification_failures transfer_expirations transfer_time_p95 transfer_bytes"
)
FIRST_PICKER = signals("request_rate request_errors error_ratio ready_endpoints", "e2e")
GIE_PICKER = FIRST_PICKER | signals(
    "pool_queue pool_kv_usage prompt_length_p95 flow_rejected_ratio flow_no_endpoint_ratio "
    "flow_outcomes flow_queue flow_queue_p95 flow_saturation flow_stale_endpoints"
)
ROUTER = GIE_PICKER | signals(
    "index_evictions predicted_hit_ratio routing_decisions", "ttft", "itl"
)
GPUS = signals(
    "gpu_utilization gpu_engine_active gpu_tensor_active gpu_dram_active gpu_memory "
    "gpu_temperature gpu_xid_faults gpu_rows_lost gpu_remap_failures gpu_ecc_errors "
    "gpu_pcie_replays"
)
GIE = "endpoint picker of GIE 1.1 to 1.5"
BEFORE = "endpoint picker before its renaming"
NOW_ROUTER = "llm-d router 0.9 and later"

ERAS = {
    "vllm": Era("vllm.txt", ENGINE, frozenset({"vLLM", "the engine's HTTP server"}), VLLM),
    "vllm-old": Era(
        "vllm-old.txt", ENGINE, frozenset({"vLLM", "vLLM before V1's renaming"}), OLD_VLLM
    ),
    "sglang": Era("sglang.txt", ENGINE, frozenset({"SGLang"}), SGLANG),
    "sglang-underscores": Era(
        "sglang-underscores.txt", ENGINE, frozenset({"SGLang, with underscores"}), SGLANG
    ),
    "picker": Era("picker.txt", PICKER, frozenset({NOW_ROUTER, GIE, BEFORE}), ROUTER),
    "picker-gie": Era("picker-gie.txt", PICKER, frozenset({GIE, BEFORE}), GIE_PICKER),
    "picker-first": Era(
        "picker-first.txt",
        PICKER,
        frozenset({"endpoint picker of GIE 1.0 and before", BEFORE}),
        FIRST_PICKER,
    ),
    "dcgm": Era("dcgm.txt", EXPORTER, frozenset({"DCGM exporter"}), GPUS),
    "dcgm-honoured": Era("dcgm.txt", EXPORTER, frozenset({"DCGM exporter"}), GPUS, honoured=True),
}


class Exporter(BaseHTTPRequestHandler):
    """Serves the exposition of the era in the path; what grows grows with each scrape."""

    scraped: dict[str, int]

    def do_GET(self) -> None:
        era = self.path.strip("/")
        self.scraped[era] = self.scraped.get(era, 0) + 1
        sent = exposition(era, self.scraped[era]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def exposition(era: str, count: int) -> str:
    text = (FOLDER / ERAS[era].file).read_text("utf-8")
    return text.replace("$namespace", era).replace(" @", f" {count * 7}")


def configuration(port: int) -> str:
    jobs = "".join(
        f"""
  - job_name: {era}
    metrics_path: /{era}
    honor_labels: {str(one.honoured).lower()}
    static_configs:
      - targets: ["127.0.0.1:{port}"]
        labels: {{namespace: {"gpu" if one.labels is EXPORTER else era}, {pairs(one.labels)}}}"""
        for era, one in ERAS.items()
    )
    return f"global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:{jobs}\n"


def pairs(labels: dict[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in labels.items())


@pytest.fixture(scope="module")
def real(scraping: Callable[[str], str]) -> Iterator[Prometheus]:
    """Let a real Prometheus scrape all eras side by side, a few times."""
    bound = type("Bound", (Exporter,), {"scraped": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    address = scraping(configuration(server.server_port))
    deadline = time.monotonic() + 60
    while min((bound.scraped.get(era, 0) for era in ERAS), default=0) <= SCRAPES:
        assert time.monotonic() < deadline, bound.scraped
        time.sleep(0.2)
    with closing(PrometheusClient(address, session=PrometheusSession())) as client:
        yield client
    server.shutdown()
    server.server_close()
    thread.join(5)


class StandIn:
    """The stand-in's store with the same scrapes, one every thirty seconds."""

    def __init__(self, now: datetime) -> None:
        self.store = Store()
        for index in range(SCRAPES):
            for era in ERAS:
                self._scrape(era, index, now - (SCRAPES - 1 - index) * timedelta(seconds=30))

    def _scrape(self, era: str, index: int, at: datetime) -> None:
        one = ERAS[era]
        namespace = "gpu" if one.labels is EXPORTER else era
        target = {"namespace": namespace, "job": era, **one.labels}
        for found in LINE.finditer(exposition(era, index + 1)):
            own = dict(LABEL.findall(found["labels"] or ""))
            moved = {f"exported_{name}": own[name] for name in own.keys() & target.keys()}
            labels = {**target, **own} if one.honoured else {**own, **moved, **target}
            self.store.append({"__name__": found["name"], **labels}, float(found["value"]), at)

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...] | Trouble:
        found = evaluate.instant(self.store, query, at)
        return tuple(
            Row(labels=tuple(sorted(one.labels)), at=at, value=one.value) for one in found.samples
        )

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        raise AssertionError


@pytest.fixture(params=["real", "stand-in"])
def prometheus(request: pytest.FixtureRequest) -> tuple[Prometheus, datetime]:
    """Give either with the moment that it can be asked about."""
    if request.param == "real":
        return request.getfixturevalue("real"), datetime.now(UTC)
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return StandIn(now), now


def target(era: str) -> Target:
    return Target(
        cluster="local",
        namespace=era,
        kind="Deployment",
        name="decode",
        uid="u-1",
        model="llama-3-70b",
        role="decode",
        pods=("decode-5d8f-aa",),
        roles=("decode", "prefill"),
        pool="pool",
    )


@pytest.mark.parametrize("era", ERAS)
def test_the_signals_of_an_era_are_read_in_its_names(
    prometheus: tuple[Prometheus, datetime], era: str
) -> None:
    """What is exposed is read, and nothing is read that is not exposed."""
    asked, now = prometheus
    reader = PrometheusSignals(asked)

    found = {name: reader.read(name, target(era), at=now) for name in SIGNALS}

    read = {name: each for name, each in found.items() if isinstance(each, Reading)}
    assert set(read) == ERAS[era].signals
    named = {each for reading in read.values() for each in map(era_of, reading.metrics)}
    assert named <= ERAS[era].words


@pytest.mark.parametrize("era", ERAS)
def test_what_resolves_is_what_is_read(prometheus: tuple[Prometheus, datetime], era: str) -> None:
    """`triaged signals` must not promise what a check cannot read."""
    asked, now = prometheus

    resolved = PrometheusSignals(asked).resolved(target(era), at=now)

    there = {name for name, each in resolved.items() if isinstance(each, Resolved)}
    # An hour ago nothing was scraped yet: its series exist now.
    assert there - {"prefix_hit_ratio_baseline"} == ERAS[era].signals
