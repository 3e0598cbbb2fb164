"""An object that controls the Deployment, such as a KServe LLMInferenceService."""

from collections.abc import Sequence

from cluster.clients.objects import Autoscaler, Deployment
from cluster.owners.ownership import Claim


def find(deployment: Deployment, _: Sequence[Autoscaler]) -> Claim | None:
    """Return the controlling owner; of an unknown operator the worst is assumed."""
    for owner in deployment.owners:
        if owner.controller:
            because = f"{owner} controls the Deployment and writes its replicas back"
            return Claim(owner=str(owner), because=because, fights=True)
    return None
