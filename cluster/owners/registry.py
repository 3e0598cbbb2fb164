"""All kinds of owners: the modules of this folder that declare one."""

import pkgutil
from functools import cache
from importlib import import_module

from cluster import owners
from cluster.clients.kinds import Kind
from cluster.owners.ownership import OwnerKind
from cluster.rights import Right

NAME = "OWNER"
"""The name under which a module declares its kind."""


@cache
def kinds() -> tuple[OwnerKind, ...]:
    """Return every kind of owner, by the names of the modules."""
    found = (
        getattr(import_module(f"{owners.__name__}.{each.name}"), NAME, None)
        for each in pkgutil.iter_modules(owners.__path__)
    )
    return tuple(each for each in found if isinstance(each, OwnerKind))


def rights() -> tuple[Right, ...]:
    """Return what looking for every kind of owner of a size needs."""
    return tuple(dict.fromkeys(right for kind in kinds() for right in kind.rights))


def rights_of_settings(*written: Kind) -> tuple[Right, ...]:
    """Return what looking for the owners of any other field of objects of these kinds needs."""
    found = (
        kind for kind in kinds() if not kind.sizes and (not kind.only or {*kind.only} & {*written})
    )
    return tuple(dict.fromkeys(right for kind in found for right in kind.rights))
