"""A cluster that notes which rights each call would need; the contract suite holds it to the API.

The names of calls and the rights behind them are tried over HTTP in
tests/contract/cluster/test_rights.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Write
from cluster.evidence.collect import LOGS
from cluster.rights import HOME, Right, creates, deletes, evicts, gets, lists, patches

Rights = tuple[Right, ...]


def _kind(reference: OwnerReference) -> Kind:
    return kinds.BY_NAME[reference.group, reference.kind]


def _written(write: Write) -> Rights:
    kind = _kind(write.reference)
    return patches(kind, subresource=write.subresource, namespaces=(write.namespace,))


NEEDED: Mapping[str, Callable[..., Rights]] = {
    "owner": lambda _, reference: gets(_kind(reference)),
    "pods": lambda *_: lists(kinds.POD),
    "pools": lambda *_: lists(*kinds.POOLS),
    "routes": lambda *_: lists(kinds.ROUTE),
    "workloads": lambda _, kind: lists(kind),
    "autoscalers": lambda *_: lists(kinds.AUTOSCALER),
    "thing": lambda where, reference: gets(_kind(reference), namespaces=(where,)),
    "things": lambda where, kind, **_: lists(kind, namespaces=(where,)),
    "log": lambda *_, **__: (LOGS,),
    "write": _written,
    "create": lambda _, kind, *__, **___: creates(kind),
    "evict": lambda _: evicts(kinds.POD),
    "delete": lambda _: deletes(kinds.POD),
}
"""Each call of the port, and the rights that it needs."""


class Recording:
    """The port over another one; `used` are the rights of all calls so far."""

    def __init__(self, kubernetes: Kubernetes, *, home: str) -> None:
        self._kubernetes = kubernetes
        self._home = home
        self.used: set[Right] = set()

    def _at_home(self, right: Right) -> Right:
        return replace(right, namespace=HOME) if right.namespace == self._home else right

    def __getattr__(self, name: str) -> Callable[..., object]:
        """Return the call of that name, noted."""
        call = getattr(self._kubernetes, name)
        needed = NEEDED[name]

        def noted(*given: object, **named: object) -> object:
            here = [HOME if each == self._home else each for each in given]
            self.used.update(map(self._at_home, needed(*here, **named)))
            return call(*given, **named)

        return noted
