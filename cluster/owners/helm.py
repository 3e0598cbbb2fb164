"""Helm, which leaves a change alone until somebody upgrades the release."""

from collections.abc import Sequence
from typing import Final

from cluster.clients.objects import Autoscaler, Deployment
from cluster.owners.ownership import Claim

RELEASE: Final = "meta.helm.sh/release-name"
MANAGED_BY: Final = "app.kubernetes.io/managed-by"


def find(deployment: Deployment, _: Sequence[Autoscaler]) -> Claim | None:
    """Return the release by the marks that Helm writes."""
    release = deployment.annotations.get(RELEASE, "")
    if not release and deployment.labels.get(MANAGED_BY) != "Helm":
        return None
    owner = f"Helm release {release}".strip()
    because = f"{owner}: the next `helm upgrade` sets the replicas back to the chart's values"
    return Claim(owner=owner, because=because, fights=False)
