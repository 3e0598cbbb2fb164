"""What the API server sends is read as values, whatever it is."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.clients import command_line, kinds, parse
from cluster.clients.objects import (
    Backend,
    Deployment,
    OwnerReference,
    Pod,
    Pool,
    Route,
    Workload,
    Writer,
)
from cluster.clients.things import Json

READERS = [
    parse.deployment,
    parse.owner,
    parse.pod,
    parse.pool,
    parse.route,
    partial(parse.workload, kind=kinds.GROUPS),
    parse.autoscaler,
    parse.thing,
]
NAMES = st.one_of(
    st.sampled_from(["metadata", "spec", "status", "name", "replicas", "managedFields"]),
    st.sampled_from(["fieldsV1", "f:spec", "ownerReferences", "conditions", "type", "Ready"]),
    st.sampled_from(["time", "containers", "args", "selector", "matchExpressions", "operator"]),
    st.sampled_from(["labels", "scaleTargetRef", "lastTransitionTime", "annotations", "phase"]),
    st.sampled_from(["matchLabels", "endpointPickerRef", "extensionRef", "failureMode", "kind"]),
    st.sampled_from(["LeaderWorkerSet", "leaderWorkerTemplate", "size", "LLMInferenceService"]),
    st.sampled_from(["model", "rules", "matches", "headers", "backendRefs", "InferencePool"]),
    st.sampled_from(["template", "leaderTemplate", "workloadRef", "weight", "nodeName"]),
    st.sampled_from(["message", "reason", "PodScheduled", "Unschedulable", "Insufficient a/b"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(NAMES, JSON), st.sampled_from(READERS))
def test_any_object_is_read_or_is_malformed(thing: Json, read: object) -> None:
    """A proxy's JSON must not end a loop with an error that nobody expects."""
    assert callable(read)
    try:
        read(thing)
    except ValueError:
        return


def test_a_deployment_is_read() -> None:
    """As the API server writes it, down to the generation that its controller has seen."""
    found = parse.deployment(
        {
            "metadata": {
                "namespace": "llm-d",
                "name": "decode",
                "uid": "u",
                "resourceVersion": "7",
                "generation": 3,
                "ownerReferences": [{"kind": "Rollout", "name": "r", "uid": "v"}],
            },
            "spec": {"selector": {"matchLabels": {"b": "2", "a": "1"}}},
            "status": {"readyReplicas": 1, "updatedReplicas": 1, "observedGeneration": 3},
        }
    )

    assert found == Deployment(
        namespace="llm-d",
        name="decode",
        uid="u",
        resource_version="7",
        replicas=1,
        selector="a=1,b=2",
        generation=3,
        observed_generation=3,
        updated=1,
        ready=1,
        owners=(OwnerReference(kind="Rollout", name="r", uid="v", controller=False),),
    )


def test_who_wrote_which_field_when_is_read() -> None:
    """The field manager is how the desk knows its own write again."""
    entry = {
        "manager": "triaged/k",
        "operation": "Update",
        "subresource": "scale",
        "time": "2026-03-01T12:00:00Z",
        "fieldsV1": {"f:spec": {"f:replicas": {}, 'k:{"a":1}': {"f:x": {}}}},
    }

    assert parse.deployment({"metadata": {"managedFields": [entry]}}).writers == (
        Writer(
            manager="triaged/k",
            subresource="scale",
            at=parse.moment("2026-03-01T12:00:00Z"),
            fields=frozenset({"spec", "spec.replicas"}),
        ),
    )


def test_every_operator_of_a_selector_is_read() -> None:
    """A requirement that was left out would count the pods of others."""
    selector = {
        "matchLabels": {"a": "1"},
        "matchExpressions": [
            {"key": "c", "operator": "In", "values": ["x", "y"]},
            {"key": "d", "operator": "NotIn", "values": ["z"]},
            {"key": "e", "operator": "Exists"},
            {"key": "f", "operator": "DoesNotExist"},
        ],
    }

    read = parse.deployment({"spec": {"selector": selector}})

    assert read.selector == "a=1,c in (x,y),d notin (z),e,!f"


