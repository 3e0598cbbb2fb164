"""The endpoint controller: one EndpointSlice per Service with a selector, in step with its pods.

Source: k8s.io/kubernetes pkg/controller/endpointslice. A pod that goes is terminating, and not
ready.
"""

from collections.abc import Sequence

from drills.kubernetes import refusals
from drills.kubernetes.controllers.deployments import owner
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import (
    Object,
    View,
    labels_of,
    name_of,
    namespace_of,
    ready,
    terminating,
    uid_of,
)
from drills.kubernetes.resources import CORE_SERVICES, ENDPOINTS, PODS
from drills.kubernetes.selectors import text_of
from drills.kubernetes.state import Cluster

SERVICE = "kubernetes.io/service-name"
_WRITER = Writer(manager="kube-controller-manager")
_BY = "endpointslice-controller.k8s.io"


def reconcile(cluster: Cluster) -> None:
    """Bring the endpoints of every Service up to date."""
    services = cluster.look(CORE_SERVICES)
    for service in services:
        if service["spec"].get("selector"):
            _tell(cluster, service)
    known = {(namespace_of(one), name_of(one)) for one in services}
    for piece in cluster.look(ENDPOINTS):
        of = (namespace_of(piece), labels_of(piece).get(SERVICE, ""))
        if of not in known:
            cluster.delete(ENDPOINTS, namespace_of(piece), name_of(piece))


def _tell(cluster: Cluster, service: View) -> None:
    namespace, name = namespace_of(service), name_of(service)
    chosen = text_of({"matchLabels": service["spec"]["selector"]})
    endpoints = _endpoints(cluster.look(PODS, namespace, chosen))

    def told(thing: Object) -> Object:
        return thing | {"endpoints": endpoints}

    try:
        cluster.update(ENDPOINTS, namespace, name, told, writer=_WRITER)
    except refusals.Refusal:
        cluster.create(ENDPOINTS, _slice(service, endpoints), writer=_WRITER)


def _endpoints(pods: Sequence[View]) -> list[Object]:
    """Return the endpoints of the pods that have an address, by name."""
    return [
        {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {
                "ready": ready(pod),
                "serving": ready(pod),
                "terminating": terminating(pod),
            },
            "nodeName": pod["spec"]["nodeName"],
            "targetRef": {
                "kind": "Pod",
                "namespace": namespace_of(pod),
                "name": name_of(pod),
                "uid": uid_of(pod),
            },
        }
        for pod in pods
        if pod.get("status", {}).get("podIP")
    ]


def _slice(service: View, endpoints: list[Object]) -> Object:
    labels = {SERVICE: name_of(service), "endpointslice.kubernetes.io/managed-by": _BY}
    return {
        # The real one has a suffix of chance; one Service has one slice here.
        "metadata": {
            "name": name_of(service),
            "namespace": namespace_of(service),
            "labels": labels,
            "ownerReferences": [owner(service)],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": service["spec"].get("ports", []),
    }
