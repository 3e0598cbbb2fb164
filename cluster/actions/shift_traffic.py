"""shift_traffic: how an HTTPRoute shares the requests of a model between two pools."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.actions import setting, standing
from cluster.actions.action import Parameter, Whole, Words, writes_fields
from cluster.actions.field import Edit
from cluster.actions.plan import Plan, Settled
from cluster.clients import kinds, parse
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Json, Thing
from cluster.owners import registry
from cluster.owners.ownership import Ownership
from cluster.owners.place import called, value
from cluster.owners.sight import Hidden, Sight
from cluster.rights import gets, lists, patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "shift_traffic"
KNOWN: Final = ("pool", "percent", "weights", "route")
WHOLE: Final = 100
_WEIGHTS: Final = re.compile(r"([0-9]{1,6}):([0-9]{1,6})", re.ASCII)
REPORTED: Final = ("Accepted", "ResolvedRefs")
Weights = tuple[int, int]
"""Of the pool, and of the other one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A rule that shares requests between two pools; `places` are where their weights stand."""

    rule: int
    other: str
    places: tuple[tuple[str, ...], tuple[str, ...]]
    weights: Weights


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the weights of all rules of one route that split these two pools."""
    asked = setting.given(NAME, parameters, KNOWN)
    pool, wanted = asked.get("pool", ""), _wanted(asked)
    route, splits = _chosen(target, pool, asked.get("route", ""), sight)
    was, other = splits[0].weights, splits[0].other
    if was == wanted:
        raise setting.unchanged(
            NAME, target, f"{pool} : {other} in {called(route.itself)}", _ratio(was)
        )
    owned = _owned(target, route, splits, sight, wanted)
    for name, before, after in zip((pool, other), was, wanted, strict=True):
        if after > before:
            _refuse_unready(target, name, sight)
    return _edit(pool, route, splits, wanted, owned)


def _edit(
    pool: str, route: Thing, splits: Sequence[Split], wanted: Weights, owned: Ownership
) -> Edit:
    was, other = splits[0].weights, splits[0].other
    fields = [
        (place, new) for each in splits for place, new in zip(each.places, wanted, strict=True)
    ]
    return Edit(
        thing=route,
        fields=tuple(fields),
        before=tuple(_named(pool, splits, [each.weights for each in splits])),
        after=tuple(_named(pool, splits, [wanted] * len(splits))),
        parameters=(("pool", pool), ("weights", _ratio(wanted)), ("route", route.itself.name)),
        owner_path=owned.path,
        inverse=(
            ("action", NAME),
            ("pool", pool),
            ("weights", _ratio(was)),
            ("route", route.itself.name),
        ),
        kubectl=standing.patched(route, fields),
        warnings=(*_means((pool, other), wanted), *owned.notes),
    )


def _wanted(asked: Mapping[str, str]) -> Weights:
    """Return the weights that are asked for; a share is of a hundred."""
    if ("percent" in asked) == ("weights" in asked):
        message = f"{NAME}: say percent or weights, and not both"
        raise Rejected(message)
    if found := _WEIGHTS.fullmatch(asked.get("weights", "")):
        weights = int(found[1]), int(found[2])
        if any(weights):
            return weights
        message = f"{NAME}: with weights 0:0 no request would be answered"
        raise Rejected(message)
    written = asked.get("percent", "")
    if "weights" in asked or not (written.isascii() and written.isdigit()):
        message = f'{NAME}: percent is a number, weights are "9:1"'
        raise Rejected(message)
    share = int(written[:9])
    if share > WHOLE:
        message = f"{NAME}: percent must be at most {WHOLE}, not {share}"
        raise Rejected(message)
    return share, WHOLE - share


def _chosen(target: Target, pool: str, route: str, sight: Sight) -> tuple[Thing, Sequence[Split]]:
    """Return the one route that splits the requests of the pool, and its rules that do."""
    listed = sight.things(kinds.ROUTE)
    if isinstance(listed, Hidden):
        message = f"{NAME} {target}: {listed.because}"
        raise Rejected(message)
    found = [
        (each, splits)
        for each in listed
        if route in ("", each.itself.name) and (splits := list(_splits(target, each, pool)))
    ]
    if not found:
        message = (
            f"{NAME} {target}: no HTTPRoute {route}".rstrip()
            + f" splits requests between {pool or 'a pool'} and another pool,"
            f" one of them the target's ({target.pool or 'it has none'})"
        )
        raise Rejected(message)
    if len(found) > 1:
        names = ", ".join(sorted(each.itself.name for each, _ in found))
        message = f"{NAME} {target}: several routes split them: {names}; say route"
        raise Rejected(message)
    ((thing, splits),) = found
    if len({(each.other, each.weights) for each in splits}) > 1:
        rules = ", ".join(str(each.rule + 1) for each in splits)
        message = f"{NAME} {target}: rules {rules} of {thing} split differently; make them equal"
        raise Rejected(message)
    return thing, splits


