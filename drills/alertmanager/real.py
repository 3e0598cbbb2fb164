"""Run a real Alertmanager on loopback, for stories and for keeping the stand-in honest."""

import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drills.alertmanager.config import Config, document

# Debian's name for it; upstream calls it `alertmanager`.
BINARIES = ("prometheus-alertmanager", "alertmanager")
_READY_WITHIN = 20.0  # real seconds
_STOPPED_WITHIN = 10.0  # real seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running Alertmanager: where its API is, and where its peers find it."""

    address: str
    cluster_address: str


def binary() -> str:
    """Return the path of an installed Alertmanager, empty when there is none."""
    return next((path for name in BINARIES if (path := shutil.which(name))), "")


@contextmanager
def running(
    config: Config, folder: Path, *, peers: Sequence[Running] = (), peer_timeout: float = 15.0
) -> Iterator[Running]:
    """Run one with its files in `folder` until the block ends; `peer_timeout` in seconds.

    Raises FileNotFoundError when none is installed, TimeoutError when it is not ready in time.
    """
    path = binary()
    if not path:
        raise FileNotFoundError(BINARIES[0])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(document(config), encoding="utf-8")
    web, gossip = _free_port(), _free_port()
    command = [path, *_flags(folder, web, gossip, peers, peer_timeout)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own command
        try:
            _wait_until_ready(web, folder)
            yield Running(address=f"http://127.0.0.1:{web}", cluster_address=f"127.0.0.1:{gossip}")
        finally:
            _stop(server)


def _flags(
    folder: Path, web: int, gossip: int, peers: Sequence[Running], peer_timeout: float
) -> list[str]:
    return [
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{web}",
        f"--web.external-url=http://127.0.0.1:{web}",
        f"--cluster.listen-address=127.0.0.1:{gossip}",
        # Peers are there from the start or not at all: a long settling only delays the first alert.
        "--cluster.settle-timeout=1s",
        f"--cluster.peer-timeout={round(peer_timeout * 1000)}ms",
        *(f"--cluster.peer={peer.cluster_address}" for peer in peers),
    ]


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def _wait_until_ready(port: int, folder: Path) -> None:
    end = time.monotonic() + _READY_WITHIN
    while time.monotonic() < end:
        if _ready(port):
            return
        time.sleep(0.05)
    message = f"alertmanager is not ready; its log: {folder / 'log'}"
    raise TimeoutError(message)


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(_STOPPED_WITHIN)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
