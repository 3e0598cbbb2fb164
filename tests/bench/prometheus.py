"""A Prometheus that answers every question with one number at once, and counts what it is asked."""

import json
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from urllib.request import urlopen

NAMESPACE = "llm-d"
EXISTING = (
    "llm_d_epp_request_total",
    "llm_d_epp_request_error_total",
    "llm_d_epp_ready_endpoints",
    "llm_d_epp_request_ttft_seconds_bucket",
    "llm_d_epp_flow_control_requests_total",
    "vllm:inter_token_latency_seconds_bucket",
    "vllm:num_preemptions_total",
    "vllm:num_requests_waiting",
    "vllm:num_requests_running",
    "vllm:nixl_num_failed_transfers_total",
)
PODS = tuple(f"decode-{number}" for number in range(4))
ASKED = "/asked"
NUMBER = "0.001"


class Answering(BaseHTTPRequestHandler):
    """Answers the probe with what exists, and every other question with one number."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    asked = 0

    def do_GET(self) -> None:
        """Say how often it was asked."""
        self._send(str(Answering.asked).encode())

    def do_POST(self) -> None:
        """Answer a question."""
        Answering.asked += 1
        length = int(self.headers.get("Content-Length", 0))
        body = parse_qs(self.rfile.read(length).decode())
        given = {name: values[0] for name, values in body.items()}
        ranged = "start" in given
        moment = float(given["end" if ranged else "time"])
        result = [
            {"metric": labels, "values" if ranged else "value": [point] if ranged else point}
            for labels, point in _rows(given["query"], moment)
        ]
        kind = "matrix" if ranged else "vector"
        told = {"status": "success", "data": {"resultType": kind, "result": result}}
        self._send(json.dumps(told).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _send(self, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def asked(port: int) -> int:
    """Return how many questions the one on this port was asked."""
    with urlopen(f"http://127.0.0.1:{port}{ASKED}", timeout=10) as answer:
        return int(answer.read())


def _rows(query: str, moment: float) -> list[tuple[dict[str, str], list[object]]]:
    if "pod)" in query and "__name__=~" in query:
        return [({"namespace": NAMESPACE, "pod": pod}, [moment, "1"]) for pod in PODS]
    if "__name__=~" in query:
        return [({"__name__": name, "namespace": NAMESPACE}, [moment, "1"]) for name in EXISTING]
    return [({}, [moment, str(moment) if "timestamp(" in query else NUMBER])]


def main() -> None:
    """Serve until killed; the port stands in the first line."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    sys.stdout.write(f"a Prometheus that answers on port {server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
