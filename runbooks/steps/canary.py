"""canary: sends the model a prompt with a known answer, straight to the pods and as users do."""

from collections.abc import Mapping
from itertools import islice
from typing import Final

from cluster.canary import asking, judging
from cluster.canary.judging import Told
from cluster.canary.port import Answer
from runbooks.language.declaration import CheckVerb, Finding, Found, Question
from runbooks.language.shapes import Choice, Field, Record

PODS, GATEWAY, BOTH = "pods", "gateway", "both"
UNSEEN: Final = "pods"


def judge(question: Question) -> Finding:
    """Send the declared prompt once to each, all at once, and judge the answers."""
    sent = question.canaries.of(question.target)
    if sent is None:
        because = f"environments.yaml declares no canary for {question.target.model or 'it'}"
        return Finding(verdict=judging.CANNOT_TELL, because=because)
    through, places, missing = str(question.arguments["through"]), dict[str, str](), ""
    if through != GATEWAY:
        found, missing = asking.pods(question.objects, question.target)
        places |= found
    pods = frozenset(places)
    if through != PODS and sent.canary.gateway:
        places[asking.GATEWAY] = sent.canary.gateway
    told: dict[str, Told] = dict(asking.ask(places, sent, question.canaries))
    if missing:
        told[UNSEEN] = missing
    judged = judging.judge(told, sent.canary)
    return Finding(
        verdict=judged.verdict,
        because=judged.because,
        evidence=tuple(judging.evidence(told, question.at, pods=pods)),
        found=_wrong({name: told[name] for name in sorted(pods)}),
    )


def _wrong(told: Mapping[str, Told]) -> Found:
    """Return the first pod that answered otherwise than declared."""
    wrong = (name for name, one in told.items() if isinstance(one, Answer) and not one.begins)
    return tuple(("pod", name) for name in islice(wrong, 1))


STEP = CheckVerb(
    name="canary",
    meaning="Send the model a prompt with a known answer, and see how it begins and how fast",
    fields=Record(
        fields={
            "through": Field(
                shape=Choice(choices=(PODS, GATEWAY, BOTH)),
                default=BOTH,
                by_reference=True,
                meaning="Straight to the newest four pods, through the gateway, or both",
            )
        }
    ),
    verdicts=judging.VERDICTS,
    judge=judge,
    wrong=(judging.DIFFERS, judging.SLOW),
    well=(judging.SAME,),
    finds={"pod": (judging.DIFFERS,)},
    rights=asking.RIGHTS,
)
