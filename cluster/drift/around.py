"""Compares what stands around a workload: its pool, its class of requests, its nodes. Pure."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from cluster.clients import kinds, parse
from cluster.drift import written
from cluster.drift.findings import Finding, Unknown, cannot_tell, judged
from cluster.drift.intended import Gpus, SloClass
from cluster.drift.live import Live, first

FAILURE_MODE, SLO_CLASS, GPU_KIND = "pool failure mode", "SLO class", "GPU kind"
NO_POOL: Final = Unknown(because="no InferencePool selects its pods")
NO_PICKER: Final = Unknown(because="its InferencePool names no endpoint picker")
NO_PODS: Final = Unknown(because="it has no pods on nodes")
NOT_THERE: Final = "not there"
NO_LABEL: Final = "no label"


def failure_mode(wanted: str, live: Live) -> Finding:
    """Return what becomes of requests while the endpoint picker is away."""
    if isinstance(live.pools, Unknown):
        return cannot_tell(FAILURE_MODE, wanted, live.pools, thing=live.name)
    found = first(live.pools, live.target.pool)
    if found is None:
        return cannot_tell(FAILURE_MODE, wanted, NO_POOL, thing=live.name)
    told = parse.pool(found.body).failure_mode
    new = found.itself.api_version == kinds.POOL.api_version
    field = ("spec", "endpointPickerRef" if new else "extensionRef", "failureMode")
    return judged(
        FAILURE_MODE,
        wanted,
        told or NO_PICKER,
        same=told == wanted,
        thing=str(found),
        written=written.last(found.body, field),
    )


def slo_class(wanted: SloClass, live: Live) -> Finding:
    """Return whether the InferenceObjective is there, with its priority.

    One that says none has 0. Source: the type InferenceObjective of llm-d's router.
    """
    intended = f"{wanted.objective}, priority {wanted.priority}"
    if isinstance(live.objectives, Unknown):
        return cannot_tell(SLO_CLASS, intended, live.objectives)
    found = first(live.objectives, wanted.objective)
    thing = f"{kinds.OBJECTIVE} {live.target.namespace}/{wanted.objective}"
    if found is None:
        return judged(SLO_CLASS, intended, NOT_THERE, same=False, thing=thing)
    priority = parse.number(parse.section(found.body, "spec"), "priority")
    return judged(
        SLO_CLASS,
        intended,
        f"{wanted.objective}, priority {priority}",
        same=priority == wanted.priority,
        thing=thing,
        written=written.last(found.body, ("spec", "priority")),
    )


def gpu_kind(gpus: Gpus, live: Live) -> Finding:
    """Return what the labels of the nodes say on which its pods are."""
    unseen = next((x for x in (live.pods, live.nodes) if isinstance(x, Unknown)), None)
    if unseen is not None:
        return cannot_tell(GPU_KIND, gpus.kind, unseen, thing=live.name)
    told = Counter(_kinds(gpus.label, live))
    if not told:
        return cannot_tell(GPU_KIND, gpus.kind, NO_PODS, thing=live.name)
    words = ", ".join(f"{kind} of {number} pods" for kind, number in sorted(told.items()))
    only = next(iter(told)) if len(told) == 1 else words
    return judged(GPU_KIND, gpus.kind, only, same=only == gpus.kind, thing=live.name)


def _kinds(label: str, live: Live) -> Iterator[str]:
    if isinstance(live.pods, Unknown) or isinstance(live.nodes, Unknown):
        return
    nodes = {node.itself.name: node.labels.get(label, NO_LABEL) for node in live.nodes}
    for pod in live.pods:
        name = parse.text(parse.section(pod.body, "spec"), "nodeName")
        if name:
            yield nodes.get(name, f"{NOT_THERE} (Node {name})")
