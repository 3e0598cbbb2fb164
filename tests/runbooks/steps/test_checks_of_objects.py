"""What the checks of the cluster's objects say, verdict by verdict."""

from dataclasses import replace
from typing import Any

import pytest

from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.refusals import Forbidden
from cluster.targets.target import Picker, Target
from incidents.errors import Unavailable
from runbooks.language.declaration import Finding
from runbooks.language.registry import verbs
from tests.runbooks.seeing import (
    LABELS,
    PODS,
    Cluster,
    ask,
    check,
    container,
    deployment,
    event,
    found,
    named,
    node,
    pod,
    pooled,
    replica_set,
    slice_of,
    stamp,
    unready,
    world,
)

OBJECTS = ("pods", "events", "endpoints", "routes", "rollout", "nodes", "storage", "probes")
PICKER = Picker(name="llama-epp", failure_mode="FailClose")
GONE: dict[str, Any] = {"Pod": []}
OOM = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": stamp(4)}}
OLD_OOM = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": stamp(90)}}
CLAIM = {"volumes": [{"name": "m", "persistentVolumeClaim": {"claimName": "models"}}]}
PROBED = {
    "containers": [{"name": "vllm", "readinessProbe": {"timeoutSeconds": 2, "periodSeconds": 5}}]
}
SPEC = deployment()["spec"]
WELL: dict[str, dict[str, Any]] = {
    "probes": {"Pod": [pod(name, **PROBED) for name in PODS]},
    "storage": {
        "Pod": [pod(name, **CLAIM) for name in PODS],
        "PersistentVolumeClaim": [named("models", status={"phase": "Bound"})],
    },
}
"""What has to be there besides for a check to find that nothing is wrong."""
LATE = "Readiness probe failed: Get http://x: context deadline exceeded"


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """Return a container that waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return container(ready=False, started=False, state=state)


def claimed(phase: str) -> dict[str, Any]:
    """Return a cluster whose pods claim a volume in this phase."""
    claim = named("models", status={"phase": phase})
    return {"Pod": [pod(**CLAIM)], "PersistentVolumeClaim": [claim]}


def probed(message: str, **changes: Any) -> dict[str, Any]:
    """Return a cluster in which a kubelet told of a probe."""
    return {"Pod": [pod(**PROBED)], "Event": [event("Unhealthy", message, **changes)]}


def routed(kind: str = "Service", name: str = "decode", **more: Any) -> dict[str, Any]:
    """Return a cluster with a route."""
    refs = [{"kind": kind, "name": name, "weight": more.pop("weight", 1)}]
    conditions = [
        {"type": "Accepted", "status": more.pop("accepted", "True"), "reason": "NoMatchingParent"},
        {"type": "ResolvedRefs", "status": more.pop("resolved", "True"), "reason": "RefNotFound"},
    ]
    parents = [{"parentRef": {"name": "gateway"}, "conditions": conditions}]
    status = more.pop("status", {"parents": parents})
    return {"HTTPRoute": [named("chat", spec={"rules": [{"backendRefs": refs}]}, status=status)]}


def ingress(service: str, *, address: bool = True) -> dict[str, Any]:
    """Return a cluster with an Ingress."""
    backend = {"service": {"name": service}}
    status = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}] if address else []}}
    rules = [{"http": {"paths": [{"backend": backend}]}}]
    return {"Ingress": [named("chat", spec={"rules": rules}, status=status)]}


def condition_of_node(kind: str) -> dict[str, Any]:
    """Return a node under pressure."""
    made = node()
    made["status"]["conditions"].append({"type": kind, "status": "True"})
    return made


def rolling(**status: Any) -> dict[str, Any]:
    """Return a Deployment that was rolled out, in this state."""
    usual = {"observedGeneration": 2, "updatedReplicas": 2, "readyReplicas": 2}
    sets = [replica_set(1, made=6000), replica_set(2, made=20, image="vllm:2")]
    return {"Deployment": [deployment(status={**usual, **status})], "ReplicaSet": sets}


def well(name: str) -> dict[str, Any]:
    """Return what makes a check find that nothing is wrong."""
    return routed() if name == "routes" else WELL.get(name, {})


STUCK = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
MOVED = [{"type": "Progressing", "status": "True", "lastUpdateTime": stamp(20)}]
BACK = [replica_set(3, made=6000), replica_set(2, made=20)]


@pytest.mark.parametrize(
    ("name", "objects", "verdict", "words"),
    [
        pytest.param("pods", {}, "ready", "2 of 2 pods are ready", id="pods-ready"),
        pytest.param("pods", GONE, "none", "no pods, 2 replicas are wanted", id="pods-none"),
        pytest.param(
            "pods",
            {**GONE, "Deployment": [deployment(spec={"replicas": 0})]},
            "scaled_to_zero",
            "no pods: 0 replicas are wanted",
            id="pods-zero",
        ),
        pytest.param(
            "pods",
            {
                "Pod": [
                    pod(),
                    pod("decode-1", status=unready(waiting("ImagePullBackOff", "denied"))),
                ]
            },
            "image_pull",
            "1 of 2 pods are ready; image pull: decode-1 (ImagePullBackOff: denied)",
            id="pods-image",
        ),
        pytest.param(
            "pods",
            {"Pod": [pod(status=unready(waiting("CreateContainerConfigError", "no secret hf")))]},
            "cannot_start",
            "CreateContainerConfigError: no secret hf",
            id="pods-config",
        ),
        pytest.param(
            "pods",
            {"Pod": [pod(status=unready(container(lastState=OOM, restartCount=1)))]},
            "out_of_memory",
            "container vllm OOMKilled 4 min ago",
            id="pods-oom",
        ),
        pytest.param(
            "pods",
            {
                "Pod": [
                    pod(status={"containerStatuses": [container(lastState=OLD_OOM)]}),
                    pod("decode-1"),
                ]
            },
            "ready",
            "2 of 2 pods are ready",
            id="pods-oom-long-ago",
        ),
        pytest.param(
            "pods",
            {"Pod": [pod(status=unready(waiting("CrashLoopBackOff") | {"restartCount": 7}))]},
            "crash_loop",
            "container vllm restarted 7 times",
            id="pods-loop",
        ),
        pytest.param(
            "pods",
            {"Pod": [pod(), pod("decode-1", status={"phase": "Failed", "reason": "Evicted"})]},
            "evicted",
            "1 of 2 pods are ready; evicted: decode-1",
            id="pods-evicted",
        ),
        pytest.param(
            "pods",
            {
                "Pod": [
                    pod(
                        status={
                            "phase": "Pending",
                            "containerStatuses": [],
                            "conditions": [
                                {
                                    "type": "PodScheduled",
                                    "status": "False",
                                    "reason": "Unschedulable",
                                    "message": "0/3 nodes: 3 Insufficient nvidia.com/gpu.",
                                }
                            ],
                        }
                    )
                ]
            },
            "pending",
            "Unschedulable: 0/3 nodes: 3 Insufficient nvidia.com/gpu.",
            id="pods-pending",
        ),
        pytest.param(
            "pods",
            {"Pod": [pod(status=unready(container(ready=False), since=5))]},
            "not_ready",
            "not ready since 5 min: vllm",
            id="pods-not-ready",
        ),
        pytest.param(
            "pods",
            {
                "Pod": [
                    pod(
                        status={
                            **unready(container(ready=False, started=False)),
                            "startTime": stamp(9),
                        }
                    ),
                    pod("decode-1"),
                ]
            },
            "loading",
            "starts since 9 min",
            id="pods-loading",
        ),
        pytest.param(
            "pods",
            {"Deployment": [deployment(spec={**SPEC, "replicas": 4})]},
            "fewer",
            "2 of 2 pods are ready, 4 replicas are wanted",
            id="pods-fewer",
        ),
        pytest.param("events", {}, "quiet", "no warnings in 30 min", id="events-quiet"),
        pytest.param(
            "events",
            {
                "Event": [
                    event("BackOff", "back-off restarting", count=9),
                    event("Unhealthy", "probe failed"),
                    event("Killing", "other pod", name="somebody-else"),
                    event("Failed", "another workload", name="decode-canary"),
                    event("Failed", "its pod", name="decode-canary-6c9f7d5b48-x2k4q"),
                    event("Evicted", "a pod that is gone", name="decode-6c9f7d5b48-x2k4q"),
                    event("Scheduled", "assigned", type="Normal"),
                ]
            },
            "warnings",
            "in 30 min: BackOff 9 times, Unhealthy 1 times, Evicted 1 times; Pod decode-0",
            id="events-warnings",
        ),
        pytest.param(
            "events",
            {"Event": [event("BackOff", "long ago", lastTimestamp=stamp(40))]},
            "quiet",
            "no warnings",
            id="events-over",
        ),
        pytest.param("endpoints", {}, "ready", "Service decode 2 of 2 ready", id="ends-ready"),
        pytest.param(
            "endpoints",
            {"EndpointSlice": [slice_of("decode", ready=1, unready=1)]},
            "partly",
            "Service decode 1 of 2 ready",
            id="ends-partly",
        ),
        pytest.param(
            "endpoints",
            {"EndpointSlice": [slice_of("decode", ready=0, unready=2)]},
            "none_ready",
            "no ready endpoint: Service decode 0 of 2 ready",
            id="ends-none",
        ),
        pytest.param(
            "endpoints", {"EndpointSlice": []}, "none_ready", "0 of 0 ready", id="ends-no-slice"
        ),
        pytest.param(
            "endpoints",
            {"Service": [named("other", spec={"selector": {"app": "x"}})]},
            "unreached",
            "no Service and no InferencePool selects the pods",
            id="ends-unreached",
        ),
        pytest.param("routes", {}, "no_route", "no HTTPRoute and no Ingress", id="routes-none"),
        pytest.param("routes", routed(), "accepted", "HTTPRoute chat: accepted", id="routes-ok"),
        pytest.param(
            "routes", ingress("decode"), "accepted", "Ingress chat: accepted", id="ingress-ok"
        ),
        pytest.param(
            "routes",
            ingress("decode", address=False),
            "cannot_tell",
            "Ingress chat: no controller wrote an address, and not every one does",
            id="ingress-without-address",
        ),
        pytest.param(
            "routes",
            {**ingress("decode", address=False), **routed()},
            "accepted",
            "HTTPRoute chat: accepted; Ingress chat: without an address",
            id="ingress-beside-a-route",
        ),
        pytest.param(
            "routes",
            routed(accepted="False"),
            "refused",
            "HTTPRoute chat: Accepted is False at gateway: NoMatchingParent",
            id="routes-refused",
        ),
        pytest.param(
            "routes",
            routed(resolved="False"),
            "refused",
            "ResolvedRefs is False at gateway: RefNotFound",
            id="routes-unresolved",
        ),
        pytest.param(
            "routes", routed(status={}), "unanswered", "no gateway", id="routes-unanswered"
        ),
        pytest.param("routes", routed(weight=0), "no_traffic", "weight is 0", id="routes-zero"),
        pytest.param("rollout", {}, "unchanged", "revision 1 since 4 days", id="rollout-unchanged"),
        pytest.param(
            "rollout",
            rolling(),
            "changed",
            "revision 2 since 20 min; from revision 1: vllm: image vllm:1 → vllm:2",
            id="rollout-changed",
        ),
        pytest.param(
            "rollout",
            rolling(updatedReplicas=1),
            "rolling",
            "1 of 2 updated; from revision 1",
            id="rollout-rolling",
        ),
        pytest.param(
            "rollout",
            {
                "Deployment": [deployment(status={"observedGeneration": 2, "readyReplicas": 2})],
                "ReplicaSet": [replica_set(1, made=6000), replica_set(2, made=1)],
            },
            "rolling",
            "revision 2 since 60 s; 0 of 2 updated",
            id="rollout-just-begun",
        ),
        pytest.param(
            "rollout",
            rolling(conditions=STUCK),
            "stuck",
            "stuck: ProgressDeadlineExceeded",
            id="rollout-stuck",
        ),
        pytest.param(
            "rollout",
            {**rolling(conditions=MOVED), "ReplicaSet": BACK},
            "changed",
            "revision 3 since 20 min; from revision 2",
            id="rollout-back",
        ),
        pytest.param(
            "rollout", {"ReplicaSet": []}, "cannot_tell", "no history", id="rollout-no-history"
        ),
        pytest.param("nodes", {}, "ready", "1 of 1 nodes are ready and whole", id="nodes-ready"),
        pytest.param(
            "nodes",
            {"Node": [node(ready="Unknown"), node("gpu-b", ready="False")]},
            "not_ready",
            "0 of 1 nodes are ready and whole; not ready: gpu-a",
            id="nodes-not-ready",
        ),
        pytest.param(
            "nodes",
            {"Node": [condition_of_node("DiskPressure")]},
            "pressure",
            "pressure: gpu-a (DiskPressure)",
            id="nodes-pressure",
        ),
        pytest.param(
            "nodes",
            {"Node": [node(gpus="6")]},
            "gpus_missing",
            "6 of 8 GPUs can be used",
            id="nodes-gpus",
        ),
        pytest.param(
            "nodes",
            {"Node": [node(unschedulable=True)]},
            "cordoned",
            "cordoned: gpu-a",
            id="nodes-cordoned",
        ),
        pytest.param("nodes", {"Node": [node("gpu-b")]}, "gone", "gone: gpu-a", id="nodes-gone"),
        pytest.param("storage", {}, "no_claims", "claim no volumes", id="storage-none"),
        pytest.param(
            "storage", claimed("Bound"), "bound", "PersistentVolumeClaim models", id="storage-bound"
        ),
        pytest.param("storage", claimed("Pending"), "pending", "pending", id="storage-pending"),
        pytest.param("storage", claimed("Lost"), "lost", "models: lost", id="storage-lost"),
        pytest.param(
            "storage", {"Pod": [pod(**CLAIM)]}, "missing", "models: missing", id="storage-missing"
        ),
        pytest.param(
            "storage",
            {**claimed("Bound"), "Event": [event("FailedAttachVolume", "Multi-Attach error")]},
            "not_attached",
            "decode-0: FailedAttachVolume: Multi-Attach error",
            id="storage-multi-attach",
        ),
        pytest.param("probes", {"Pod": [pod(**PROBED)]}, "passing", "15 min", id="probes-passing"),
        pytest.param("probes", {}, "no_probes", "no container has a probe", id="probes-none"),
        pytest.param("probes", GONE, "cannot_tell", "no pods whose probes", id="probes-no-pods"),
        pytest.param(
            "probes",
            probed(LATE, count=4),
            "timing_out",
            "4 times in 15 min on decode-0: Readiness probe failed",
            id="probes-late",
        ),
        pytest.param(
            "probes",
            probed(LATE),
            "timing_out",
            "(readiness of vllm: timeout 2 s, every 5 s, 3 failures)",
            id="probes-limits",
        ),
        pytest.param(
            "probes",
            probed("Readiness probe failed: HTTP probe failed with statuscode: 503"),
            "readiness_failing",
            "statuscode: 503",
            id="probes-readiness",
        ),
        pytest.param(
            "probes",
            probed("Liveness probe failed: connection refused"),
            "liveness_failing",
            "connection refused",
            id="probes-liveness",
        ),
        pytest.param(
            "probes",
            probed("Startup probe failed: context deadline exceeded"),
            "startup_failing",
            "Startup probe failed",
            id="probes-startup",
        ),
    ],
)
def test_a_check_says_what_the_objects_say(
    name: str, objects: dict[str, Any], verdict: str, words: str
) -> None:
    """Each verdict has its reason in names and numbers: people act on the sentence."""
    told = found(name, **objects)

    assert told.verdict == verdict
    assert words in told.because
    assert verdict in check(name).verdicts


def test_every_verdict_of_the_table_is_one_of_three() -> None:
    """What a check found speaks for something wrong, for nothing wrong, or for neither."""
    for name in OBJECTS:
        verb = check(name)
        assert not set(verb.wrong) & set(verb.well)
        assert {*verb.wrong, *verb.well} < set(verb.verdicts)
        assert verb.wrong
        assert verb.well


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize(
    "error", [Forbidden("no permission"), Unavailable("no answer")], ids=["forbidden", "away"]
)
def test_what_may_not_be_seen_is_never_well(name: str, error: Exception) -> None:
    """No permission is a state of its own: it must read neither as healthy nor as broken."""
    blind = Cluster(world(), refuse=dict.fromkeys(kinds.ALL, error))

    told = ask(name, blind)

    assert told.verdict == "cannot_tell"
    assert str(error) in told.because


def _hideable() -> list[Any]:
    """Return each check with each kind that it lists or gets when all is well."""
    found = []
    for name in OBJECTS:
        seen = Cluster(world(**well(name)))
        assert ask(name, seen).verdict in check(name).well, name
        found += [
            pytest.param(name, kind, id=f"{name}-{kind}-{kind.version}")
            for kind in dict.fromkeys(kind for _, kind in seen.asked)
        ]
    return found


@pytest.mark.parametrize(("name", "kind"), _hideable())
def test_of_one_kind_that_may_not_be_seen_nothing_is_well(name: str, kind: Kind) -> None:
    """A Role that forgets one kind must not make a check say that all is well."""
    blind = Cluster(world(**well(name)), refuse={kind: Forbidden("no permission")})

    told = ask(name, blind)

    assert told.verdict == "cannot_tell"
    assert "no permission" in told.because


def test_what_is_wrong_stays_wrong_beside_what_is_not_seen() -> None:
    """A crash loop is no less one because the nodes may not be listed."""
    broken = world(Pod=[pod(**CLAIM)])
    blind = Cluster(broken, refuse={kinds.EVENT: Forbidden("no permission")})

    told = ask("storage", blind)

    assert told.verdict == "missing"
    assert "not seen: Events of llm-d: no permission" in told.because


def test_a_service_that_makes_no_sense_hides_no_other_that_is_empty() -> None:
    """Somebody's broken object in the namespace must not silence an outage."""
    odd = named("odd", spec=7)
    services = [odd, *world()[kinds.SERVICE]]

    told = found("endpoints", Service=services, EndpointSlice=[slice_of("decode", ready=0)])

    assert told.verdict == "none_ready"
    assert "odd: of another shape" in told.because


