"""The narrow port through which checks see a cluster: it reads, and has no way to write."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Thing
from incidents.errors import Unavailable


class Objects(Protocol):
    """The objects of one cluster; both raise as the port `Kubernetes` does."""

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        """Return the object that a reference names; `namespace` is empty where it has none."""

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        """Return the objects of a kind; a cluster without that kind has none."""


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """A cluster of which only the reads are handed on."""

    _kubernetes: Kubernetes

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        """Return the object that a reference names."""
        return self._kubernetes.thing(namespace, reference)

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        """Return the objects of a kind."""
        return self._kubernetes.things(namespace, kind, selector=selector)


class NoObjects:
    """Where no cluster is configured: nothing is seen, and it says so."""

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:  # noqa: ARG002  # the port's
        """Raise Unavailable."""
        raise Unavailable(NOWHERE)

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:  # noqa: ARG002  # the port's
        """Raise Unavailable."""
        raise Unavailable(NOWHERE)


NOWHERE = "no cluster is configured"
