"""The objects that the contract of a cluster is tried with, as people write them."""

from collections.abc import Mapping

from tests.contract.cluster.asking import Body


def deployment(name: str, *, replicas: int = 2, **more: object) -> Body:
    """Return a Deployment of pods without GPUs that serve the model `m`."""
    return {"apiVersion": "apps/v1", "kind": "Deployment", **workload(name, replicas, **more)}


def workload(name: str, replicas: int, **more: object) -> Body:
    """Return what Deployments, ReplicaSets and Rollouts have in common."""
    labels = {"app": name}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": template(labels),
            **more,
        },
    }


def template(labels: Mapping[str, str], *, gpus: int = 0, image: str = "vllm:1") -> Body:
    """Return the template of a pod."""
    asked = {"resources": {"limits": {"nvidia.com/gpu": str(gpus)}}} if gpus else {}
    container = {
        "name": "vllm",
        "image": image,
        "command": ["vllm", "serve", "/model", "--served-model-name=m"],
        **asked,
    }
    return {"metadata": {"labels": dict(labels)}, "spec": {"containers": [container]}}


def pod(name: str, *, gpus: int = 0, labels: Mapping[str, str] | None = None) -> Body:
    """Return a pod that nobody owns."""
    made = template(labels or {"app": name}, gpus=gpus)
    made["metadata"]["name"] = name
    return {"apiVersion": "v1", "kind": "Pod", **made}


def autoscaler(name: str, *, least: int, most: int, of: str) -> Body:
    """Return a HorizontalPodAutoscaler of a Deployment."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": of}
    usage = {"type": "Utilization", "averageUtilization": 60}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": usage}}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [metric],
        },
    }


def pool(name: str, chosen: Mapping[str, str]) -> Body:
    """Return an InferencePool as v1 writes it."""
    return {
        "apiVersion": "inference.networking.k8s.io/v1",
        "kind": "InferencePool",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": dict(chosen)},
            "targetPorts": [{"number": 8000}],
            "endpointPickerRef": {"name": f"{name}-epp", "port": {"number": 9002}},
        },
    }


def old_pool(name: str, chosen: Mapping[str, str]) -> Body:
    """Return an InferencePool as v1alpha2 wrote it."""
    return {
        "apiVersion": "inference.networking.x-k8s.io/v1alpha2",
        "kind": "InferencePool",
        "metadata": {"name": name},
        "spec": {
            "selector": dict(chosen),
            "targetPortNumber": 8000,
            "extensionRef": {"name": f"{name}-epp"},
        },
    }


def route(name: str, *, model: str, to: Mapping[str, int]) -> Body:
    """Return an HTTPRoute that leads a model to pools, by weight."""
    header = {"name": "X-Gateway-Model-Name", "type": "Exact", "value": model}
    backends = [
        {
            "group": "inference.networking.k8s.io",
            "kind": "InferencePool",
            "name": pool,
            "weight": weight,
        }
        for pool, weight in to.items()
    ]
    rule = {"matches": [{"headers": [header]}], "backendRefs": backends}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name},
        "spec": {"rules": [rule]},
    }


def groups(name: str, *, replicas: int = 1, size: int = 2) -> Body:
    """Return a LeaderWorkerSet."""
    marked = {"llm-d.ai/role": "decode"}
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "leaderWorkerTemplate": {
                "size": size,
                "leaderTemplate": template(marked),
                "workerTemplate": template({}),
            },
        },
    }


def disaggregated(name: str) -> Body:
    """Return a DisaggregatedSet of one group of two pods for each of its roles."""
    roles = [{"name": role, "spec": groups(name, size=2)["spec"]} for role in ("prefill", "decode")]
    return {
        "apiVersion": "disaggregatedset.x-k8s.io/v1",
        "kind": "DisaggregatedSet",
        "metadata": {"name": name},
        "spec": {"roles": roles},
    }


def scaled(name: str, *, least: int, most: int) -> Body:
    """Return a ScaledObject of the Deployment with this name; nobody answers for its metrics."""
    metadata = {"serverAddress": "http://127.0.0.1:9", "query": "up", "threshold": "1"}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"name": name},
            "minReplicaCount": least,
            "maxReplicaCount": most,
            "triggers": [{"type": "prometheus", "metadata": metadata}],
        },
    }


def rollout(name: str) -> Body:
    """Return an Argo Rollout."""
    canary = {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}
    made = workload(name, 2, strategy=canary)
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", **made}


def service(name: str) -> Body:
    """Return an LLMInferenceService of KServe."""
    return {
        "apiVersion": "serving.kserve.io/v1alpha2",
        "kind": "LLMInferenceService",
        "metadata": {"name": name},
        "spec": {"model": {"uri": "pvc://models/weights", "name": "m"}, "replicas": 1},
    }
