"""pods: what keeps the target's pods from serving."""

from datetime import timedelta
from typing import Final, cast  # a step's arguments have the shapes that it declares

from cluster import seen
from cluster.clients import parse
from cluster.clients.kinds import GROUPS, REPLICATED
from cluster.seen import Seen
from cluster.targets.target import Target
from runbooks.language.declaration import CheckVerb, Finding, Question
from runbooks.language.shapes import Duration, Field, Record
from runbooks.verdicts.cluster import pods, told

WITHIN: Final = timedelta(hours=1)
LOADS: Final = timedelta(minutes=30)


def judge(question: Question) -> Finding:
    """Read the pods of the workload and say what is worst among them."""
    above = seen.workload(question.objects, question.target)
    found = seen.pods(question.objects, question.target, above)
    judged = pods.judge(
        found,
        _wanted(question.target, above),
        at=question.at,
        within=cast("timedelta", question.arguments["within"]),
        loads=cast("timedelta", question.arguments["loads"]),
    )
    return told.finding(judged, at=question.at, asked=(above, found))


def _wanted(target: Target, above: Seen) -> int | None:
    """Return how many pods the workload wants; None where it does not say so.

    A LeaderWorkerSet counts groups of pods: of it only none is a number of pods.
    """
    if target.kind not in REPLICATED:
        return None
    try:
        found = parse.number(parse.section(above.things[0].body, "spec"), "replicas", missing=1)
    except (IndexError, ValueError):
        return None
    return found if target.kind != GROUPS.name or found == 0 else None


STEP = CheckVerb(
    name="pods",
    meaning="Tell what keeps the target's pods from serving",
    fields=Record(
        fields={
            "within": Field(
                shape=Duration(minimum=timedelta(minutes=1), maximum=timedelta(days=1)),
                default=WITHIN,
                by_reference=True,
                meaning="Containers that ended, and pods that were evicted, longer ago are over",
            ),
            "loads": Field(
                shape=Duration(minimum=timedelta(minutes=1), maximum=timedelta(hours=6)),
                default=LOADS,
                by_reference=True,
                meaning="For so long a pod that was never ready counts as loading its model",
            ),
        }
    ),
    verdicts=pods.VERDICTS,
    judge=judge,
    wrong=pods.WRONG,
    well=pods.WELL,
    rights=seen.PODS,
    finds={"pod": pods.NAMING},
)
