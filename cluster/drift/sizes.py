"""Compares the size of a workload, and the floor and ceiling of its autoscaler. Pure.

Sources: the types of apps/v1, lws api/leaderworkerset/v1 and api/disaggregatedset/v1, KServe
pkg/apis/serving/v1alpha2, autoscaling/v2, and KEDA's apis/keda/v1alpha1 (floor 0, ceiling 100
where nothing is said).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Json, Thing
from cluster.drift import written
from cluster.drift.findings import Finding, Unknown, Written, cannot_tell, judged
from cluster.drift.intended import Range, Size
from cluster.drift.live import Live, Things
from cluster.owners import hpa, keda

REPLICAS, AUTOSCALER, PAUSED = "replicas", "autoscaler", "autoscaler paused"
HPA_WRITER: Final = "kube-controller-manager (through scale)"
PAUSES: Final = (keda.PAUSED, keda.PINNED, keda.NOT_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """An autoscaler's floor and ceiling, and where it says them."""

    thing: Thing
    found: Range
    least: written.Field
    most: written.Field


def replicas(size: Size, live: Live) -> Iterator[Finding]:
    """Yield how the size stands to what is intended."""
    if isinstance(live.top, Unknown):
        yield cannot_tell(REPLICAS, str(size), live.top, thing=live.name)
        return
    there, field = _size(live.top, live.target.role)
    if isinstance(there, Unknown):
        yield cannot_tell(REPLICAS, str(size), there, thing=live.name)
        return
    yield judged(
        REPLICAS,
        str(size),
        str(there),
        same=there in size.allowed,
        thing=live.name,
        written=_writer(live.top, field, live),
    )


def autoscaler(wanted: Range, live: Live) -> Iterator[Finding]:
    """Yield how floor and ceiling stand, and whether the autoscaler is paused."""
    limits = _limits(live)
    if not isinstance(limits, Limits):
        told = limits if isinstance(limits, Unknown) else "none"
        yield judged(AUTOSCALER, str(wanted), told, same=False, thing=live.name)
        return
    field = limits.least if limits.found.least != wanted.least else limits.most
    yield judged(
        AUTOSCALER,
        str(wanted),
        str(limits.found),
        same=limits.found == wanted,
        thing=str(limits.thing),
        written=written.last(limits.thing.body, field),
    )
    for name in PAUSES:
        if limits.thing.annotations.get(name, "false") != "false":
            by = written.last(limits.thing.body, ("metadata", "annotations", name))
            yield judged(PAUSED, "no", name, same=False, thing=str(limits.thing), written=by)


def _size(top: Thing, role: str) -> tuple[int | Unknown, written.Field]:
    spec, kind = parse.section(top.body, "spec"), top.itself.kind
    plain: written.Field = ("spec", "replicas")
    if kind in kinds.REPLICATED:
        return parse.number(spec, "replicas", missing=1), plain
    if kind == kinds.DISAGGREGATED.name:
        return _of_role(spec, role), ("spec", "roles", ("name", role), "spec", "replicas")
    if kind == kinds.INFERENCE_SERVICE.name:
        inner = parse.section(spec, "prefill") if role == "prefill" else spec
        left = Unknown(because=f"{top} leaves its size to an autoscaler")
        field: written.Field = ("spec", "prefill", "replicas") if role == "prefill" else plain
        return (parse.number(inner, "replicas") if "replicas" in inner else left), field
    return Unknown(because=f"it is not known where a {kind} says its size"), plain


def _of_role(spec: Json, role: str) -> int | Unknown:
    """Return the groups of a role in all slices."""
    for one in parse.items(spec, "roles"):
        if parse.text(one, "name") == role:
            if parse.text(parse.section(one, "scaling"), "mode") == "External":
                return Unknown(because="its size is that of a DisaggregatedSetRoleScaler")
            groups = parse.number(parse.section(one, "spec"), "replicas", missing=1)
            return groups * parse.number(spec, "slices", missing=1)
    return Unknown(because=f"it has no role {role}")


def _writer(top: Thing, field: written.Field, live: Live) -> Written | None:
    """Return who wrote the size; of the controller manager its autoscaler is named."""
    found = written.last(top.body, field)
    if found is None or found.by != HPA_WRITER:
        return found
    scaling = next(_of(live, live.autoscalers), None)
    return replace(found, by=str(scaling)) if scaling else found


def _limits(live: Live) -> Limits | Unknown | None:
    """Return what bounds the autoscaler: a ScaledObject writes those of the HPA it makes."""
    scaled, plain = live.scaled_objects, live.autoscalers
    for things, least, most in (
        (scaled, ("minReplicaCount", keda.LEAST), ("maxReplicaCount", keda.MOST)),
        (plain, ("minReplicas", 1), ("maxReplicas", 0)),
    ):
        for each in _of(live, things):
            spec = parse.section(each.body, "spec")
            floor = parse.number(spec, least[0], missing=least[1])
            ceiling = parse.number(spec, most[0], missing=most[1])
            return Limits(
                thing=each,
                found=Range(least=floor, most=ceiling),
                least=("spec", least[0]),
                most=("spec", most[0]),
            )
    return next((one for one in (plain, scaled) if isinstance(one, Unknown)), None)


def _of(live: Live, things: Things) -> Iterator[Thing]:
    """Yield those that scale the workload, or what stands between it and its pods."""
    itself = OwnerReference(
        kind=live.target.kind, name=live.target.name, api_version=live.target.api_version
    )
    above = (itself, *(one for level in live.target.path for one in level))
    for each in () if isinstance(things, Unknown) else things:
        if any(hpa.scales(each, one) for one in above):
            yield each
