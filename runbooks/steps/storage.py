"""storage: whether the volumes that the target's pods claim are there and attached."""

from datetime import timedelta
from typing import Final, cast  # a step's arguments have the shapes that it declares

from cluster import seen
from cluster.clients import kinds
from cluster.rights import lists
from runbooks.language.declaration import CheckVerb, Finding, Question, looks_back
from runbooks.verdicts.cluster import storage, told

OVER: Final = timedelta(minutes=30)


def judge(question: Question) -> Finding:
    """Read the claims of the pods' volumes, and what is told of attaching them."""
    objects, target = question.objects, question.target
    pods = seen.pods(objects, target, seen.workload(objects, target))
    claims = seen.listed(objects, target.namespace, kinds.VOLUME_CLAIM)
    events = seen.listed(objects, target.namespace, kinds.EVENT)
    over = cast("timedelta", question.arguments["over"])
    judged = storage.judge(pods, claims, events, at=question.at, over=over)
    return told.finding(judged, at=question.at, asked=(pods, claims, events))


STEP = CheckVerb(
    name="storage",
    meaning="Tell whether the target's volumes are there and attached",
    fields=looks_back(OVER, meaning="Failed attachments longer ago are over"),
    verdicts=storage.VERDICTS,
    judge=judge,
    wrong=storage.WRONG,
    well=storage.WELL,
    rights=(*seen.PODS, *lists(kinds.VOLUME_CLAIM, kinds.EVENT)),
)
