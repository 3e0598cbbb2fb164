"""ask: a person decides, or does something by hand and says so."""

from runbooks.language.declaration import Arguments, AskVerb, Posed
from runbooks.language.shapes import Field, ListOf, Record, Text

DONE = ("done", "not_done")


def pose(arguments: Arguments) -> Posed:
    """Return the question with its choices."""
    choices = arguments["choices"]
    return Posed(
        question=str(arguments["question"]),
        choices=choices if isinstance(choices, tuple) else (str(choices),),
    )


STEP = AskVerb(
    name="ask",
    meaning="Let a person decide, or do something by hand",
    fields=Record(
        fields={
            "question": Field(
                shape=Text(longest=500), required=True, meaning="What is asked or to be done"
            ),
            "choices": Field(
                shape=ListOf(
                    item=Text(pattern=r"[a-z][a-z0-9_]*", example="go_on", longest=40), fewest=2
                ),
                default=DONE,
                meaning="The answers; each is a verdict of the step",
            ),
        }
    ),
    pose=pose,
)
