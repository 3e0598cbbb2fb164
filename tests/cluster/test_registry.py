"""Every action of the folder is complete and registered."""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest

from cluster import actions
from cluster.actions.plan import Verb
from cluster.actions.registry import ACTIONS, verbs
from cluster.clients.ports import Kubernetes

PROMISED = ("plan", "apply", "already_done", "settled")


def found() -> Iterator[type]:
    """Yield the classes of the folder that are actions: they have a name and can be applied."""
    for each in pkgutil.iter_modules(actions.__path__):
        module = import_module(f"cluster.actions.{each.name}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind is not Verb and kind.__module__ == module.__name__ and hasattr(kind, "apply"):
                yield kind


def test_every_action_is_registered_under_its_name(kubernetes: Kubernetes) -> None:
    """One that was forgotten would be refused in the middle of an incident."""
    registered = {type(verb) for verb in verbs(kubernetes).values()}

    assert registered == set(found())
    assert {name: verb.name for name, verb in verbs(kubernetes).items()} == {
        name: name for name in ACTIONS
    }


@pytest.mark.parametrize("kind", list(found()))
@pytest.mark.parametrize("part", PROMISED)
def test_every_action_has_every_part(kind: type, part: str) -> None:
    """Without a look back a crash cannot be settled; without settling nothing is proven."""
    promised = inspect.signature(getattr(Verb, part))
    given = inspect.signature(getattr(kind, part))

    assert list(given.parameters) == list(promised.parameters)
