"""endpoints: whether requests find a pod of the target that is ready."""

from cluster import seen
from cluster.clients import kinds
from cluster.rights import lists
from runbooks.language.declaration import CheckVerb, Finding, Question
from runbooks.language.shapes import Record
from runbooks.verdicts.cluster import endpoints, told


def judge(question: Question) -> Finding:
    """Read the Services that select the pods, and their endpoints."""
    objects, target = question.objects, question.target
    above = seen.workload(objects, target)
    looked = endpoints.Looked(
        above=above,
        pods=seen.pods(objects, target, above),
        services=seen.listed(objects, target.namespace, kinds.SERVICE),
        slices=seen.listed(objects, target.namespace, kinds.ENDPOINTS),
    )
    asked = (looked.pods, looked.services, looked.slices)
    return told.finding(endpoints.judge(target, looked), at=question.at, asked=asked)


STEP = CheckVerb(
    name="endpoints",
    meaning="Tell whether requests find a pod that is ready",
    fields=Record(fields={}),
    verdicts=endpoints.VERDICTS,
    judge=judge,
    wrong=endpoints.WRONG,
    well=endpoints.WELL,
    rights=(*seen.PODS, *lists(kinds.SERVICE, kinds.ENDPOINTS)),
)
