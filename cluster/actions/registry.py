"""All actions by name; a new one is a module and a line here."""

from collections.abc import Callable, Mapping
from typing import Final

from cluster.actions.plan import Verb
from cluster.actions.scale import Scale
from cluster.clients.ports import Kubernetes

ACTIONS: Final[Mapping[str, Callable[[Kubernetes], Verb]]] = {Scale.name: Scale}


def verbs(kubernetes: Kubernetes) -> Mapping[str, Verb]:
    """Return every action, ready to act on this cluster."""
    return {name: make(kubernetes) for name, make in ACTIONS.items()}