def test_a_service_that_makes_no_sense_may_be_the_way_in() -> None:
    """That no route leads to the pods is not known while a Service cannot be read."""
    told = found("routes", Service=[named("odd", spec=7)])

    assert told.verdict == "cannot_tell"
    assert "odd: of another shape" in told.because


def test_a_pod_that_still_goes_is_not_missing() -> None:
    """Its place is taken when it is gone: a StatefulSet that restarts is no outage."""
    going = pod("decode-1")
    going["metadata"]["deletionTimestamp"] = stamp(1)

    assert found("pods", Pod=[pod(), going]).verdict == "ready"
    assert found("pods", Pod=[pod()]).verdict == "fewer"


def test_groups_are_not_counted_as_pods() -> None:
    """A LeaderWorkerSet of four groups of one pod each, or of half a pod each: nobody knows."""
    label = {"leaderworkerset.sigs.k8s.io/name": "decode"}
    members = [pod(name) for name in PODS]
    for each in members:
        each["metadata"]["labels"] = {**LABELS, **label}

    def groups(replicas: int, pods: list[dict[str, Any]]) -> Finding:
        body = deployment(spec={"replicas": replicas})
        return found("pods", _of_groups, LeaderWorkerSet=[body], Pod=pods)

    assert groups(4, members).verdict == "ready"
    assert groups(0, []).verdict == "scaled_to_zero"


