"""disruptions: what a change takes away is held against the disruption budgets of the pods."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.parse import Malformed
from cluster.clients.things import Json, Thing
from cluster.guardrails import effect
from cluster.guardrails.effect import Effect
from cluster.guardrails.guard import Answer, CannotTell, Guard, Refused, Warned
from cluster.guardrails.scene import Scene
from cluster.owners.sight import Hidden
from cluster.rights import lists


def judge(scene: Scene) -> Iterator[Answer]:
    """Refuse what a budget forbids; a rollout is bound by none, so that it is only said."""
    found = effect.of(scene)
    if isinstance(found, Hidden):
        yield CannotTell(f"whether a disruption budget forbids it: {found.because}")
        return
    if not found.away:
        return
    listed = scene.things(kinds.BUDGET)
    if isinstance(listed, Hidden):
        yield CannotTell(f"whether a disruption budget forbids it: {listed.because}")
        return
    for budget in listed:
        try:
            yield from _held(scene, found, budget)
        except Malformed as error:
            yield CannotTell(f"what {budget} says: {error} of it is not as its API says")


def _held(scene: Scene, found: Effect, budget: Thing) -> Iterator[Answer]:
    serving = scene.serving
    if isinstance(serving, Hidden):
        return  # then the effect is hidden, too
    spec = parse.section(budget.body, "spec")
    selector = parse.section(spec, "selector")
    held = [x for x in serving if "selector" in spec and selects(selector, x.pod.labels)]
    taken = [each for each in held if not found.named or each.name in found.named]
    number = len(taken) if found.named else min(found.away, len(taken))
    if not number:
        return
    status = parse.section(budget.body, "status")
    if parse.number(status, "observedGeneration") < budget.generation:
        yield CannotTell(f"what {budget} allows: it was changed a moment ago")
        return
    allowed = _allowed(found, budget, status)
    if number <= allowed:
        return
    name = budget.itself.name
    said = f"disruption budget {name} allows {allowed} pods to be away, and this takes {number}"
    if found.rolls:
        yield Warned(f"{said}; a rollout does not ask it")
    else:
        yield Refused(said, f"wait until more pods are healthy, or ask whoever keeps {name}")


def _allowed(found: Effect, budget: Thing, status: Json) -> int:
    """Return how many may go: of a smaller size a share is a share of that size."""
    if found.becomes == found.was:
        return parse.number(status, "disruptionsAllowed")
    least = parse.section(budget.body, "spec").get("minAvailable")
    if isinstance(least, int) and not isinstance(least, bool):
        return max(0, parse.number(status, "currentHealthy") - least)
    return found.away


def selects(selector: Json, labels: Mapping[str, str]) -> bool:
    """Tell whether a budget is about a pod; an empty selector is about all, none about nothing."""
    if not parse.texts(selector, "matchLabels").items() <= labels.items():
        return False
    return all(_expressed(each, labels) for each in parse.items(selector, "matchExpressions"))


def _expressed(term: Json, labels: Mapping[str, str]) -> bool:
    key, listed = parse.text(term, "key"), term.get("values")
    values: Sequence[object] = listed if isinstance(listed, list) else ()
    match parse.text(term, "operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case other:
            raise Malformed(other)


GUARD: Final = Guard(
    name="disruptions",
    meaning="No more pods go than the disruption budgets of the pods allow",
    judge=judge,
    rights=(*effect.RIGHTS, *lists(kinds.BUDGET)),
)
