"""Which rights are needed for what is switched on: runbooks, their checks and actions, drift."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.app import cluster_facts
from bot.app.configuration_shapes import ENVIRONMENTS
from bot.app.configuration_usable import usable
from bot.app.settings import Settings
from cluster.actions.registry import actions
from cluster.drift import looking
from cluster.evidence import collect
from cluster.guardrails.registry import guards
from cluster.rights import Right
from cluster.targets import labels
from incidents.errors import Rejected
from incidents.guardrails import Guardrails
from runbooks.language.declaration import ActionVerb, CheckVerb
from runbooks.language.loader import LIBRARY
from runbooks.language.loader import load as load_runbooks
from runbooks.language.model import Runbook
from runbooks.language.registry import verbs

ACTION = "action "
"""Begins what needs rights because it changes something; what it touches is kept first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What needs rights, by its name, and the namespaces in which models are meant to be."""

    rights: Mapping[str, tuple[Right, ...]]
    namespaces: tuple[str, ...]

    def all(self) -> frozenset[Right]:
        """Return all of them once."""
        return frozenset(one for each in self.rights.values() for one in each)


def in_force(settings: Settings) -> Needed:
    """Return what the configuration switches on; raises Rejected where it is wrong."""
    configuration = usable(settings.config, needed=(ENVIRONMENTS,))
    runbooks = load_runbooks((LIBRARY, *configuration.runbooks)).values()
    places = configuration.environments.places
    found = {
        "targets": labels.RIGHTS,
        "facts": cluster_facts.RIGHTS,
        **({"drift": looking.RIGHTS} if places else {}),
        **_of_runbooks(runbooks),
    }
    if any(name.startswith(ACTION) for name in found):
        found |= {"evidence": collect.RIGHTS, **_of_guards(configuration.policy.guardrails)}
    return Needed(
        rights={name: tuple(sorted(set(rights))) for name, rights in found.items() if rights},
        namespaces=tuple(sorted({each.namespace for each in places})),
    )


def every_write() -> frozenset[Right]:
    """Return what any action might write, whether a runbook uses it or not."""
    return frozenset(
        right for each in actions().values() for right in each.rights if not right.reads
    )


def _of_runbooks(runbooks: Iterable[Runbook]) -> Mapping[str, tuple[Right, ...]]:
    known = verbs()
    found: dict[str, tuple[Right, ...]] = {}
    for name in sorted({step.verb for runbook in runbooks for step in runbook.steps}):
        verb = known[name]
        if isinstance(verb, CheckVerb):
            found[f"check {name}"] = verb.rights
        if isinstance(verb, ActionVerb):
            found[f"{ACTION}{name}"] = _of_action(name)
    return found


def _of_guards(rails: Guardrails) -> Mapping[str, tuple[Right, ...]]:
    """Return what the guards read that look: at every plan, whatever the action."""
    return {
        f"guard {name}": each.rights for name, each in guards().items() if name not in rails.off
    }


def _of_action(name: str) -> tuple[Right, ...]:
    rights = actions()[name].rights if name in actions() else ()
    if all(each.reads for each in rights):
        message = f"action {name}: it does not say what it writes, so no role can be made for it"
        raise Rejected(message)
    return rights
