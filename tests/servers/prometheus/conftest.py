"""Debian's Prometheus and the stand-in over the same three hours of samples."""

import json
import math
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from drills.prometheus import evaluate
from drills.prometheus.store import Store
from drills.prometheus.values import Matrix, Scalar, Text, Value, Vector
from drills.prometheus.windows import Release

Span = tuple[datetime, datetime, timedelta]
Answer = dict[tuple[tuple[str, str], ...], Any]  # Any: numbers within a tolerance
Samples = Iterable[tuple[Mapping[str, str], float, datetime]]

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
LENGTH = timedelta(hours=3)
SCRAPE = timedelta(seconds=15)
PODS = ("decode-0", "decode-1", "decode-2", "decode-3")
BOUNDS = ("0.1", "0.5", "1.0", "2.5", "10.0", "+Inf")

READY_WITHIN = timedelta(seconds=30)
STOPPED_WITHIN = timedelta(seconds=15)


@pytest.fixture(scope="session")
def real_prometheus(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[Samples], str]]:
    """Return a function: samples in, address of a real Prometheus that holds them out.

    Labels include `__name__`. The server answers until the session ends.
    """
    for program in ("prometheus", "promtool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian package prometheus)")
    with ExitStack() as servers:

        def start(samples: Samples) -> str:
            folder = tmp_path_factory.mktemp("prometheus")
            backfill(folder, samples)
            return servers.enter_context(serving(folder))

        yield start


@pytest.fixture(scope="session")
def scraping(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str, Samples], str]]:
    """Return a function: a configuration and older samples in, address of a real Prometheus out."""
    for program in ("prometheus", "promtool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian package prometheus)")
    with ExitStack() as servers:

        def start(configuration: str, samples: Samples) -> str:
            folder = tmp_path_factory.mktemp("prometheus")
            backfill(folder, samples)
            return servers.enter_context(serving(folder, configuration))

        yield start


@pytest.fixture(scope="session")
def clock() -> Iterator[Callable[[datetime], str]]:
    """Return a function: a moment in, address of a rehearsal's clock that stands at it out.

    What a command prints is then the same on every day.
    """
    with ExitStack() as servers:

        def standing(moment: datetime) -> str:
            return servers.enter_context(_standing(moment))

        yield standing


@contextmanager
def _standing(moment: datetime) -> Iterator[str]:
    body = json.dumps({"time": moment.isoformat(), "rate": 0}).encode()

    class Still(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Still) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def ask() -> Callable[..., dict[str, Any]]:
    """Return a function that asks a real server: address, path of the API, parameters."""
    return asked


@pytest.fixture(scope="session")
def same_instant() -> Callable[[str, Store, str, datetime], None]:
    """Return a function that fails when a server and the stand-in differ at a moment."""

    def compare(server: str, store: Store, query: str, at: datetime) -> None:
        theirs = asked(server, "query", query=query, time=at.timestamp())
        ours = evaluate.instant(store, query, at, release=Release.V2)
        assert comparable(ours) == of_server(theirs["data"])

    return compare


@pytest.fixture(scope="session")
def same_range() -> Callable[..., None]:
    """Return a function that fails when they differ over (start, end, step).

    `release` is whose windows the stand-in has: by default those of Debian's 2.42.
    """

    def compare(
        server: str, store: Store, query: str, span: Span, *, release: Release = Release.V2
    ) -> None:
        start, end, step = span
        times = {"start": start.timestamp(), "end": end.timestamp(), "step": step.total_seconds()}
        theirs = asked(server, "query_range", query=query, **times)
        ours = evaluate.over_range(store, query, start, end, step, release=release)
        assert comparable(ours) == of_server(theirs["data"])

    return compare


@pytest.fixture(scope="session")
def server(real_prometheus: Callable[..., str]) -> str:
    return real_prometheus(samples())


@pytest.fixture(scope="session")
def store() -> Store:
    filled = Store()
    for labels, value, at in samples():
        filled.append(labels, value, at)
    return filled