def _of_groups(target: Target) -> Target:
    return replace(target, kind="LeaderWorkerSet", api_version="leaderworkerset.x-k8s.io/v1")


def test_events_of_the_namespace_of_nodes_count_once() -> None:
    """Events about nodes stand in `default`, and so may the workload."""
    everywhere = {"metadata": {"name": "e"}, "namespace": ""}
    told = found(
        "events",
        lambda x: replace(x, namespace="default"),
        Event=[{**event("BackOff", "restarting", count=3), **everywhere}],
    )

    assert "BackOff 3 times" in told.because


def test_since_when_a_stateful_set_is_back_is_not_known() -> None:
    """An old template that stands there again looks as if nothing had happened for days."""
    owned = [
        {**replica_set(number, made=made), "revision": number}
        for number, made in ((3, 9000), (2, 6000))
    ]
    for each in owned:
        each["metadata"]["ownerReferences"][0]["kind"] = "StatefulSet"

    told = found(
        "rollout",
        lambda x: replace(x, kind="StatefulSet"),
        StatefulSet=[deployment()],
        ControllerRevision=owned,
    )

    assert told.verdict == "cannot_tell"
    assert "nothing says since when it is again" in told.because


def test_the_newest_of_several_events_is_told() -> None:
    """An API server lists them by name; the last word is the one that still holds."""
    late = {"lastTimestamp": stamp(1)}
    claims = {
        "Pod": [pod(**CLAIM)],
        "PersistentVolumeClaim": [named("models", status={"phase": "Bound"})],
    }
    failed = [event("FailedMount", "newest", **late), event("FailedMount", "older one")]
    probes = [
        event("Unhealthy", "Readiness probe failed: 503 newest", **late),
        event("Unhealthy", "Readiness probe failed: 503"),
    ]

    assert found("storage", Event=failed, **claims).because.endswith("newest")
    assert "503 newest" in found("probes", Event=probes, Pod=[pod(**PROBED)]).because


