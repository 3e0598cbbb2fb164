"""routes: whether routes and ingresses lead to the target, and were accepted."""

from cluster import seen
from cluster.clients import kinds
from cluster.rights import lists
from cluster.seen import Seen
from runbooks.language.declaration import CheckVerb, Finding, Question
from runbooks.language.shapes import Record
from runbooks.verdicts.cluster import endpoints, routes, told


def judge(question: Question) -> Finding:
    """Read the routes and ingresses of the namespace, and what they lead to."""
    objects, target = question.objects, question.target
    above = seen.workload(objects, target)
    pods = seen.pods(objects, target, above)
    services = seen.listed(objects, target.namespace, kinds.SERVICE)
    selecting, odd = endpoints.selected(services, endpoints.labels(above, pods))
    looked = routes.Looked(
        gaps=(*told.missing(pods), *told.unread(odd)),
        routes=seen.listed(objects, target.namespace, kinds.ROUTE),
        ingresses=seen.listed(objects, target.namespace, kinds.INGRESS),
        services=services,
        pools=_pools(question),
    )
    ours = {("Service", name) for name in selecting} | {("InferencePool", target.pool)}
    judged = routes.judge(frozenset(ours - {("InferencePool", "")}), looked)
    return told.finding(judged, at=question.at, asked=(looked.routes, looked.ingresses))


def _pools(question: Question) -> Seen:
    found = [seen.listed(question.objects, question.target.namespace, x) for x in kinds.POOLS]
    return Seen(
        asked=found[0].asked,
        things=tuple(each for one in found for each in one.things),
        missing=next((one.missing for one in found if one.missing), ""),
    )


STEP = CheckVerb(
    name="routes",
    meaning="Tell whether routes and ingresses lead to the target",
    fields=Record(fields={}),
    verdicts=routes.VERDICTS,
    judge=judge,
    wrong=routes.WRONG,
    well=routes.WELL,
    rights=(
        *seen.PODS,
        *lists(kinds.ROUTE, kinds.INGRESS, kinds.SERVICE, *kinds.POOLS),
    ),
)
