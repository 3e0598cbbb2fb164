"""All controllers together, driven by whoever owns the world's clock."""

from collections.abc import Callable
from datetime import datetime

from drills.kubernetes.controllers import (
    autoscalers,
    budgets,
    deployments,
    endpoints,
    garbage,
    pods,
    quotas,
    replicasets,
)
from drills.kubernetes.objects import View
from drills.kubernetes.state import Cluster

_PASSES = 12  # more than any chain of controllers is long: deployment, set, pod, and back


class Controllers:
    """The control plane of one cluster; it has no thread and no clock of its own.

    `ready_after(pod)` answers how many seconds after its start a pod is Ready (None: not yet, or
    never) and is asked again at each pass. `wants(hpa)` answers how many replicas an autoscaler's
    metrics ask for (None: there are no metrics).
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        ready_after: Callable[[View], float | None],
        wants: Callable[[View], int | None] = lambda _: None,
    ) -> None:
        self._cluster = cluster
        self._ready_after = ready_after
        self._wants = wants
        self._checked: dict[str, datetime] = {}

    def reconcile(self, now: datetime) -> None:
        """Do everything that is due at `now`, until nothing is left to do."""
        with self._cluster.at(now):
            for _ in range(_PASSES):
                before = self._cluster.version
                self._once(now)
                if self._cluster.version == before:
                    return

    def _once(self, now: datetime) -> None:
        garbage.collect(self._cluster)
        autoscalers.reconcile(self._cluster, now, checked=self._checked, wants=self._wants)
        deployments.reconcile(self._cluster, now)
        replicasets.reconcile(self._cluster, now)
        pods.schedule(self._cluster, now)
        pods.run(self._cluster, now, ready_after=self._ready_after)
        replicasets.reconcile(self._cluster, now)
        deployments.reconcile(self._cluster, now)
        budgets.reconcile(self._cluster, now)
        endpoints.reconcile(self._cluster)
        quotas.reconcile(self._cluster)
