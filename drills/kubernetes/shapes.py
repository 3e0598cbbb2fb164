"""The shapes in which llm-d is installed, beside the kustomize guide of `seed`.

Each function installs one model into a namespace that is there. Names and labels are those of the
charts and controllers: llm-d-modelservice `charts/llm-d-modelservice/templates`, lws
`api/leaderworkerset/v1` and `api/disaggregatedset/v1`, KServe `pkg/controller/v1alpha2/llmisvc`.
The controllers of the custom kinds are not imitated: what they would make is made here.
"""

from collections.abc import Mapping

from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.controllers.deployments import owner
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object, View, name_of
from drills.kubernetes.resources import (
    DEPLOYMENTS,
    GROUPS,
    OLD_POOLS,
    PODS,
    POOLS,
    REPLICASETS,
    ROLLOUTS,
    ROUTES,
    SERVICES,
    SETS,
    STATEFULSETS,
    Resource,
)
from drills.kubernetes.state import Cluster

_WRITER = Writer(manager="helm")
_LWS = "leaderworkerset.sigs.k8s.io"
_SET = "disaggregatedset.x-k8s.io"
_RAY = ["/bin/sh", "-c", "ray start --block"]


def modelservice(cluster: Cluster, release: str, *, model: str, namespace: str = "llm-d") -> None:
    """Install the Helm chart: llm-d's labels stand on the pods and not on the Deployments."""
    label = model.replace("/", "-")
    for role in ("prefill", "decode"):
        chosen = {
            "llm-d.ai/inference-serving": "true",
            "llm-d.ai/model": label,
            "llm-d.ai/role": role,
        }
        made = _workload(f"{release}-llm-d-modelservice-{role}", namespace, chosen, _vllm(model))
        helm = {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "llm-d-modelservice-v0.3"}
        made["metadata"]["labels"] = helm
        cluster.create(DEPLOYMENTS, made, writer=_WRITER)
    chosen = {"llm-d.ai/inference-serving": "true", "llm-d.ai/model": label}
    pool(cluster, f"{release}-pool", chosen, namespace=namespace, picker=f"{release}-epp")
    _settle(cluster)


def plain(
    cluster: Cluster, name: str, *, model: str, namespace: str = "llm-d", old: bool = False
) -> None:
    """Install a Deployment without any label of llm-d, and the pool that selects its pods."""
    made = _workload(name, namespace, {"app": name}, _vllm(model))
    cluster.create(DEPLOYMENTS, made, writer=_WRITER)
    pool(cluster, name, {"app": name}, namespace=namespace, picker=f"{name}-epp", old=old)
    _settle(cluster)


def rollout(cluster: Cluster, name: str, *, model: str, namespace: str = "llm-d") -> None:
    """Install an Argo Rollout with its ReplicaSet."""
    cluster.install(ROLLOUTS)
    labels = {"app": name, "llm-d.ai/role": "decode", "llm-d.ai/model": model.replace("/", "-")}
    made = _workload(name, namespace, labels, _vllm(model))
    top = cluster.create(ROLLOUTS, made, writer=_WRITER)
    hashed = {**labels, "rollouts-pod-template-hash": "5d8f"}
    below = _workload(f"{name}-5d8f", namespace, hashed, _vllm(model), above=top)
    cluster.create(REPLICASETS, below, writer=_WRITER)
    _settle(cluster)


def kserve(
    cluster: Cluster, name: str, *, model: str, namespace: str = "llm-d", prefill: bool = True
) -> None:
    """Install an LLMInferenceService: the model's name stands in it and not on the pods."""
    cluster.install(SERVICES)
    spec: Object = {"model": {"uri": "pvc://models/weights", "name": model}, "replicas": 1}
    top = cluster.create(
        SERVICES,
        {"metadata": {"name": name, "namespace": namespace}, "spec": spec},
        writer=_WRITER,
    )
    roles = {"": "decode", "-prefill": "prefill"} if prefill else {"": "both"}
    for suffix, role in roles.items():
        labels = _kserve_labels(name, suffix) | {"llm-d.ai/role": role}
        command = ["/bin/bash", "-c", 'exec vllm serve /mnt/models --port 8000 "$@"']
        made = _workload(f"{name}-kserve{suffix}", namespace, labels, command, above=top)
        cluster.create(DEPLOYMENTS, made, writer=_WRITER)
    chosen = {"app.kubernetes.io/name": name, "kserve.io/component": "workload"}
    pool(
        cluster,
        f"{name}-inference-pool",
        chosen,
        namespace=namespace,
        picker=f"{name}-epp-service",
        mode="FailOpen",
    )
    _settle(cluster)


