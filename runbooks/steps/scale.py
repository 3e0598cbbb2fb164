"""scale: more or fewer replicas of the target, within bounds."""

from collections.abc import Mapping

from runbooks.language.declaration import ActionVerb, Arguments
from runbooks.language.shapes import Field, Integer, Record, Text

MOST = 1000
"""No llm-d pool is near this many replicas; a longer number is a slip."""


def parameters(arguments: Arguments) -> Mapping[str, object]:
    """Return what the cluster's `scale` is planned with."""
    return dict(arguments)


STEP = ActionVerb(
    name="scale",
    meaning="Change the number of replicas",
    fields=Record(
        fields={
            "replicas": Field(
                shape=Text(pattern=r"[1-9][0-9]{0,2}|[+-][1-9][0-9]{0,2}%?", example="6, +2, +50%"),
                required=True,
                by_reference=True,
                meaning="So many, so many more, or such a share more (in quotes)",
            ),
            "at_most": Field(
                shape=Integer(minimum=1, maximum=MOST),
                required=True,
                by_reference=True,
                meaning="Never more replicas than this",
            ),
            "at_least": Field(
                shape=Integer(minimum=1, maximum=MOST),
                default=1,
                by_reference=True,
                meaning="Never fewer replicas than this",
            ),
        }
    ),
    parameters=parameters,
)
