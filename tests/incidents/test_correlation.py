"""Which alerts share an incident."""

import pytest

from incidents.alert import occurrence
from incidents.correlation import Place, key, place
from tests.builders import NOON, alert, later


@pytest.mark.parametrize(
    ("labels", "shared"),
    [
        pytest.param({}, "local/llm-d/llama-3-70b", id="usual"),
        pytest.param({"cluster": "eu-1"}, "eu-1/llm-d/llama-3-70b", id="cluster"),
        pytest.param({"cluster": ""}, "local/llm-d/llama-3-70b", id="empty-cluster"),
        pytest.param({"model_name": "meta/a|b"}, "local/llm-d/meta/a|b", id="slash-and-bar"),
        pytest.param({"model_name": "", "llm_d_ai_model": "m"}, "local/llm-d/m", id="llm-d-label"),
        pytest.param({"model_name": "", "model": "m"}, "local/llm-d/m", id="plain-label"),
        pytest.param(
            {"namespace": "", "exported_namespace": "n"}, "local/n/llama-3-70b", id="exported"
        ),
        pytest.param({"model_name": ""}, "local/llm-d/", id="namespace-alone"),
        pytest.param({"namespace": ""}, "local//llama-3-70b", id="model-alone"),
        pytest.param(
            {"namespace": "", "model_name": ""}, "local//alert:VLLMPreemptionsHigh", id="nowhere"
        ),
    ],
)
def test_alerts_of_one_model_share_an_incident(labels: dict[str, str], shared: str) -> None:
    """One problem rings many alerts: people want one channel for it."""
    assert key(alert(labels=labels)) == shared


@pytest.mark.parametrize(
    ("labels", "role"),
    [
        pytest.param({"role": "prefill", "llm_d_ai_role": "decode"}, "prefill", id="role"),
        pytest.param({"role": "", "llm_d_ai_role": "decode"}, "decode", id="llm-d-role"),
        pytest.param({}, "", id="none"),
    ],
)
def test_the_role_is_where_it_points_and_not_whom_it_joins(
    labels: dict[str, str], role: str
) -> None:
    """Prefill and decode of one model fail together: the role finds the pool, no more."""
    assert place(alert(labels=labels)) == Place(
        cluster="local", namespace="llm-d", model="llama-3-70b", role=role
    )


def test_an_occurrence_is_its_fingerprint_and_its_start() -> None:
    """Fired again later, it is another one; told again, it is the same."""
    one = alert(fingerprint="0a")

    assert one.occurrence == occurrence("0a", NOON) == "0a@1772366400000000"
    assert alert(fingerprint="0a", starts_at=later(1)).occurrence != one.occurrence


def test_an_alert_without_an_end_fires() -> None:
    """Alertmanager's status word repeats what the end says."""
    assert (alert().firing, alert(ends_at=NOON).firing) == (True, False)
