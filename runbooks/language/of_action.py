"""The step that an action of the cluster folder makes: its parameters are the step's fields."""

from collections.abc import Mapping

from cluster.actions.action import Action, OneOf, Parameter, Whole, Words
from runbooks.language.declaration import ActionVerb, Arguments
from runbooks.language.shapes import Choice, Field, Integer, Record, Text


def step(action: Action) -> ActionVerb:
    """Return the verb of the action's name; each of its fields may be a parameter of a runbook."""
    fields = {name: _field(each) for name, each in action.parameters.items()}
    return ActionVerb(
        name=action.name,
        meaning=action.meaning,
        fields=Record(fields=fields, one_of=action.one_of),
        parameters=_as_they_are,
        stands=action.stands,
    )


def _as_they_are(arguments: Arguments) -> Mapping[str, object]:
    return dict(arguments)


def _field(parameter: Parameter) -> Field:
    return Field(
        shape=_shape(parameter.shape),
        required=parameter.required,
        default=parameter.default,
        by_reference=True,
        meaning=parameter.meaning,
    )


def _shape(shape: Words | Whole | OneOf) -> Text | Integer | Choice:
    match shape:
        case Words():
            return Text(pattern=shape.pattern, example=shape.example)
        case Whole():
            return Integer(minimum=shape.minimum, maximum=shape.maximum)
        case OneOf():
            return Choice(choices=shape.choices)
