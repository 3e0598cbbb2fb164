"""Arguments of an action that a person changes before anybody has approved it, within bounds."""

from collections.abc import Mapping
from dataclasses import dataclass

from incidents.errors import Rejected
from runbooks.language import values
from runbooks.language.declaration import Arguments
from runbooks.language.model import Action, Parameter, Runbook, Step
from runbooks.language.parameters import Pairs
from runbooks.language.shapes import Reference, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """All arguments that differ from the run's, and what those that change now were before."""

    parameters: Pairs
    instead_of: Pairs


def edit(
    step: Step, runbook: Runbook, pairs: Pairs, before: Pairs, given: Mapping[str, str]
) -> Edit:
    """Return what is edited when `given` arguments come on top of those from `before`.

    `pairs` are the run's parameters. Raises Rejected, naming the bound, for what the runbook does
    not leave open: only what it puts into a parameter can be edited, within that one's bounds.
    """
    if not isinstance(step, Action):
        message = f"{step.id} is no action: there is no plan to edit"
        raise Rejected(message)
    texts = dict(pairs)
    own = {
        name: texts.get(one.name, values.to_text(one.shape, one.default))
        for name, one in open_to_edit(step, runbook).items()
    }
    stands = {**own, **dict(before)}
    wanted = {name: _text(step, runbook, name, text) for name, text in given.items()}
    after = {**stands, **wanted}
    return Edit(
        parameters=tuple(sorted((name, text) for name, text in after.items() if text != own[name])),
        instead_of=tuple(
            sorted((name, stands[name]) for name, text in wanted.items() if text != stands[name])
        ),
    )


def arguments(step: Step, runbook: Runbook, edited: Pairs) -> Arguments:
    """Return the arguments that were edited, as values; raises Rejected as `edit` does."""
    return {name: _value(step, runbook, name, text) for name, text in edited}


def open_to_edit(step: Step, runbook: Runbook) -> Mapping[str, Parameter]:
    """Return the arguments that may be edited, with the parameter that bounds each."""
    known = {parameter.name: parameter for parameter in runbook.parameters}
    return {
        name: known[argument.name]
        for name, argument in step.arguments.items()
        if isinstance(argument, Reference) and argument.name in known
    }


def _text(step: Step, runbook: Runbook, name: str, text: str) -> str:
    """Return the value as it is written everywhere, so that `120s` and `2m` are no change."""
    value = _value(step, runbook, name, text)
    return values.to_text(open_to_edit(step, runbook)[name].shape, value)


def _value(step: Step, runbook: Runbook, name: str, text: str) -> Value:
    bounds = open_to_edit(step, runbook)
    if name not in bounds:
        raise Rejected(_closed(step, runbook, name))
    bound = bounds[name]
    try:
        return values.from_text(bound.shape, text)
    except ValueError as error:
        message = f"{step.id}: {name} {text!r}: {error} (bounds of {bound.name} in {runbook.name})"
        raise Rejected(message) from error


def _closed(step: Step, runbook: Runbook, name: str) -> str:
    can = ", ".join(sorted(open_to_edit(step, runbook))) or "nothing"
    if name in step.arguments:
        fixed = step.arguments[name]
        return f"{step.id}: {runbook.name} fixes {name} at {fixed}; {can} can be edited"
    return f"{step.id} has no argument {name!r}; {can} can be edited"
