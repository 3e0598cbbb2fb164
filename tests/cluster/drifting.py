"""What the tests of drift share: an intention for the stand-in's decode workload."""

from collections.abc import Sequence
from typing import Any

from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.drift.findings import Finding
from cluster.drift.intended import Model, Place, Range, Size, Workload
from cluster.targets.target import Target

NAMESPACE = "llm-d"
MODEL = Model(name="llama-3-70b", served=("llama-3-70b",))
H100 = "NVIDIA-H100-80GB-HBM3"
TARGET = Target(
    cluster="local",
    namespace=NAMESPACE,
    kind="Deployment",
    name="chat",
    uid="u-1",
    model="llama-3-70b",
    role="decode",
    pods=(),
    pool="chat",
)


def size(normal: int, least: int | None = None, most: int | None = None) -> Size:
    return Size(normal=normal, allowed=Range(least=least or normal, most=most or normal))


def place(**changes: Any) -> Place:
    """Return the decode workload of the stand-in, as it is intended."""
    plain: dict[str, Any] = {"role": "decode", "model": MODEL, "where": "environments.yaml:7"}
    workload = Workload(**(plain | changes))
    return Place(environment="production", cluster="local", namespace=NAMESPACE, workload=workload)


def of(findings: Sequence[Finding], what: str) -> Finding:
    """Return the one finding of that name."""
    (found,) = [one for one in findings if one.what == what]
    return found


def thing(body: Any, kind: str = "Thing", name: str = "chat") -> Thing:
    """Return an object with any body."""
    itself = OwnerReference(kind=kind, name=name, api_version="v1")
    return Thing(itself=itself, namespace=NAMESPACE, resource_version="1", body=body)
