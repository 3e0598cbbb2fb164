"""analysis: what Argo Rollouts measured of the template that is being rolled out."""

from cluster import seen
from cluster.clients import kinds
from cluster.rights import gets, lists
from runbooks.language.declaration import CheckVerb, Finding, Question
from runbooks.language.shapes import Record
from runbooks.verdicts.cluster import analysis, told


def judge(question: Question) -> Finding:
    """Read the Rollout and its AnalysisRuns; any other workload has none."""
    objects, target = question.objects, question.target
    if target.kind != kinds.ROLLOUT.name:
        because = f"a {target.kind} is not analysed: that is what an Argo Rollout does"
        return Finding(verdict=analysis.NO_ANALYSIS, because=because)
    above = seen.workload(objects, target)
    runs = seen.listed(objects, target.namespace, kinds.ANALYSIS_RUN)
    judged = analysis.judge(above, runs, uid=target.uid)
    return told.finding(judged, at=question.at, asked=(above, runs))


STEP = CheckVerb(
    name="analysis",
    meaning="Tell what Argo Rollouts measured of the template that is rolled out",
    fields=Record(fields={}),
    verdicts=analysis.VERDICTS,
    judge=judge,
    wrong=analysis.WRONG,
    well=analysis.WELL,
    rights=(*gets(kinds.ROLLOUT), *lists(kinds.ANALYSIS_RUN)),
)