def test_a_pool_and_its_picker_are_ways_too() -> None:
    """With the picker away, requests of a pool that fails closed reach no engine."""
    services = [named("llama-epp", spec={"selector": {"app": "epp"}})]
    down = found("endpoints", lambda x: pooled(x, PICKER), Service=services, EndpointSlice=[])
    up = found(
        "endpoints",
        lambda x: pooled(x, PICKER),
        Service=services,
        EndpointSlice=[slice_of("llama-epp", ready=1)],
    )

    assert (down.verdict, down.because) == (
        "picker_down",
        "no ready endpoint: picker llama-epp 0 of 0 ready",
    )
    assert (up.verdict, up.because) == ("ready", "InferencePool llama 2 of 2 ready")


def test_a_route_to_what_is_not_there_is_named() -> None:
    """The gateway answers 500 then, and everything behind it is well."""
    refs = [{"kind": "InferencePool", "name": "llama"}, {"name": "gone"}]
    route = named("chat", spec={"rules": [{"backendRefs": refs}]})
    pools = [named("llama")]

    told = found("routes", pooled, HTTPRoute=[route], InferencePool=pools)

    assert told.verdict == "backend_missing"
    assert told.because == "HTTPRoute chat leads to Service gone, which is not there"


def test_a_workload_of_zero_pods_is_reached_by_what_it_would_make() -> None:
    """At zero pods it is most needed to know which Service leads nowhere."""
    told = found("endpoints", Pod=[], EndpointSlice=[])

    assert (told.verdict, "Service decode 0 of 0" in told.because) == ("none_ready", True)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param(
            ["--max-num-seqs", "64"],
            ["--max-num-seqs", "512"],
            "argument removed: --max-num-seqs 64; vllm: argument added: --max-num-seqs 512",
            id="with-its-value",
        ),
        pytest.param(
            ["--max-num-batched-tokens=8"],
            [],
            "argument removed: --max-num-batched-tokens=8",
            id="tokens-are-no-secret",
        ),
        pytest.param(["--api-key=abc"], [], "argument removed: --api-key ***", id="secret"),
        pytest.param(["--api-key", "abc"], [], "argument removed: --api-key ***", id="apart"),
        pytest.param(["-c", "serve --hf-token=abc"], [], "argument removed: ***", id="in-a-shell"),
    ],
)
def test_changed_arguments_are_named_without_secrets(
    old: list[str], new: list[str], words: str
) -> None:
    """The diff is what people decide by, and Slack is where keys must not appear."""
    sets = [replica_set(1, made=600, args=old), replica_set(2, made=5, args=new)]

    told = found("rollout", ReplicaSet=sets)

    assert words in told.because
    assert "abc" not in told.because


