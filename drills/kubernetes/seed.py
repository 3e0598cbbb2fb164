"""A cluster with llm-d as the kustomize guides of 2026 install it: prefill and decode apart.

Source: llm-d guides/pd-disaggregation and guides/recipes/modelserver.
"""

from datetime import timedelta

from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.resources import DEPLOYMENTS, NAMESPACES, NODES
from drills.kubernetes.state import Cluster

GUIDE = "pd-disaggregation"
NAME = "pd-disaggregation-nvidia-gpu-vllm"
_INSTALLED = timedelta(days=3)  # before now: long enough that nothing looks freshly rolled out
_LOAD = timedelta(seconds=90)
_WRITER = Writer(manager="kubectl-client-side-apply")


def seed_llm_d(
    cluster: Cluster,
    model: str = "llama-3-70b",
    namespace: str = "llm-d",
    *,
    prefill: int = 2,
    decode: int = 4,
    nodes: int = 3,
) -> None:
    """Install one model three days ago: all pods Ready, 2 GPUs each, on nodes of 8."""
    installed = cluster.now() - _INSTALLED
    with cluster.at(installed):
        for name in ("default", "kube-system", namespace):
            cluster.create(NAMESPACES, {"metadata": {"name": name}}, writer=_WRITER)
        for number in range(nodes):
            cluster.create(NODES, node(f"gpu-{number}"), writer=_WRITER)
            _power_on(cluster, f"gpu-{number}")
        for role, replicas in (("prefill", prefill), ("decode", decode)):
            wanted = deployment(role, model=model, namespace=namespace, replicas=replicas)
            cluster.create(DEPLOYMENTS, wanted, writer=_WRITER)
    controllers = Controllers(cluster, ready_after=lambda _: _LOAD.total_seconds())
    controllers.reconcile(installed)
    controllers.reconcile(installed + _LOAD)


def deployment(role: str, *, model: str, namespace: str, replicas: int) -> Object:
    """Return the Deployment of one role, labels on it and on its pods."""
    labels = {
        "llm-d.ai/accelerator-variant": "gpu",
        "llm-d.ai/accelerator-vendor": "nvidia",
        "llm-d.ai/engine-type": "vllm",
        "llm-d.ai/guide": GUIDE,
        "llm-d.ai/model": model,
        "llm-d.ai/role": role,
    }
    return {
        "metadata": {"name": f"{NAME}-{role}", "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _pod(role, model)},
        },
    }


def node(name: str, gpus: int = 8) -> Object:
    """Return a GPU node; its capacity is status, written by its kubelet."""
    labels = {"kubernetes.io/hostname": name, "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
    return {"metadata": {"name": name, "labels": labels, "annotations": {"gpus": str(gpus)}}}


def _power_on(cluster: Cluster, name: str) -> None:
    def on(thing: Object) -> Object:
        gpus = thing["metadata"]["annotations"]["gpus"]
        room = {"cpu": "96", "memory": "1000Gi", "nvidia.com/gpu": gpus, "pods": "110"}
        condition = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        thing["status"] = {"capacity": room, "allocatable": room, "conditions": [condition]}
        return thing

    cluster.update(NODES, "", name, on, writer=Writer(manager="kubelet", subresource="status"))


def _pod(role: str, model: str) -> Object:
    # A decode pod is reached through its sidecar: 8000 in front, the engine behind on 8200.
    port = 8200 if role == "decode" else 8000
    spec: Object = {
        "terminationGracePeriodSeconds": 75,
        "containers": [_engine(model, port)],
    }
    if role == "decode":
        spec["initContainers"] = [
            {
                "name": "routing-proxy",
                "image": "ghcr.io/llm-d/llm-d-routing-sidecar:v0.8.0",
                "restartPolicy": "Always",
                "args": ["--port=8000", "--vllm-port=8200"],
                "ports": [{"containerPort": 8000}],
            }
        ]
    return spec


def _engine(model: str, port: int) -> Object:
    health = {"path": "/health", "port": port}
    return {
        "name": "modelserver",
        "image": "ghcr.io/llm-d/llm-d-cuda:v0.8.0",
        "command": ["vllm", "serve"],
        "args": ["/model", f"--served-model-name={model}", f"--port={port}"],
        "ports": [{"name": "metrics", "containerPort": port, "protocol": "TCP"}],
        "resources": {"limits": {"nvidia.com/gpu": "2"}, "requests": {"nvidia.com/gpu": "2"}},
        "startupProbe": {"httpGet": health, "periodSeconds": 30, "failureThreshold": 120},
        "readinessProbe": {"httpGet": health | {"path": "/v1/models"}, "periodSeconds": 5},
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "15"]}}},
    }
