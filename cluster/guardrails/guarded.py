"""Plans that every guard has looked at: warnings for the card, more people, or a refusal."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from cluster.actions.digest import agreed_by
from cluster.actions.plan import Applied, Done, DryRunRefused, Plan, Settled, Verb
from cluster.clients.parse import Malformed
from cluster.guardrails import registry
from cluster.guardrails.guard import (
    Answer,
    CannotTell,
    Guard,
    Later,
    People,
    Refused,
    Warned,
)
from cluster.guardrails.guards import load_time
from cluster.guardrails.scene import Scene, World
from cluster.targets.target import Target
from cluster.tools import Tools
from incidents.errors import Rejected, TriagedError, Unavailable

Now = Callable[[], World]
"""Returns what guards look at from this moment on, and what is configured then."""
SEEN: Final = "make it visible, or let cannot_tell_refuses in policy.yaml say otherwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What all guards say of one plan together."""

    warnings: tuple[str, ...] = ()
    people: int = 1
    refused: tuple[str, ...] = ()
    later: tuple[str, ...] = ()


class Guarded:
    """An action that does what another one does, and whose plans the guards have looked at."""

    def __init__(self, verb: Verb, *, now: Now, guards: Mapping[str, Guard]) -> None:
        self.name = verb.name
        self._verb, self._now, self._guards = verb, now, guards

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        """Return the other's plan with what the guards say of it.

        Also raises Rejected where one refuses it, with what to do instead, and Unavailable where it
        has to wait.
        """
        try:
            plan = self._verb.plan(target, parameters)
        except DryRunRefused as error:
            raise DryRunRefused(str(error), plan=self._judged(error.plan)) from error
        return self._judged(plan)

    def apply(self, plan: Plan, *, key: str) -> Applied:
        """Write once, as the other does."""
        return self._verb.apply(plan, key=key)

    def already_done(self, plan: Plan, *, key: str) -> Done:
        """Ask the world, as the other does."""
        return self._verb.already_done(plan, key=key)

    def settled(self, plan: Plan) -> Settled:
        """Say how far it has come, as the other does."""
        return self._verb.settled(plan)

    def _judged(self, plan: Plan) -> Plan:
        scene = Scene(plan, self._now())
        judged = judge(scene, self._guards)
        if judged.refused:
            message = f"{plan.action} {plan.target}: {'. '.join(judged.refused)}"
            raise Rejected(message)
        if judged.later:
            message = f"{plan.action} {plan.target}: {'; '.join(judged.later)}"
            raise Unavailable(message)
        people = max(plan.people, judged.people)
        loads = load_time.learned(scene)
        return replace(
            plan,
            warnings=tuple(dict.fromkeys((*plan.warnings, *judged.warnings))),
            people=people,
            loads=loads[0] if loads else plan.loads,
            digest=agreed_by(plan.digest, people),
        )


def guarded(tools: Tools, *, now: Now, guards: Mapping[str, Guard] | None = None) -> Tools:
    """Return the tools with every action guarded, by all guards unless some are given."""
    chosen = registry.guards() if guards is None else guards
    verbs = {name: Guarded(verb, now=now, guards=chosen) for name, verb in tools.verbs.items()}
    return replace(tools, verbs=verbs)


def judge(scene: Scene, guards: Mapping[str, Guard]) -> Judged:
    """Return what the guards say together; one that is off does not look."""
    found = Judged()
    for name, guard in guards.items():
        if name not in scene.rules.off:
            for answer in _asked(guard, scene):
                found = _with(found, answer, strict=name in scene.limits.cannot_tell_refuses)
    return found


def _asked(guard: Guard, scene: Scene) -> Iterable[Answer]:
    """Return all answers of a guard; one that cannot make sense of what it sees cannot tell."""
    try:
        return tuple(guard.judge(scene))
    except (Malformed, TriagedError) as error:
        return (CannotTell(f"{guard.meaning}: {error} is not as its API says"),)


def _with(found: Judged, answer: Answer, *, strict: bool) -> Judged:
    match answer:
        case Warned():
            return replace(found, warnings=(*found.warnings, answer.because))
        case People():
            said = f"{answer.number} people must agree: {answer.because}"
            more = answer.number > 1
            return replace(
                found,
                warnings=(*found.warnings, said if more else answer.because),
                people=max(found.people, answer.number),
            )
        case CannotTell():
            said = f"cannot tell {answer.because}"
            if strict:
                return replace(found, refused=(*found.refused, f"{said}; instead: {SEEN}"))
            return replace(found, warnings=(*found.warnings, said))
        case Refused():
            said = f"{answer.because}; instead: {answer.instead}"
            return replace(found, refused=(*found.refused, said))
        case Later():
            return replace(found, later=(*found.later, answer.because))
