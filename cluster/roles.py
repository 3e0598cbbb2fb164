"""Roles and bindings that grant exactly these rights: a reader's, and a writer's on top of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from cluster.rights import EVERYWHERE, HOME, Right
from cluster.snapshots.rights import RIGHTS
from incidents.errors import Rejected

Document: TypeAlias = Mapping[str, object]

READER: Final = "triaged-reader"
WRITER: Final = "triaged-writer"
SNAPSHOT: Final = "triaged-snapshot"
"""Whoever notes templates, images and arguments that were seen; neither of the others may."""
BOUNDS: Final = "triaged-bounds"
"""The ConfigMap in which that stands, one in each namespace."""
RBAC: Final = "rbac.authorization.k8s.io"
NEVER: Final = frozenset(
    {
        *("secrets", "pods/exec", "pods/attach", "pods/portforward", "pods/proxy"),
        *("serviceaccounts", "serviceaccounts/token", "users", "groups", "*"),
    }
)
"""Resources that nothing of triaged may ever ask for."""
NAMELESS: Final = frozenset({"pods", "pods/eviction"})
"""Their names are made up by what makes them, so nobody can list them beforehand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """Where triaged runs, and in which namespaces models are.

    `only` are the names of objects that may be written, by resource, such as `deployments`: with
    any, nothing else may be. `absent` are namespaces of other tools that are not there.
    """

    home: str
    namespaces: tuple[str, ...]
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()


def documents(rights: Iterable[Right], install: Install) -> Sequence[Document]:
    """Return what grants these rights; raises Rejected for one that is never granted."""
    wanted = sorted(set(rights))
    for each in wanted:
        _refuse_too_much(each)
    reads = [each for each in wanted if each.reads]
    writes = [each for each in wanted if not each.reads]
    names = (READER, WRITER, SNAPSHOT)
    return [
        *(_account(name, install) for name in names),
        *_granted(READER, (READER, WRITER), reads, install),
        *_granted(WRITER, (WRITER,), writes, install),
        *(one for namespace in install.namespaces for one in _snapshot(namespace, install)),
    ]


def rules(rights: Iterable[Right], only: Mapping[str, tuple[str, ...]]) -> Sequence[Document]:
    """Return the rules of a Role, as few as there can be without granting more."""
    verbs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in sorted(set(rights)):
        verbs[each.group, each.resource].append(each.verb)
    alike: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for (group, resource), found in verbs.items():
        alike[group, tuple(found), _names(resource, found, only)].append(resource)
    return [
        {
            "apiGroups": [group],
            "resources": resources,
            **({"resourceNames": list(names)} if names else {}),
            "verbs": list(found),
        }
        for (group, found, names), resources in sorted(alike.items())
    ]


def writable(right: Right, install: Install) -> bool:
    """Tell whether it stays when only some objects may be written."""
    plural = right.resource.partition("/")[0]
    return not install.only or right.resource in NAMELESS or plural in install.only


def subject(name: str, install: Install) -> str:
    """Return what the API server calls a service account of ours."""
    return f"system:serviceaccount:{install.home}:{name}"


def _refuse_too_much(right: Right) -> None:
    plural = right.resource.partition("/")[0]
    everywhere = right.namespace == EVERYWHERE and not right.reads and plural != "nodes"
    if {right.resource, plural} & NEVER or "*" in (right.group, right.verb) or everywhere:
        message = f"{right}: a right that triaged never asks for"
        raise Rejected(message)


def _granted(
    role: str, accounts: Sequence[str], rights: Sequence[Right], install: Install
) -> Iterator[Document]:
    kept = [each for each in rights if each.reads or writable(each, install)]
    for namespace in [EVERYWHERE, *_places(kept, install)]:
        here = [each for each in kept if _applies(each, namespace, install)]
        if here:
            only = {} if role == READER else install.only
            yield _role(role, namespace, rules(here, only))
            yield _binding(role, namespace, accounts, install)


def _places(rights: Sequence[Right], install: Install) -> Sequence[str]:
    others = {each.namespace for each in rights} - {HOME, EVERYWHERE, *install.absent}
    return [*install.namespaces, *sorted(others - set(install.namespaces))]


def _applies(right: Right, namespace: str, install: Install) -> bool:
    at_home = right.namespace == HOME and namespace in install.namespaces
    return at_home or right.namespace == namespace


def _names(
    resource: str, verbs: Sequence[str], only: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    # A name cannot be compared with that of an object that does not exist yet, nor with a list's.
    if resource in NAMELESS or {"create", "list"} & set(verbs):
        return ()
    return only.get(resource.partition("/")[0], ())


def _account(name: str, install: Install) -> Document:
    meta = {"name": name, "namespace": install.home}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}


def _role(name: str, namespace: str, found: Sequence[Document]) -> Document:
    return {**_headed("Role", name, namespace), "rules": found}


def _binding(name: str, namespace: str, accounts: Sequence[str], install: Install) -> Document:
    kind = "ClusterRole" if namespace == EVERYWHERE else "Role"
    return {
        **_headed("RoleBinding", name, namespace),
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": name},
        "subjects": [
            {"kind": "ServiceAccount", "name": each, "namespace": install.home} for each in accounts
        ],
    }


def _headed(kind: str, name: str, namespace: str) -> Document:
    if namespace == EVERYWHERE:
        return {"apiVersion": f"{RBAC}/v1", "kind": f"Cluster{kind}", "metadata": {"name": name}}
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": meta}


def _snapshot(namespace: str, install: Install) -> Iterator[Document]:
    """Yield what lets the snapshot identity note generations and bounds, and nothing else."""
    bounds = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": [BOUNDS],
        "verbs": ["get", "patch"],
    }
    yield _role(SNAPSHOT, namespace, [*rules(RIGHTS, {}), bounds])
    yield _binding(SNAPSHOT, namespace, (SNAPSHOT,), install)
