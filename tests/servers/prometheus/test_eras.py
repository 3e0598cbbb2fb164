"""Expositions of every engine and era, scraped by a real Prometheus, and kept by the stand-in."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cluster.clients.bounded import Limits
from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from cluster.signals.answers import Prometheus, Row, Track, Trouble
from cluster.signals.catalogue import SIGNALS
from cluster.signals.eras import era as era_of
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.promql import Promql
from cluster.signals.reading import Reading, Resolved
from cluster.signals.series import Formula
from cluster.targets.target import Target
from drills.prometheus import evaluate
from drills.prometheus.store import Store

pytestmark = pytest.mark.server

FOLDER = Path(__file__).with_name("expositions")
LINE = re.compile(r"^(?P<name>[\w:]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
ENGINE = {"pod": "decode-5d8f-aa", "container": "vllm"}
PICKER = {"pod": "epp-1", "container": "epp"}
IN_NAMESPACE = {"pod": "exporter-0", "container": "exporter"}
MONITORING = {"namespace": "monitoring"}
EXPORTER = MONITORING | {"pod": "exporter-1", "container": "exporter"}
NODE_A, NODE_B = "gpu-node-a", "gpu-node-b"
UNNAMED = MONITORING | {"pod": "node-exporter-1", "instance": "10.0.0.1:9100"}
NAMED = MONITORING | {"pod": "node-exporter-2", "instance": "10.0.0.2:9100", "node": NODE_B}
SCRAPES = 6
# Seconds: of one scrape, and for all of it on a machine that has other things to do.
TIMEOUT = 1
PATIENCE = 120
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERYWHERE = frozenset({"wva_errors", "wva_available_gpus"})
"""What names no namespace is about the whole cluster, and read for every target."""


@dataclass(frozen=True)
class Job:
    """One exposition, and the labels that the scrape puts on its series."""

    file: str
    labels: dict[str, str]
    honoured: bool = False


@dataclass(frozen=True)
class Era:
    """What one namespace shows, and the signals that must come of it, in whose names.

    The series of those `untold` exist, but do not say what the signal needs. With `ago`, the jobs
    were also scraped an hour ago.
    """

    jobs: tuple[Job, ...]
    words: frozenset[str]
    signals: frozenset[str]
    untold: frozenset[str] = frozenset()
    ago: bool = False
    node: str = NODE_A


def signals(words: str, *of_quantiles: str) -> frozenset[str]:
    """Return the signals in the words, and p50, p95 and p99 of others."""
    shares = (f"{name}_p{share}" for name in of_quantiles for share in (50, 95, 99))
    return frozenset((*words.split(), *shares))


ENGINES = signals(
    "kv_usage preemptions prefix_hit_ratio prefix_hit_ratio_baseline running waiting "
    "generation_tokens prompt_tokens silent_ranks finished_requests",
    "ttft",
    "itl",
    "e2e",
)
SGLANG = ENGINES | {"evicted_tokens", "queue_p95"}
OLD_VLLM = ENGINES | {"engine_error_ratio", "preemptions_per_request"}
VLLM = OLD_VLLM | signals(
    "waiting_capacity waiting_deferred engine_rejections recomputed_tokens external_hit_ratio "
    "block_evictions block_idle_p50 http_answers http_error_ratio prompt_length_p95 "
    "answer_length_p95 queue_p95 prefill_p95 decode_p95 transfers transfer_failures "
    "transfer_notification_failures transfer_expirations transfer_time_p95 transfer_bytes "
    "second_tier_evictions kv_blocks"
)
SIMULATOR = signals(
    "kv_usage prefix_hit_ratio prefix_hit_ratio_baseline running waiting generation_tokens "
    "prompt_tokens silent_ranks finished_requests prompt_length_p95 answer_length_p95 queue_p95 "
    "prefill_p95 decode_p95 kv_blocks",
    "ttft",
    "itl",
    "e2e",
)
FIRST_PICKER = signals(
    "request_rate request_errors error_ratio ready_endpoints pool_queue pool_kv_usage "
    "prompt_length_p95",
    "e2e",
)
FLOW = signals("flow_rejected_ratio flow_no_endpoint_ratio flow_outcomes flow_queue flow_queue_p95")
GIE_PICKER = FIRST_PICKER | FLOW | signals("flow_saturation", "ttft")
BETWEEN = GIE_PICKER | signals("index_evictions routing_decisions", "itl")
ROUTER = BETWEEN | {"flow_stale_endpoints", "predicted_hit_ratio"}
GPUS = signals(
    "gpu_utilization gpu_engine_active gpu_tensor_active gpu_dram_active gpu_memory "
    "gpu_temperature gpu_power_brakes gpu_xid_faults gpu_xid gpu_rows_lost "
    "gpu_remap_failures gpu_ecc_errors gpu_pcie_replays"
)
KUBERNETES = signals(
    "container_memory oom_kills restarts pods_ready replicas_ready model_load_time "
    "autoscaler_fill rdma_port_errors rdma_discards rdma_links_down nvme_read volume_read "
    "volume_usage"
)
GATEWAY = signals("gateway_error_ratio")
KEDA = signals("keda_errors keda_paused")
WVA = signals("wva_desired_replicas wva_current_replicas")
LMCACHE = signals("lmcache_hit_ratio lmcache_usage second_tier_evictions second_tier_failures")
CHAPTER = signals(
    "request_rate error_ratio waiting prefix_hit_ratio second_tier_evictions gpu_utilization "
    "gpu_memory",
    "e2e",
)
GIE = "endpoint picker of GIE 1.1 to 1.5"
BEFORE = "endpoint picker before its renaming"
NOW_ROUTER = "llm-d router 0.9 and later"
OLDER = ("llm-d scheduler 0.4 to 0.8", "KV index before its renaming")
OLD_WVA = "workload variant autoscaler before its renaming"


def one(
    file: str,
    labels: dict[str, str],
    words: set[str],
    signals: frozenset[str],
    *,
    untold: frozenset[str] = frozenset(),
    ago: bool = False,
) -> Era:
    """Return an era of one job whose labels the scrape overrides."""
    return Era((Job(f"{file}.txt", labels),), frozenset(words), signals, untold=untold, ago=ago)


def honoured(file: str, words: set[str], signals: frozenset[str]) -> Era:
    """Return an era of one exporter whose labels are honoured."""
    return Era((Job(f"{file}.txt", EXPORTER, honoured=True),), frozenset(words), signals)


def cluster(node: str, exporter: dict[str, str]) -> Era:
    """Return the exporters of a Kubernetes cluster, with the node exporter scraped like this."""
    files = ("kube-state-metrics.txt", "cadvisor.txt", "kubelet.txt")
    jobs = tuple(Job(file, EXPORTER, honoured=True) for file in files)
    words = frozenset({"kube-state-metrics", "cAdvisor", "kubelet", "node exporter"})
    return Era((*jobs, Job("node-exporter.txt", exporter)), words, KUBERNETES, node=node)


ERAS = {
    "vllm": one("vllm", ENGINE, {"vLLM", "the engine's HTTP server"}, VLLM, ago=True),
    "vllm-old": one("vllm-old", ENGINE, {"vLLM", "vLLM before V1's renaming"}, OLD_VLLM, ago=True),
    "simulator": one(
        "simulator",
        ENGINE,
        {"vLLM"},
        SIMULATOR,
        untold=frozenset({"engine_error_ratio"}),
        ago=True,
    ),
    "sglang": one("sglang", ENGINE, {"SGLang"}, SGLANG, ago=True),
    "sglang-underscores": one(
        "sglang-underscores", ENGINE, {"SGLang, with underscores"}, SGLANG, ago=True
    ),
    "trtllm": one("trtllm", ENGINE, {"TensorRT-LLM"}, signals("running waiting kv_usage")),
    "lmcache": one("lmcache", ENGINE, {"LMCache"}, LMCACHE),
    "picker": one("picker", PICKER, {NOW_ROUTER, GIE, BEFORE, *OLDER}, ROUTER),
    "picker-between": one("picker-between", PICKER, {"llm-d router between 0.8 and 0.9"}, BETWEEN),
    "picker-gie": one("picker-gie", PICKER, {GIE, BEFORE}, GIE_PICKER),
    "picker-gie-1.1": one("picker-gie-1.1", PICKER, {GIE, BEFORE}, FIRST_PICKER, untold=FLOW),
    "picker-first": one(
        "picker-first",
        PICKER,
        {"endpoint picker of GIE 1.0 and before", BEFORE},
        FIRST_PICKER,
    ),
    "dcgm": one("dcgm", EXPORTER, {"DCGM exporter"}, GPUS),
    "dcgm-honoured": honoured("dcgm", {"DCGM exporter"}, GPUS),
    "kubernetes": cluster(NODE_A, UNNAMED),
    "kubernetes-nodes-named": cluster(NODE_B, NAMED),
    "istio": one("istio", IN_NAMESPACE, {"Istio"}, GATEWAY),
    "envoy": one("envoy", IN_NAMESPACE, {"Envoy"}, GATEWAY),
    "agentgateway": one("agentgateway", IN_NAMESPACE, {"agentgateway"}, GATEWAY),
    "keda": one("keda", EXPORTER, {"KEDA"}, KEDA),
    "keda-honoured": honoured("keda", {"KEDA"}, KEDA),
    "wva": one("wva", EXPORTER, {"workload variant autoscaler"}, WVA),
    "wva-honoured": honoured("wva", {"workload variant autoscaler"}, WVA),
    "wva-old": one("wva-old", EXPORTER, {OLD_WVA}, WVA),
    "redis": one(
        "redis",
        IN_NAMESPACE,
        {"Redis exporter"},
        signals("prefix_hit_ratio second_tier_evictions redis_memory"),
    ),
    "chapter": one("chapter", IN_NAMESPACE, {"the names of the operations chapter"}, CHAPTER),
}


LISTED = EVERYWHERE.union(*(era.signals | era.untold for era in ERAS.values()))


def unlisted(era: str) -> frozenset[str]:
    """Return the signals that no era lists, and for which this one exposes all that a way needs.

    So a signal of what is exposed already needs no word here.
    """
    exposed = {found["name"] for job in ERAS[era].jobs for found in LINE.finditer(text_of(job))}
    return frozenset(
        name
        for name in SIGNALS.keys() - LISTED
        if any(answers(way, exposed) for way in SIGNALS[name].ways)
    )


def answers(way: Formula, exposed: AbstractSet[str]) -> bool:
    needed = (term for term in way.terms if not term.optional)
    return all(any(name in exposed for name in term.metric.names) for term in needed)


class Exporter(BaseHTTPRequestHandler):
    """Serves the job in the path, `/era/number`; what grows grows with each scrape."""

    scraped: dict[str, int]

    def do_GET(self) -> None:
        self.scraped[self.path] = self.scraped.get(self.path, 0) + 1
        _, era, number = self.path.split("/")
        sent = exposition(era, ERAS[era].jobs[int(number)], self.scraped[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def exposition(era: str, job: Job, count: int) -> str:
    text = text_of(job).replace("$namespace", era).replace("$node", ERAS[era].node)
    return text.replace(" @\n", f" {count * 7}\n")


def text_of(job: Job) -> str:
    return (FOLDER / job.file).read_text("utf-8")


def jobs() -> Iterator[tuple[str, int, Job]]:
    for era, each in ERAS.items():
        yield from ((era, number, job) for number, job in enumerate(each.jobs))


def configuration(port: int) -> str:
    scraped = "".join(
        f"""
  - job_name: {era}-{number}
    metrics_path: /{era}/{number}
    honor_labels: {str(job.honoured).lower()}
    static_configs:
      - targets: ["127.0.0.1:{port}"]
        labels: {{{pairs({"namespace": era} | job.labels)}}}"""
        for era, number, job in jobs()
    )
    return (
        f"global: {{scrape_interval: 1s, scrape_timeout: {TIMEOUT}s}}\nscrape_configs:{scraped}\n"
    )


def pairs(labels: dict[str, str]) -> str:
    return ", ".join(f'{name}: "{value}"' for name, value in labels.items())


def series(era: str, number: int, job: Job, count: int) -> Iterator[tuple[dict[str, str], float]]:
    """Yield what a scrape keeps: labels that both have are the target's, or the exporter's own."""
    target = {"namespace": era, "job": f"{era}-{number}", **job.labels}
    for found in LINE.finditer(exposition(era, job, count)):
        own = dict(LABEL.findall(found["labels"] or ""))
        moved = {f"exported_{name}": own[name] for name in own.keys() & target.keys()}
        labels = {**target, **own} if job.honoured else {**own, **moved, **target}
        yield {"__name__": found["name"], **labels}, float(found["value"])


def an_hour_ago(now: datetime) -> Iterator[tuple[dict[str, str], float, datetime]]:
    """Yield an hour of samples that ended an hour ago."""
    scraped = [each for each in jobs() if ERAS[each[0]].ago]
    for minute in range(125, 60, -1):
        at = now - timedelta(minutes=minute)
        for era, number, job in scraped:
            yield from ((*each, at) for each in series(era, number, job, 126 - minute))


@pytest.fixture(scope="module")
def exporters() -> Iterator[tuple[int, dict[str, int]]]:
    """Serve all jobs: the port, and how often each path was scraped."""
    bound = type("Bound", (Exporter,), {"scraped": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port, bound.scraped
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture(scope="module")
def real(
    exporters: tuple[int, dict[str, int]], scraping: Callable[..., str]
) -> Iterator[tuple[Prometheus, datetime]]:
    """Let a real Prometheus scrape all eras side by side a few times; give a moment to ask about.

    A scrape that fails ends its series until the next one, so the moment is one without.
    """
    port, scraped = exporters
    address = scraping(configuration(port), an_hour_ago(datetime.now(UTC)))
    deadline = time.monotonic() + PATIENCE
    wanted = [f"/{era}/{number}" for era, number, _ in jobs()]
    while min(scraped.get(path, 0) for path in wanted) <= SCRAPES:
        assert time.monotonic() < deadline, scraped
        time.sleep(0.2)
    session = PrometheusSession(limits=Limits(connect=10.0, read=30.0, total=40.0))
    with closing(PrometheusClient(address, session=session)) as client:
        yield client, settled(client, len(wanted), deadline)


def settled(client: Prometheus, scraped: int, deadline: float) -> datetime:
    """Return a moment that is over, and at which the last scrape of every job was a success."""
    while True:
        assert time.monotonic() < deadline
        at = datetime.now(UTC)
        time.sleep(2 * TIMEOUT)
        up = client.instant(Promql("sum(up)"), at=at)
        if not isinstance(up, Trouble) and [row.value for row in up] == [scraped]:
            return at


class StandIn:
    """The stand-in's store with the same scrapes, one every thirty seconds."""

    def __init__(self, now: datetime) -> None:
        self.store = Store()
        for labels, value, at in an_hour_ago(now):
            self.store.append(labels, value, at)
        for index in range(SCRAPES):
            at = now - (SCRAPES - 1 - index) * timedelta(seconds=30)
            for era, number, job in jobs():
                for labels, value in series(era, number, job, index + 1):
                    self.store.append(labels, value, at)

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...] | Trouble:
        found = evaluate.instant(self.store, query, at)
        return tuple(
            Row(labels=tuple(sorted(one.labels)), at=at, value=one.value) for one in found.samples
        )

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        raise AssertionError


