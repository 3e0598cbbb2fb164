"""The garbage collector: what a vanished owner controlled goes too (background propagation)."""

from drills.kubernetes.objects import controller_of, name_of, namespace_of, terminating, uid_of
from drills.kubernetes.resources import DEPLOYMENTS, PODS, REPLICASETS
from drills.kubernetes.state import Cluster


def collect(cluster: Cluster) -> None:
    """Delete ReplicaSets and pods whose controller is not there any more."""
    for resource, owners in ((REPLICASETS, DEPLOYMENTS), (PODS, REPLICASETS)):
        there = {uid_of(one) for one in cluster.look(owners)}
        for thing in cluster.look(resource):
            owner = controller_of(thing)
            if owner and owner not in there and not terminating(thing):
                cluster.delete(resource, namespace_of(thing), name_of(thing))
