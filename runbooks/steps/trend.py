"""trend: what a signal did over a while: steady, rising, falling or spiky."""

from datetime import timedelta
from typing import Final, cast  # a step's arguments have the shapes that it declares

from cluster.signals.signals import Samples
from cluster.signals.trend import (
    CannotTell,
    Falling,
    Numbers,
    Rising,
    Shape,
    Spiky,
    Steady,
    shape_of,
)
from runbooks.language.declaration import SIGNAL, CheckVerb, Finding, Question
from runbooks.language.shapes import Duration, Field, Record
from runbooks.verdicts import evidence

CANNOT_TELL: Final = "cannot_tell"
STEPS: Final = 60
"""How many samples are asked for; a signal that is scraped less often has fewer."""


def judge(question: Question) -> Finding:
    """Say what the signal did; one with too few samples has no shape."""
    name, at = str(question.arguments["signal"]), question.at
    over = cast("timedelta", question.arguments["over"])
    samples = question.signals.read_range(
        name, question.target, start=at - over, end=at, step=over / STEPS
    )
    found = (evidence.one(evidence.mean(samples, at=at, fewest=1), name=name, at=at),)
    if not isinstance(samples, Samples):
        because = f"{name}: {evidence.why(samples)}"
        return Finding(verdict=CANNOT_TELL, because=because, evidence=found)
    verdict, words = _words(shape_of(samples), samples.unit)
    return Finding(verdict=verdict, because=f"{name} {words}", evidence=found)


def _words(shape: Shape, unit: str) -> tuple[str, str]:
    match shape:
        case Steady(numbers=n):
            return "steady", f"stayed near {(n.begins + n.ends) / 2:.4g} {unit}"
        case Rising(numbers=n):
            return "rising", _moved("rose", n, unit)
        case Falling(numbers=n):
            return "falling", _moved("fell", n, unit)
        case Spiky(numbers=n):
            return "spiky", f"jumped between {n.lowest:.4g} and {n.highest:.4g} {unit}"
        case CannotTell(because=because):
            return CANNOT_TELL, f"has no shape: {because}"


def _moved(verb: str, numbers: Numbers, unit: str) -> str:
    return f"{verb} from {numbers.begins:.4g} to {numbers.ends:.4g} {unit}"


STEP = CheckVerb(
    name="trend",
    meaning="Tell whether a signal is steady, rising, falling or spiky",
    fields=Record(
        fields={
            "signal": Field(shape=SIGNAL, required=True, meaning="What is read"),
            "over": Field(
                shape=Duration(minimum=timedelta(minutes=5), maximum=timedelta(days=1)),
                default=timedelta(hours=1),
                by_reference=True,
                meaning="How far back is looked; one hour tells whether it is consistent",
            ),
        },
    ),
    verdicts=("steady", "rising", "falling", "spiky", CANNOT_TELL),
    judge=judge,
)
