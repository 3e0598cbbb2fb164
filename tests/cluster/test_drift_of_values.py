"""What was read is compared without a cluster: any body gives findings, and never an error."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.things import Thing
from cluster.drift.comparing import compare
from cluster.drift.findings import Finding, Verdict, Written
from cluster.drift.intended import (
    Gpus,
    Range,
    SloClass,
)
from cluster.drift.live import Live
from tests.cluster.drifting import H100, MODEL, NAMESPACE, TARGET, of, place, size, thing


def things(**changes: Any) -> Live:
    """Return a decode Deployment that was found, with what is around it."""
    plain: dict[str, Any] = {
        "target": TARGET,
        "top": thing({"spec": {"replicas": 4}}, "Deployment"),
    }
    return Live(**(plain | changes))


def pod(*containers: Any, **spec: Any) -> Thing:
    return thing({"spec": {"containers": list(containers), **spec}})


def vllm(*arguments: str, **more: Any) -> Any:
    command = ["vllm", "serve", "/model", "--served-model-name=llama-3-70b", *arguments]
    return {"name": "vllm", "command": command, **more}


def compared(what: str, live: Live, **said: Any) -> Finding:
    return of(compare(place(**said).workload, live), what)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        pytest.param({"minReplicaCount": 2, "maxReplicaCount": 8}, "2 to 8", id="both-are-said"),
        pytest.param({}, "0 to 100", id="the-defaults-of-keda"),
    ],
)
def test_the_bounds_of_keda_go_before_those_of_its_autoscaler(spec: Any, told: str) -> None:
    """KEDA writes the HorizontalPodAutoscaler again from what it says itself."""
    target = {"scaleTargetRef": {"name": "chat"}}
    keda = thing({"spec": target | spec}, "ScaledObject")
    named = {"scaleTargetRef": {"kind": "Deployment", "name": "chat"}, "maxReplicas": 3}
    live = things(scaled_objects=(keda,), autoscalers=(thing({"spec": named}),))

    found = compared("autoscaler", live, autoscaler=Range(least=1, most=3))

    assert (found.live, found.thing) == (told, f"ScaledObject {NAMESPACE}/chat")


@pytest.mark.parametrize("annotation", ["paused", "paused-replicas", "paused-scale-out"])
def test_an_autoscaler_that_is_paused_is_drift(annotation: str) -> None:
    """What was paused in an incident stays paused until somebody sees it."""
    name = f"autoscaling.keda.sh/{annotation}"
    spec = {"scaleTargetRef": {"name": "chat"}, "minReplicaCount": 1, "maxReplicaCount": 3}
    keda = replace(thing({"spec": spec}, "ScaledObject"), annotations={name: "4"})

    found = compared(
        "autoscaler paused", things(scaled_objects=(keda,)), autoscaler=Range(least=1, most=3)
    )

    assert (found.verdict, found.live) == (Verdict.DIFFERENT, name)


def test_the_autoscaler_of_another_workload_is_not_compared() -> None:
    """Two Deployments of one namespace have one each."""
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "code"}, "maxReplicas": 3}
    live = things(scaled_objects=(), autoscalers=(thing({"spec": spec}),))

    assert compared("autoscaler", live, autoscaler=Range(least=1, most=3)).live == "none"


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        pytest.param(kinds.POOL, "endpointPickerRef", id="v1"),
        pytest.param(kinds.OLD_POOL, "extensionRef", id="v1alpha2"),
    ],
)
def test_who_set_the_failure_mode_is_named(kind: Kind, field: str) -> None:
    """Both versions of the API say it, each in its own place."""
    owned: dict[str, Any] = {"f:spec": {f"f:{field}": {"f:failureMode": {}}}}
    entry = {"manager": "kubectl-edit", "fieldsV1": owned}
    body = {
        "metadata": {"name": "chat", "managedFields": [entry]},
        "spec": {field: {"name": "epp", "failureMode": "FailClose"}},
    }
    live = things(pools=(parse.thing(body, kind=kind),))

    found = compared("pool failure mode", live, pool_failure_mode="FailOpen")

    assert (found.live, found.written) == ("FailClose", Written(by="kubectl-edit"))


@pytest.mark.parametrize(
    ("containers", "told"),
    [
        pytest.param((vllm(image="a:1"), {"name": "proxy", "image": "b:2"}), "a:1", id="a-sidecar"),
        pytest.param(({"name": "main", "image": "a:1"},), "a:1", id="one-that-says-nothing"),
        pytest.param(
            ({"name": "a", "image": "a:1"}, {"name": "b", "image": "b:2"}), "", id="two-that-may-be"
        ),
        pytest.param((), "", id="none"),
    ],
)
def test_the_container_of_the_engine_is_compared(containers: Any, told: str) -> None:
    """The image of a sidecar is not the version of the engine."""
    assert compared("image", things(pods=(pod(*containers),)), image="a:1").live == told


@pytest.mark.parametrize(
    ("said", "what", "container", "told"),
    [
        pytest.param(
            {"memory": "32Gi"},
            "memory",
            {"resources": {"limits": {"memory": "32768Mi"}}},
            Verdict.AS_INTENDED,
            id="the-same-memory-in-another-unit",
        ),
        pytest.param(
            {"memory": "32Gi"},
            "memory",
            {"resources": {"limits": {"memory": "32G"}}},
            Verdict.DIFFERENT,
            id="nearly-the-same-memory",
        ),
        pytest.param(
            {"version": "1"},
            "version",
            {"image": "registry:5000/llm-d@sha256:12"},
            Verdict.CANNOT_TELL,
            id="an-image-without-a-tag",
        ),
        pytest.param(
            {"version": "1"},
            "version",
            {"image": "registry:5000/llm-d:1@sha256:12"},
            Verdict.AS_INTENDED,
            id="a-tag-and-a-digest",
        ),
        pytest.param(
            {"variables": (("A", "1"),)},
            "A",
            {"env": [{"name": "A", "value": "1"}]},
            Verdict.AS_INTENDED,
            id="a-variable",
        ),
        pytest.param(
            {"variables": (("A", "1"),)},
            "A",
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {}}}]},
            Verdict.CANNOT_TELL,
            id="a-variable-from-elsewhere",
        ),
        pytest.param(
            {"variables": (("A", "1"),)},
            "A",
            {"envFrom": [{"configMapRef": {"name": "a"}}]},
            Verdict.CANNOT_TELL,
            id="variables-from-elsewhere",
        ),
    ],
)
def test_a_container_is_read_as_kubernetes_means_it(
    said: dict[str, Any], what: str, container: Any, told: Verdict
) -> None:
    """What is written in another way is no drift, and what is not seen is not right."""
    assert compared(what, things(pods=(pod(vllm(**container)),)), **said).verdict is told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("--max-model-len=8192",), Verdict.AS_INTENDED, id="the-same"),
        pytest.param(("--context-length", "8192"), Verdict.AS_INTENDED, id="sglang's-word"),
        pytest.param(("--max-model-len=4096",), Verdict.DIFFERENT, id="shorter"),
        pytest.param(("--max-model-len=$LENGTH",), Verdict.CANNOT_TELL, id="a-variable"),
    ],
)
def test_a_model_is_compared_with_the_arguments(arguments: Sequence[str], told: Verdict) -> None:
    """A shorter context refuses requests that the team promised to take."""
    live = things(pods=(pod(vllm(*arguments)),))

    found = compared("max_model_len", live, model=replace(MODEL, max_model_len=8192))

    assert found.verdict is told


def test_one_pod_that_differs_is_drift_whatever_another_hides() -> None:
    """That one cannot be told must not hide what is told of the other."""
    live = things(pods=(pod(vllm("--max-model-len=1")), pod(vllm("--max-model-len=$L"))))

    found = compared("max_model_len", live, model=replace(MODEL, max_model_len=8192))

    assert found.live == "1 in 1 of 2 pods, cannot be told in 1 of 2 pods"


@pytest.mark.parametrize(
    ("kind", "spec", "told"),
    [
        pytest.param("StatefulSet", {"replicas": 3}, "3", id="stateful-set"),
        pytest.param("Deployment", {}, "1", id="the-api's-default"),
        pytest.param("LLMInferenceService", {"replicas": 3}, "3", id="kserve"),
        pytest.param("LLMInferenceService", {}, "", id="kserve-that-leaves-it-open"),
        pytest.param(
            "DisaggregatedSet",
            {"slices": 3, "roles": [{"name": "decode", "spec": {"replicas": 2}}]},
            "6",
            id="all-slices-of-a-set",
        ),
        pytest.param(
            "DisaggregatedSet",
            {"roles": [{"name": "decode", "scaling": {"mode": "External"}}]},
            "",
            id="a-set-that-is-scaled-elsewhere",
        ),
        pytest.param("DisaggregatedSet", {"roles": []}, "", id="a-set-without-the-role"),
        pytest.param("Tower", {"replicas": 3}, "", id="a-kind-that-is-not-known"),
    ],
)
def test_a_size_is_read_where_its_kind_says_it(kind: str, spec: Any, told: str) -> None:
    """What is not known is not taken for one."""
    live = things(top=thing({"spec": spec}, kind))

    found = compared("replicas", live, replicas=size(3))

    assert found.live == told
    assert (found.verdict is Verdict.CANNOT_TELL) is (not told)


def test_a_pod_on_a_node_that_is_gone_is_on_no_kind_of_gpu() -> None:
    """The node was taken away, and its pod is still written there."""
    live = things(pods=(pod(vllm(), nodeName="gpu-9"),), nodes=())

    found = compared("GPU kind", live, gpus=Gpus(kind=H100))

    assert (found.verdict, found.live) == (Verdict.DIFFERENT, "not there (Node gpu-9)")


@pytest.mark.parametrize(
    ("spec", "verdict"),
    [
        pytest.param({"priority": 10}, Verdict.AS_INTENDED, id="the-same"),
        pytest.param({"priority": 5}, Verdict.DIFFERENT, id="another"),
        pytest.param({}, Verdict.DIFFERENT, id="none-is-zero"),
    ],
)
def test_a_class_of_requests_has_its_priority(spec: Any, verdict: Verdict) -> None:
    """With a lower one these requests are dropped first."""
    wanted = SloClass(objective="chat", priority=10)

    found = compared("SLO class", things(objectives=(thing({"spec": spec}),)), slo_class=wanted)

    assert found.verdict is verdict


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.just("vllm serve x")
KEYS = st.sampled_from(
    [
        *("metadata", "spec", "managedFields", "fieldsV1", "f:spec", "f:replicas", "manager"),
        *("time", "replicas", "template", "containers", "args", "command", "image", "env", "name"),
        *("limits", "resources", "nodeName", "priority", "scaleTargetRef", "minReplicas", "value"),
        *("annotations", "labels", "selector", "endpointPickerRef", "failureMode", 'k:{"name":1}'),
    ]
)
BODIES = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=20,
    ),
    max_size=4,
)
KINDS = st.sampled_from(["Deployment", "LeaderWorkerSet", "DisaggregatedSet", "Rollout", "Tower"])


@given(kind=KINDS, bodies=st.lists(BODIES, min_size=6, max_size=6))
def test_whatever_the_cluster_answers_is_a_finding(kind: str, bodies: list[Any]) -> None:
    """Custom kinds are whatever their authors write; one of them must not hide all others."""
    top, pod, scaler, keda, pool, objective = bodies
    wanted = place(
        replicas=size(6),
        version="v0.7.0",
        switches=("--x",),
        variables=(("A", "b"),),
        gpus=Gpus(kind="L40S", per_pod=2),
        memory="1Gi",
        autoscaler=Range(least=1, most=2),
        pool_failure_mode="FailOpen",
        slo_class=SloClass(objective="chat", priority=1),
        model=replace(MODEL, source="org/m", max_model_len=8, tensor_parallel=2),
    ).workload
    target = replace(TARGET, kind=kind)
    live = Live(
        target=target,
        top=thing(top, kind),
        pods=(thing(pod),),
        autoscalers=(thing(scaler),),
        scaled_objects=(thing(keda),),
        pools=(thing(pool),),
        objectives=(thing(objective),),
        nodes=(thing({}),),
    )

    found = compare(wanted, live)

    assert {"replicas", "autoscaler", "GPU kind", "SLO class"} <= {one.what for one in found}
    assert all(one.live or one.because for one in found)
