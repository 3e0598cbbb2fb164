"""Parameters of a run: as texts in its journal, as values in its steps."""

from collections.abc import Mapping

from incidents.errors import Rejected
from runbooks.language import values
from runbooks.language.declaration import Arguments, Found
from runbooks.language.model import Parameter, Runbook, Step
from runbooks.language.shapes import Argument, Atom, FoundBy, Integer, Reference, Value

Pairs = tuple[tuple[str, str], ...]


def settle(
    runbook: Runbook, given: Mapping[str, str], *, intended: Mapping[str, int] | None = None
) -> Pairs:
    """Return every parameter with its value as text, defaults filled in.

    What a person sets goes before what is `intended` (sizes by their names in environments.yaml),
    and that before the default. What is intended is moved to the bounds of a number; a text has
    none: there the action's own bounds hold.
    Raises Rejected naming each parameter that is unknown or out of its bounds.
    """
    known = {parameter.name: parameter for parameter in runbook.parameters}
    wrong = [f"{name}: no parameter of {runbook.name}" for name in given if name not in known]
    pairs = []
    for name, parameter in known.items():
        try:
            value = _begins_with(parameter, given, intended or {})
            pairs.append((name, values.to_text(parameter.shape, value)))
        except ValueError as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        raise Rejected("; ".join(wrong))
    return tuple(pairs)


def arguments(
    step: Step, runbook: Runbook, pairs: Pairs, found: Mapping[str, Found] | None = None
) -> Arguments:
    """Return the step's arguments with the run's parameters put in, and what its checks found.

    `found` is that by the ids of the checks. Raises Rejected for what is not there.
    """
    known = {parameter.name: parameter for parameter in runbook.parameters}
    texts = dict(pairs)

    def value(argument: Argument) -> Value:
        match argument:
            case Reference():
                return _value(known[argument.name], texts)
            case FoundBy():
                return _found(argument, (found or {}).get(argument.step, ()))
            case _:
                return argument

    values: dict[str, Value] = {}
    for name, argument in step.arguments.items():
        try:
            values[name] = value(argument)
        except (KeyError, ValueError) as error:
            message = f"{step.id}: {argument}: {error}"
            raise Rejected(message) from error
    return values


def _found(argument: FoundBy, by: Found) -> Value:
    """Return what a check found; raises ValueError where it named none."""
    for what, name in by:
        if what == argument.what:
            return name
    message = f"{argument.step} named no {argument.what}"
    raise ValueError(message)


def _begins_with(
    parameter: Parameter, given: Mapping[str, str], intended: Mapping[str, int]
) -> Value:
    size = intended.get(parameter.intended)
    if size is None or parameter.name in given:
        return _value(parameter, given)
    return _bounded(parameter.shape, size)


def _bounded(shape: Atom, size: int) -> Value:
    """Return the size within the parameter's own bounds, and as text where it is one."""
    if not isinstance(shape, Integer):
        return str(size)
    least = size if shape.minimum is None else max(size, shape.minimum)
    return least if shape.maximum is None else min(least, shape.maximum)


def _value(parameter: Parameter, given: Mapping[str, str]) -> Value:
    if parameter.name not in given:
        return parameter.default
    return values.from_text(parameter.shape, given[parameter.name])
