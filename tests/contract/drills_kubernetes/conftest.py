"""The stand-in behind a loopback port, and the official client in front of it."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import uvicorn
from kubernetes import client
from starlette.applications import Starlette

from drills.kubernetes.app import build
from drills.kubernetes.identities import User
from drills.kubernetes.seed import seed_llm_d
from drills.kubernetes.state import Cluster

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """Return a cluster with llm-d on it, at a clock that stands still."""
    made = Cluster(now=lambda: NOW)
    seed_llm_d(made)
    return made


@pytest.fixture(scope="session")
def app(cluster: Cluster) -> Starlette:
    """Return the API server, with one user who may do all and one who may only read."""
    tokens = {
        "root": User(name="root", may=frozenset({"*"})),
        "reader": User(name="reader", may=frozenset({"get *", "list *"})),
    }
    return build(cluster, tokens=tokens)


@pytest.fixture(scope="session")
def address(app: Starlette) -> Iterator[str]:
    """Yield where it listens; one server serves all tests, each begins with a clean one."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()  # before the thread runs: a client that is faster waits instead of failing
        config = uvicorn.Config(app, log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        server.should_exit = server.force_exit = True
        thread.join(5)


@pytest.fixture(autouse=True)
def clean(app: Starlette, cluster: Cluster) -> Iterator[None]:
    """Put the cluster back after each test, whatever the test did."""
    before = cluster.snapshot()
    yield
    app.state.faults.clear()
    app.state.calls.clear()
    cluster.restore(before)


@pytest.fixture
def api(address: str) -> Iterator[client.ApiClient]:
    """Yield the official client, with the token of root and no repeats of its own."""
    with client.ApiClient(configured(address, "root")) as made:
        yield made


@pytest.fixture
def reader(address: str) -> Iterator[client.ApiClient]:
    """Yield the official client of somebody who may only read."""
    with client.ApiClient(configured(address, "reader")) as made:
        yield made


@pytest.fixture
def stranger(address: str) -> Iterator[client.ApiClient]:
    """Yield the official client with a token that nobody gave out."""
    with client.ApiClient(configured(address, "guess")) as made:
        yield made


def configured(address: str, token: str) -> client.Configuration:
    """Return a client configuration for a token."""
    configuration = client.Configuration(host=address)
    configuration.api_key = {"authorization": token}
    configuration.api_key_prefix = {"authorization": "Bearer"}
    configuration.retries = False
    return configuration
