"""The Prometheus client asks once, within its limits, and never answers with half of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs

import pytest

from cluster.clients.bounded import Limits
from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from cluster.signals.answers import Row, Track, Trouble
from cluster.signals.promql import Promql
from cluster.signals.reading import Why

AT = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
Opened = Callable[[str, PrometheusSession], PrometheusClient]

QUERY = Promql('up{pod=~"a|b"}')
ONE = {"metric": {"pod": "a"}, "value": [AT.timestamp(), "1.5"]}


class Handler(Protocol):
    """What a behaviour may do with a request."""

    def answer(self, status: int, body: object = b"", **headers: str) -> None: ...
    def cut(self) -> None: ...
    def hang(self) -> None: ...
    def drip(self) -> None: ...


class Faulty(Protocol):
    """The faulty server."""

    address: str
    behave: Callable[[Handler], None]
    asked: list[tuple[str, str, dict[str, str], bytes]]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Return a function that notes a client, to be closed after the test."""
    with ExitStack() as stack:

        def note(address: str, session: PrometheusSession) -> PrometheusClient:
            return stack.enter_context(closing(PrometheusClient(address, session=session)))

        yield note


@pytest.fixture
def client(faulty: Faulty, limits: Limits, opened: Opened) -> PrometheusClient:
    return opened(faulty.address + "/", PrometheusSession(limits=limits))


def vector(*rows: object) -> dict[str, object]:
    return {"status": "success", "data": {"resultType": "vector", "result": list(rows)}}


def test_an_instant_query_goes_into_the_body(client: PrometheusClient, faulty: Faulty) -> None:
    """Alternations of pod names are longer than an address may be."""
    faulty.behave = lambda request: request.answer(200, vector(ONE))

    found = client.instant(QUERY, at=AT)

    assert found == (Row(labels=(("pod", "a"),), at=AT, value=1.5),)
    ((method, path, headers, body),) = faulty.asked
    assert (method, path) == ("POST", "/api/v1/query")
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body.decode()) == {"query": [QUERY], "time": ["1772366400.500"]}


def test_a_range_keeps_its_milliseconds(client: PrometheusClient, faulty: Faulty) -> None:
    """The official client rounds to seconds, the end into the future."""
    track = {"metric": {}, "values": [[AT.timestamp(), "1"], [AT.timestamp() + 30, "NaN"]]}
    faulty.behave = lambda request: request.answer(
        200, {"status": "success", "data": {"resultType": "matrix", "result": [track]}}
    )

    end = AT + timedelta(seconds=30)
    found = client.range(QUERY, start=AT, end=end, step=timedelta(seconds=30))

    assert isinstance(found, tuple)
    assert [(each.labels, [at for at, _ in each.points]) for each in found] == [((), [AT, end])]
    assert isinstance(found[0], Track)
    assert parse_qs(faulty.asked[0][3].decode()) == {
        "query": [QUERY],
        "start": ["1772366400.500"],
        "end": ["1772366430.500"],
        "step": ["30.000"],
    }


