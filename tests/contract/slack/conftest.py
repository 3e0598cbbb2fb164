"""The stand-in workspace on a free port, and what triaged connects to it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from drills.slack import serving
from drills.slack.app import build
from drills.slack.faults import Fault
from drills.slack.workspace import Workspace

PATIENCE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A workspace that is being served."""

    workspace: Workspace
    address: str

    @property
    def api(self) -> str:
        """Return the base address of the Web API."""
        return f"{self.address}/api/"

    def plan(self, *faults: Fault) -> None:
        """Let calls go wrong."""
        self.workspace.faults.plan(*faults)

    def calls(self, method: str) -> list[bool]:
        """Return for each call of a method whether it was carried out."""
        return [call.committed for call in self.workspace.calls if call.method == method]


@contextmanager
def _served() -> Iterator[Served]:
    workspace = Workspace(now=lambda: datetime.now(UTC))
    server = serving.server(build(workspace))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    workspace.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield Served(workspace=workspace, address=workspace.address)
    finally:
        server.should_exit = True
        thread.join()


def until(fact: Callable[[], object]) -> None:
    """Wait until something is so; fail after five seconds."""
    end = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """Serve one workspace to all tests; each begins with `slack`, which resets it."""
    with _served() as found:
        yield found


@pytest.fixture
def slack(served: Served) -> Served:
    """Begin again in an empty workspace."""
    served.workspace.reset()
    served.workspace.limits.tiers = served.workspace.limits.pacing = False
    return served


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], object]], None]:
    """Return the function that waits for something to become so."""
    return until
