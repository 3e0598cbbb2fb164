"""A HorizontalPodAutoscaler, alone or made by KEDA, that scales the Deployment."""

from collections.abc import Sequence
from typing import Final

from cluster.clients.objects import Autoscaler, Deployment
from cluster.owners.ownership import Claim

KEDA: Final = "scaledobject.keda.sh/name"


def find(deployment: Deployment, autoscalers: Sequence[Autoscaler]) -> Claim | None:
    """Return the autoscaler whose target this is; it syncs every 15 s by default."""
    found = of(deployment.name, autoscalers)
    if found is None:
        return None
    owner = name(found)
    return Claim(owner=owner, because=f"{owner} sets the replicas at its next sync", fights=True)


def of(deployment: str, autoscalers: Sequence[Autoscaler]) -> Autoscaler | None:
    """Return the autoscaler of a Deployment."""
    for each in autoscalers:
        if (each.target_kind, each.target_name) == ("Deployment", deployment):
            return each
    return None


def name(found: Autoscaler) -> str:
    """Return whom to name: what KEDA generates is KEDA's."""
    scaled = [owner.name for owner in found.owners if owner.kind == "ScaledObject"]
    keda = scaled[0] if scaled else found.labels.get(KEDA)
    return f"KEDA ScaledObject {keda}" if keda else f"HorizontalPodAutoscaler {found.name}"
