"""A thousand alerts about one target ask a Prometheus once, and within one deadline."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from cluster.clients.bounded import Limits
from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.reading import NoData, Observation, Reading, Why
from cluster.targets.target import Target

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALERTS = 1000
NAMES = (
    "error_ratio",
    "request_rate",
    "ready_endpoints",
    "ttft_p95",
    "itl_p95",
    "e2e_p95",
    "kv_usage",
    "preemptions",
    "waiting",
    "running",
    "transfer_failures",
    "silent_ranks",
)
EXISTING = (
    "llm_d_epp_request_total",
    "llm_d_epp_ready_endpoints",
    "llm_d_epp_request_ttft_seconds_bucket",
    "vllm:inter_token_latency_seconds_bucket",
    "vllm:e2e_request_latency_seconds_bucket",
    "vllm:kv_cache_usage_perc",
    "vllm:num_preemptions_total",
    "vllm:num_requests_waiting",
    "vllm:num_requests_running",
    "vllm:nixl_num_failed_transfers_total",
    "vllm:generation_tokens_total",
    "vllm:prompt_tokens_total",
)


class Answering(BaseHTTPRequestHandler):
    """Answers the probe with what exists, and every question with one; notes what it was asked."""

    protocol_version = "HTTP/1.1"
    asked: list[str]
    let_go: threading.Event

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.asked.append(body)
        assert self.let_go.wait(20)
        data = {"resultType": "vector", "result": rows(parse_qs(body)["query"][0])}
        sent = json.dumps({"status": "success", "data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that has waited long enough goes away."""


def rows(query: str) -> list[dict[str, object]]:
    moment = AT.timestamp()
    if "__name__=~" in query:
        labels = [{"__name__": name, "namespace": "llm-d"} for name in EXISTING]
        return [{"metric": each, "value": [moment, "1"]} for each in labels]
    return [{"metric": {}, "value": [moment, str(moment if "timestamp(" in query else 1)]}]


@pytest.fixture
def prometheus() -> Iterator[type[Answering]]:
    """Serve it; the class holds its address, what it was asked, and whether it answers."""
    made = {"asked": [], "let_go": threading.Event(), "address": ""}
    bound = type("Bound", (Answering,), made)
    server = Server(("127.0.0.1", 0), bound)
    bound.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield bound
    bound.let_go.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def target() -> Target:
    return Target(
        cluster="local",
        namespace="llm-d",
        kind="Deployment",
        name="decode",
        uid="u-1",
        model="llama-3-70b",
        role="decode",
        pods=("decode-5d8f-aa",),
        roles=("decode", "prefill"),
    )


def test_a_storm_on_one_target_asks_once(prometheus: type[Answering], target: Target) -> None:
    """Prometheus is slow enough during an outage."""
    prometheus.let_go.set()
    found: list[Mapping[str, Observation]] = []
    with closing(PrometheusClient(prometheus.address, session=PrometheusSession())) as client:
        signals = PrometheusSignals(client)

        def alert(number: int) -> None:
            at = AT + number * timedelta(milliseconds=4)
            found.append(signals.read_many(NAMES, target, at=at))

        storm = [threading.Thread(target=alert, args=(number,)) for number in range(ALERTS)]
        for thread in storm:
            thread.start()
        for thread in storm:
            thread.join(30)

    assert len(prometheus.asked) == len(set(prometheus.asked))
    assert len(prometheus.asked) <= 1 + 2 * len(NAMES)
    assert len(found) == ALERTS
    assert all(one == found[0] for one in found)
    assert all(isinstance(one, Reading) for one in found[0].values()), found[0]


def test_a_prometheus_that_hangs_costs_one_deadline_and_not_twelve(
    prometheus: type[Answering], target: Target
) -> None:
    """The incident opens with what is known: nothing, and it says so."""
    session = PrometheusSession(limits=Limits(connect=0.5, read=30.0, total=30.0))
    with closing(PrometheusClient(prometheus.address, session=session)) as client:
        found = PrometheusSignals(client).read_many(NAMES, target, at=AT)

    assert found == {
        name: NoData(signal=name, why=Why.TIMEOUT, detail="no answer within 3 s") for name in NAMES
    }
    # The probe, for which all others wait: none is asked what nobody can answer.
    assert len(prometheus.asked) == 1
