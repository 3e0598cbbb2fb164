"""The quota controller: what each ResourceQuota limits, and how much of it is used.

Source: k8s.io/kubernetes pkg/controller/resourcequota.
"""

from drills.kubernetes import quotas
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object, View, name_of, namespace_of
from drills.kubernetes.resources import PODS, QUOTAS
from drills.kubernetes.state import Cluster

_STATUS = Writer(manager="kube-controller-manager", subresource="status")


def reconcile(cluster: Cluster) -> None:
    """Bring the status of every quota up to date that limits something which is counted."""
    for quota in cluster.look(QUOTAS):
        if quotas.limits(quota):
            _tell(cluster, quota)


def _tell(cluster: Cluster, quota: View) -> None:
    namespace, hard = namespace_of(quota), quotas.limits(quota)
    used = quotas.usage(cluster.look(PODS, namespace), hard)
    status = {
        "hard": {key: str(number) for key, number in hard.items()},
        "used": {key: str(number) for key, number in used.items()},
    }

    def told(thing: Object) -> Object:
        return thing | {"status": status}

    cluster.update(QUOTAS, namespace, name_of(quota), told, writer=_STATUS)