def test_a_changed_environment_names_its_variables_alone() -> None:
    """Their values are where tokens are."""
    old = [{"name": "HF_TOKEN", "value": "one"}, {"name": "GONE", "value": "1"}]
    new = [{"name": "HF_TOKEN", "value": "two"}, {"name": "NEW", "value": "1"}]
    sets = [replica_set(1, made=600, env=old), replica_set(2, made=5, env=new)]

    told = found("rollout", ReplicaSet=sets).because

    assert "environment GONE removed; vllm: environment HF_TOKEN changed" in told
    assert "environment NEW added" in told
    assert "two" not in told


def test_a_kind_without_history_says_so() -> None:
    """What an operator keeps elsewhere is looked at by hand."""
    told = found("rollout", lambda x: replace(x, kind="LLMInferenceService"))

    assert told.verdict == "cannot_tell"
    assert "keeps no history that we read" in told.because


def test_words_from_outside_are_short_and_of_one_line() -> None:
    """Anybody who may make a pod writes these."""
    message = "\u202eboom\n" + "x" * 10_000
    told = found("events", Event=[event("BackOff\n\x00", message)])

    assert len(told.because) < 400
    assert not any(ord(each) < 32 or each == "\u202e" for each in told.because)


def test_a_thousand_pods_make_a_short_sentence_and_few_numbers() -> None:
    """A card has room for three names."""
    many = [pod(f"decode-{n}", status=unready(container(restartCount=9))) for n in range(1000)]

    told = found("pods", Pod=many)

    assert "and 997 more" in told.because
    assert len(told.evidence) < 40


