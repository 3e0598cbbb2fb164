"""Whether routes and ingresses that lead to a workload were accepted and lead anywhere. Pure.

A route's `status.parents` hold a condition set for each gateway that looked at it. Source: Gateway
API `apis/v1/shared_types.go` (Accepted, ResolvedRefs), networking/v1 for Ingress.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json, Thing
from cluster.seen import Seen
from runbooks.verdicts.cluster import told
from runbooks.verdicts.cluster.told import CANNOT_TELL, MOST, Judged, Number
from runbooks.verdicts.known import Known

REFUSED: Final = "refused"
BACKEND_MISSING: Final = "backend_missing"
UNANSWERED: Final = "unanswered"
NO_TRAFFIC: Final = "no_traffic"
NO_ROUTE: Final = "no_route"
ACCEPTED: Final = "accepted"
WRONG: Final = (REFUSED, BACKEND_MISSING, UNANSWERED, NO_TRAFFIC)
WELL: Final = (ACCEPTED,)
VERDICTS: Final = (*WRONG, NO_ROUTE, *WELL, CANNOT_TELL)
NEEDED: Final = ("Accepted", "ResolvedRefs")
HEAVIEST: Final = 1_000_000
"""The Gateway API's largest weight."""

Backend = tuple[str, str]
"""A backend's kind and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was looked at: routes and ingresses, and the backends that exist in the namespace.

    `gaps` say why a Service that leads to the pods may not be known.
    """

    gaps: tuple[str, ...]
    routes: Seen
    ingresses: Seen
    services: Seen
    pools: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route or an ingress: its backends of this namespace with their weights, and its state.

    `refused` says why a gateway refuses it; `answered` is whether any took it. An Ingress says so
    by an address, which not every controller writes.
    """

    name: str
    backends: tuple[tuple[Backend, int], ...]
    refused: str
    answered: Known


def judge(ours: frozenset[Backend], looked: Looked) -> Judged:
    """Return what is wrong with the routes that lead to these backends."""
    routes, odd = told.legible(looked.routes.things, _route)
    ingresses, broken = told.legible(looked.ingresses.things, _ingress)
    there = _there(looked)
    found = [one for one in (*routes, *ingresses) if _leads(one, ours)]
    unseen = told.missing(looked.services, looked.pools)
    gaps = (
        *told.missing(looked.routes, looked.ingresses),
        *unseen,
        *looked.gaps,
        *told.unread((*odd, *broken)),
    )
    verdict, because = _worst(found, ours, None if unseen else there)
    judged = Judged(verdict=verdict, because=because, numbers=tuple(_numbers(found, ours)))
    return told.unsure(judged, gaps, well=(ACCEPTED, NO_ROUTE))


def _worst(
    found: Sequence[Route], ours: frozenset[Backend], there: frozenset[Backend] | None
) -> tuple[str, str]:
    """Return the first that is wrong; `there` are the backends that exist, None where not seen."""
    if not found:
        return NO_ROUTE, "no HTTPRoute and no Ingress of this namespace leads to the pods"
    wrong = (_refused(found), _lost(found, there), _unanswered(found), _idle(found, ours))
    return next((one for one in wrong if one), None) or _taken(found)


def _refused(found: Sequence[Route]) -> tuple[str, str] | None:
    said = [f"{one.name}: {one.refused}" for one in found if one.refused]
    return (REFUSED, said[0]) if said else None


def _lost(found: Sequence[Route], there: frozenset[Backend] | None) -> tuple[str, str] | None:
    for one in found:
        lost = [of for of, _ in one.backends if there is not None and of not in there]
        if lost:
            names = told.listing(" ".join(each) for each in lost)
            return BACKEND_MISSING, f"{one.name} leads to {names}, which is not there"
    return None


def _unanswered(found: Sequence[Route]) -> tuple[str, str] | None:
    names = told.listing(one.name for one in found if one.answered is False)
    return (UNANSWERED, f"no gateway took {names}") if names else None


def _idle(found: Sequence[Route], ours: frozenset[Backend]) -> tuple[str, str] | None:
    if any(weight for one in found for of, weight in one.backends if of in ours):
        return None
    return NO_TRAFFIC, f"{told.listing(one.name for one in found)}: the weight is 0"


def _taken(found: Sequence[Route]) -> tuple[str, str]:
    taken = told.listing(one.name for one in found if one.answered)
    silent = told.listing(one.name for one in found if one.answered is None)
    if not taken:
        return CANNOT_TELL, f"{silent}: no controller wrote an address, and not every one does"
    return ACCEPTED, f"{taken}: accepted" + (f"; {silent}: without an address" if silent else "")


def _leads(one: Route, ours: frozenset[Backend]) -> bool:
    return any(of in ours for of, _ in one.backends)


def _there(looked: Looked) -> frozenset[Backend]:
    found = (*looked.services.things, *looked.pools.things)
    return frozenset((each.itself.kind, each.itself.name) for each in found)


def _route(route: Thing) -> Route:
    spec, status = parse.section(route.body, "spec"), parse.section(route.body, "status")
    rules = parse.items(spec, "rules")
    parents = parse.items(status, "parents")
    refusals = [why for each in parents for why in _refusals(each)]
    return Route(
        name=f"HTTPRoute {told.short(route.itself.name)}",
        backends=tuple(x for rule in rules for x in _backends(rule, route.namespace)),
        refused=refusals[0] if refusals else "",
        answered=bool(parents),
    )


def _backends(rule: Json, namespace: str) -> Iterator[tuple[Backend, int]]:
    for each in parse.items(rule, "backendRefs"):
        if parse.text(each, "namespace") in {"", namespace}:
            kind = parse.text(each, "kind") or "Service"
            weight = parse.number(each, "weight", missing=1)
            yield (kind, parse.text(each, "name")), min(max(0, weight), HEAVIEST)


def _refusals(parent: Json) -> Iterator[str]:
    for each in parse.items(parent, "conditions"):
        kind = parse.text(each, "type")
        if kind in NEEDED and parse.text(each, "status") == "False":
            gateway = parse.text(parse.section(parent, "parentRef"), "name")
            said = told.short(f"{parse.text(each, 'reason')}: {parse.text(each, 'message')}")
            yield f"{kind} is False at {told.short(gateway) or 'its gateway'}: {said}"


def _ingress(ingress: Thing) -> Route:
    spec, status = parse.section(ingress.body, "spec"), parse.section(ingress.body, "status")
    paths = [
        path
        for rule in parse.items(spec, "rules")
        for path in parse.items(parse.section(rule, "http"), "paths")
    ]
    whole = [parse.section(spec, "defaultBackend"), *(parse.section(x, "backend") for x in paths)]
    names = (parse.text(parse.section(each, "service"), "name") for each in whole)
    addresses = parse.items(parse.section(status, "loadBalancer"), "ingress")
    return Route(
        name=f"Ingress {told.short(ingress.itself.name)}",
        backends=tuple((("Service", name), 1) for name in names if name),
        refused="",
        answered=True if addresses else None,
    )


def _numbers(found: Sequence[Route], ours: frozenset[Backend]) -> Iterator[Number]:
    yield Number(name="routes to the target", value=len(found), unit="routes")
    for one in found[:MOST]:
        weight = sum(each for of, each in one.backends if of in ours)
        others = sum(each for of, each in one.backends if of not in ours)
        if others:
            share = weight / (weight + others)
            yield Number(name=f"{one.name}: share", value=share, unit="ratio")
