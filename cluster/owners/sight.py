"""What owners look at: each object and each list is read once, and no more than is asked for."""

from dataclasses import dataclass
from typing import Protocol

from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.ports import Kubernetes
from cluster.clients.refusals import Missing
from cluster.clients.things import Thing
from incidents.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """It cannot be told what is there, and why: that is never the same as nothing."""

    because: str


def why(unseen: Hidden | None) -> str:
    """Return why an object that something refers to is not seen."""
    return unseen.because if unseen else "it is gone"


class Sight(Protocol):
    """One namespace, and what is referred to from it. May raise Unavailable."""

    def things(self, kind: Kind) -> tuple[Thing, ...] | Hidden:
        """Return all objects of a kind; a kind that is not installed has none."""

    def thing(self, reference: OwnerReference, *, namespace: str = "") -> Thing | Hidden | None:
        """Return the object, None where there is none; in the namespace looked at by default."""


class LiveSight:
    """Looks at a cluster; what was read once stays as it was read."""

    def __init__(self, kubernetes: Kubernetes, namespace: str) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._lists: dict[Kind, tuple[Thing, ...] | Hidden] = {}
        self._things: dict[tuple[str, str, str, str], Thing | Hidden | None] = {}

    def things(self, kind: Kind) -> tuple[Thing, ...] | Hidden:
        """Return all objects of a kind."""
        if kind not in self._lists:
            self._lists[kind] = self._list(kind)
        return self._lists[kind]

    def thing(self, reference: OwnerReference, *, namespace: str = "") -> Thing | Hidden | None:
        """Return the object, None where there is none."""
        known = kinds.BY_NAME.get((reference.group, reference.kind))
        place = "" if known and not known.namespaced else namespace or self._namespace
        key = (place, reference.api_version, reference.kind, reference.name)
        if key not in self._things:
            self._things[key] = self._read(place, reference)
        return self._things[key]

    def _list(self, kind: Kind) -> tuple[Thing, ...] | Hidden:
        try:
            return tuple(self._kubernetes.things(self._namespace, kind))
        except Rejected as error:
            return Hidden(because=str(error))

    def _read(self, namespace: str, reference: OwnerReference) -> Thing | Hidden | None:
        try:
            return self._kubernetes.thing(namespace, reference)
        except Missing:
            return None
        except Rejected as error:
            return Hidden(because=str(error))