def test_a_check_sees_no_way_to_write() -> None:
    """Whoever writes a check cannot change the cluster, not even by mistake."""
    from cluster.clients.reads import ReadOnly  # noqa: PLC0415  # what is told of

    public = {name for name in dir(ReadOnly) if not name.startswith("_")}
    assert public == {"thing", "things"}


def test_the_numbers_say_what_was_asked() -> None:
    """Anybody can ask the API server again."""
    told = found("pods")

    assert {one.query for one in told.evidence} == {
        "Deployment decode of llm-d; Pods of llm-d with app=decode"
    }
    assert {one.name: one.value for one in told.evidence} == {
        "replicas wanted": 2,
        "pods": 2,
        "pods ready": 2,
    }


def test_all_checks_of_objects_are_here() -> None:
    """A new one is held to this page by being there."""
    # The last three say nothing of the Deployment of this page: they have pages of their own.
    others = {"signal", "trend", "kv_cache", "analysis", "canary", "warm_up"}
    checks = {name for name, verb in verbs().items() if hasattr(verb, "judge")}
    assert checks - others == set(OBJECTS)
    assert PODS


def test_the_worst_pod_is_found_for_those_who_act_on_it() -> None:
    """What deletes a pod must take the one that people read of."""
    loop = pod("decode-1", status=unready(waiting("CrashLoopBackOff") | {"restartCount": 7}))

    assert found("pods", Pod=[pod(), loop]).found == (("pod", "decode-1"),)
    assert found("pods").found == ()


