"""Every action of the folder is complete and found by its name."""

import inspect
import pkgutil

import pytest

from cluster import actions as folder
from cluster.actions.plan import Verb
from cluster.actions.registry import actions, verbs
from cluster.clients.ports import Kubernetes

PROMISED = ("plan", "apply", "already_done", "settled")


def test_an_action_is_a_module_that_declares_it(kubernetes: Kubernetes) -> None:
    """One that was forgotten would be refused in the middle of an incident."""
    made = verbs(kubernetes)

    assert set(made) == set(actions())
    assert {name: verb.name for name, verb in made.items()} == {name: name for name in made}
    assert set(made) <= {each.name for each in pkgutil.iter_modules(folder.__path__)}
    assert {"scale"} <= set(made)


@pytest.mark.parametrize("name", sorted(actions()))
@pytest.mark.parametrize("part", PROMISED)
def test_every_action_has_every_part(kubernetes: Kubernetes, name: str, part: str) -> None:
    """Without a look back a crash cannot be settled; without settling nothing is proven."""
    promised = inspect.signature(getattr(Verb, part))
    given = inspect.signature(getattr(type(verbs(kubernetes)[name]), part))

    assert list(given.parameters) == list(promised.parameters)
