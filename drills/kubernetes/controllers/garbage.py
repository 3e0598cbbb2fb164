"""The garbage collector: what a vanished owner controlled goes too (background propagation)."""

from drills.kubernetes.objects import controller_of, name_of, namespace_of, terminating
from drills.kubernetes.resources import DEPLOYMENTS, PODS, REPLICASETS, STATEFULSETS
from drills.kubernetes.state import Cluster


def collect(cluster: Cluster) -> None:
    """Delete workloads and pods whose controller is not there any more, of whatever kind it was."""
    for resource in (DEPLOYMENTS, STATEFULSETS, REPLICASETS, PODS):
        there = cluster.uids()
        for thing in cluster.look(resource):
            owner = controller_of(thing)
            if owner and owner not in there and not terminating(thing):
                cluster.delete(resource, namespace_of(thing), name_of(thing))