def backfill(folder: Path, samples: Samples) -> None:
    """Write the samples as blocks, the way the manual's "backfilling" section says."""
    text = folder / "samples.om"
    with text.open("w", encoding="utf-8") as lines:
        for labels, value, at in samples:
            pairs = ",".join(f'{k}="{v}"' for k, v in labels.items() if k != "__name__")
            lines.write(f"{labels['__name__']}{{{pairs}}} {value!r} {at.timestamp():.3f}\n")
        lines.write("# EOF\n")
    command = [
        "promtool",
        "tsdb",
        "create-blocks-from",
        # One block where it fits: a month of two hours each takes minutes to write.
        "--max-block-duration=744h",
        "openmetrics",
        str(text),
        str(folder / "data"),
    ]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def serving(folder: Path, configuration: str = "global: {}\n") -> Iterator[str]:
    """Serve the blocks of a folder on a free port of loopback until the block ends."""
    (folder / "prometheus.yml").write_text(configuration, encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        # The samples are as old as the drill's world; nothing may be dropped for its age.
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
        try:
            wait_until_ready(f"http://{address}")
            yield f"http://{address}"
        finally:
            server.terminate()
            server.wait(STOPPED_WITHIN.total_seconds())


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(base: str) -> None:
    """Return when the server answers /-/ready; fail when it does not in time."""
    deadline = time.monotonic() + READY_WITHIN.total_seconds()
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{base}/-/ready", timeout=2).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    pytest.fail(f"{base} was not ready within {READY_WITHIN}")


def samples() -> Iterator[tuple[Mapping[str, str], float, datetime]]:
    """Yield three hours of a small world: steady, rising, resetting, young, ended and odd."""
    for index in range(int(LENGTH / SCRAPE)):
        for number, pod in enumerate(PODS):
            # Two pods are scraped on the grid, so that samples lie on the borders.
            late = timedelta(milliseconds=[0, 0, 3_210, 11_007][number])
            at = START + index * SCRAPE + late
            for labels, value in scraped(index, number, pod):
                yield labels, value, at


def scraped(index: int, number: int, pod: str) -> Iterator[tuple[Mapping[str, str], float]]:
    """Yield what one pod shows at one scrape."""
    role = "decode" if number < 3 else "prefill"
    of_pod = {"pod": pod, "role": role}
    wave = 3 + 2.5 * math.sin(index / 17 + number)
    yield {"__name__": "gauge", **of_pod}, wave
    yield {"__name__": "other", "pod": pod, "zone": "a"}, 4 - number + index % 3
    yield {"__name__": "build", "pod": pod, "version": f"v{number % 2}", "role": "x"}, 1.0
    yield {"__name__": "counter", **of_pod}, 1_000 + (number + 1) * 7.25 * index
    yield {"__name__": "resetting", **of_pod}, (index % 97) * (number + 1.5)
    yield {"__name__": "stepping", **of_pod}, float(index // 13)
    if number == 0:
        yield {"__name__": "constant"}, 42.0
    if index >= 590:
        yield {"__name__": "young", **of_pod}, (index - 590) * 2.5 + 0.1 * number
    if index < 240 and not 100 < index < 110:
        yield {"__name__": "ended", **of_pod}, float(index)
    odd = [math.nan, math.inf, -math.inf if index % 2 else 1.0, 2.0][number]
    yield {"__name__": "odd", **of_pod}, odd
    yield from buckets("latency_bucket", of_pod, index, number)
    yield from engine(index, number, {"namespace": "llm-prod", "pod": pod, "engine": "0"})


def buckets(
    name: str, labels: Mapping[str, str], index: int, number: int
) -> Iterator[tuple[Mapping[str, str], float]]:
    """Yield a classic histogram that fills unevenly."""
    for rank, bound in enumerate(BOUNDS):
        count = (rank * rank + number) * index + rank * (index // 50)
        yield {"__name__": name, **labels, "le": bound}, float(count)


def engine(
    index: int, number: int, labels: Mapping[str, str]
) -> Iterator[tuple[Mapping[str, str], float]]:
    """Yield a vLLM engine whose cache fills up in the second hour; one engine hangs."""
    pressed = max(0, index - 400)
    hung = number == 1 and index > 560
    shown = {
        "vllm:num_preemptions_total": pressed * (0.5 + number),
        "vllm:kv_cache_usage_perc": min(0.99, 0.4 + index / 900 + number / 100),
        "vllm:num_requests_waiting": float(pressed // 10 + number),
        "vllm:num_requests_running": 12.0 + number,
        "vllm:generation_tokens_total": 900.0 * (min(index, 560) if hung else index),
        "vllm:prefix_cache_hits_total": 300.0 * min(index, 400) + 120.0 * pressed,
        "vllm:prefix_cache_queries_total": 500.0 * index,
    }
    for name, value in shown.items():
        yield {"__name__": name, **labels}, value
    for reason in ("capacity", "deferred"):
        by_reason = {"__name__": "vllm:num_requests_waiting_by_reason", "reason": reason}
        yield {**by_reason, **labels}, float(pressed if reason == "capacity" else number)
    yield from buckets("vllm:time_to_first_token_seconds_bucket", labels, index, number)


def asked(server: str, path: str, **parameters: Any) -> dict[str, Any]:  # Any: as JSON has it
    answer: dict[str, Any] = requests.get(
        f"{server}/api/v1/{path}", params=parameters, timeout=20
    ).json()
    return answer


def comparable(value: Value) -> Answer:
    """Return an answer by label set; numbers equal within 1e-9, NaN equal to NaN."""
    match value:
        case Scalar(number):
            return {(): near(number)}
        case Text(text):
            return {(): text}
        case Vector(samples):
            return {each.labels: near(each.value) for each in samples}
        case Matrix(series):
            return {
                each.labels: [(point.at / 1000, near(point.value)) for point in each.points]
                for each in series
            }


def of_server(answer: Mapping[str, Any]) -> Answer:
    match answer["resultType"], answer["result"]:
        case "scalar", [_, text]:
            return {(): float(text)}
        case "string", [_, text]:
            return {(): text}
        case "vector", result:
            return {key(each): float(each["value"][1]) for each in result}
        case _, result:
            return {
                key(each): [(at, float(text)) for at, text in each["values"]] for each in result
            }


def key(series: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(series["metric"].items()))


def near(number: float) -> Any:
    return pytest.approx(number, rel=1e-9, abs=1e-12, nan_ok=True)
