"""What somebody at a keyboard does to the cluster behind everybody's back."""

from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.resources import DEPLOYMENTS
from drills.kubernetes.state import Cluster


def kubectl_scale(cluster: Cluster, namespace: str, name: str, replicas: int) -> Object:
    """Scale a Deployment as `kubectl scale` does: through /scale, as manager `kubectl-scale`."""
    return cluster.update(
        DEPLOYMENTS,
        namespace,
        name,
        lambda thing: thing | {"spec": thing["spec"] | {"replicas": replicas}},
        writer=Writer(manager="kubectl-scale", subresource="scale"),
    )
