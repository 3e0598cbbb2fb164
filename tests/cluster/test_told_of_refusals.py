"""What the API server says of a refusal is told, and not the object that it shows with it."""

import json

import pytest
from kubernetes.client import ApiException

from cluster.clients import refusals


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param(
            'data: Invalid value: {"env": "hunter2"}: field is immutable',
            "data: Invalid value: …",
            id="JSON",
        ),
        pytest.param(
            'spec: Invalid value: core.PodSpec{Env: "hunter2"}: no',
            "spec: Invalid value: …",
            id="Go",
        ),
        pytest.param("a: Invalid value: map[t:hunter2]: no", "a: Invalid value: …", id="map"),
        pytest.param(
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            id="a number",
        ),
        pytest.param(
            'metadata.uid: Invalid value: "other": field is immutable',
            'metadata.uid: Invalid value: "other": field is immutable',
            id="a text",
        ),
    ],
)
def test_an_object_in_a_message_is_not_told(said: str, told: str) -> None:
    """Messages stand in the journal and on cards, and a template holds tokens."""
    error = ApiException(status=422, reason="Unprocessable Entity")
    error.body = json.dumps({"kind": "Status", "message": said})

    answer = refusals.of_answer(error, what="change x", write=True)

    assert str(answer) == f"change x: {told}"
