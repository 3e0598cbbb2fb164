"""nodes: what is wrong with the nodes under the target's pods, and with their GPUs."""

from cluster import seen
from cluster.clients import kinds
from cluster.rights import lists
from runbooks.language.declaration import CheckVerb, Finding, Question
from runbooks.language.shapes import Field, Record, Text
from runbooks.verdicts.cluster import nodes, told


def judge(question: Question) -> Finding:
    """Read the nodes, and on which of them the target's pods are."""
    above = seen.workload(question.objects, question.target)
    pods = seen.pods(question.objects, question.target, above)
    found = seen.listed(question.objects, "", kinds.NODE)
    judged = nodes.judge(found, pods, of=str(question.arguments.get("pod") or ""))
    return told.finding(judged, at=question.at, asked=(found, pods))


STEP = CheckVerb(
    name="nodes",
    meaning="Tell what is wrong with the nodes under the target's pods",
    fields=Record(
        fields={
            "pod": Field(
                shape=Text(pattern=r"[a-z0-9][-a-z0-9.]{0,252}", example="decode-7d9f-x2x4z"),
                by_reference=True,
                meaning="Look only at the node under this pod",
            ),
        }
    ),
    verdicts=nodes.VERDICTS,
    judge=judge,
    wrong=nodes.WRONG,
    well=nodes.WELL,
    rights=(*seen.PODS, *lists(kinds.NODE)),
    finds={"node": (*nodes.WRONG, nodes.READY), "pod": nodes.WRONG},
)
