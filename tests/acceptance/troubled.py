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
EXISTING = ("llm_d_epp_request_total", "llm_d_epp_request_error_total")
ENGINES = "num_requests_running"
Row = Mapping[str, object]


@dataclass(slots=True)
class Troubled:
    """What it answers: the error ratio, as text, and what is wrong with it.

    `trouble` is a name of `TROUBLES`, or empty; `asked` are the queries.
    """

    ratio: str = "0.6"
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
    if EXISTING[0] not in query:
        return []
    if "__name__=~" in query:
        return [({"__name__": name, "namespace": "llm-d"}, [moment, "1"]) for name in EXISTING]
    if "timestamp(" in query:
        old = 3600 if state.trouble == "stale" else 0
        return [({}, [moment, str(moment - old)])]
    if EXISTING[1] not in query:
        return [({}, [moment, "2.5"])]
    return _ratio(moment, state)


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
