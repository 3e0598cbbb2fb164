"""How a workload replaces its pods: how many come before others go, and what that means. Pure."""

from dataclasses import dataclass
from math import ceil, floor
from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.things import Json, Thing

RECREATE: Final = "Recreate"
QUARTER: Final = "25%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """So many pods more, and so many fewer, than are wanted."""

    surge: int
    away: int


def bounds(surge: object, unavailable: object, size: int) -> Bounds:
    """Return the bounds in pods: shares of a surge are rounded up, of what is away down.

    Where both come out as none, one may be away. Raises Malformed. Source: k8s.io/kubernetes
    pkg/controller/deployment/util/deployment_util.go, ResolveFenceposts.
    """
    more, fewer = _pods(surge, size, up=True), _pods(unavailable, size, up=False)
    return Bounds(surge=more, away=fewer if more or fewer else 1)


def means(thing: Thing, size: int) -> tuple[str, ...]:
    """Return what a new template means for requests, of a Deployment that rolls by itself."""
    if thing.itself.kind != kinds.DEPLOYMENT.name or size < 1:
        return ()
    spec = parse.section(parse.section(thing.body, "spec"), "strategy")
    if parse.text(spec, "type") == RECREATE:
        return (f"all {size} pods go before new ones come: an outage while the model loads",)
    return told(*rolling(spec), size)


def rolling(strategy: Json) -> tuple[object, object]:
    """Return maxSurge and maxUnavailable; a missing one is 25 %, as the API says."""
    given = parse.section(strategy, "rollingUpdate")
    return given.get("maxSurge", QUARTER), given.get("maxUnavailable", QUARTER)


def told(surge: object, unavailable: object, size: int) -> tuple[str, ...]:
    """Return in words what such bounds mean."""
    found = bounds(surge, unavailable, size)
    if size and found.away >= size:
        return (f"{size} of {size} may be away: an outage while the model loads",)
    said = [f"up to {found.away} of {size} pods are away at a time"] if found.away else []
    if found.surge:
        said.append(f"up to {found.surge} new pods need a place beside the old ones")
    return tuple(said)


def _pods(given: object, size: int, *, up: bool) -> int:
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    written = str(given)
    share = written.removesuffix("%")
    if not (written.endswith("%") and share.isascii() and share.isdigit() and len(share) <= 3):  # noqa: PLR2004  # at most three digits
        raise parse.Malformed(written[:20])
    return ceil(int(share) * size / 100) if up else floor(int(share) * size / 100)