@pytest.mark.parametrize(
    "words",
    [
        ["--served-model-name", "m"],
        ["--served-model-name=m"],
        ["--model=m", "--model"],
        ["--served_model_name=m"],
    ],
)
def test_a_served_model_is_read_from_the_command_line(words: list[str]) -> None:
    """Labels cannot hold every name."""
    thing = {"spec": {"containers": [{"name": "proxy"}, {"name": "vllm", "args": words}]}}

    assert parse.pod(thing) == Pod(namespace="", name="", served=("m",))


@pytest.mark.parametrize(
    "thing",
    [
        {"metadata": []},
        {"metadata": {"name": 7}},
        {"metadata": {"labels": {"a": 1}}},
        {"spec": {"replicas": True}},
        {"spec": {"replicas": "4"}},
        {"metadata": {"managedFields": [1]}},
        {"metadata": {"managedFields": [{"time": "2026-03-01T12:00:00"}]}},
        {"spec": {"selector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}}},
    ],
    ids=str,
)
def test_another_shape_is_malformed(thing: parse.Json) -> None:
    """A wrong type is never read as a zero or an empty name."""
    with pytest.raises(parse.Malformed):
        parse.deployment(thing)


@pytest.mark.parametrize(
    ("command", "models"),
    [
        pytest.param(["vllm", "serve", "org/m"], ["org/m"], id="positional"),
        pytest.param(["/opt/bin/vllm", "serve", "org/m", "--port=1"], ["org/m"], id="with-a-path"),
        pytest.param(
            ["vllm", "serve", "/model", "--served-model-name", "a", "b", "--port", "1"],
            ["a", "b", "/model"],
            id="several-names-come-first",
        ),
        pytest.param(["vllm", "serve", "--model=org/m"], ["org/m"], id="a-flag-is-no-model"),
        pytest.param(
            ["/bin/sh", "-c", "exec vllm serve /mnt \\\n  --served-model-name 'org/m'"],
            ["org/m", "/mnt"],
            id="a-script",
        ),
        pytest.param(["sh", "-c", "vllm serve it's"], ["it's"], id="a-script-that-is-broken"),
        pytest.param(
            ["sh", "-c", 'echo it\'s on\nvllm serve /mnt --served-model-name "org/m" "a/b"'],
            ["org/m", "a/b", "/mnt"],
            id="a-broken-script-with-quoted-names",
        ),
        pytest.param(["python", "-m", "sglang", "--model-path", "org/m"], ["org/m"], id="sglang"),
        pytest.param(["vllm", "serve"], [], id="nothing"),
        pytest.param(["x", "--model"], [], id="a-flag-without-a-value"),
        pytest.param(["x", "--model="], [], id="a-flag-with-an-empty-value"),
    ],
)
def test_the_models_of_a_command_line_are_read(command: list[str], models: list[str]) -> None:
    """Labels cannot hold every name, and some installs label nothing."""
    assert list(command_line.models(command)) == models


def test_pools_of_both_versions_are_read() -> None:
    """Their selector and their picker stand in different places."""
    new = {
        "selector": {"matchLabels": {"app": "a"}},
        "endpointPickerRef": {"name": "epp", "failureMode": "FailOpen"},
    }
    old = {"selector": {"app": "a"}, "extensionRef": {"name": "epp"}}

    assert parse.pool({"metadata": {"name": "p"}, "spec": new}) == Pool(
        name="p", api_version="", selector={"app": "a"}, picker="epp", failure_mode="FailOpen"
    )
    assert parse.pool({"metadata": {"name": "p"}, "spec": old}) == Pool(
        name="p", api_version="", selector={"app": "a"}, picker="epp", failure_mode="FailClose"
    )


def test_a_pool_without_a_picker_has_no_failure_mode() -> None:
    """A default would be said of something that is not there."""
    assert parse.pool({"spec": {"selector": {}}}).failure_mode == ""


def test_a_route_is_read_by_exact_values_alone() -> None:
    """A pattern leads more models than can be compared here."""
    exact = {"name": "X-Gateway-Model-Name", "value": "org/m"}
    pattern = {**exact, "type": "RegularExpression", "value": "org/.*"}
    other = {"name": "x-team", "value": "org/x"}
    backends = [{"kind": "InferencePool", "name": "p"}, {"kind": "Service", "name": "s"}]
    rule = {"matches": [{"headers": [exact, pattern, other]}], "backendRefs": backends}

    found = parse.route({"metadata": {"name": "r"}, "spec": {"rules": [rule]}})

    assert found == Route(name="r", leads=(("org/m", "p"),), rules=((Backend(pool="p"),),))


def test_the_pools_of_a_rule_are_read_with_their_weights() -> None:
    """Who takes no traffic, or stands elsewhere, is no second pool; a missing weight is one."""
    here = [
        {"kind": "InferencePool", "name": "a"},
        {"kind": "InferencePool", "name": "b", "weight": 0, "namespace": "llm-d"},
        {"kind": "InferencePool", "name": "c", "weight": 3, "namespace": "other"},
    ]
    route = {
        "metadata": {"name": "r", "namespace": "llm-d"},
        "spec": {"rules": [{"backendRefs": here}, {"backendRefs": [{"name": "s"}]}, {}]},
    }

    (rule,) = parse.route(route).rules

    assert rule == (
        Backend(pool="a"),
        Backend(pool="b", weight=0),
        Backend(pool="c", weight=3, namespace="other"),
    )


def scheduled(message: str, **changes: str) -> dict[str, object]:
    """Return a pod with the scheduler's condition about it."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return {
        "metadata": {"name": "p"},
        "status": {"conditions": [{**condition, "message": message, **changes}]},
    }


@pytest.mark.parametrize(
    ("message", "changes", "lacks"),
    [
        pytest.param(
            "0/4 nodes are available: 1 Insufficient cpu, 3 Insufficient nvidia.com/gpu. "
            "preemption: 0/4 nodes are available: 4 No preemption victims found.",
            {},
            ("cpu", "nvidia.com/gpu"),
            id="as-the-scheduler-writes-it",
        ),
        pytest.param("0/2 nodes are available: 2 Insufficient amd.com/gpu.", {}, ("amd.com/gpu",)),
        pytest.param("0/2 nodes had untolerated taint {gpu: }.", {}, (), id="of-something-else"),
        pytest.param("Insufficient nvidia.com/gpu", {"status": "True"}, (), id="scheduled"),
        pytest.param(
            "Insufficient nvidia.com/gpu", {"reason": "SchedulingGated"}, (), id="held-back"
        ),
        pytest.param("Insufficient nvidia.com/gpu", {"type": "Ready"}, (), id="another-condition"),
        pytest.param("x" * 5000 + "Insufficient nvidia.com/gpu", {}, (), id="too-long-to-be-read"),
        pytest.param("Insufficient " + "g" * 5000, {}, ("g" * 317,), id="a-name-without-an-end"),
    ],
)
def test_what_a_pod_waits_for_is_read_from_the_scheduler(
    message: str, changes: dict[str, str], lacks: tuple[str, ...]
) -> None:
    """Only what waits for a node lacks something; the message is text of others."""
    assert parse.pod(scheduled(message, **changes)).lacks == lacks


@pytest.mark.parametrize(
    ("containers", "loading"),
    [
        pytest.param([{"started": False, "restartCount": 0}], True, id="its-first-start"),
        pytest.param([{"started": True}, {"started": False}], True, id="one-of-two"),
        pytest.param([{"started": True, "restartCount": 0}], False, id="started-and-not-ready"),
        pytest.param([{"started": False, "restartCount": 3}], False, id="it-crashes"),
        pytest.param([{"restartCount": 0}], False, id="nobody-says"),
        pytest.param([], False, id="no-containers"),
    ],
)
def test_a_pod_loads_only_until_it_has_started_once(
    containers: list[dict[str, object]], loading: bool
) -> None:
    """What crashes starts again and again, and is not loading."""
    thing = {"metadata": {"name": "p"}, "status": {"containerStatuses": containers}}

    assert parse.pod(thing).loading is loading


def test_what_makes_pods_is_read_as_the_pods_that_it_would_make() -> None:
    """A list does not say the kind of what is in it; the leader of a group takes the requests."""
    labels = {"llm-d.ai/model": "m"}
    command = {"containers": [{"command": ["vllm", "serve", "/m", "--served-model-name=org/m"]}]}
    template = {"metadata": {"labels": labels}, "spec": command}
    above = {"metadata": {"name": "w", "uid": "u", "labels": {parse.SET_ROLE: "decode"}}}
    group = {"leaderTemplate": template, "workerTemplate": {}}

    plain = parse.workload(
        {"metadata": {"name": "w"}, "spec": {"template": template}},
        kind=kinds.DEPLOYMENT,
    )
    grouped = parse.workload(
        {**above, "spec": {"leaderWorkerTemplate": group}},
        kind=kinds.GROUPS,
    )
    workers = parse.workload(
        {**above, "spec": {"leaderWorkerTemplate": {"workerTemplate": template}}},
        kind=kinds.GROUPS,
    )

    itself = OwnerReference(kind="Deployment", name="w", api_version="apps/v1")
    assert plain == Workload(itself=itself, labels=labels, served=("org/m", "/m"))
    assert grouped.labels == workers.labels == {**labels, parse.SET_ROLE: "decode"}
    assert grouped.served == ("org/m", "/m")


def test_what_stands_above_a_pod_is_read() -> None:
    """Each kind says what only it knows: the size of its groups, or the model that it serves."""
    groups = {
        "kind": "LeaderWorkerSet",
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "metadata": {"name": "g", "uid": "u"},
        "spec": {"leaderWorkerTemplate": {"size": 4}},
    }
    service = {"kind": "LLMInferenceService", "metadata": {"name": "s"}}

    assert parse.owner(groups).group_size == 4
    assert parse.owner(groups).itself == OwnerReference(
        kind="LeaderWorkerSet", name="g", uid="u", api_version="leaderworkerset.x-k8s.io/v1"
    )
    assert parse.owner(service).models == ("s",)
    assert parse.owner({**service, "spec": {"model": {"name": "m"}}}).models == ("m",)


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        pytest.param(
            OwnerReference(kind="Pod", name="p", api_version="v1"),
            "/api/v1/namespaces/{namespace}/pods/{name}",
            id="core",
        ),
        pytest.param(
            OwnerReference(kind="Rollout", name="r", api_version="argoproj.io/v1alpha1"),
            "/apis/argoproj.io/v1alpha1/namespaces/{namespace}/rollouts/{name}",
            id="custom",
        ),
        pytest.param(
            OwnerReference(kind="Deployment", name="d", api_version="evil/v1"), None, id="group"
        ),
        pytest.param(
            OwnerReference(kind="Deployment", name="d", api_version="apps/../v1"),
            None,
            id="a-path-for-a-group",
        ),
        pytest.param(
            OwnerReference(kind="Deployment", name="..", api_version="apps/v1"), None, id="dots"
        ),
        pytest.param(
            OwnerReference(kind="Deployment", name="a/scale", api_version="apps/v1"),
            None,
            id="slash",
        ),
        pytest.param(OwnerReference(kind="Deployment", name="d"), None, id="no-version"),
    ],
)
def test_a_reference_becomes_a_path_only_where_kubernetes_would_write_it(
    reference: OwnerReference, path: str | None
) -> None:
    """A path made of foreign text would ask for something else."""
    assert kinds.path(reference) == path
