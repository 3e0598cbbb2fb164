"""wait: time passes, for something that needs it and cannot be read."""

from datetime import timedelta
from typing import cast  # a step's arguments have the shapes that it declares

from runbooks.language.declaration import Arguments, WaitVerb
from runbooks.language.shapes import Duration, Field, Record


def length(arguments: Arguments) -> timedelta:
    """Return how long to wait."""
    return cast("timedelta", arguments["for"])


STEP = WaitVerb(
    name="wait",
    meaning="Let time pass",
    fields=Record(
        fields={
            "for": Field(
                shape=Duration(minimum=timedelta(seconds=1), maximum=timedelta(days=7)),
                required=True,
                by_reference=True,
                meaning="How long",
            ),
        }
    ),
    length=length,
)