@pytest.fixture(scope="module")
def stand_in() -> StandIn:
    return StandIn(NOW)


@pytest.fixture(params=["real", "stand-in"])
def prometheus(request: pytest.FixtureRequest) -> tuple[Prometheus, datetime]:
    """Give either with the moment that it can be asked about."""
    if request.param == "real":
        found: tuple[Prometheus, datetime] = request.getfixturevalue("real")
        return found
    return request.getfixturevalue("stand_in"), NOW


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
    assert set(read) == ERAS[era].signals | unlisted(era) | EVERYWHERE
    named = {
        era_of(metric)
        for name, reading in read.items()
        if name not in EVERYWHERE
        for metric in reading.metrics
    }
    assert named == ERAS[era].words


@pytest.mark.parametrize("era", ERAS)
def test_what_resolves_is_what_is_read(prometheus: tuple[Prometheus, datetime], era: str) -> None:
    """`triaged signals` must not promise what a check cannot read."""
    asked, now = prometheus

    resolved = PrometheusSignals(asked).resolved(target(era), at=now)

    there = {name for name, each in resolved.items() if isinstance(each, Resolved)}
    assert there == ERAS[era].signals | ERAS[era].untold | unlisted(era) | EVERYWHERE


def test_every_signal_is_read_from_what_some_exporter_says() -> None:
    """A signal that is only ever read from series made of its own entry may name nothing real."""
    read = EVERYWHERE.union(*(ERAS[era].signals | unlisted(era) for era in ERAS))

    assert read == set(SIGNALS)


