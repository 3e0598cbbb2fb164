"""KServe: an LLMInferenceService writes the size of its workloads, or lets an autoscaler do it.

Source: KServe pkg/apis/serving/v1alpha2 and pkg/controller/v1alpha2/llmisvc; since 0.17 replicas
of a workload stay as long as the service says none.
"""

from typing import Final

from cluster.clients import kinds
from cluster.clients.things import Thing
from cluster.owners.ownership import Barred, Claim, Moved, OwnerKind
from cluster.owners.place import Place, Unit, value
from cluster.owners.sight import Sight, why
from cluster.rights import gets

STOP: Final = "serving.kserve.io/stop"
NOTE: Final = "KServe before 0.17 writes replicas back also where the service says none"


def find(place: Place, sight: Sight) -> Claim | None:
    """Return where the service has the size of one of its workloads or autoscalers."""
    above = place.thing.controller
    if above is None or above.kind != kinds.INFERENCE_SERVICE.name:
        return None
    service = sight.thing(above)
    if not isinstance(service, Thing):
        return Barred(because=f"{above} cannot be read: {why(service)}", advice=f"change {above}")
    if service.annotations.get(STOP) == "true":
        return Barred(because=f"{above} is stopped by {STOP}", advice="take that away from it")
    if place.unit is Unit.SETTING:
        return Barred(because=f"{above} keeps {place} as it is", advice=f"change it at {above}")
    return _written(place, service)


def part(service: Thing, made: Thing) -> tuple[str, ...]:
    """Return the section of the service that a workload or an autoscaler is made from."""
    rest = made.itself.name.removeprefix(f"{service.itself.name}-kserve")
    return ("spec", "prefill") if "-prefill" in rest else ("spec",)


def _written(place: Place, service: Thing) -> Moved:
    at = part(service, place.thing)
    if value(service.body, (*at, "scaling")) is not None:
        # An autoscaler that it made is on the way from the workload, and leads here too.
        return Moved(to=_floor(service, at), firm=place.unit is Unit.FLOOR)
    declared = value(service.body, (*at, "replicas")) is not None
    counts = place.unit in (Unit.PODS, Unit.GROUPS)
    return Moved(
        to=Place(
            thing=service,
            path=(*at, "replicas"),
            unit=place.unit if counts else Unit.PODS,
            missing=place.size if counts else 1,
        ),
        firm=declared,
        note="" if declared else NOTE,
    )


def _floor(service: Thing, at: tuple[str, ...]) -> Place:
    return Place(
        thing=service,
        path=(*at, "scaling", "minReplicas"),
        unit=Unit.FLOOR,
        ceiling=(*at, "scaling", "maxReplicas"),
        missing_ceiling=1,
    )


OWNER: Final = OwnerKind(
    name="KServe LLMInferenceService",
    find=find,
    controls=frozenset({(kinds.INFERENCE_SERVICE.group, kinds.INFERENCE_SERVICE.name)}),
    rights=gets(kinds.INFERENCE_SERVICE),
)
