"""shift_traffic: how a route shares the requests of a model between two backends.

An HTTPRoute leads to InferencePools, a VirtualService of Istio to Services.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.actions import left, setting, splits, standing
from cluster.actions.action import Parameter, Whole, Words, writes_fields
from cluster.actions.field import Edit
from cluster.actions.plan import Plan, Settled
from cluster.actions.splits import Form, Split, Weights
from cluster.clients import kinds, parse
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Thing
from cluster.owners import registry
from cluster.owners.ownership import Ownership
from cluster.owners.place import called, value
from cluster.owners.sight import Hidden, Sight
from cluster.rights import gets, patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "shift_traffic"
KNOWN: Final = ("pool", "percent", "weights", "route")
WHOLE: Final = 100
_WEIGHTS: Final = re.compile(r"([0-9]{1,6}):([0-9]{1,6})", re.ASCII)
REPORTED: Final = ("Accepted", "ResolvedRefs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route, how its kind is read, and its rules that split the requests in the same way."""

    thing: Thing
    form: Form
    rules: Sequence[Split]

    @property
    def weights(self) -> Weights:
        """Return how they split them now."""
        return self.rules[0].weights

    @property
    def other(self) -> str:
        """Return the backend that gets the rest."""
        return self.rules[0].other


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the weights of all rules of one route that split between these two."""
    asked = setting.given(NAME, parameters, KNOWN)
    pool, wanted = asked.get("pool", ""), _wanted(asked)
    route = _chosen(target, pool, asked.get("route", ""), sight)
    if route.weights == wanted:
        name = f"{pool} : {route.other} in {called(route.thing.itself)}"
        raise setting.unchanged(NAME, target, name, _ratio(wanted))
    owned = _owned(target, route, sight, wanted)
    for name, before, after in zip((pool, route.other), route.weights, wanted, strict=True):
        if after > before:
            _refuse_unready(target, name, route.form, sight)
    return _edit(pool, route, wanted, owned)


def _edit(pool: str, route: Route, wanted: Weights, owned: Ownership) -> Edit:
    name = route.thing.itself.name
    fields = [
        (place, new) for each in route.rules for place, new in zip(each.places, wanted, strict=True)
    ]
    return Edit(
        thing=route.thing,
        fields=tuple(fields),
        before=tuple(_named(pool, route.rules, [each.weights for each in route.rules])),
        after=tuple(_named(pool, route.rules, [wanted] * len(route.rules))),
        parameters=(("pool", pool), ("weights", _ratio(wanted)), ("route", name)),
        owner_path=owned.path,
        inverse=(
            ("action", NAME),
            ("pool", pool),
            ("weights", _ratio(route.weights)),
            ("route", name),
        ),
        kubectl=standing.patched(route.thing, fields),
        warnings=(*_means((pool, route.other), wanted), *owned.notes),
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


def _chosen(target: Target, pool: str, name: str, sight: Sight) -> Route:
    """Return the one route that splits the requests of the backend, and its rules that do."""
    found = next(filter(None, (_of(each, target, pool, name, sight) for each in splits.FORMS)), ())
    if not found:
        kinds_of = " and no ".join(f"{each.kind} {name}".rstrip() for each in splits.FORMS)
        message = (
            f"{NAME} {target}: no {kinds_of} splits requests between {pool or 'a backend'} and"
            f" another one, one of them the target's ({target.pool or 'it is in no InferencePool'})"
        )
        raise Rejected(message)
    if len(found) > 1:
        names = ", ".join(sorted(each.thing.itself.name for each in found))
        message = f"{NAME} {target}: several routes split them: {names}; say route"
        raise Rejected(message)
    (route,) = found
    if len({(each.other, each.weights) for each in route.rules}) > 1:
        rules = ", ".join(str(each.rule + 1) for each in route.rules)
        where = f"rules {rules} of {route.thing}"
        message = f"{NAME} {target}: {where} split differently; make them equal"
        raise Rejected(message)
    return route


def _of(form: Form, target: Target, pool: str, name: str, sight: Sight) -> Sequence[Route]:
    """Return the routes of a kind that split the requests of the backend; raises Rejected."""
    listed, own = sight.things(form.kind), form.own(target, sight)
    for seen in (listed, own):
        if isinstance(seen, Hidden):
            message = f"{NAME} {target}: {seen.because}"
            raise Rejected(message)
    assert not isinstance(listed, Hidden)  # noqa: S101  # refused above
    assert not isinstance(own, Hidden)  # noqa: S101  # refused above
    return [
        Route(thing=each, form=form, rules=found)
        for each in listed
        if name in ("", each.itself.name) and (found := list(splits.of(each, form, pool, own)))
    ]


def _owned(target: Target, route: Route, sight: Sight, wanted: Weights) -> Ownership:
    return setting.owned(
        NAME,
        target,
        route.thing,
        route.rules[0].places[0],
        sight,
        was=_ratio(route.weights),
        becomes=_ratio(wanted),
    )


def _refuse_unready(target: Target, name: str, form: Form, sight: Sight) -> None:
    """Raise Rejected where requests would go to a backend in which nothing answers them."""
    found = setting.one(NAME, target, name, form.backends, sight)
    chosen, listed = form.chosen(found), sight.things(kinds.POD)
    if isinstance(listed, Hidden):
        message = f"{NAME} {target}: whether {name} has ready pods cannot be told: {listed.because}"
        raise Rejected(message)
    pods = [parse.pod(each.body) for each in listed if chosen.items() <= each.labels.items()]
    if not chosen or not any(each.ready_since and not each.leaving for each in pods):
        message = f"{NAME} {target}: {form.backend} {name} has no ready pod for more requests"
        raise Rejected(message)


def _named(
    pool: str, rules: Sequence[Split], weights: Sequence[Weights]
) -> Iterator[tuple[str, str]]:
    for split, pair in zip(rules, weights, strict=True):
        where = f" in rule {split.rule + 1}" if len(rules) > 1 else ""
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

    A VirtualService says nothing of it. Source: the type RouteParentStatus of the Gateway API.
    """
    if route.itself.kind == kinds.VIRTUAL_SERVICE.name:
        return ""
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
    meaning="Change how a route shares requests between two pools, or two Services of Istio",
    parameters={
        "pool": Parameter(
            shape=Words(pattern=r"[a-z0-9][-a-z0-9.]{0,252}", example="llama-green"),
            required=True,
            meaning="The pool (of Istio: the Service) that is meant; one of both is the target's",
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
            meaning="Which route, where several split the same pools",
        ),
    },
    one_of=("percent", "weights"),
    settle=_settled,
    leaves=left.Leaves(words="other shares of requests", of=left.changed, within=left.DAY),
    rights=(
        *registry.rights_of_settings(kinds.ROUTE, kinds.VIRTUAL_SERVICE),
        *splits.RIGHTS,
        *gets(kinds.ROUTE, kinds.VIRTUAL_SERVICE),
        *patches(kinds.ROUTE, kinds.VIRTUAL_SERVICE),
    ),
)
