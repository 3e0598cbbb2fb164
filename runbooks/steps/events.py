"""events: which warnings the cluster told of the target lately."""

from dataclasses import replace
from datetime import timedelta
from typing import Final, cast  # a step's arguments have the shapes that it declares

from cluster import seen
from cluster.clients import kinds
from cluster.rights import HOME, lists
from runbooks.language.declaration import CheckVerb, Finding, Question, looks_back
from runbooks.verdicts.cluster import events, nodes, told

OVER: Final = timedelta(minutes=30)
OF_NODES: Final = "default"
"""Events about nodes, such as OOMKilling, stand in this namespace: nodes have none."""


def judge(question: Question) -> Finding:
    """Read the events of the target's namespace, and those of its nodes."""
    objects, target = question.objects, question.target
    above = seen.workload(objects, target)
    pods = seen.pods(objects, target, above)
    places = dict.fromkeys((target.namespace, OF_NODES))
    told_of = [seen.listed(objects, place, kinds.EVENT) for place in places]
    names = {each.itself.name for each in pods.things} | set(target.pods)
    hosts = nodes.under(pods)
    of_pods = events.of_pods(names, target.name)
    judged = events.judge(
        # Of pods that are not seen no event is known to be about them.
        (*told_of, replace(pods, things=())),
        lambda one: one.name in hosts if one.kind == "Node" else of_pods(one),
        at=question.at,
        over=cast("timedelta", question.arguments["over"]),
    )
    return told.finding(judged, at=question.at, asked=told_of)


STEP = CheckVerb(
    name="events",
    meaning="Tell which warnings there were about the target lately",
    fields=looks_back(OVER, meaning="How far back is looked; API servers keep events for an hour"),
    verdicts=events.VERDICTS,
    judge=judge,
    wrong=events.WRONG,
    well=events.WELL,
    rights=(*seen.PODS, *lists(kinds.EVENT, namespaces=(HOME, OF_NODES))),
)
