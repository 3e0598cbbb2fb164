"""What an API server has to allow for something to work: rights, as data beside what needs them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from cluster.clients.kinds import Kind

READS: Final = frozenset({"get", "list", "watch"})
HOME: Final = ""
"""The namespace of the target."""
EVERYWHERE: Final = "*"
"""No namespace: the kind has none."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Right:
    """One verb on one resource, in RBAC's words; `resource` may be `deployments/scale`.

    `namespace` is HOME for that of the target, EVERYWHERE for a kind without namespaces, or one
    that is known by its name, such as `argocd`.
    """

    group: str
    resource: str
    verb: str
    namespace: str = HOME

    @property
    def reads(self) -> bool:
        """Tell whether it lets nothing be changed; the reader has such rights alone."""
        return self.verb in READS

    @property
    def subresource(self) -> str:
        """Return `scale` of `deployments/scale`."""
        return self.resource.partition("/")[2]

    def __str__(self) -> str:
        where = {HOME: "", EVERYWHERE: " of the cluster"}
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {resource}{where.get(self.namespace, f' in {self.namespace}')}"


class Allows(Protocol):
    """Whoever knows what we may do."""

    def allowed(self, right: Right, *, namespace: str, name: str = "") -> bool:
        """Tell whether we may, where `namespace` is the target's. Raises as a read does.

        With a `name` it is about that object alone.
        """


def gets(*kinds: Kind, namespaces: Iterable[str] = (HOME,)) -> tuple[Right, ...]:
    """Return the rights to read single objects of these kinds."""
    return _each("get", kinds, namespaces)


def lists(*kinds: Kind, namespaces: Iterable[str] = (HOME,)) -> tuple[Right, ...]:
    """Return the rights to list these kinds."""
    return _each("list", kinds, namespaces)


def patches(
    *kinds: Kind, subresource: str = "", namespaces: Iterable[str] = (HOME,)
) -> tuple[Right, ...]:
    """Return the rights to patch these kinds, or a subresource of theirs."""
    return tuple(_of(one, subresource) for one in _each("patch", kinds, namespaces))


def creates(*kinds: Kind) -> tuple[Right, ...]:
    """Return the rights to create objects of these kinds."""
    return _each("create", kinds, (HOME,))


def evicts(kind: Kind) -> tuple[Right, ...]:
    """Return the right to ask that a pod goes."""
    return tuple(_of(one, "eviction") for one in _each("create", (kind,), (HOME,)))


def deletes(kind: Kind) -> tuple[Right, ...]:
    """Return the right to delete objects of a kind, one by one."""
    return _each("delete", (kind,), (HOME,))


def _each(verb: str, kinds: Iterable[Kind], namespaces: Iterable[str]) -> tuple[Right, ...]:
    return tuple(
        Right(group=kind.group, resource=kind.plural, verb=verb, namespace=namespace)
        for kind in kinds
        for namespace in (namespaces if kind.namespaced else (EVERYWHERE,))
    )


def _of(right: Right, subresource: str) -> Right:
    return replace(right, resource=f"{right.resource}/{subresource}") if subresource else right
