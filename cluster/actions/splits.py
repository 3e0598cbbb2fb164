"""Rules that share requests between two backends: of an HTTPRoute, or of a VirtualService."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.things import Json, Thing
from cluster.owners.sight import Hidden, Sight
from cluster.rights import lists
from cluster.targets.target import Target

Weights = tuple[int, int]
"""Of the one that is asked about, and of the other one."""
RIGHTS: Final = lists(kinds.ROUTE, kinds.VIRTUAL_SERVICE, *kinds.POOLS, kinds.SERVICE, kinds.POD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A rule between two backends; `places` are where their weights stand."""

    rule: int
    other: str
    places: tuple[tuple[str, ...], tuple[str, ...]]
    weights: Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a kind of route writes its rules; `missing` is what an absent weight counts as.

    `named` reads the name of a backend, empty for one that is not of `backends`, and `own` says
    which of them are the target's. `chosen` are the labels of the pods behind a backend.
    """

    kind: Kind
    backends: tuple[Kind, ...]
    rules: str
    parts: str
    missing: int
    named: Callable[[Json, str], str]
    own: Callable[[Target, Sight], frozenset[str] | Hidden]
    chosen: Callable[[Thing], Mapping[str, str]]

    @property
    def backend(self) -> str:
        """Return what people call a backend."""
        return "pool" if self.backends == kinds.POOLS else str(self.backends[0])


def of(route: Thing, form: Form, pool: str, own: frozenset[str]) -> Iterator[Split]:
    """Yield the rules whose only backends are this one and another, one of them the target's."""
    for index, rule in enumerate(parse.items(parse.section(route.body, "spec"), form.rules)):
        backends = parse.items(rule, form.parts)
        names = [form.named(each, route.namespace) for each in backends]
        if len(set(names)) != 2 or len(names) != 2 or "" in names:  # noqa: PLR2004  # two of them
            continue
        if pool not in names or not own & set(names):
            continue
        order = sorted((0, 1), key=lambda at: names[at] != pool)
        rest = [("spec", form.rules, str(index), form.parts, str(at), "weight") for at in order]
        weights = [parse.number(backends[at], "weight", missing=form.missing) for at in order]
        yield Split(
            rule=index,
            other=names[order[1]],
            places=(rest[0], rest[1]),
            weights=(weights[0], weights[1]),
        )


def _pool(backend: Json, namespace: str) -> str:
    here = parse.text(backend, "namespace") in ("", namespace)
    return parse.text(backend, "name") if here and backend.get("kind") == "InferencePool" else ""


def _host(backend: Json, namespace: str) -> str:
    """Return the Service of this namespace that a destination names; of a subset nothing."""
    destination = parse.section(backend, "destination")
    name, _, rest = parse.text(destination, "host").partition(".")
    here = rest in ("", namespace, f"{namespace}.svc", f"{namespace}.svc.cluster.local")
    return name if here and not parse.text(destination, "subset") else ""


def _own_pool(target: Target, _: Sight) -> frozenset[str]:
    return frozenset({target.pool} - {""})


def _own_services(target: Target, sight: Sight) -> frozenset[str] | Hidden:
    """Return the Services that lead to pods of the target."""
    pods, services = sight.things(kinds.POD), sight.things(kinds.SERVICE)
    if isinstance(pods, Hidden):
        return pods
    if isinstance(services, Hidden):
        return services
    mine = [each for each in pods if each.itself.name in target.pods]
    return frozenset(
        each.itself.name
        for each in services
        if (chosen := _selected(each)) and any(chosen.items() <= pod.labels.items() for pod in mine)
    )


def _selected(service: Thing) -> Mapping[str, str]:
    return parse.texts(parse.section(service.body, "spec"), "selector")


def _of_pool(pool: Thing) -> Mapping[str, str]:
    return parse.pool(pool.body).selector


FORMS: Final = (
    Form(
        kind=kinds.ROUTE,
        backends=kinds.POOLS,
        rules="rules",
        parts="backendRefs",
        missing=1,  # as the Gateway API says
        named=_pool,
        own=_own_pool,
        chosen=_of_pool,
    ),
    Form(
        kind=kinds.VIRTUAL_SERVICE,
        backends=(kinds.SERVICE,),
        rules="http",
        parts="route",
        missing=0,  # as networking.istio.io says of several destinations
        named=_host,
        own=_own_services,
        chosen=_selected,
    ),
)
"""Where pools are, an HTTPRoute leads to them: it is looked at first."""