FAULTS: dict[str, tuple[Callable[[Handler], None], Why]] = {
    "400": (lambda x: x.answer(400, {"status": "error", "errorType": "bad_data"}), Why.REFUSED),
    "404": (lambda x: x.answer(404, b"not here"), Why.REFUSED),
    "408": (lambda x: x.answer(408, b""), Why.UNREACHABLE),
    "429": (lambda x: x.answer(429, b"", Retry_After="0"), Why.REFUSED),
    "500": (lambda x: x.answer(500, b"oops"), Why.UNREACHABLE),
    "502": (lambda x: x.answer(502, b""), Why.UNREACHABLE),
    "503": (lambda x: x.answer(503, b"", Retry_After="0"), Why.UNREACHABLE),
    "504": (lambda x: x.answer(504, b""), Why.TIMEOUT),
    "redirect": (lambda x: x.answer(307, b"", Location="/api/v1/query"), Why.UNREACHABLE),
    "no-json": (lambda x: x.answer(200, b"<html>log in</html>"), Why.UNREACHABLE),
    "other-json": (lambda x: x.answer(200, {"status": "success", "data": 1}), Why.UNREACHABLE),
    "scalar": (lambda x: x.answer(200, vector(AT.timestamp(), "1")), Why.UNREACHABLE),
    "no-number": (lambda x: x.answer(200, vector(ONE | {"value": [0, "x"]})), Why.UNREACHABLE),
    "warnings": (lambda x: x.answer(200, vector(ONE) | {"warnings": ["half"]}), Why.PARTIAL),
    "cut": (lambda x: x.cut(), Why.UNREACHABLE),
    "short": (lambda x: x.answer(200, b"{}", Content_Length="9000"), Why.TIMEOUT),
    "too-large": (lambda x: x.answer(200, b" " * 20_000), Why.TIMEOUT),
    "hang": (lambda x: x.hang(), Why.TIMEOUT),
    "drip": (lambda x: x.drip(), Why.TIMEOUT),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_request_and_a_reason(
    client: PrometheusClient, faulty: Faulty, fault: str
) -> None:
    """The official client repeats three times and takes 18 s against a server that hangs."""
    faulty.behave, why = FAULTS[fault]
    began = time.monotonic()

    found = client.instant(QUERY, at=AT)

    assert isinstance(found, Trouble)
    assert found.why is why, found
    assert len(faulty.asked) == 1
    assert time.monotonic() - began < 2


def test_nobody_there_is_unreachable(nobody: str, limits: Limits, opened: Opened) -> None:
    """Prometheus is away: nothing is known."""
    client = opened(nobody, PrometheusSession(limits=limits))

    assert client.instant(QUERY, at=AT) == Trouble(why=Why.UNREACHABLE, detail="ConnectionError")


def test_who_speaks_no_tls_is_not_trusted(faulty: Faulty, limits: Limits, opened: Opened) -> None:
    """Verification is never switched off."""
    client = opened(faulty.address.replace("http:", "https:"), PrometheusSession(limits=limits))

    assert client.instant(QUERY, at=AT) == Trouble(why=Why.UNREACHABLE, detail="SSLError")
    assert faulty.asked == []


@pytest.mark.parametrize(
    "result",
    [
        [{"metric": [], "value": [0, "1"]}],
        [{"metric": {}, "value": "1"}],
        [{"metric": {}, "value": [0, "1", "2"]}],
        [{"metric": {}}],
        ["x"],
        {"a": 1},
        [{"metric": {}, "values": {}}],
        [{"metric": {}, "value": [1e30, "1"], "values": [[1e30, "1"]]}],
    ],
    ids=str,
)
def test_another_shape_is_no_answer(
    client: PrometheusClient, faulty: Faulty, result: object
) -> None:
    """A proxy may answer valid JSON that means something else."""
    answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    faulty.behave = lambda request: request.answer(200, answer)
    shape = Trouble(why=Why.UNREACHABLE, detail="the answer is not Prometheus' format")

    assert client.instant(QUERY, at=AT) == shape
    assert client.range(QUERY, start=AT, end=AT, step=timedelta(seconds=1)) == shape


def test_an_interval_that_no_clock_can_hold_is_no_answer(
    client: PrometheusClient, faulty: Faulty
) -> None:
    """A number may be too large for any time; a backtest must not end in a traceback."""
    groups = [{"interval": 1e30, "rules": [{}]}]
    answer = {"status": "success", "data": {"groups": groups}}
    faulty.behave = lambda request: request.answer(200, answer)

    assert client.alert_intervals() == Trouble(
        why=Why.UNREACHABLE, detail="the answer is not Prometheus' format"
    )


def test_the_token_is_read_for_every_request(
    faulty: Faulty, limits: Limits, tmp_path: Path, opened: Opened
) -> None:
    """Projected tokens rotate within the hour."""
    token = tmp_path / "token"
    session = PrometheusSession(limits=limits, token_file=token)
    client = opened(faulty.address, session)
    faulty.behave = lambda request: request.answer(401, b"no")
    for text in ("first\n", "second"):
        token.write_text(text)
        client.instant(QUERY, at=AT)

    sent = [headers["authorization"] for _, _, headers, _ in faulty.asked]

    assert sent == ["Bearer first", "Bearer second"]


def test_a_token_never_stands_in_a_reason(
    faulty: Faulty, limits: Limits, tmp_path: Path, opened: Opened
) -> None:
    """Reasons go to Slack."""
    token = tmp_path / "token"
    token.write_text("geheim\nwith a line break")
    session = PrometheusSession(limits=limits, token_file=token)
    client = opened(faulty.address, session)

    found = client.instant(QUERY, at=AT)
    token.unlink()
    gone = client.instant(QUERY, at=AT)

    assert isinstance(found, Trouble)
    assert "geheim" not in found.detail
    assert gone == Trouble(
        why=Why.REFUSED, detail="the token file cannot be read: FileNotFoundError"
    )


def test_the_environment_has_no_say(
    client: PrometheusClient, faulty: Faulty, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy for the internet must not see the cluster's queries."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, nobody)
    faulty.behave = lambda request: request.answer(200, vector())

    assert client.instant(QUERY, at=AT) == ()
