"""The AnalysisTemplates that we ship: what they ask of Prometheus, and what follows."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from drills.prometheus import evaluate
from drills.prometheus.store import Store
from drills.prometheus.values import Vector

SHIPPED = Path(__file__).parents[3] / "deploy/argo-rollouts/analysis-templates.yaml"
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
ARGS = {"namespace": "llm-d", "rollout": "decode", "template": "7d9f"}
Metric = Mapping[str, Any]


def templates() -> dict[str, Metric]:
    """Return the templates by name."""
    found = YAML(typ="safe").load_all(SHIPPED.read_text("utf-8"))
    return {one["metadata"]["name"]: one["spec"] for one in found}


def metrics() -> list[Any]:
    """Return every metric of every template."""
    return [
        pytest.param(spec, metric, id=f"{name}-{metric['name']}")
        for name, spec in templates().items()
        for metric in spec["metrics"]
    ]


def put_in(spec: Metric, text: str) -> str:
    """Return the text with the arguments in it, as Argo Rollouts does it."""
    known = {one["name"]: one.get("value") for one in spec["args"]} | ARGS
    return re.sub(r"{{args\.([a-z-]+)}}", lambda found: str(known[found.group(1)]), text)


def verdict(spec: Metric, metric: Metric, result: list[float]) -> str:
    """Return what a measurement is: its two conditions are in the words of both languages."""
    words = {"len": len, "isNaN": math.isnan, "asFloat": float, "result": result}

    def holds(condition: str) -> bool:
        said = put_in(spec, condition).replace("&&", "and").replace("!is", "not is")
        return bool(eval(said, {"__builtins__": {}}, words))  # noqa: S307  # our own file

    if holds(metric["successCondition"]):
        return "Successful"
    return "Failed" if holds(metric["failureCondition"]) else "Inconclusive"


def measured(spec: Metric, metric: Metric, *, good: float, bad: float, waits: float) -> list[float]:
    """Return what the query answers of a template with so many answers a second."""
    store = Store()
    for pod, (ok, failed) in {"decode-7d9f-a": (good, bad), "decode-old-b": (0.0, 9.0)}.items():
        labels = {"namespace": "llm-d", "pod": pod}
        asked = {**labels, "handler": "/v1/completions", "__name__": "http_requests_total"}
        bucket = {**labels, "__name__": "vllm:time_to_first_token_seconds_bucket"}
        for second in range(0, 601, 15):
            at = BEGIN + timedelta(seconds=second)
            store.append({**asked, "status": "200"}, ok * second, at)
            store.append({**asked, "status": "500"}, failed * second, at)
            for bound in ("1", "2", "4", "+Inf"):
                within = ok if bound == "+Inf" or float(bound) >= waits else 0.0
                store.append({**bucket, "le": bound}, within * second, at)
    query = put_in(spec, metric["provider"]["prometheus"]["query"])
    found = evaluate.instant(store, query, BEGIN + timedelta(minutes=10))
    assert isinstance(found, Vector)
    return [one.value for one in found.samples]


@pytest.mark.parametrize(("spec", "metric"), metrics())
def test_only_what_was_measured_is_success_or_failure(spec: Metric, metric: Metric) -> None:
    """The chapter's own condition is an error without traffic, and that is no verdict."""
    fine = measured(spec, metric, good=10, bad=0.1, waits=1)
    broken = measured(spec, metric, good=10, bad=10, waits=4)
    quiet = measured(spec, metric, good=0, bad=0, waits=1)

    assert verdict(spec, metric, fine) == "Successful"
    assert verdict(spec, metric, broken) == "Failed"
    assert verdict(spec, metric, quiet) == "Inconclusive"
    assert verdict(spec, metric, []) == "Inconclusive"


def test_the_bounds_are_those_of_the_chapter() -> None:
    """At least 95 %, five times, a minute apart, three failures; and both names that it uses."""
    known = templates()

    assert set(known) == {"success-rate", "canary-analysis"}
    for spec in known.values():
        metric = spec["metrics"][0]
        assert metric["successCondition"].endswith("result[0] >= 0.95")
        assert (metric["count"], metric["interval"], metric["failureLimit"]) == (5, "60s", 3)