@pytest.mark.parametrize(
    ("era", "signal", "value"),
    [
        ("picker", "flow_rejected_ratio", 1 / 3),
        ("picker", "flow_no_endpoint_ratio", 1 / 3),
        ("picker-gie", "flow_rejected_ratio", 1 / 3),
        ("picker-gie", "flow_no_endpoint_ratio", 1 / 3),
        ("kubernetes", "container_memory", 0.5),
        ("kubernetes", "pods_ready", 1),
        ("kubernetes", "replicas_ready", 0.75),
        ("kubernetes", "model_load_time", 90),
        ("kubernetes", "autoscaler_fill", 0.5),
        ("kubernetes", "volume_usage", 0.4),
        ("keda", "keda_paused", 1),
        ("wva", "wva_desired_replicas", 4),
        ("wva-old", "wva_current_replicas", 3),
        # Both autoscalers of the test stand in one cluster.
        ("wva", "wva_available_gpus", 16),
        ("redis", "redis_memory", 0.5),
        ("lmcache", "lmcache_hit_ratio", 0.4),
        ("chapter", "error_ratio", 0.5),
        ("chapter", "gpu_memory", 0.91),
    ],
)
def test_what_an_exporter_says_is_the_number_that_is_read(
    prometheus: tuple[Prometheus, datetime], era: str, signal: str, value: float
) -> None:
    """A formula that joins wrongly is a number too."""
    asked, now = prometheus

    read = PrometheusSignals(asked).read(signal, target(era), at=now)

    assert isinstance(read, Reading), read
    assert read.value == pytest.approx(value, rel=1e-6)


def test_the_sum_over_a_pod_does_not_count_beside_its_containers(
    prometheus: tuple[Prometheus, datetime],
) -> None:
    """CAdvisor tells both; the disk, which grows alike, is told once."""
    asked, now = prometheus
    signals = PrometheusSignals(asked)

    read, disk = (
        signals.read(name, target("kubernetes"), at=now) for name in ("volume_read", "nvme_read")
    )

    assert isinstance(read, Reading)
    assert isinstance(disk, Reading)
    assert read.value == pytest.approx(disk.value, rel=0.4)
