"""A cluster that holds what a test says, for the checks that look at objects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.refusals import Missing
from cluster.clients.things import Thing
from cluster.targets.target import Member, Target
from incidents.errors import TriagedError
from runbooks.language import registry
from runbooks.language.declaration import CheckVerb, Finding, Question
from tests.runbooks.steps.conftest import Answers

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
Body = dict[str, Any]
LABELS = {"app": "decode"}
PODS = ("decode-0", "decode-1")
TARGET = Target(
    cluster="local",
    namespace="llm-d",
    kind="Deployment",
    name="decode",
    uid="uid-decode",
    model="llama",
    role="decode",
    pods=PODS,
    members=tuple(Member(name=name) for name in PODS),
)


def stamp(minutes_ago: float) -> str:
    """Return a moment so many minutes before now, as the API writes it."""
    return (AT - timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Cluster:
    """Objects by kind; `refuse` are kinds that are not told, with the error."""

    bodies: Mapping[Kind, Sequence[Body]]
    refuse: Mapping[Kind, TriagedError] = field(default_factory=dict)
    asked: list[tuple[str, Kind]] = field(default_factory=list)

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        kind = kinds.BY_NAME[reference.group, reference.kind]
        for one in self.things(namespace, kind):
            if one.itself.name == reference.name:
                return one
        message = f"{reference}: gone"
        raise Missing(message)

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        self.asked.append((namespace, kind))
        if kind in self.refuse:
            raise self.refuse[kind]
        found = [parse.thing(body, kind=kind) for body in self.bodies.get(kind, ())]
        wanted = dict(x.split("=", 1) for x in selector.split(",") if "=" in x)
        return [x for x in found if wanted.items() <= x.labels.items() and _inside(x, namespace)]


def _inside(one: Thing, namespace: str) -> bool:
    return one.namespace in {"", namespace}


def deployment(**changes: Any) -> Body:
    """Return the Deployment of two pods, all of them updated and ready."""
    body: Body = {
        "metadata": {
            "name": "decode",
            "namespace": "llm-d",
            "uid": "uid-decode",
            "generation": 2,
            "labels": {},
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}},
        },
        "status": {"observedGeneration": 2, "updatedReplicas": 2, "readyReplicas": 2},
    }
    return {**body, **changes}


def pod(name: str = "decode-0", *, status: Body | None = None, **spec: Any) -> Body:
    """Return a pod that serves for an hour; `status` is put over its own."""
    usual: Body = {
        "phase": "Running",
        "startTime": stamp(60),
        "conditions": [
            {"type": "PodScheduled", "status": "True"},
            {"type": "Ready", "status": "True", "lastTransitionTime": stamp(58)},
        ],
        "containerStatuses": [container()],
    }
    return {
        "metadata": {
            "name": name,
            "namespace": "llm-d",
            "labels": LABELS,
            "creationTimestamp": stamp(60),
        },
        "spec": {"nodeName": "gpu-a", "containers": [{"name": "vllm"}], **spec},
        "status": {**usual, **(status or {})},
    }


def container(**changes: Any) -> Body:
    """Return the status of a container that runs."""
    usual: Body = {"name": "vllm", "ready": True, "started": True, "restartCount": 0}
    return {**usual, "state": {"running": {}}, **changes}


def unready(*containers: Body, since: float = 5) -> Body:
    """Return the status of a pod that is not ready since so many minutes."""
    conditions = [
        {"type": "PodScheduled", "status": "True"},
        {"type": "Ready", "status": "False", "lastTransitionTime": stamp(since)},
    ]
    return {"conditions": conditions, "containerStatuses": list(containers)}


def event(reason: str, message: str, *, name: str = "decode-0", **changes: Any) -> Body:
    """Return a warning about a pod, two minutes ago."""
    usual: Body = {
        "metadata": {"name": f"{name}.{reason}.{len(message)}", "namespace": "llm-d"},
        "involvedObject": {"kind": "Pod", "namespace": "llm-d", "name": name},
        "reason": reason,
        "message": message,
        "type": "Warning",
        "count": 1,
        "lastTimestamp": stamp(2),
    }
    return {**usual, **changes}


def replica_set(number: int, *, made: float, **container: Any) -> Body:
    """Return a revision of the Deployment, made so many minutes ago."""
    spec = {"containers": [{"name": "vllm", "image": "vllm:1", **container}]}
    return {
        "metadata": {
            "name": f"decode-{number}",
            "namespace": "llm-d",
            "creationTimestamp": stamp(made),
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "ownerReferences": [
                {"kind": "Deployment", "name": "decode", "uid": "uid-decode", "controller": True}
            ],
        },
        "spec": {"template": {"spec": spec}},
    }


def named(name: str, **body: Any) -> Body:
    """Return an object of the namespace with this name."""
    return {"metadata": {"name": name, "namespace": "llm-d"}, **body}


def node(name: str = "gpu-a", *, ready: str = "True", gpus: str = "8", **spec: Any) -> Body:
    """Return a node of eight GPUs, of which so many can be given away."""
    conditions = [{"type": "Ready", "status": ready, "reason": "KubeletReady"}]
    room = {"capacity": {"nvidia.com/gpu": "8"}, "allocatable": {"nvidia.com/gpu": gpus}}
    return {
        "metadata": {"name": name},
        "spec": spec,
        "status": {**room, "conditions": conditions},
    }


def world(**more: Sequence[Body]) -> Mapping[Kind, Sequence[Body]]:
    """Return a cluster in which all is well, with other objects of some kinds."""
    usual: dict[str, Sequence[Body]] = {
        "Deployment": [deployment()],
        "Pod": [pod(name) for name in PODS],
        "Node": [node()],
        "Service": [named("decode", spec={"selector": LABELS})],
        "EndpointSlice": [slice_of("decode", ready=2)],
        "ReplicaSet": [replica_set(1, made=6000)],
    }
    by_name = {one.name: one for one in kinds.ALL}
    return {by_name[name]: bodies for name, bodies in {**usual, **more}.items()}


def slice_of(service: str, *, ready: int, unready: int = 0) -> Body:
    """Return the endpoints of a Service."""
    endpoints = [{"conditions": {"ready": True}}] * ready
    endpoints += [{"conditions": {"ready": False}}] * unready
    labels = {"kubernetes.io/service-name": service}
    meta = {"name": f"{service}-x", "namespace": "llm-d", "labels": labels}
    return {"metadata": meta, "endpoints": endpoints}


def check(name: str) -> CheckVerb:
    """Return a check by its name."""
    verb = registry.verbs()[name]
    assert isinstance(verb, CheckVerb)
    return verb


def ask(name: str, cluster: Cluster, *, target: Target = TARGET, **arguments: Any) -> Finding:
    """Return what a check finds in a cluster."""
    verb = check(name)
    defaults = {key: known.default for key, known in verb.fields.fields.items()}
    return verb.judge(
        Question(
            arguments={**defaults, **arguments},
            target=target,
            signals=Answers(),
            at=AT,
            objects=cluster,
        )
    )


def found(name: str, change: Callable[[Target], Target] = lambda x: x, **more: Sequence[Body]):
    """Return what a check finds where some objects are others."""
    return ask(name, Cluster(world(**more)), target=change(TARGET))


def pooled(target: Target, picker: Any = None) -> Target:
    """Return the target in a pool."""
    return replace(target, pool="llama", picker=picker)
