"""Starts Debian's Prometheus over given samples."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests

Samples = Iterable[tuple[Mapping[str, str], float, datetime]]

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
        "openmetrics",
        str(text),
        str(folder / "data"),
    ]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the blocks of a folder on a free port of loopback until the block ends."""
    (folder / "prometheus.yml").write_text("global: {}\n", encoding="utf-8")
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
