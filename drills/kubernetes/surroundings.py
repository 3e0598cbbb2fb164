"""What leads to the pods of an installation, and what they hold: Service, Ingress, volume claim."""

from datetime import timedelta

from drills.kubernetes.controllers import endpoints
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.resources import CLAIMS, CORE_SERVICES, INGRESSES
from drills.kubernetes.seed import GUIDE
from drills.kubernetes.state import Cluster

NAME = f"{GUIDE}-decode"
_INSTALLED = timedelta(days=3)
_WRITER = Writer(manager="kubectl-client-side-apply")
_STATUS = Writer(manager="rehearsal", subresource="status")


def install(cluster: Cluster, namespace: str) -> None:
    """Put a Service and an Ingress before the decode pods, and the models' volume beside them."""
    with cluster.at(cluster.now() - _INSTALLED):
        cluster.create(CORE_SERVICES, _service(namespace), writer=_WRITER)
        cluster.create(INGRESSES, _ingress(namespace), writer=_WRITER)
        cluster.update(INGRESSES, namespace, NAME, _answered, writer=_STATUS)
        cluster.create(CLAIMS, _claim(namespace), writer=_WRITER)
        cluster.update(CLAIMS, namespace, "models", _bound, writer=_STATUS)
        endpoints.reconcile(cluster)


def _service(namespace: str) -> Object:
    chosen = {"llm-d.ai/guide": GUIDE, "llm-d.ai/role": "decode"}
    ports = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8000}]
    return {
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.96.0.17",
            "selector": chosen,
            "ports": ports,
        },
    }


def _ingress(namespace: str) -> Object:
    backend = {"service": {"name": NAME, "port": {"number": 80}}}
    paths = [{"path": "/v1", "pathType": "Prefix", "backend": backend}]
    rules = [{"host": "llm.example", "http": {"paths": paths}}]
    return {"metadata": {"name": NAME, "namespace": namespace}, "spec": {"rules": rules}}


def _claim(namespace: str) -> Object:
    room = {"requests": {"storage": "500Gi"}}
    spec = {"accessModes": ["ReadOnlyMany"], "resources": room, "volumeName": "models"}
    return {"metadata": {"name": "models", "namespace": namespace}, "spec": spec}


def _answered(ingress: Object) -> Object:
    return ingress | {"status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.80"}]}}}


def _bound(claim: Object) -> Object:
    return claim | {"status": {"phase": "Bound"}}
