"""What a recording is grouped by: the labels that its exporter knows, and no others."""

import pytest

from cluster.rules.recordings import recordings

QUERIES = {rule.name: rule.expr for rule in recordings()}


@pytest.mark.parametrize(
    "signal", ["flow_stale_endpoints", "index_evictions", "predicted_hit_ratio"]
)
def test_what_the_picker_tells_of_no_model_has_none(signal: str) -> None:
    """Its names begin like those of the operations chapter, whose series name a model."""
    query = QUERIES[f"triaged:{signal}"]

    assert "llm_d_epp_" in query
    assert "by (namespace) (" in query
    assert "model_name" not in query


@pytest.mark.parametrize(
    ("signal", "metric"),
    [
        pytest.param("waiting", "llm_d_queue_depth", id="gauge"),
        pytest.param("request_rate", "llm_d_requests_total", id="counter"),
        pytest.param("e2e_p95", "llm_d_request_duration_seconds_bucket", id="histogram"),
    ],
)
def test_the_names_of_the_operations_chapter_keep_their_model(signal: str, metric: str) -> None:
    """Two models of one namespace must not be added up."""
    _, grouped = QUERIES[f"triaged:{signal}"].split(f"({metric}", 1)[0].rsplit(" by (", 1)

    assert "namespace, model_name" in grouped
