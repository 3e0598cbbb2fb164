"""Thanos and OpenShift's querier: TLS with a CA of their own, and a token that rotates."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cluster.clients.bounded import Limits
from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from cluster.signals.answers import Row, Trouble
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.promql import Promql
from cluster.signals.reading import NoData, Why
from cluster.targets.target import Target

# A CA and a certificate of 127.0.0.1, good until 2126; its key guards nothing.
TLS = Path(__file__).with_name("tls")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUERY = Promql("up{}")
ONE = {"metric": {"pod": "a"}, "value": [AT.timestamp(), "1.5"]}
WHOLE = {"status": "success", "data": {"resultType": "vector", "result": [ONE]}}


class Querier(BaseHTTPRequestHandler):
    """Answers whoever brings the token of the day."""

    tokens: list[str]
    answer: dict[str, object]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        known = self.headers.get("Authorization") == f"Bearer {self.tokens[-1]}"
        sent = json.dumps(self.answer).encode() if known else b"Unauthorized"
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that does not trust us goes away."""


@pytest.fixture
def querier() -> Iterator[type[Querier]]:
    """Serve a querier; the class says which token counts and what is answered."""
    bound = type("Bound", (Querier,), {"tokens": ["first"], "answer": WHOLE, "address": ""})
    server = Server(("127.0.0.1", 0), bound)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    bound.address = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield bound
    server.shutdown()
    server.server_close()
    thread.join(5)


Opened = Callable[..., PrometheusClient]


@pytest.fixture
def opened(querier: type[Querier], tmp_path: Path) -> Iterator[Opened]:
    """Return a way to open a client with a token file and a CA file."""
    (tmp_path / "token").write_text("first\n")
    with ExitStack() as stack:

        def client(**files: Path | None) -> PrometheusClient:
            given = {"token_file": tmp_path / "token", "ca_file": TLS / "ca.pem"} | files
            session = PrometheusSession(limits=Limits(read=3.0), **given)
            return stack.enter_context(closing(PrometheusClient(querier.address, session=session)))

        yield client


def trouble(found: object) -> tuple[Why, str]:
    assert isinstance(found, Trouble), found
    return found.why, found.detail


def test_the_querier_answers_who_trusts_its_ca_and_brings_the_token(opened: Opened) -> None:
    """OpenShift serves its querier under the cluster's service CA."""
    assert opened().instant(QUERY, at=AT) == (Row(labels=(("pod", "a"),), at=AT, value=1.5),)


def test_a_rotated_token_is_taken_without_a_restart(
    opened: Opened, querier: type[Querier], tmp_path: Path
) -> None:
    """A service account's token lives for an hour."""
    client = opened()
    assert isinstance(client.instant(QUERY, at=AT), tuple)

    querier.tokens.append("second")
    refused = trouble(client.instant(QUERY, at=AT))
    (tmp_path / "token").write_text("second")

    assert refused == (Why.REFUSED, "HTTP 401, and not Prometheus' JSON")
    assert isinstance(client.instant(QUERY, at=AT), tuple)


def test_who_does_not_know_the_ca_asks_nothing(opened: Opened) -> None:
    """A token must not reach a server that only says that it is the querier."""
    assert trouble(opened(ca_file=None).instant(QUERY, at=AT)) == (Why.UNREACHABLE, "SSLError")


def test_a_ca_file_that_is_not_there_is_said(opened: Opened, tmp_path: Path) -> None:
    """The operator mounts it; nobody else can know what is wrong."""
    found = opened(ca_file=tmp_path / "gone.pem").instant(QUERY, at=AT)

    assert trouble(found) == (Why.REFUSED, "the CA file cannot be read")


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"warnings": ["store thanos-store-1: no such host"]}, id="thanos"),
        pytest.param({"partial_response": True}, id="flag"),
        pytest.param({"isPartial": True}, id="victoria-metrics"),
    ],
)
def test_half_of_the_stores_is_no_answer(
    opened: Opened, querier: type[Querier], target: Target, more: dict[str, object]
) -> None:
    """The store that is away may be the one that has the preemptions."""
    querier.answer = WHOLE | more

    assert trouble(opened().instant(QUERY, at=AT))[0] is Why.PARTIAL
    read = PrometheusSignals(opened()).read("preemptions", target, at=AT)
    assert isinstance(read, NoData)
    assert read.why is Why.PARTIAL


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
    )
