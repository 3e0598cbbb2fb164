"""Argo Rollouts above a route: the steps of a canary write the weights of the routes it names.

Sources: argo-rollouts docs/features/traffic-management, and the Gateway API plugin
argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from cluster.clients import kinds
from cluster.owners.ownership import Barred, Claim, OwnerKind
from cluster.owners.place import Place, value
from cluster.owners.sight import Hidden, Sight
from cluster.rights import lists

ROUTING: Final = ("spec", "strategy", "canary", "trafficRouting")
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    kinds.ROUTE.name: ("plugins", "argoproj-labs/gatewayAPI"),
    kinds.VIRTUAL_SERVICE.name: ("istio",),
}
"""Where a Rollout names routes of a kind."""
NAMED: Final = (("httpRoute", "httpRoutes"), ("virtualService", "virtualServices"))


def find(place: Place, sight: Sight) -> Claim | None:
    """Return the Rollout that writes the weights of a route."""
    section = SECTIONS.get(place.thing.itself.kind)
    if section is None:
        return None
    listed = sight.things(kinds.ROLLOUT)
    if isinstance(listed, Hidden):
        return Barred(
            because=f"it cannot be told whether a Rollout writes the weights: {listed.because}",
            advice="let triaged list rollouts",
        )
    for each in listed:
        if place.thing.itself.name in set(_routes(value(each.body, (*ROUTING, *section)))):
            return Barred(
                because=f"{each.itself} writes the weights of {place}",
                advice=f"promote or abort {each.itself}",
            )
    return None


def _routes(routing: object) -> Iterator[str]:
    """Yield the names of routes, which are said alone or in a list, as texts or as objects."""
    for one, several in NAMED:
        listed = value(routing, (several,))
        for each in (value(routing, (one,)), *(listed if isinstance(listed, list) else ())):
            if each is not None:
                yield str(value(each, ("name",)) if isinstance(each, Mapping) else each)


OWNER: Final = OwnerKind(
    name="Argo Rollouts above a route",
    find=find,
    rights=lists(kinds.ROLLOUT),
    only=(kinds.ROUTE, kinds.VIRTUAL_SERVICE),
)
