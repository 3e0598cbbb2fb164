"""warm_up: sends the declared prompt to new pods until they answer at their usual pace."""

from typing import Final, cast  # a step's arguments have the shapes that it declares

from cluster.canary import asking, judging
from cluster.canary.judging import Judged, Told
from cluster.canary.port import Sent
from runbooks.language.declaration import CheckVerb, Finding, Question
from runbooks.language.shapes import Field, Integer, Record

WARM, COLD = "warm", "cold"
TIMES: Final = 3
MOST: Final = 5
"""A run waits meanwhile; a pod that is cold after so many prompts has another trouble."""
VERDICTS: Final = {judging.SAME: WARM, judging.SLOW: COLD}


def judge(question: Question) -> Finding:
    """Send the prompt to those that are still cold, so many times at most, and judge the last."""
    sent = question.canaries.of(question.target)
    if sent is None:
        because = f"environments.yaml declares no canary for {question.target.model or 'it'}"
        return Finding(verdict=judging.CANNOT_TELL, because=because)
    places, missing = asking.pods(question.objects, question.target)
    times = cast("int", question.arguments["times"])
    told, judged, asked = _warmed(question, sent, places, times)
    if missing and judged.verdict == judging.SAME:
        judged = Judged(verdict=judging.CANNOT_TELL, because=missing)
    return Finding(
        verdict=VERDICTS.get(judged.verdict, judged.verdict),
        because=f"{judged.because} (asked {asked} times)",
        evidence=tuple(judging.evidence(told, question.at, pods=frozenset(places))),
    )


def _warmed(
    question: Question, sent: Sent, places: dict[str, str], times: int
) -> tuple[dict[str, Told], Judged, int]:
    """Return the last answers, what they say together, and how often somebody was asked."""
    told: dict[str, Told] = {}
    judged, asked = judging.judge(told, sent.canary), 0
    # Without a bound nobody can tell when a pod is warm: it gets all of them.
    bounded = bool(sent.canary.first_token or sent.canary.between_tokens)
    goes_on = (judging.SLOW,) if bounded else (judging.SLOW, judging.SAME)
    cold = places
    while cold and asked < times:
        told |= asking.ask(cold, sent, question.canaries)
        judged, asked = judging.judge(told, sent.canary), asked + 1
        cold = {
            name: place
            for name, place in cold.items()
            if judging.judge({name: told[name]}, sent.canary).verdict in goes_on
        }
    return told, judged, asked


STEP = CheckVerb(
    name="warm_up",
    meaning="Send new pods the declared prompt until they answer within its bounds",
    fields=Record(
        fields={
            "times": Field(
                shape=Integer(minimum=1, maximum=MOST),
                default=TIMES,
                by_reference=True,
                meaning="So many times at most; the newest four pods are asked at once",
            )
        }
    ),
    verdicts=(judging.DIFFERS, COLD, WARM, judging.CANNOT_TELL),
    judge=judge,
    wrong=(judging.DIFFERS, COLD),
    well=(WARM,),
    rights=asking.RIGHTS,
)
