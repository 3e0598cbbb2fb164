"""A crowded cluster: one namespace of 40 models with 50 pods each, on 300 nodes of eight GPUs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Final

from tests.contract.cluster import objects
from tests.contract.cluster.asking import Api, Body

NAMESPACE: Final = "crowd"
NODES: Final = 300
MODELS: Final = 40
PODS: Final = 50
ABREAST: Final = 8
CORE: Final = "/api/v1"
APPS: Final = f"/apis/apps/v1/namespaces/{NAMESPACE}"
ROOM: Final = {"cpu": "96", "memory": "1000Gi", "nvidia.com/gpu": "8", "pods": "110"}
READY: Final = {
    "phase": "Running",
    "conditions": [
        {"type": each, "status": "True", "lastTransitionTime": "2026-03-01T12:00:00Z"}
        for each in ("PodScheduled", "Ready")
    ],
}


def gather(root: Api) -> None:
    """Create all of it; nothing else may move there, or pods without a kubelet would be lost."""
    root.create(f"{CORE}/namespaces", {"metadata": {"name": NAMESPACE}})
    with ThreadPoolExecutor(ABREAST) as hands:
        list(hands.map(lambda number: _node(root, f"gpu-{number}"), range(NODES)))
        nodes = count()
        for model in range(MODELS):
            above = _workload(root, f"model-{model}")
            pods = list(_pods(f"model-{model}", above, nodes))
            list(hands.map(lambda pod: _pod(root, pod), pods))


def _node(root: Api, name: str) -> None:
    root.create(f"{CORE}/nodes", {"metadata": {"name": name, "labels": {"gpu": "h100"}}})
    ready = [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]
    status = {"capacity": ROOM, "allocatable": ROOM, "conditions": ready}
    root.change(f"{CORE}/nodes/{name}/status", {"status": status})
    # The API server closes every new node, and the controller that opens it does not run here.
    root.change(f"{CORE}/nodes/{name}", {"spec": {"taints": None}})


def _workload(root: Api, name: str) -> Body:
    """Create a Deployment and its ReplicaSet; return the owner of its pods."""
    made = root.create(f"{APPS}/deployments", objects.deployment(name, replicas=PODS))
    set_ = {"apiVersion": "apps/v1", "kind": "ReplicaSet", **objects.workload(name, PODS)}
    set_["metadata"]["ownerReferences"] = [_owner("Deployment", made)]
    return _owner("ReplicaSet", root.create(f"{APPS}/replicasets", set_))


def _owner(kind: str, made: Body) -> Body:
    meta = made["metadata"]
    named = {"name": meta["name"], "uid": meta["uid"], "controller": True}
    return {"apiVersion": "apps/v1", "kind": kind, **named}


def _pods(model: str, above: Body, nodes: Iterator[int]) -> Iterator[Body]:
    labels = {"app": model, "llm-d.ai/role": "decode", "llm-d.ai/model": model}
    for number in range(PODS):
        made = objects.pod(f"{model}-{number}", gpus=1, labels=labels)
        made["metadata"]["ownerReferences"] = [above]
        made["spec"]["nodeName"] = f"gpu-{next(nodes) % NODES}"
        made["spec"]["containers"][0]["command"][-1] = f"--served-model-name={model}"
        yield made


def _pod(root: Api, pod: Body) -> None:
    root.create(f"{CORE}/namespaces/{NAMESPACE}/pods", pod)
    name = pod["metadata"]["name"]
    root.change(f"{CORE}/namespaces/{NAMESPACE}/pods/{name}/status", {"status": READY})