def groups(  # noqa: PLR0913 - what an install says
    cluster: Cluster,
    name: str,
    *,
    model: str,
    namespace: str = "llm-d",
    role: str = "decode",
    number: int = 2,
    size: int = 2,
    above: View | None = None,
) -> None:
    """Install a LeaderWorkerSet: leaders below its StatefulSet, workers below their leader's."""
    cluster.install(GROUPS)
    labels = {"llm-d.ai/role": role, "llm-d.ai/model": model.replace("/", "-")} if not above else {}
    if above:
        labels = {f"{_SET}/name": name_of(above), f"{_SET}/role": role}
    templates = {
        "size": size,
        "leaderTemplate": {"metadata": {"labels": labels}, "spec": _containers(_vllm(model))},
        "workerTemplate": {"spec": _containers(_RAY)},
    }
    spec = {"replicas": number, "leaderWorkerTemplate": templates}
    given: Object = {"metadata": _meta(name, namespace, labels, above), "spec": spec}
    top = cluster.create(GROUPS, given, writer=_WRITER)
    leaders = _stateful(cluster, name, namespace, top)
    for group in range(number):
        leader = f"{name}-{group}"
        marks = {f"{_LWS}/name": name, f"{_LWS}/group-index": str(group)}
        first = labels | marks | {f"{_LWS}/worker-index": "0"}
        made = _pod(cluster, leader, namespace, first, _vllm(model), leaders)
        below = _stateful(cluster, leader, namespace, made)
        for rank in range(1, size):
            # Workers do not listen; some charts give them no label of llm-d either.
            worker = marks | {f"{_LWS}/worker-index": str(rank)}
            _pod(cluster, f"{leader}-{rank}", namespace, worker, _RAY, below)
    _settle(cluster)


def disaggregated(cluster: Cluster, name: str, *, model: str, namespace: str = "llm-d") -> None:
    """Install a DisaggregatedSet of two slices: a LeaderWorkerSet for each slice and role."""
    cluster.install(SETS)
    roles = [{"name": role, "spec": {"replicas": 1}} for role in ("prefill", "decode")]
    given: Object = {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"slices": 2, "roles": roles},
    }
    top = cluster.create(SETS, given, writer=_WRITER)
    for slice_ in range(2):
        for role in ("prefill", "decode"):
            child = f"{name}-{slice_}-ab12-{role}"
            groups(cluster, child, model=model, namespace=namespace, role=role, number=1, above=top)


def pool(
    cluster: Cluster,
    name: str,
    chosen: Mapping[str, str],
    *,
    namespace: str = "llm-d",
    picker: str = "epp",
    mode: str = "",
    old: bool = False,
) -> None:
    """Create an InferencePool, as v1 or as v1alpha2 writes it; no mode is the API's default."""
    resource = OLD_POOLS if old else POOLS
    cluster.install(resource)
    reference: Object = {"name": picker} | ({"failureMode": mode} if mode else {})
    new: Object = {
        "selector": {"matchLabels": dict(chosen)},
        "targetPorts": [{"number": 8000}],
        "endpointPickerRef": reference | {"port": {"number": 9002}},
    }
    before: Object = {
        "selector": dict(chosen),
        "targetPortNumber": 8000,
        "extensionRef": reference,
    }
    _create(cluster, resource, name, namespace, before if old else new)


def route(cluster: Cluster, name: str, *, model: str, to: str, namespace: str = "llm-d") -> None:
    """Create an HTTPRoute that leads a model to a pool."""
    cluster.install(ROUTES)
    header = {"name": "X-Gateway-Model-Name", "type": "Exact", "value": model}
    backend = {"group": POOLS.group, "kind": "InferencePool", "name": to, "weight": 1}
    rule = {"matches": [{"headers": [header]}], "backendRefs": [backend]}
    _create(cluster, ROUTES, name, namespace, {"rules": [rule]})


def _create(
    cluster: Cluster, resource: Resource, name: str, namespace: str, spec: Object
) -> Object:
    given: Object = {"metadata": {"name": name, "namespace": namespace}, "spec": spec}
    return cluster.create(resource, given, writer=_WRITER)


def _kserve_labels(name: str, suffix: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/component": f"llminferenceservice-workload{suffix}",
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": "llminferenceservice",
        "kserve.io/component": "workload",
    }


def _vllm(model: str) -> list[str]:
    return ["vllm", "serve", "/model", f"--served-model-name={model}", "--port=8000"]


def _meta(
    name: str, namespace: str, labels: Mapping[str, str], above: View | None = None
) -> Object:
    meta: Object = {"name": name, "namespace": namespace, "labels": dict(labels)}
    return meta | ({"ownerReferences": [owner(above)]} if above else {})


def _workload(
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    command: list[str],
    *,
    above: View | None = None,
) -> Object:
    """Return a Deployment, or what has the same form, of two pods."""
    template = {"metadata": {"labels": dict(labels)}, "spec": _containers(command)}
    return {
        "metadata": _meta(name, namespace, labels, above),
        "spec": {"replicas": 2, "selector": {"matchLabels": dict(labels)}, "template": template},
    }


def _stateful(cluster: Cluster, name: str, namespace: str, above: View) -> Object:
    given: Object = {"metadata": _meta(name, namespace, {}, above), "spec": {}}
    return cluster.create(STATEFULSETS, given, writer=_WRITER)


def _pod(
    cluster: Cluster,
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    command: list[str],
    above: View,
) -> Object:
    given: Object = {
        "metadata": _meta(name, namespace, labels, above),
        "spec": _containers(command),
    }
    return cluster.create(PODS, given, writer=_WRITER)


def _containers(command: list[str]) -> Object:
    return {"containers": [{"name": "vllm", "image": "vllm", "command": command}]}


def _settle(cluster: Cluster) -> None:
    """Let Deployments and ReplicaSets make their pods, which are ready at once."""
    Controllers(cluster, ready_after=lambda _: 0.0).reconcile(cluster.now())