def _splits(target: Target, route: Thing, pool: str) -> Iterator[Split]:
    """Yield the rules whose only backends are the pool and another one, one of them the target's.

    A missing weight is 1, as the Gateway API says.
    """
    for index, rule in enumerate(parse.items(parse.section(route.body, "spec"), "rules")):
        backends = parse.items(rule, "backendRefs")
        names = [_pool(each, route.namespace) for each in backends]
        if len(set(names)) != 2 or len(names) != 2 or "" in names:  # noqa: PLR2004  # two pools
            continue
        if pool not in names or not target.pool or target.pool not in names:
            continue
        order = sorted((0, 1), key=lambda at: names[at] != pool)
        rest = [("spec", "rules", str(index), "backendRefs", str(at), "weight") for at in order]
        weights = [parse.number(backends[at], "weight", missing=1) for at in order]
        yield Split(
            rule=index,
            other=names[order[1]],
            places=(rest[0], rest[1]),
            weights=(weights[0], weights[1]),
        )


def _pool(backend: Json, namespace: str) -> str:
    """Return the name of a pool of this namespace, empty for any other backend."""
    here = parse.text(backend, "namespace") in ("", namespace)
    return parse.text(backend, "name") if here and backend.get("kind") == "InferencePool" else ""


def _owned(
    target: Target, route: Thing, splits: Sequence[Split], sight: Sight, wanted: Weights
) -> Ownership:
    return setting.owned(
        NAME,
        target,
        route,
        splits[0].places[0],
        sight,
        was=_ratio(splits[0].weights),
        becomes=_ratio(wanted),
    )


def _refuse_unready(target: Target, pool: str, sight: Sight) -> None:
    """Raise Rejected where requests would go to a pool in which nothing answers them."""
    found = setting.one(NAME, target, pool, kinds.POOLS, sight)
    chosen, listed = parse.pool(found.body).selector, sight.things(kinds.POD)
    if isinstance(listed, Hidden):
        message = f"{NAME} {target}: whether {pool} has ready pods cannot be told: {listed.because}"
        raise Rejected(message)
    pods = [parse.pod(each.body) for each in listed if chosen.items() <= each.labels.items()]
    if not chosen or not any(each.ready_since and not each.leaving for each in pods):
        message = f"{NAME} {target}: pool {pool} has no ready pod for more requests"
        raise Rejected(message)


def _named(
    pool: str, splits: Sequence[Split], weights: Sequence[Weights]
) -> Iterator[tuple[str, str]]:
    for split, pair in zip(splits, weights, strict=True):
        where = f" in rule {split.rule + 1}" if len(splits) > 1 else ""
        for name, weight in zip((pool, split.other), pair, strict=True):
            yield f"weight of {name}{where}", str(weight)


def _means(pools: tuple[str, str], wanted: Weights) -> Iterator[str]:
    shares = [round(WHOLE * each / sum(wanted)) for each in wanted]
    yield ", ".join(f"{share} % to {pool}" for pool, share in zip(pools, shares, strict=True))
    for pool, weight in zip(pools, wanted, strict=True):
        if weight == 0:
            yield f"{pool} gets no new requests; what runs there ends there"


def _ratio(weights: Weights) -> str:
    return f"{weights[0]}:{weights[1]}"


def _settled(kubernetes: Kubernetes, plan: Plan) -> Settled:
    return setting.judged(kubernetes, plan, _missing)


def _missing(route: Thing) -> str:
    """Return what keeps the gateways from following the route, empty when all of them do.

    Source: the type RouteParentStatus of the Gateway API.
    """
    parents = value(route.body, ("status", "parents"))
    told = parents if isinstance(parents, list) else []
    if not told:
        return "no gateway says that it follows the route"
    for parent in told:
        for each in parse.items(parent, "conditions"):
            if parse.text(each, "type") not in REPORTED:
                continue
            if parse.number(each, "observedGeneration") < route.generation:
                return "a gateway has not seen the change yet"
            if parse.text(each, "status") != "True":
                return f"a gateway says {parse.text(each, 'type')}: {parse.text(each, 'reason')}"
    return ""


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Change how an HTTPRoute shares requests between two pools",
    parameters={
        "pool": Parameter(
            shape=Words(pattern=r"[a-z0-9][-a-z0-9.]{0,252}", example="llama-green"),
            required=True,
            meaning="The pool whose share is meant; it or the other one is the target's",
        ),
        "percent": Parameter(
            shape=Whole(minimum=0, maximum=WHOLE), meaning="Its share of the requests, in percent"
        ),
        "weights": Parameter(
            shape=Words(pattern=_WEIGHTS.pattern, example="9:1"),
            meaning="Its weight and the other pool's (in quotes), instead of percent",
        ),
        "route": Parameter(
            shape=Words(pattern=r"[a-z0-9][-a-z0-9.]{0,252}", example="llama"),
            meaning="Which HTTPRoute, where several split the same pools",
        ),
    },
    one_of=("percent", "weights"),
    settle=_settled,
    rights=(
        *registry.rights(),
        *gets(kinds.ROUTE),
        *lists(kinds.ROUTE, *kinds.POOLS, kinds.POD),
        *patches(kinds.ROUTE),
    ),
)
