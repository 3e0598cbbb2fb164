"""A Prometheus in trouble: it knows one picker's error ratio, and fails in every way."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

HELD_SECONDS = 20
SLOW_SECONDS = 0.65
EXISTING = ("llm_d_epp_request_total", "llm_d_epp_request_error_total")
TRANSFERS = "vllm:nixl_num_failed_transfers_total"
SERVED = 'server=""'
Row = Mapping[str, object]


@dataclass(slots=True)
class Troubled:
    """What it answers: the error ratio, as text, and what is wrong with it.

    `trouble` is a name of `TROUBLES`, `slow` or empty; `asked` are the queries. With `transfers`,
    as text, one engine is there, whose transfers fail so often in a second.
    """

    ratio: str = "0.6"
    transfers: str = ""
    trouble: str = ""
    address: str = ""
    asked: list[str] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)


TROUBLES = (
    "hanging",
    "cut",
    "503",
    "422",
    "no JSON",
    "empty",
    "no value",
    "NaN",
    "+Inf",
    "-Inf",
    "two series",
    "stale",
    "warning",
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Troubled

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = {name: values[0] for name, values in parse_qs(body).items()}
        self.state.asked.append(asked["query"])
        match self.state.trouble:
            case "hanging":
                self.state.let_go.wait(HELD_SECONDS)
                self.close_connection = True
            case "cut":
                self.close_connection = True
            case "503":
                self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"no healthy upstream")
            case "422":
                error = {"status": "error", "errorType": "execution", "error": "too many samples"}
                self._send(HTTPStatus.UNPROCESSABLE_ENTITY, json.dumps(error).encode())
            case "no JSON":
                self._send(HTTPStatus.OK, b"<html>please sign in</html>")
            case "slow":
                self.state.let_go.wait(SLOW_SECONDS)
                self._answer(asked)
            case _:
                self._answer(asked)

    def _answer(self, asked: Mapping[str, str]) -> None:
        ranged = "start" in asked
        moment = float(asked["end" if ranged else "time"])
        found = _rows(asked["query"], moment, self.state)
        key = "values" if ranged else "value"
        points = [{"metric": labels, key: [at] if ranged else at} for labels, at in found]
        told = {
            "status": "success",
            "data": {"resultType": "matrix" if ranged else "vector", "result": points},
        }
        if self.state.trouble == "warning":
            told["warnings"] = ["a store did not answer"]
        self._send(HTTPStatus.OK, json.dumps(told).encode())

    def _send(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that has waited long enough goes away."""


@contextmanager
def troubled() -> Iterator[Troubled]:
    """Serve one; it answers well until it is told otherwise."""
    state = Troubled()
    server = _Server(("127.0.0.1", 0), type("Bound", (_Handler,), {"state": state}))
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def _rows(query: str, moment: float, state: Troubled) -> Sequence[tuple[Row, Sequence[object]]]:
    if state.trouble == "empty":
        return []
    if state.transfers and EXISTING[0] not in query:
        return _engine(query, moment, state)
    if EXISTING[0] not in query:
        return []
    if "__name__=~" in query:
        there = (*EXISTING, TRANSFERS) if state.transfers else EXISTING
        return [({"__name__": name, "namespace": "llm-d"}, [moment, "1"]) for name in there]
    if "timestamp(" in query:
        old = 3600 if state.trouble == "stale" else 0
        return [({}, [moment, str(moment - old)])]
    return _ratio(moment, state) if EXISTING[1] in query else [({}, [moment, "2.5"])]


def _engine(query: str, moment: float, state: Troubled) -> Sequence[tuple[Row, Sequence[object]]]:
    """Answer which engines there are, how often transfers fail, and when that was scraped."""
    if SERVED in query:
        engine = {"namespace": "llm-d", "model_name": "llama", "pod": "decode-0"}
        return [(engine, [moment, "1"])]
    if TRANSFERS not in query:
        return []
    if "timestamp(" in query:
        return [({"pod": "decode-0"}, [moment, str(moment)])]
    return [({}, [moment, state.transfers])]


def _ratio(moment: float, state: Troubled) -> Sequence[tuple[Row, Sequence[object]]]:
    match state.trouble:
        case "no value":
            return []
        case "NaN" | "+Inf" | "-Inf":
            return [({}, [moment, state.trouble])]
        case "two series":
            return [({"shard": name}, [moment, state.ratio]) for name in "ab"]
        case _:
            return [({}, [moment, state.ratio])]
