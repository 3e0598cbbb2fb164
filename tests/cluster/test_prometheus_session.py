"""An answer is complete, or it is said why not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.clients.prometheus_session import Unanswered, judge
from cluster.signals.answers import Trouble
from cluster.signals.reading import Why

DATA = {"resultType": "vector", "result": []}
HINT = "PromQL info: metric might not be a counter, name does not end in _total"


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def trouble(status: int, answer: bytes) -> Trouble:
    with pytest.raises(Unanswered) as raised:
        judge(status, answer)
    return raised.value.trouble


@pytest.mark.parametrize("field", ["infos", "warnings"])
def test_a_hint_on_the_query_takes_nothing_away(field: str) -> None:
    """Old vLLM names its counters without `_total`; Prometheus before 3.0 warned of it."""
    judge(200, body(status="success", data=DATA, **{field: [HINT]}))


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        pytest.param(
            200,
            body(status="success", data=DATA, warnings=["1 of 2 stores is away"]),
            Trouble(why=Why.PARTIAL, detail="1 of 2 stores is away"),
            id="partial",
        ),
        pytest.param(
            200,
            body(status="success", data=DATA, infos=["something new"]),
            Trouble(why=Why.PARTIAL, detail="something new"),
            id="unknown-info",
        ),
        pytest.param(
            400,
            body(status="error", errorType="bad_data", error="parse error"),
            Trouble(why=Why.REFUSED, detail="HTTP 400 bad_data: parse error"),
            id="refused",
        ),
        pytest.param(
            422,
            body(status="error", errorType="execution", error="many-to-many"),
            Trouble(why=Why.REFUSED, detail="HTTP 422 execution: many-to-many"),
            id="execution",
        ),
        pytest.param(
            503,
            body(status="error", errorType="timeout", error="query timed out"),
            Trouble(why=Why.TIMEOUT, detail="HTTP 503 timeout: query timed out"),
            id="timeout",
        ),
        pytest.param(
            200,
            body(status="error", errorType="internal", error="x"),
            Trouble(why=Why.UNREACHABLE, detail="HTTP 200 internal: x"),
            id="error-with-200",
        ),
        pytest.param(
            503,
            b"<html>secret</html>",
            Trouble(why=Why.UNREACHABLE, detail="HTTP 503, and not Prometheus' JSON"),
            id="proxy",
        ),
        pytest.param(
            504,
            b"",
            Trouble(why=Why.TIMEOUT, detail="HTTP 504, and not Prometheus' JSON"),
            id="gateway-timeout",
        ),
        pytest.param(
            401,
            b"no",
            Trouble(why=Why.REFUSED, detail="HTTP 401, and not Prometheus' JSON"),
            id="unauthorised",
        ),
        pytest.param(
            200,
            b"[" * 100_000,
            Trouble(why=Why.UNREACHABLE, detail="HTTP 200, and not Prometheus' JSON"),
            id="deep",
        ),
    ],
)
def test_half_an_answer_is_none(status: int, answer: bytes, expected: Trouble) -> None:
    """Each with its reason, and without what a proxy's page may hold."""
    assert trouble(status, answer) == expected


@given(st.integers(100, 599), st.binary(max_size=40))
def test_no_bytes_pass_for_an_answer(status: int, answer: bytes) -> None:
    """Whatever comes, it is trouble of a known kind."""
    assert trouble(status, answer).why in {Why.REFUSED, Why.TIMEOUT, Why.UNREACHABLE}
