"""events: which warnings the cluster told of the target lately."""

from datetime import timedelta
from typing import Final, cast  # a step's arguments have the shapes that it declares

from cluster import seen
from cluster.clients import kinds
from cluster.rights import HOME, lists
from runbooks.language.declaration import CheckVerb, Finding, Question
from runbooks.language.shapes import Duration, Field, Record
from runbooks.verdicts.cluster import events, nodes, told

OVER: Final = timedelta(minutes=30)
OF_NODES: Final = "default"
"""Events about nodes, such as OOMKilling, stand in this namespace: nodes have none."""


def judge(question: Question) -> Finding:
    """Read the events of the target's namespace, and those of its nodes."""
    objects, target = question.objects, question.target
    above = seen.workload(objects, target)
    pods = seen.pods(objects, target, above)
    own = seen.listed(objects, target.namespace, kinds.EVENT)
    others = seen.listed(objects, OF_NODES, kinds.EVENT)
    names = {each.itself.name for each in pods.things} | set(target.pods)
    hosts = nodes.under(pods)
    of_pods = events.of_pods(names, target.name)
    judged = events.judge(
        (own, others),
        lambda one: one.name in hosts if one.kind == "Node" else of_pods(one),
        at=question.at,
        over=cast("timedelta", question.arguments["over"]),
    )
    return told.finding(judged, at=question.at, asked=(own, others))


STEP = CheckVerb(
    name="events",
    meaning="Tell which warnings there were about the target lately",
    fields=Record(
        fields={
            "over": Field(
                shape=Duration(minimum=timedelta(minutes=1), maximum=timedelta(hours=6)),
                default=OVER,
                by_reference=True,
                meaning="How far back is looked; API servers keep events for an hour",
            ),
        }
    ),
    verdicts=events.VERDICTS,
    judge=judge,
    wrong=events.WRONG,
    well=events.WELL,
    rights=(*seen.PODS, *lists(kinds.EVENT, namespaces=(HOME, OF_NODES))),
)
