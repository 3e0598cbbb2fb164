"""Flux, which brings the Deployment back to what Git says at its next reconciliation."""

from collections.abc import Sequence
from typing import Final

from cluster.clients.objects import Autoscaler, Deployment
from cluster.owners.ownership import Claim

MARKS: Final = {
    "kustomize.toolkit.fluxcd.io/name": "Flux Kustomization",
    "helm.toolkit.fluxcd.io/name": "Flux HelmRelease",
}


def find(deployment: Deployment, _: Sequence[Autoscaler]) -> Claim | None:
    """Return the Kustomization or HelmRelease that the labels name."""
    for label, kind in MARKS.items():
        if name := deployment.labels.get(label):
            owner = f"{kind} {name}"
            because = f"{owner} writes the replicas back at its next reconciliation"
            return Claim(owner=owner, because=because, fights=True)
    return None
