"""All actions by name: the modules of this folder that declare one."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from cluster import actions as folder
from cluster.actions.action import NAME, Action
from cluster.actions.manifests import Manifests
from cluster.actions.plan import Verb
from cluster.clients.ports import Kubernetes
from cluster.jobs.supply import Jobs
from incidents.errors import Rejected


@cache
def actions() -> Mapping[str, Action]:
    """Return every action; raises Rejected for a module that is not called like its action."""
    found: dict[str, Action] = {}
    for each in pkgutil.iter_modules(folder.__path__):
        action = getattr(import_module(f"{folder.__name__}.{each.name}"), NAME, None)
        if isinstance(action, Action):
            if action.name != each.name:
                message = f"{each.name}.py declares {action.name}; a module is called like it"
                raise Rejected(message)
            found[action.name] = action
    return found


def verbs(
    kubernetes: Kubernetes, *, manifests: Manifests | None = None, jobs: Jobs | None = None
) -> Mapping[str, Verb]:
    """Return every action, ready to act on this cluster, to apply these manifests and run these."""
    return {name: _made(action, kubernetes, manifests, jobs) for name, action in actions().items()}


def _made(
    action: Action, kubernetes: Kubernetes, manifests: Manifests | None, jobs: Jobs | None
) -> Verb:
    if action.declared and manifests:
        return action.declared(kubernetes, manifests)
    if action.jobs and jobs:
        return action.jobs(kubernetes, jobs)
    return action.make(kubernetes)
