"""Argo CD, which may bring the Deployment back to what Git says."""

from collections.abc import Sequence
from typing import Final

from cluster.clients.objects import Autoscaler, Deployment
from cluster.owners.ownership import Claim

# `app.kubernetes.io/instance` is Argo CD's default mark too, but Helm writes it as well.
TRACKING: Final = "argocd.argoproj.io/tracking-id"
INSTANCE: Final = "argocd.argoproj.io/instance"
MANAGER: Final = "argocd-controller"


def find(deployment: Deployment, _: Sequence[Autoscaler]) -> Claim | None:
    """Return the application by its tracking mark; whether it self-heals is not known here."""
    tracked = deployment.annotations.get(TRACKING, "").partition(":")[0]
    application = tracked or deployment.labels.get(INSTANCE, "")
    if not application and all(each.manager != MANAGER for each in deployment.writers):
        return None
    owner = f"Argo CD Application {application}".strip()
    return Claim(owner=owner, because=f"{owner} may sync the replicas back", fights=True)
