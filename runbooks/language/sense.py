"""What a well-shaped runbook can still get wrong: names that nothing bears, steps never reached."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any  # what was read has the shape of the grammar

from incidents.run import UNDO
from runbooks.language import build, duration, matchers, values
from runbooks.language.declaration import CheckVerb, StepVerb
from runbooks.language.document import Plain
from runbooks.language.model import (
    NOT_DONE,
    TRIAGE,
    VERIFIED,
    Action,
    Condition,
    OnFailure,
    Parameter,
    Runbook,
    Step,
)
from runbooks.language.positions import Path
from runbooks.language.shapes import (
    Atom,
    Choice,
    Duration,
    FoundBy,
    Integer,
    Number,
    Percent,
    Reference,
    Text,
    Value,
)

Complaint = tuple[Path, str]
Reached = Mapping[str, frozenset[str]]
"""Which verdicts which steps must have given for a step to run."""

CRITERION = "criterion-"
"""Asks of escalation criteria stand in a run under this name."""


def unreadable(plain: Mapping[str, Any]) -> Iterator[Complaint]:
    """Yield what keeps the runbook from being built: matchers, patterns and defaults."""
    wanted = plain.get("match", {})
    for number, text in enumerate(wanted.get("labels", ())):
        yield from _raised(("match", "labels", number), lambda t=text: matchers.parse(t))
    for number, text in enumerate(wanted.get("runbook_url", ())):
        address: Path = ("match", "runbook_url", number)
        yield from _raised(address, lambda t=text: matchers.check_pattern(t))
    for number, step in enumerate(plain["steps"]):
        yield from _half_proven(("steps", number, "verify"), step.get("verify", {}))
    for name, written in plain.get("parameters", {}).items():
        default: Path = ("parameters", name, "default")
        yield from _raised(default, lambda n=name, w=written: _default(build.parameter(n, w)))


def nonsense(runbook: Runbook, verbs: Mapping[str, StepVerb]) -> Iterator[Complaint]:
    """Yield what cannot be meant."""
    yield from _twice("steps", [step.id for step in runbook.steps])
    yield from _twice("escalate", [criterion.id for criterion in runbook.escalate])
    yield from _reserved(runbook)
    yield from _conditions(runbook)
    yield from _references(runbook, verbs)
    yield from _finds(runbook, verbs)
    if runbook.name == TRIAGE and (runbook.match.labels or runbook.match.addresses):
        yield ("match",), f"{TRIAGE} is for what nothing matches; it matches nothing itself"


def _half_proven(path: Path, proof: Mapping[str, Any]) -> Iterator[Complaint]:
    """Yield what is missing where something is compared and nothing expected, or without a window.

    Only the proof of an action that stands may be without either.
    """
    compared = [name for name in ("window", "lag", "samples") if name in proof]
    if "expect" in proof and "window" not in proof:
        yield path, "window is missing: expect compares a window before and after"
    if "expect" not in proof and compared:
        yield path, f"expect is missing: without it nothing is done with {', '.join(compared)}"


def _raised(path: Path, attempt: Any) -> Iterator[Complaint]:  # a function without arguments
    try:
        attempt()
    except ValueError as error:
        yield path, str(error)


def _default(parameter: Parameter) -> None:
    try:
        reread(parameter.shape, parameter.default)
    except ValueError as error:
        message = f"the default does not fit: {error}"
        raise ValueError(message) from error


def reread(shape: Atom, value: Value) -> Value:
    """Return the value as another shape reads it; raises ValueError where it does not fit."""
    return values.read(shape, _plain(value, shape))


def _plain(value: Value, shape: Atom) -> Plain:
    if isinstance(value, timedelta):
        return duration.write(value)
    if isinstance(shape, Percent) and isinstance(value, float):
        return f"{value:g}%"
    return value if isinstance(value, (str, int, float)) else None


def _twice(where: str, names: list[str]) -> Iterator[Complaint]:
    for number, name in enumerate(names):
        if name in names[:number]:
            yield (where, number, "id"), f"{name} is the id of an earlier one"


def _reserved(runbook: Runbook) -> Iterator[Complaint]:
    for number, step in enumerate(runbook.steps):
        if step.id.startswith((UNDO, CRITERION)):
            yield ("steps", number, "id"), f"{step.id}: triaged uses such names itself"


def _conditions(runbook: Runbook) -> Iterator[Complaint]:
    reached: dict[str, Reached] = {}
    steps = [step.id for step in runbook.steps]
    for number, step in enumerate(runbook.steps):
        wrong = list(_wrong_conditions(runbook, step, number, steps))
        yield from wrong
        needs = _needs(step, reached)
        reached[step.id] = needs
        empty = [name for name, verdicts in needs.items() if not verdicts]
        if empty and not wrong:
            what = f"{step.id} is never reached: no verdict of {empty[0]} leads here"
            yield ("steps", number, "when"), what


def _wrong_conditions(
    runbook: Runbook, step: Step, number: int, steps: list[str]
) -> Iterator[Complaint]:
    for condition in step.when:
        path = ("steps", number, "when", condition.step)
        named = runbook.step(condition.step)
        if named is None:
            yield path, f"there is no step {condition.step}"
        elif steps.index(condition.step) >= number:
            yield path, f"{condition.step} is no earlier step"
        else:
            yield from _verdicts(path, condition, named)


def _verdicts(path: Path, condition: Condition, named: Step) -> Iterator[Complaint]:
    unknown = sorted(condition.verdicts - set(named.verdicts))
    for verdict in unknown:
        known = ", ".join(named.verdicts)
        yield path, f"{named.id} never says {verdict}; it says {known}"
    leading = _leading(named)
    if not unknown and not condition.verdicts & leading:
        ends = ", ".join(sorted(condition.verdicts))
        yield path, f"the run ends when {named.id} is {ends}; it goes on with {_or(leading)}"


def _leading(step: Step) -> frozenset[str]:
    """Return the verdicts of a step after which the run goes on to the next one."""
    if not isinstance(step, Action):
        return frozenset(step.verdicts)
    undone = NOT_DONE if step.on_failure is OnFailure.CONTINUE else ()
    return frozenset({VERIFIED, *undone})


def _or(words: Iterable[str]) -> str:
    return " or ".join(sorted(words))


def _needs(step: Step, reached: Mapping[str, Reached]) -> Reached:
    needs = {condition.step: condition.verdicts for condition in step.when}
    for condition in step.when:
        for name, verdicts in reached.get(condition.step, {}).items():
            needs[name] = needs.get(name, verdicts) & verdicts
    return needs


def _references(runbook: Runbook, verbs: Mapping[str, StepVerb]) -> Iterator[Complaint]:
    parameters = {parameter.name: parameter for parameter in runbook.parameters}
    used = set()
    for number, step in enumerate(runbook.steps):
        for name, argument in step.arguments.items():
            if isinstance(argument, Reference):
                used.add(argument.name)
                shape = verbs[step.verb].fields.fields[name].shape
                path = ("steps", number, "with", name)
                yield from _reference(path, parameters.get(argument.name), argument, shape)
    for name in parameters.keys() - used:
        yield ("parameters", name), f"no step uses ${name}"


def _reference(
    path: Path, parameter: Parameter | None, named: Reference, shape: object
) -> Iterator[Complaint]:
    if parameter is None:
        yield path, f"there is no parameter {named}"
    elif isinstance(shape, (Text, Choice, Integer, Number, Percent, Duration)):
        for value in _extremes(parameter):
            try:
                reread(shape, value)
            except ValueError as error:
                yield path, f"{named} may not fit: {error}"
                return


def _finds(runbook: Runbook, verbs: Mapping[str, StepVerb]) -> Iterator[Complaint]:
    reached: dict[str, Reached] = {}
    for number, step in enumerate(runbook.steps):
        reached[step.id] = _needs(step, reached)
        earlier = {one.id: one for one in runbook.steps[:number]}
        for name, argument in step.arguments.items():
            if isinstance(argument, FoundBy):
                named = earlier.get(argument.step)
                verb = verbs[named.verb] if named is not None else None
                wrong = _wrong_find(name, argument, verb, reached[step.id])
                if wrong:
                    yield ("steps", number, "with", name), f"{argument}: {wrong}"


def _wrong_find(name: str, argument: FoundBy, verb: StepVerb | None, needs: Reached) -> str:
    """Return why the field cannot be what a check found; empty where it can."""
    if verb is None:
        return f"there is no earlier step {argument.step}"
    finds = verb.finds if isinstance(verb, CheckVerb) else {}
    if argument.what not in finds:
        return f"{argument.step} finds {_or(finds) or 'nothing'}"
    if name != argument.what:
        return f"{name} is no {argument.what}"
    naming = frozenset(finds[argument.what])
    if not needs.get(argument.step, frozenset({""})) <= naming:
        when = ", ".join(sorted(naming))
        return f"it is found where {argument.step} says one of {when}; let `when` ask for that"
    return ""


def _extremes(parameter: Parameter) -> list[Value]:
    shape = parameter.shape
    if isinstance(shape, Choice):
        return list(shape.choices)
    if isinstance(shape, Text):
        return [parameter.default]
    bounds = (shape.minimum, shape.maximum)
    return [parameter.default, *(bound for bound in bounds if bound is not None)]
