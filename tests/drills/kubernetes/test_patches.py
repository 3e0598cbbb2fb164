"""JSON patches after RFC 6902, merge patches after RFC 7386, and the small print of a scale."""

from typing import Any

import pytest

from drills.kubernetes import patches
from drills.kubernetes.controllers import events
from drills.kubernetes.refusals import Refusal
from drills.kubernetes.resources import DEPLOYMENTS, EVENTS
from drills.kubernetes.scale import through_scale

World = Any  # Any: the fixture's class lives in conftest, which importlib mode lets nobody import
Json = Any  # Any: a document
NAMESPACE = "llm-d"
DECODE = "pd-disaggregation-nvidia-gpu-vllm-decode"


@pytest.mark.parametrize(
    ("before", "operation", "after"),
    [
        pytest.param({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}, id="add"),
        pytest.param(
            {"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}, id="insert"
        ),
        pytest.param(
            {"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}, id="append"
        ),
        pytest.param({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}, id="remove"),
        pytest.param(
            {"a": {"b": 1}},
            {"op": "replace", "path": "/a/b", "value": 2},
            {"a": {"b": 2}},
            id="replace",
        ),
        pytest.param(
            {"a/b": {"m~n": 1}}, {"op": "remove", "path": "/a~1b/m~0n"}, {"a/b": {}}, id="escapes"
        ),
        pytest.param({"a": 1}, {"op": "move", "from": "/a", "path": "/b"}, {"b": 1}, id="move"),
        pytest.param(
            {"a": 1}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": 1, "b": 1}, id="copy"
        ),
        pytest.param({"a": 1}, {"op": "test", "path": "/a", "value": 1}, {"a": 1}, id="test"),
    ],
)
def test_an_operation_does_what_the_rfc_says(before: Json, operation: Json, after: Json) -> None:
    """Rollbacks are written as JSON patches."""
    assert patches.json_patch(before, [operation]) == after


def test_a_replaced_field_that_is_not_there_is_added() -> None:
    """The API server's library does so, against RFC 6902: a rollback's test must not rest on it."""
    after = patches.json_patch({"a": 1}, [{"op": "replace", "path": "/no", "value": 2}])

    assert after == {"a": 1, "no": 2}


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        pytest.param({"op": "remove", "path": "/no"}, 422, id="missing-path"),
        pytest.param({"op": "replace", "path": "/no/x", "value": 1}, 422, id="nothing-to-replace"),
        pytest.param({"op": "test", "path": "/a", "value": 2}, 422, id="failed-test"),
        pytest.param({"op": "add", "path": "/a/b", "value": 2}, 422, id="into-a-number"),
        pytest.param({"op": "add", "path": "/a"}, 422, id="no-value"),
        pytest.param({"op": "bend", "path": "/a"}, 422, id="unknown-operation"),
        pytest.param({"op": "test"}, 400, id="no-path"),
        pytest.param("remove", 400, id="no-operation"),
    ],
)
def test_an_operation_that_does_not_apply_is_refused_whole(operation: Json, code: int) -> None:
    """Half a patch must never be stored."""
    before = {"a": 1}
    first = {"op": "add", "path": "/b", "value": 1}

    with pytest.raises(Refusal) as refused:
        patches.json_patch(before, [first, operation])

    assert (refused.value.code, before) == (code, {"a": 1})


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": None}, {"b": 2}, id="null-deletes"),
        pytest.param({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, id="lists-are-replaced"),
        pytest.param({"a": 1}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}, id="nulls-inside"),
    ],
)
def test_a_merge_patch_does_what_the_rfc_says(before: Json, change: Json, after: Json) -> None:
    """Scales are written as merge patches."""
    assert patches.merge(before, change) == after


def test_a_strategic_merge_replaces_on_demand() -> None:
    """`$patch: replace` is the one way to drop what is not named."""
    change = {"spec": {"$patch": "replace", "b": 2}, "args": None, "command": ["x"]}

    assert patches.strategic({"spec": {"a": 1}, "args": ["y"]}, change) == {
        "spec": {"b": 2},
        "command": ["x"],
    }


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"kind": "Deployment"}, 400, id="another-kind"),
        pytest.param({"spec": {"replicas": -1}}, 422, id="less-than-none"),
    ],
)
def test_a_scale_that_is_none_is_refused(world: World, body: Json, code: int) -> None:
    """The path of the story refuses what Kubernetes refuses."""
    change = through_scale(lambda scale: patches.merge(scale, body))

    with pytest.raises(Refusal) as refused:
        change(world.decode())

    assert refused.value.code == code


def test_an_event_that_repeats_is_counted(world: World) -> None:
    """A thousand failed schedulings are one line with a count."""
    about = world.cluster.get(DEPLOYMENTS, NAMESPACE, DECODE)
    for _ in range(3):
        events.record(world.cluster, about, "Odd", "again", by="test", kind="Warning")
    found = world.cluster.select(EVENTS, NAMESPACE, fields="reason=Odd")

    assert [(one["count"], one["type"]) for one in found] == [(3, "Warning")]
