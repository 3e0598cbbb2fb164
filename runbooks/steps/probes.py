"""probes: whether the kubelet's probes of the target's pods fail, or are merely late."""

from datetime import timedelta
from typing import Final, cast  # a step's arguments have the shapes that it declares

from cluster import seen
from cluster.clients import kinds
from cluster.rights import lists
from runbooks.language.declaration import CheckVerb, Finding, Question, looks_back
from runbooks.verdicts.cluster import probes, told

OVER: Final = timedelta(minutes=15)


def judge(question: Question) -> Finding:
    """Read the probes of the pods, and what the kubelets told of them."""
    objects, target = question.objects, question.target
    pods = seen.pods(objects, target, seen.workload(objects, target))
    events = seen.listed(objects, target.namespace, kinds.EVENT)
    over = cast("timedelta", question.arguments["over"])
    judged = probes.judge(pods, events, at=question.at, over=over)
    return told.finding(judged, at=question.at, asked=(pods, events))


STEP = CheckVerb(
    name="probes",
    meaning="Tell whether the probes of the target's pods fail",
    fields=looks_back(OVER, meaning="Probes that failed longer ago are over"),
    verdicts=probes.VERDICTS,
    judge=judge,
    wrong=probes.WRONG,
    well=probes.WELL,
    rights=(*seen.PODS, *lists(kinds.EVENT)),
)
