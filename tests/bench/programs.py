"""The programs that measure: each one is a process of its own, so that none slows another."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any  # what a program printed as JSON

from tests.bench.postgres import Cluster
from tests.bench.served import ROOT, TOKEN, Served

CLIENTS = 64
TPS = re.compile(r"tps = ([0-9.]+)")
# As one row of the inbox, committed alone. Simple protocol, prepared once per connection.
INSERT = "INSERT INTO inbox (source, body, size, received_at) VALUES ('bench', '{body}', {size}, 1)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a load did: deliveries per second, CPU seconds of the server for each, latencies."""

    rate: float
    cpu: float
    latencies: list[float]


def load(server: Served, body: Path, *, requests: int) -> Loaded:
    """Post over 64 connections; raises RuntimeError when any answer is not 200."""
    before = server.cpu_seconds()
    with generating(server, body, requests=requests, connections=CLIENTS) as ended:
        said = ended()
    used = server.cpu_seconds() - before
    if said["statuses"] != {"200": requests}:
        message = f"of {requests} deliveries were answered {said['statuses']}"
        raise RuntimeError(message)
    return Loaded(rate=requests / said["seconds"], cpu=used / requests, latencies=said["latencies"])


@contextmanager
def generating(
    server: Served, body: Path, *, requests: int, connections: int
) -> Iterator[Callable[[], Any]]:
    """Run the generator beside the block; what it gives waits for what came back."""
    options = {"port": server.port, "body": body, "token": TOKEN, "requests": requests}
    words = [f"--{name}={value}" for name, value in options.items()]
    command = _command("tests.bench.generator", *words, f"--connections={connections}")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            yield lambda: json.loads(process.communicate()[0])
        finally:
            process.kill()


def grouped(url: str, body: Path, *, count: int) -> float:
    """Return the rate at which 64 writers get bodies kept, without HTTP."""
    return _rate("grouped", url, body, count)


def lone(url: str, body: Path, *, count: int) -> float:
    """Return the rate at which a lone writer of SQLite commits, one row each."""
    return _rate("lone", url, body, count)


def pgbench(cluster: Cluster, url: str, body: Path, *, count: int) -> float | None:
    """Return the rate at which 64 clients commit one row each; None without pgbench."""
    program = cluster.pgbench()
    if program is None:
        return None
    raw = body.read_bytes()
    script = body.with_suffix(".sql")
    script.write_text(INSERT.format(body=f"\\x{raw.hex()}", size=len(raw)))
    name = url.partition("@/")[2].partition("?")[0]
    where = ["-h", str(cluster.folder), "-U", "postgres", name]
    how = ["-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-t", str(count // CLIENTS)]
    ran = subprocess.run(
        [program, *how, "-f", script, *where], check=True, capture_output=True, text=True
    )
    found = TPS.search(ran.stdout)
    assert found is not None, ran.stdout
    return float(found[1])


def _rate(how: str, url: str, body: Path, count: int) -> float:
    rate: float = _json("tests.bench.raw", how, url, str(body), str(count))["rate"]
    return rate


def _json(module: str, *words: str) -> Any:
    ran = subprocess.run(_command(module, *words), check=True, cwd=ROOT, stdout=subprocess.PIPE)
    return json.loads(ran.stdout)


def _command(module: str, *words: str) -> list[str]:
    return [sys.executable, "-m", module, *words]
