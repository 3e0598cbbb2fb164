"""All guards by name: the modules of the folder `guards`."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from cluster.guardrails import guards as folder
from cluster.guardrails.guard import NAME, Guard
from cluster.rights import Right
from incidents.errors import Rejected


@cache
def guards() -> Mapping[str, Guard]:
    """Return every guard; raises Rejected for a module that declares none of its own name."""
    found: dict[str, Guard] = {}
    for each in pkgutil.iter_modules(folder.__path__):
        guard = getattr(import_module(f"{folder.__name__}.{each.name}"), NAME, None)
        if not isinstance(guard, Guard) or guard.name != each.name:
            message = f"{each.name}.py declares no guard of that name as {NAME}"
            raise Rejected(message)
        found[guard.name] = guard
    return found


def rights() -> tuple[Right, ...]:
    """Return what all guards need together."""
    return tuple(sorted({right for each in guards().values() for right in each.rights}))
