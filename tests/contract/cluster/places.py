"""Where the contract of a cluster is tried: the stand-in here, a real control plane elsewhere."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import uvicorn
from starlette.applications import Starlette

from cluster.clients import kinds
from cluster.clients.access import Direct
from cluster.clients.bounded import Limits
from cluster.clients.kinds import Kind
from cluster.clients.kubernetes import KubernetesClient
from drills.kubernetes import resources
from drills.kubernetes.app import build
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.identities import User
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.state import Cluster
from tests.contract.cluster.asking import Api, Body

Found = TypeVar("Found")

OPERATOR = "operator"
"""Who made what is there."""
EVERYTHING = frozenset({"*"})
INSTALLED = (
    *(resources.POOLS, resources.OLD_POOLS, resources.ROUTES, resources.GROUPS),
    *(resources.SERVICES, resources.OLD_SERVICES, resources.ROLLOUTS),
)
"""The scalers of a DisaggregatedSet's roles are installed nowhere."""


class Place(Protocol):
    """A namespace of its own in some cluster; nobody else writes there."""

    namespace: str

    def api(self, identity: str = "root") -> Api:
        """Return plain HTTP, as root or as somebody whose token is unknown."""

    def client(self, may: frozenset[str] = EVERYTHING, **limits: float) -> KubernetesClient:
        """Return our client as somebody with these rights: `list pods`, or `*` for root."""

    def make(self, kind: Kind, body: Body) -> Body:
        """Create an object as the operator of the cluster."""

    def until(self, ask: Callable[[], Found]) -> Found:
        """Let the controllers work until the answer is true; fail when it never is."""


def path(kind: Kind, namespace: str, name: str = "") -> str:
    """Return the path of a kind's objects, or of one."""
    found = kinds.collection(kind).format(namespace=namespace)
    return f"{found}/{name}" if name else found


def furnish(root: Api) -> None:
    """Add three nodes of eight GPUs each."""
    for number in range(3):
        made = {"metadata": {"name": f"gpu-{number}", "labels": {"gpu": "h100"}}}
        root.create("/api/v1/nodes", made)
        room = {"cpu": "96", "memory": "1000Gi", "nvidia.com/gpu": "8", "pods": "110"}
        status = {"status": {"capacity": room, "allocatable": room}}
        root.change(f"/api/v1/nodes/gpu-{number}/status", status)


@dataclass(kw_only=True)
class StandIn:
    """The stand-in behind a loopback port, at a clock that the test moves."""

    namespace: str
    cluster: Cluster
    app: Starlette
    address: str
    tokens: dict[str, User]
    folder: Path
    moment: datetime
    open: ExitStack = field(default_factory=ExitStack)

    def api(self, identity: str = "root") -> Api:
        return Api(address=self.address, token=identity)

    def client(self, may: frozenset[str] = EVERYTHING, **limits: float) -> KubernetesClient:
        self.tokens["reader"] = User(name="reader", may=may)
        token = self.folder / "token"
        token.write_text("reader")
        access = Direct(address=self.address, token_file=token)
        made = KubernetesClient(access, limits=replace(Limits(), **limits))
        return self.open.enter_context(closing(made))

    def make(self, kind: Kind, body: Body) -> Body:
        for resource in resources.READ_ONLY:
            if (resource.api_version, resource.kind) == (kind.api_version, kind.name):
                meta = {**body["metadata"], "namespace": self.namespace}
                given = {**body, "metadata": meta}
                return self.cluster.create(resource, given, writer=Writer(manager=OPERATOR))
        return self.api().create(path(kind, self.namespace), body, fieldManager=OPERATOR)

    def until(self, ask: Callable[[], Found]) -> Found:
        controllers = Controllers(self.cluster, ready_after=lambda _: 0.0)
        for _ in range(60):
            controllers.reconcile(self.moment)
            if found := ask():
                return found
            self.moment += timedelta(seconds=5)
        message = f"never; the last answer was {found!r}"
        raise AssertionError(message)


@contextmanager
def stand_in(folder: Path, namespace: str = "here") -> Iterator[StandIn]:
    """Serve a new stand-in until the block ends."""
    cluster = Cluster(now=lambda: made.moment)
    tokens = {"root": User(name="root", may=EVERYTHING)}
    with ExitStack() as stack, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        made = StandIn(
            namespace=namespace,
            cluster=cluster,
            app=build(cluster, tokens=tokens),
            address=f"http://127.0.0.1:{bound.getsockname()[1]}",
            tokens=tokens,
            folder=folder,
            moment=datetime(2026, 3, 1, 12, tzinfo=UTC),
            open=stack,
        )
        cluster.install(*INSTALLED)
        server = uvicorn.Server(uvicorn.Config(made.app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        furnish(made.api())
        made.api().create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        yield made
        server.should_exit = server.force_exit = True
        thread.join(5)
