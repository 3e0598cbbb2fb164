"""signal: one number is held against its bounds; beyond them, the worst pod is named."""

from datetime import timedelta
from typing import cast  # a step's arguments have the shapes that it declares

from cluster.signals.reading import NoData, NotApplicable, Observation, Reading
from runbooks.language.declaration import SIGNAL, Arguments, CheckVerb, Finding, Question
from runbooks.language.shapes import Duration, Field, Number, Record
from runbooks.verdicts import evidence
from runbooks.verdicts.cluster import told

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
    if within:
        return Finding(verdict=WITHIN, because=because, evidence=found)
    worst = _worst(name, question, least, most)
    if worst is None:
        return Finding(verdict=BEYOND, because=because, evidence=found)
    pod, reading = worst
    return Finding(
        verdict=BEYOND,
        because=f"{because}; worst is {told.short(pod)} with {reading.value:.4g}",
        evidence=(*found, evidence.one(reading, name=name, at=question.at, pod=pod)),
        found=(("pod", pod),),
    )


def _worst(name: str, question: Question, least: float, most: float) -> tuple[str, Reading] | None:
    """Return the pod that is farthest beyond the bounds now; None where no pod alone is."""
    known = question.signals.read_by_pod(name, question.target, at=question.at)
    if isinstance(known, (NoData, NotApplicable)):
        return None
    beyond = [one for one in sorted(known.items()) if not least <= one[1].value <= most]
    return max(beyond, key=lambda one: _excess(one[1].value, least, most), default=None)


def _excess(value: float, least: float, most: float) -> float:
    return max(value - most, least - value)


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
    finds={"pod": (BEYOND,)},
)
