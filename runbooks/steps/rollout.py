"""rollout: what was rolled out last, when, and what it changed."""

from datetime import timedelta
from typing import Final, cast  # a step's arguments have the shapes that it declares

from cluster import seen
from cluster.clients import kinds
from cluster.rights import gets, lists
from runbooks.language.declaration import CheckVerb, Finding, Question
from runbooks.language.shapes import Duration, Field, Record
from runbooks.verdicts.cluster import rollout, told

WITHIN: Final = timedelta(hours=2)
KEPT_IN: Final = {
    "Deployment": kinds.REPLICA_SET,
    "Rollout": kinds.REPLICA_SET,
    "StatefulSet": kinds.CONTROLLER_REVISION,
    "LeaderWorkerSet": kinds.CONTROLLER_REVISION,
}
"""Which objects hold the earlier templates of a workload."""


def judge(question: Question) -> Finding:
    """Read the workload and the revisions that it keeps, and compare the last two."""
    objects, target = question.objects, question.target
    kind = KEPT_IN.get(target.kind)
    if kind is None:
        because = f"a {target.kind} keeps no history that we read; look at {target} by hand"
        return Finding(verdict=told.CANNOT_TELL, because=because)
    above = seen.workload(objects, target)
    revisions = seen.listed(objects, target.namespace, kind)
    within = cast("timedelta", question.arguments["within"])
    judged = rollout.judge(above, revisions, uid=target.uid, at=question.at, within=within)
    return told.finding(judged, at=question.at, asked=(above, revisions))


STEP = CheckVerb(
    name="rollout",
    meaning="Tell what was rolled out last, and what it changed",
    fields=Record(
        fields={
            "within": Field(
                shape=Duration(minimum=timedelta(minutes=1), maximum=timedelta(days=7)),
                default=WITHIN,
                by_reference=True,
                meaning="What was rolled out longer ago counts as unchanged",
            ),
        }
    ),
    verdicts=rollout.VERDICTS,
    judge=judge,
    wrong=rollout.WRONG,
    well=rollout.WELL,
    rights=(*gets(*kinds.WORKLOADS), *lists(*KEPT_IN.values())),
)