def test_the_worst_node_is_found_with_a_pod_on_it() -> None:
    """A node is closed, and then what stands on it goes."""
    sick = [node("gpu-b"), node(ready="False")]

    assert found("nodes", Node=sick).found == (("node", "gpu-a"), ("pod", "decode-0"))
    assert found("nodes").found == ()


def test_of_nodes_without_a_pod_of_ours_none_is_found() -> None:
    """Whose pods stand there is not known, and nothing of ours would go."""
    waits = [pod(name, nodeName="") for name in PODS]

    assert found("nodes", Pod=waits, Node=[node(gpus="6")]).found == ()


def test_the_node_under_a_pod_is_found_whether_it_is_well_or_not() -> None:
    """A GPU that reported a fault stands in a node of which Kubernetes sees nothing wrong."""
    pods = [pod(), pod("decode-1", nodeName="gpu-b")]
    cluster = Cluster(world(Pod=pods, Node=[node(ready="False"), node("gpu-b")]))

    told = ask("nodes", cluster, pod="decode-1")
    lost = ask("nodes", cluster, pod="decode-9")

    assert (told.verdict, told.found) == ("ready", (("node", "gpu-b"), ("pod", "decode-1")))
    assert told.because == "1 of 1 nodes are ready and whole; decode-1 is on gpu-b"
    assert (lost.verdict, lost.because) == ("cannot_tell", "decode-9 is on no node")
