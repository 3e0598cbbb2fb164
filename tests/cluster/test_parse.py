"""What the API server sends is read as values, whatever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.clients import parse
from cluster.clients.objects import Deployment, OwnerReference, Pod, Writer

READERS = [parse.deployment, parse.replica_set, parse.pod, parse.autoscaler, parse.resized]
NAMES = st.one_of(
    st.sampled_from(["metadata", "spec", "status", "name", "replicas", "managedFields"]),
    st.sampled_from(["fieldsV1", "f:spec", "ownerReferences", "conditions", "type", "Ready"]),
    st.sampled_from(["time", "containers", "args", "selector", "matchExpressions", "operator"]),
    st.sampled_from(["labels", "scaleTargetRef", "lastTransitionTime"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(NAMES, JSON), st.sampled_from(READERS))
def test_any_object_is_read_or_is_malformed(thing: parse.Json, read: object) -> None:
    """A proxy's JSON must not end a loop with an error that nobody expects."""
    assert callable(read)
    try:
        read(thing)
    except ValueError:
        return


def test_a_deployment_is_read() -> None:
    """As the API server writes it, with who wrote which field when."""
    found = parse.deployment(
        {
            "metadata": {
                "namespace": "llm-d",
                "name": "decode",
                "uid": "u",
                "resourceVersion": "7",
                "generation": 3,
                "managedFields": [
                    {
                        "manager": "triaged/k",
                        "operation": "Update",
                        "subresource": "scale",
                        "time": "2026-03-01T12:00:00Z",
                        "fieldsV1": {"f:spec": {"f:replicas": {}, 'k:{"a":1}': {"f:x": {}}}},
                    }
                ],
                "ownerReferences": [{"kind": "Rollout", "name": "r", "uid": "v"}],
            },
            "spec": {
                "selector": {
                    "matchLabels": {"b": "2", "a": "1"},
                    "matchExpressions": [
                        {"key": "c", "operator": "In", "values": ["x", "y"]},
                        {"key": "d", "operator": "NotIn", "values": ["z"]},
                        {"key": "e", "operator": "Exists"},
                        {"key": "f", "operator": "DoesNotExist"},
                    ],
                }
            },
            "status": {"readyReplicas": 1, "updatedReplicas": 1, "observedGeneration": 3},
        }
    )

    assert found == Deployment(
        namespace="llm-d",
        name="decode",
        uid="u",
        resource_version="7",
        replicas=1,
        selector="a=1,b=2,c in (x,y),d notin (z),e,!f",
        generation=3,
        observed_generation=3,
        updated=1,
        ready=1,
        owners=(OwnerReference(kind="Rollout", name="r", uid="v", controller=False),),
        writers=(
            Writer(
                manager="triaged/k",
                subresource="scale",
                at=parse.moment("2026-03-01T12:00:00Z"),
                fields=frozenset({"spec", "spec.replicas"}),
            ),
        ),
    )


@pytest.mark.parametrize(
    "words", [["--served-model-name", "m"], ["--served-model-name=m"], ["--model=m", "--model"]]
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
