"""signal: one number is held against its bounds."""

from datetime import timedelta
from typing import cast  # a step's arguments have the shapes that it declares

from cluster.signals.reading import NoData, NotApplicable, Observation
from runbooks.language.declaration import SIGNAL, Arguments, CheckVerb, Finding, Question
from runbooks.language.shapes import Duration, Field, Number, Record
from runbooks.verdicts import evidence

WITHIN = "within"
BEYOND = "beyond"
CANNOT_TELL = "cannot_tell"

SAMPLES = 3
"""A mean of fewer samples than this is chance."""


def judge(question: Question) -> Finding:
    """Say whether the signal is within its bounds now, or on the mean over a while."""
    name = str(question.arguments["signal"])
    observation = _observe(name, question)
    found = (evidence.one(observation, name=name, at=question.at),)
    if isinstance(observation, (NoData, NotApplicable)):
        because = f"{name}: {evidence.why(observation)}"
        return Finding(verdict=CANNOT_TELL, because=because, evidence=found)
    least, most = _bounds(question.arguments)
    within = least <= observation.value <= most
    because = f"{name} is {observation.value:.4g} {observation.unit}, {_words(question.arguments)}"
    return Finding(verdict=WITHIN if within else BEYOND, because=because, evidence=found)


def _observe(name: str, question: Question) -> Observation:
    over = cast("timedelta | None", question.arguments.get("over"))
    if over is None:
        return question.signals.read(name, question.target, at=question.at)
    samples = question.signals.read_range(
        name, question.target, start=question.at - over, end=question.at, step=over / 10
    )
    return evidence.mean(samples, at=question.at, fewest=SAMPLES)


def _bounds(arguments: Arguments) -> tuple[float, float]:
    least = cast("float | None", arguments.get("at_least"))
    most = cast("float | None", arguments.get("at_most"))
    return (
        float("-inf") if least is None else least,
        float("inf") if most is None else most,
    )


def _words(arguments: Arguments) -> str:
    bounds = (("at least", arguments.get("at_least")), ("at most", arguments.get("at_most")))
    wanted = [f"{word} {bound:g}" for word, bound in bounds if isinstance(bound, float)]
    return f"expected {' and '.join(wanted)}"


STEP = CheckVerb(
    name="signal",
    meaning="Hold one signal against its bounds",
    fields=Record(
        fields={
            "signal": Field(shape=SIGNAL, required=True, meaning="What is read"),
            "at_most": Field(shape=Number(), meaning="Beyond when above this, in its unit"),
            "at_least": Field(shape=Number(), meaning="Beyond when below this, in its unit"),
            "over": Field(
                shape=Duration(minimum=timedelta(minutes=1), maximum=timedelta(days=1)),
                by_reference=True,
                meaning="Judge the mean over this long instead of the newest value",
            ),
        },
        one_of=("at_most", "at_least"),
    ),
    verdicts=(WITHIN, BEYOND, CANNOT_TELL),
    judge=judge,
    wrong=(BEYOND,),
    well=(WITHIN,),
)
