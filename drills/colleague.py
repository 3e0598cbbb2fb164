"""The colleague who sets the decode pool back to its old size after somebody scaled it."""

from datetime import datetime, timedelta

from drills.faults import ScaleBack
from drills.installation import DECODE_DEPLOYMENT, DECODE_PODS, NAMESPACE
from drills.kubernetes.people import kubectl_scale
from drills.kubernetes.resources import DEPLOYMENTS
from drills.kubernetes.state import Cluster


class Colleague:
    """Watches the decode Deployment, and acts once per time that it was scaled."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._noticed: datetime | None = None

    def act(self, now: datetime, habit: ScaleBack | None) -> None:
        """Scale back, if that is this person's habit and its time has come."""
        if habit is None or self._replicas() == DECODE_PODS:
            self._noticed = None
            return
        self._noticed = self._noticed or now
        if now >= self._noticed + timedelta(seconds=habit.after):
            kubectl_scale(self._cluster, NAMESPACE, DECODE_DEPLOYMENT, DECODE_PODS)

    def _replicas(self) -> int:
        found = self._cluster.get(DEPLOYMENTS, NAMESPACE, DECODE_DEPLOYMENT)
        return int(found["spec"]["replicas"])
