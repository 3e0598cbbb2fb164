"""The printed roles and policy in a real API server: all that is needed passes, nothing else."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from cluster import admission, roles
from cluster.actions import left
from cluster.actions.left import Standing
from cluster.actions.plan import Done, Plan, Verb
from cluster.actions.registry import actions, verbs
from cluster.clients import kinds
from cluster.clients.access import Direct
from cluster.clients.kubernetes import KubernetesClient
from cluster.clients.reads import ReadOnly
from cluster.owners import keda
from cluster.rights import EVERYWHERE, HOME, Right, patches
from cluster.roles import BOUNDS, READER, SNAPSHOT, WRITER, Document, Install
from cluster.snapshots.taking import take
from cluster.targets.labels import RIGHTS
from cluster.targets.target import Target
from incidents.errors import Rejected, Unavailable
from tests.contract.cluster import objects
from tests.contract.cluster.asking import JSON_PATCH, MERGE, Answer, Api, Body
from tests.contract.cluster.places import path
from tests.servers.kubernetes.conftest import CRDS, Real
from tests.servers.kubernetes.control_plane import ControlPlane

pytestmark = pytest.mark.server

ACTIONS = tuple(right for each in actions().values() for right in each.rights)
TEMPLATES = patches(
    *(*kinds.WORKLOADS, kinds.POD, kinds.AUTOSCALER, kinds.SCALED_OBJECT, kinds.INFERENCE_SERVICE)
)
"""What any action on templates would need, whichever are enabled."""
CORDON = patches(kinds.NODE)
ALL = frozenset({*RIGHTS, *ACTIONS, *TEMPLATES, *CORDON})
COLLECTIONS = {
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "ValidatingAdmissionPolicy": f"/apis/{admission.API}/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": f"/apis/{admission.API}/validatingadmissionpolicybindings",
}
ARGUMENTS = "vllm serve /model --served-model-name=m"


@pytest.fixture(scope="module")
def place(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """Yield one namespace for all tests: a policy takes a moment until it is in force."""
    root = plane.api()
    made = root.create("/api/v1/namespaces", {"metadata": {"generateName": "test-"}})
    name = made["metadata"]["name"]
    with ExitStack() as stack:
        stack.callback(root.delete, f"/api/v1/namespaces/{name}")
        folder = tmp_path_factory.mktemp("least-privilege")
        yield Real(namespace=name, plane=plane, folder=folder, open=stack)


@pytest.fixture(scope="module")
def install(place: Real) -> Install:
    """Apply what is printed for all of it, as an operator would."""
    made = Install(
        home=place.namespace,
        namespaces=(place.namespace,),
        absent=frozenset({each.namespace for each in ALL} - {HOME, EVERYWHERE}),
    )
    root = place.api()
    for each in [*roles.documents(ALL, made), *admission.documents(ALL, made)]:
        applied = root.create(_collection(each), dict(each))
        if "namespace" not in applied["metadata"]:
            name = applied["metadata"]["name"]
            place.open.callback(root.delete, f"{_collection(each)}/{name}")
    known = {"images": "vllm:1\nvllm:0", "arguments": f"{ARGUMENTS}\n{ARGUMENTS} --old"}
    root.change(_bounds(place), {"data": {"least": "1", "most": "8", **known}})
    return made


def _bounds(place: Real) -> str:
    return f"{COLLECTIONS['ConfigMap'].format(place.namespace)}/{BOUNDS}"


def _collection(document: Document) -> str:
    meta: Body = document["metadata"]  # type: ignore[assignment]  # a mapping
    return COLLECTIONS[str(document["kind"])].format(meta.get("namespace", ""))


def token(place: Real, account: str) -> str:
    """Return a token of a service account, as a pod of it has one."""
    asked = {"spec": {"expirationSeconds": 3600}}
    accounts = COLLECTIONS["ServiceAccount"].format(place.namespace)
    told = place.api().create(f"{accounts}/{account}/token", asked)
    return str(told["status"]["token"])


def entered(place: Real, account: str) -> Api:
    return replace(place.api(), token=token(place, account))


def client(place: Real, account: str, folder: Path) -> KubernetesClient:
    """Return our client as a service account."""
    file = folder / account
    file.write_text(token(place, account))
    access = Direct(address=place.plane.address, token_file=file, ca_file=place.plane.ca)
    made = KubernetesClient(access)
    place.open.callback(made.close)
    return made


@pytest.fixture(scope="module")
def decode(place: Real, install: Install) -> str:
    """Return the path of a Deployment that stands still, once the policy is in force."""
    assert install.namespaces == (place.namespace,)
    place.make(kinds.DEPLOYMENT, _serving())
    found = path(kinds.DEPLOYMENT, place.namespace, "decode")
    writer, beyond = entered(place, WRITER), {"spec": {"replicas": 9}}
    # Before, the API server may not have seen the policy yet, or its parameter object.
    place.until(lambda: "bounds" in _patch(writer, f"{found}/scale", beyond, dryRun="All").message)
    place.until(lambda: place.api().get(found)["status"].get("readyReplicas") == 2)
    return found


def _serving() -> Body:
    """Return a Deployment with hook, probe and secret of its own: what it had may stay."""
    made = objects.deployment("decode", replicas=2)
    pod = made["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": "own", "secret": {"secretName": "own", "optional": True}}]
    pod["containers"][0] |= {
        "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 5"]}}},
        "startupProbe": {"exec": {"command": ["true"]}},
    }
    return made


def _patch(api: Api, where: str, change: object, **query: str) -> Answer:
    form = JSON_PATCH if isinstance(change, list) else MERGE
    return api.ask("PATCH", where, change, form=form, **query)


@pytest.mark.parametrize("account", [READER, WRITER])
def test_every_right_that_was_granted_is_there_and_no_other(
    place: Real, install: Install, tmp_path: Path, account: str
) -> None:
    """The reader has no right to write; the writer has all that was asked for."""
    asked = client(place, account, tmp_path)
    mine = {each for each in ALL if each.namespace not in install.absent}
    place.until(lambda: asked.allowed(min(mine), namespace=place.namespace))

    told = {each: asked.allowed(each, namespace=place.namespace) for each in mine}

    assert told == {each: each.reads or account == WRITER for each in mine}
    for forbidden in FORBIDDEN:
        assert not asked.allowed(forbidden, namespace=place.namespace), str(forbidden)


FORBIDDEN = (
    *(Right(group="", resource="secrets", verb=verb) for verb in ("get", "list", "watch")),
    *(Right(group="", resource=f"pods/{sub}", verb="create") for sub in ("exec", "attach")),
    *(Right(group="", resource="configmaps", verb=verb) for verb in ("patch", "update")),
    *(
        Right(group="", resource=one, verb="impersonate", namespace="*")
        for one in ("users", "groups")
    ),
    Right(group="", resource="serviceaccounts", verb="impersonate"),
    Right(group="", resource="serviceaccounts/token", verb="create"),
    *(Right(group="apps", resource="deployments", verb=verb) for verb in ("create", "delete")),
    Right(group="apps", resource="deployments", verb="update"),
    Right(group="", resource="pods", verb="create"),
    *(
        Right(group=roles.RBAC, resource="roles", verb=verb)
        for verb in ("bind", "escalate", "patch")
    ),
    Right(group=roles.RBAC, resource="rolebindings", verb="create"),
    Right(group="", resource="namespaces", verb="delete", namespace=EVERYWHERE),
    Right(group="", resource="nodes", verb="delete", namespace=EVERYWHERE),
    Right(group="", resource="nodes/proxy", verb="get", namespace=EVERYWHERE),
    Right(group="*", resource="*", verb="*"),
    Right(group="*", resource="*", verb="*", namespace=EVERYWHERE),
)


def test_a_size_is_changed_with_the_writers_token(place: Real, decode: str, tmp_path: Path) -> None:
    """The whole way of an action, from the plan to the look back, with these roles alone."""
    uid = place.api().get(decode)["metadata"]["uid"]
    target = Target(
        cluster="local",
        namespace=place.namespace,
        kind="Deployment",
        name="decode",
        uid=uid,
        model="m",
        role="decode",
        pods=(),
        api_version="apps/v1",
    )
    scale = verbs(client(place, WRITER, tmp_path))["scale"]

    plan = scale.plan(target, {"replicas": 4, "at_most": 8})
    scale.apply(plan, key="run-7/scale")

    assert scale.already_done(plan, key="run-7/scale").value == "yes"
    assert scale.settled(plan).reverted_by is None
    assert place.api().get(decode)["spec"]["replicas"] == 4


CONTAINER = "/spec/template/spec/containers/0"
POD = "/spec/template/spec"


def _add(where: str, value: object) -> list[Body]:
    return [{"op": "add", "path": where, "value": value}]


LONG = ["sh", "-c", "sleep 5; curl evil"]
EVIL = {"name": "evil", "image": "vllm:1", "command": ["sh"]}
ON_DEPLOYMENT = {
    "none-left": {"spec": {"replicas": 0}},
    "one-too-many": {"spec": {"replicas": 9}},
    "far-too-many": {"spec": {"replicas": 100000}},
    "image": _add(f"{CONTAINER}/image", "evil:1"),
    "image-by-another-tag": _add(f"{CONTAINER}/image", "vllm:2"),
    "image-with-the-names-of-two": _add(f"{CONTAINER}/image", "vllm:1\nvllm:0"),
    "empty-arguments": _add(f"{CONTAINER}/command", []),
    "another-argument": _add(f"{CONTAINER}/args", ["--trust-remote-code"]),
    "another-command": _add(f"{CONTAINER}/command", ["sh", "-c", "curl evil"]),
    "another-container": _add(f"{POD}/containers/-", EVIL),
    "an-init-container": _add(f"{POD}/initContainers", [EVIL]),
    "capabilities": _add(f"{CONTAINER}/securityContext", {"capabilities": {"add": ["SYS_ADMIN"]}}),
    "as-root": _add(f"{POD}/securityContext", {"runAsUser": 0}),
    "host-network": _add(f"{POD}/hostNetwork", True),  # a value of the API
    "host-processes": _add(f"{POD}/hostPID", True),  # a value of the API
    "host-ipc": _add(f"{POD}/hostIPC", True),  # a value of the API
    "host-files": _add(f"{POD}/volumes/-", {"name": "root", "hostPath": {"path": "/"}}),
    "hook": _add(f"{CONTAINER}/lifecycle", {"postStart": {"exec": {"command": ["sh"]}}}),
    "hook-before-the-end": _add(f"{CONTAINER}/lifecycle", {"preStop": {"exec": {"command": LONG}}}),
    "probe-exec": _add(f"{CONTAINER}/livenessProbe", {"exec": {"command": ["sh"]}}),
    "secret-volume": _add(f"{POD}/volumes/-", {"name": "s", "secret": {"secretName": "key"}}),
    "token-volume": _add(
        f"{POD}/volumes/-",
        {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
    ),
    "another-account": _add(f"{POD}/serviceAccountName", "cluster-admin"),
    "finalizers": _add("/metadata/finalizers", ["example.com/never"]),
    "owner": _add(
        "/metadata/ownerReferences",
        [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}],
    ),
    "size-and-image": [
        *_add("/spec/replicas", 3),
        *_add(f"{CONTAINER}/image", "evil:1"),
    ],
}
ON_SCALE = {
    "scale-to-none": {"spec": {"replicas": 0}},
    "scale-beyond": {"spec": {"replicas": 9}},
    "scale-far-beyond": {"spec": {"replicas": 2147483647}},
}
ON_OTHERS = {
    "autoscaler-floor": (kinds.AUTOSCALER, {"spec": {"minReplicas": 9, "maxReplicas": 9}}),
    "autoscaler-ceiling": (kinds.AUTOSCALER, {"spec": {"maxReplicas": 9}}),
    "autoscaler-of-another": (kinds.AUTOSCALER, _add("/spec/scaleTargetRef/name", "another")),
    "groups-beyond": (kinds.GROUPS, {"spec": {"replicas": 9}}),
    "groups-image": (
        kinds.GROUPS,
        _add("/spec/leaderWorkerTemplate/workerTemplate/spec/containers/0/image", "evil:1"),
    ),
    "rollout-image": (kinds.ROLLOUT, _add(f"{CONTAINER}/image", "evil:1")),
    "rollout-beyond": (kinds.ROLLOUT, {"spec": {"replicas": 9}}),
    "scaled-object-ceiling": (kinds.SCALED_OBJECT, {"spec": {"maxReplicaCount": 9}}),
    "scaled-object-held": (
        kinds.SCALED_OBJECT,
        {"metadata": {"annotations": {keda.PINNED: "500"}}},
    ),
    "scaled-object-held-at-none": (
        kinds.SCALED_OBJECT,
        {"metadata": {"annotations": {keda.PINNED: "0"}}},
    ),
    "service-beyond": (kinds.INFERENCE_SERVICE, {"spec": {"replicas": 9}}),
    "service-image": (
        kinds.INFERENCE_SERVICE,
        {"spec": {"template": {"containers": [{"name": "main", "image": "evil:1"}]}}},
    ),
    "pod-image": (kinds.POD, _add("/spec/containers/0/image", "evil:1")),
}


def test_forbidden_writes_are_refused_by_the_policy(
    place: Real, decode: str, others: dict[str, str]
) -> None:
    """RBAC alone would let each of them through: who may patch may patch all of it."""
    writer, root = entered(place, WRITER), place.api()
    asked = {
        **{name: (decode, change) for name, change in ON_DEPLOYMENT.items()},
        **{name: (f"{decode}/scale", change) for name, change in ON_SCALE.items()},
        **{name: (others[kind.name], change) for name, (kind, change) in ON_OTHERS.items()},
    }

    told = {name: _patch(writer, *each, dryRun="All") for name, each in asked.items()}
    free = {name: _patch(root, *each, dryRun="All") for name, each in asked.items()}

    assert len(asked) >= 30
    wrong = {
        name: (one.status, one.message)
        for name, one in told.items()
        if one.status != 422 or "triaged: " not in one.message
    }
    assert wrong == {}
    # Somebody else may: it is the policy that refused, and not a mistake in the test's patch.
    assert {name: one.message for name, one in free.items() if one.status >= 300} == {}


@pytest.fixture(scope="module")
def others(place: Real) -> dict[str, str]:
    """Return the paths of objects of other kinds; no autoscaler among them is that of decode."""
    made = {
        kinds.AUTOSCALER: objects.autoscaler("decode", least=1, most=4, of="other"),
        kinds.GROUPS: objects.groups("decode", replicas=1),
        kinds.ROLLOUT: objects.rollout("decode"),
        kinds.POD: objects.pod("decode"),
        kinds.SCALED_OBJECT: objects.scaled("other", least=1, most=4),
        kinds.INFERENCE_SERVICE: objects.service("decode"),
    }
    for kind, body in made.items():
        place.make(kind, body)
    return {
        kind.name: path(kind, place.namespace, body["metadata"]["name"])
        for kind, body in made.items()
    }


def test_allowed_writes_pass_the_policy(place: Real, decode: str, others: dict[str, str]) -> None:
    """A policy that refuses everything would be as safe, and of no use."""
    writer = entered(place, WRITER)
    old = [
        *_add(f"{CONTAINER}/image", "vllm:0"),
        *_add(f"{CONTAINER}/args", ["--old"]),
    ]
    restarted = {"kubectl.kubernetes.io/restartedAt": "2026-03-01T12:00:00Z"}
    asked = {
        "scale": (f"{decode}/scale", {"spec": {"replicas": 8}}),
        "size": (decode, {"spec": {"replicas": 1}}),
        "rollback": (decode, old),
        "restart": (decode, {"spec": {"template": {"metadata": {"annotations": restarted}}}}),
        "without-its-hook": (decode, [{"op": "remove", "path": f"{CONTAINER}/lifecycle"}]),
        "pause": (decode, {"spec": {"paused": True}}),
        "mark": (decode, {"metadata": {"annotations": {"triaged.dev/run": "run-7/scale"}}}),
        "bounds": (
            others["HorizontalPodAutoscaler"],
            {"spec": {"minReplicas": 3, "maxReplicas": 8}},
        ),
        "hold": (others["ScaledObject"], {"metadata": {"annotations": {keda.PINNED: "8"}}}),
        "groups": (others["LeaderWorkerSet"], {"spec": {"replicas": 2}}),
        "rollout": (others["Rollout"], {"spec": {"replicas": 2}}),
        "quarantine": (others["Pod"], {"metadata": {"labels": {"app": "quarantined"}}}),
    }

    told = {name: _patch(writer, *each, dryRun="All") for name, each in asked.items()}

    assert {name: one.message for name, one in told.items() if one.status >= 300} == {}


def test_the_writer_cannot_widen_its_bounds(place: Real, decode: str) -> None:
    """The snapshot identity writes them, and can do nothing else."""
    bounds = _bounds(place)
    wider, size = {"data": {"most": "100"}}, {"spec": {"replicas": 1}}
    policy = f"{COLLECTIONS['ValidatingAdmissionPolicyBinding']}/{admission.POLICY}"

    told = {
        "writer": _patch(entered(place, WRITER), bounds, wider).status,
        "reader": _patch(entered(place, READER), bounds, wider).status,
        "policy": entered(place, WRITER).ask("DELETE", policy).status,
        "size": _patch(entered(place, SNAPSHOT), f"{decode}/scale", size).status,
        "snapshot": _patch(entered(place, SNAPSHOT), bounds, wider, dryRun="All").status,
    }

    assert told == {"writer": 403, "reader": 403, "policy": 403, "size": 403, "snapshot": 200}


def test_what_the_snapshot_identity_has_seen_passes_and_nothing_else(
    place: Real, decode: str, tmp_path: Path
) -> None:
    """A rollback needs no person who copies images into a ConfigMap at night."""
    assert decode
    root, writer = place.api(), client(place, WRITER, tmp_path)
    place.make(kinds.DEPLOYMENT, _seen("vllm:seen-1"))
    where = path(kinds.DEPLOYMENT, place.namespace, "seen")
    place.until(lambda: root.get(where)["status"].get("readyReplicas"))
    root.change(where, _add(f"{CONTAINER}/image", "vllm:seen-2"), form=JSON_PATCH)
    place.until(lambda: root.get(where)["status"].get("observedGeneration") == 2)
    target = Target(
        cluster="local",
        namespace=place.namespace,
        kind="Deployment",
        name="seen",
        uid=root.get(where)["metadata"]["uid"],
        model="m",
        role="decode",
        pods=(),
        api_version="apps/v1",
    )
    rollback = verbs(writer)["rollback"]

    with pytest.raises(Rejected, match="an image is not among those of ConfigMap"):
        rollback.plan(target, {})
    taken = take(client(place, SNAPSHOT, tmp_path), place.namespace)
    plan = place.until(lambda: _planned(rollback, target))
    rollback.apply(plan, key="run-7/rollback")

    assert (taken.problems, taken.wrote) == ((), True)
    assert rollback.already_done(plan, key="run-7/rollback").value == "yes"
    token, container = entered(place, WRITER), f"{CONTAINER}"
    asked = {
        "a flag within": _add(f"{container}/args", ["--seed=1", "--max-num-seqs", "64"]),
        "another flag": _add(f"{container}/args", ["--trust-remote-code"]),
        "a flag and more": _add(f"{container}/args", ["--seed=1", "--max-num-seqs", "64;reboot"]),
        "a foreign image": _add(f"{container}/image", "evil:1"),
    }
    told = {name: _patch(token, where, change, dryRun="All") for name, change in asked.items()}
    assert {name: one.status for name, one in told.items()} == {
        "a flag within": 200,
        "another flag": 422,
        "a flag and more": 422,
        "a foreign image": 422,
    }


def _seen(image: str) -> Body:
    made = objects.deployment("seen", replicas=1)
    made["spec"]["template"]["spec"]["containers"][0] |= {"image": image, "args": ["--seed=1"]}
    return made


def _planned(rollback: Verb, target: Target) -> Plan | None:
    try:
        return rollback.plan(target, {})
    except (Rejected, Unavailable):
        return None  # the API server takes a moment to see the parameter object


def test_without_its_parameter_object_nothing_is_written(place: Real, decode: str) -> None:
    """Whoever takes the bounds away opens nothing."""
    root, where = place.api(), _bounds(place)
    kept = root.get(where)["data"]
    writer, size = entered(place, WRITER), {"spec": {"replicas": 3}}

    root.delete(where)
    told = place.until(lambda: _refused(_patch(writer, f"{decode}/scale", size, dryRun="All")))
    body = {"metadata": {"name": BOUNDS}, "data": kept}
    root.create(COLLECTIONS["ConfigMap"].format(place.namespace), body)
    place.until(lambda: not _refused(_patch(writer, f"{decode}/scale", size, dryRun="All")))

    assert "no params found" in told


def _refused(answer: Answer) -> str:
    return answer.message if answer.status >= 300 else ""


def test_a_node_is_cordoned_and_nothing_else(place: Real, decode: str) -> None:
    """Rights on nodes are the cluster's: a label or a taint would move everybody's pods."""
    writer, root, node = entered(place, WRITER), place.api(), "/api/v1/nodes/gpu-0"
    assert decode
    taint = {"key": "any", "value": "any", "effect": "NoExecute"}
    asked = {
        "cordon": {"spec": {"unschedulable": True}},
        "taint": {"spec": {"taints": [taint]}},
        "label": {"metadata": {"labels": {"gpu": "none"}}},
    }
    place.until(lambda: _patch(writer, node, asked["label"], dryRun="All").status == 422)

    told = {name: _patch(writer, node, change, dryRun="All") for name, change in asked.items()}
    free = {name: _patch(root, node, change, dryRun="All") for name, change in asked.items()}

    assert {name: one.status for name, one in told.items()} == {
        "cordon": 200,
        "taint": 422,
        "label": 422,
    }
    assert {one.status for one in free.values()} == {200}


def test_pods_and_nodes_are_acted_on_with_the_writers_token(
    place: Real, decode: str, tmp_path: Path
) -> None:
    """Each way of writing once, from the plan to the look back: evict, delete, patch of a node."""
    assert decode
    root, writer = place.api(), client(place, WRITER, tmp_path)
    place.make(kinds.DEPLOYMENT, objects.deployment("turns", replicas=2))
    where = path(kinds.DEPLOYMENT, place.namespace, "turns")
    target = Target(
        cluster="local",
        namespace=place.namespace,
        kind="Deployment",
        name="turns",
        uid=root.get(where)["metadata"]["uid"],
        model="m",
        role="decode",
        pods=(),
        api_version="apps/v1",
    )
    acts = verbs(writer)

    def ready() -> bool:
        status = root.get(where)["status"]
        return (status.get("readyReplicas"), status.get("replicas")) == (2, 2)

    def done(name: str, **asked: object) -> Plan:
        plan = place.until(lambda: _planned_with(acts[name], target, asked))
        acts[name].apply(plan, key=f"run-7/{name}")
        assert place.until(lambda: acts[name].already_done(plan, key=f"run-7/{name}") is Done.YES)
        assert place.until(lambda: acts[name].settled(plan).since is not None)
        return plan

    place.until(ready)
    first = done("restart_one")
    second = done("restart_one")
    third = done("delete_pod", pod=_pods(root, place)[0])
    node = root.get(path(kinds.POD, place.namespace, _pods(root, place)[0]))["spec"]["nodeName"]
    closed = done("cordon", node=node)
    stands = left.look(ReadOnly(writer), closed.write, closed.before)
    drained = done("drain", node=node)
    done("uncordon", node=node)
    gone = left.look(ReadOnly(writer), closed.write, closed.before)

    assert len({each.write.uid for each in (first, second, third, drained)}) == 4
    assert first.warnings[0].startswith("it is the oldest of 2 pods")
    assert (stands.standing, gone.standing) == (Standing.STANDS, Standing.GONE)
    assert gone.because == f"Node {node}: unschedulable is not set"
    assert "unschedulable" not in root.get(path(kinds.NODE, "", node))["spec"]


def _pods(root: Api, place: Real) -> list[str]:
    listed = root.get(f"/api/v1/namespaces/{place.namespace}/pods")["items"]
    return [
        each["metadata"]["name"]
        for each in listed
        if each["metadata"]["name"].startswith("turns-")
        and "deletionTimestamp" not in each["metadata"]
    ]


def _planned_with(verb: Verb, target: Target, asked: Body) -> Plan | None:
    """Return the plan once the pod before is ready again."""
    try:
        return verb.plan(target, asked)
    except Unavailable:
        return None


KUSTOMIZATION = kinds.KUSTOMIZATION
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
DEFINED = {
    "metadata": {"name": f"{KUSTOMIZATION.plural}.{KUSTOMIZATION.group}"},
    "spec": {
        "group": KUSTOMIZATION.group,
        "scope": "Namespaced",
        "names": {"plural": KUSTOMIZATION.plural, "kind": KUSTOMIZATION.name},
        "versions": [
            {
                "name": KUSTOMIZATION.version,
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": OPEN},
            }
        ],
    },
}
"""Flux itself is in no module of ours: its kind is imitated, and takes any field."""


def test_of_what_reconciles_the_writer_sets_one_switch(
    place: Real, decode: str, tmp_path: Path
) -> None:
    """Whoever may patch a Kustomization could let it roll out anything."""
    assert decode
    root, writer = place.api(), entered(place, WRITER)
    root.create(CRDS, DEFINED)
    place.open.callback(root.delete, f"{CRDS}/{DEFINED['metadata']['name']}")
    apps = {"metadata": {"name": "apps"}, "spec": {"path": "./apps", "interval": "1m"}}
    where = path(KUSTOMIZATION, place.namespace, "apps")
    place.until(
        lambda: root.ask("POST", where.rpartition("/")[0], {**_typed(), **apps}).status == 201
    )
    labels = {
        f"{KUSTOMIZATION.group}/name": "apps",
        f"{KUSTOMIZATION.group}/namespace": place.namespace,
    }
    root.change(decode, {"metadata": {"labels": labels}})
    target = Target(
        cluster="local",
        namespace=place.namespace,
        kind="Deployment",
        name="decode",
        uid=root.get(decode)["metadata"]["uid"],
        model="m",
        role="decode",
        pods=(),
        api_version="apps/v1",
    )
    suspend = verbs(client(place, WRITER, tmp_path))["suspend_gitops"]

    plan = place.until(lambda: _suspended(suspend, target))
    suspend.apply(plan, key="run-7/suspend")

    assert suspend.already_done(plan, key="run-7/suspend").value == "yes"
    assert root.get(where)["spec"] == {**apps["spec"], "suspend": True}
    told = {
        name: _patch(writer, where, change, dryRun="All").status
        for name, change in {
            "resume": {"spec": {"suspend": None}},
            "path": {"spec": {"path": "./evil"}},
            "another": {"spec": {"patches": [{"patch": "evil"}]}},
            "without": {"spec": {"interval": None}},
            "note": {"metadata": {"annotations": {"example.com/evil": "yes"}}},
            "label": {"metadata": {"labels": {"evil": "yes"}}},
            "finalizer": {"metadata": {"finalizers": ["example.com/never"]}},
            "operation": {"operation": {"sync": {}}},
        }.items()
    }
    root.change(decode, {"metadata": {"labels": dict.fromkeys(labels)}})
    assert told == {name: 200 if name == "resume" else 422 for name in told}


def _typed() -> Body:
    return {"apiVersion": KUSTOMIZATION.api_version, "kind": KUSTOMIZATION.name}


def _suspended(suspend: Verb, target: Target) -> Plan | None:
    """Return the plan once roles and kind are known to the API server."""
    try:
        return suspend.plan(target, {"suspend": "yes"})
    except (Rejected, Unavailable):
        return None
