"""The series that signals are recorded from, for values that are worked out by hand.

Counters grow each minute by what `growing` says; a rate is per second, so that 60 are 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cluster.rules.proving import (
    DECODE,
    MODEL,
    NAMESPACE,
    always,
    at_picker,
    engine,
    growing,
    of_pod,
    series,
)

ENGINE = {**DECODE, "job": f"{NAMESPACE}/decode"}
PLACE = {"namespace": NAMESPACE}
POOL = {**PLACE, "pool": "llama"}
NODE = {"node": "gpu-a"}
ALIVE = {engine("vllm:num_requests_running"): always(1, 90)}
SECONDS = {0.5: 1.0, 0.95: 1.9, 0.99: 1.98}
"""Half take up to 1 s, half up to 2 s: quantiles lie on straight lines between the bounds."""

Rows = tuple[tuple[Mapping[str, str], float], ...]
Shown = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A recorded name, the series that are scraped, and all rows that it then has."""

    name: str
    shown: Shown
    rows: Rows
    at: int = 15


def histogram(bucket: str, labels: Mapping[str, str] = MODEL) -> Shown:
    """Return buckets of 1 request/s, half of which take up to 1 s and half up to 2 s."""
    bounds = (("1", 30), ("2", 60), ("+Inf", 60))
    return {series(bucket, **labels, le=bound): growing(by) for bound, by in bounds}


def value(signal: str, shown: Shown, *rows: tuple[Mapping[str, str], float], at: int = 15) -> Value:
    return Value(name=f"triaged:{signal}", shown=shown, rows=rows, at=at)


def on_gpus(metric: str, *values: str) -> Shown:
    shown = {of_pod(metric, gpu=str(gpu)): value for gpu, value in enumerate(values)}
    return {**ALIVE, **shown}


def moved(metric: str, value: str) -> Shown:
    """Return a GPU's series as a scrape without `honor_labels` keeps it."""
    labels = {"exported_namespace": NAMESPACE, "exported_pod": "decode-0", "gpu": "0"}
    return {**ALIVE, series(metric, namespace="gpu-operator", pod="dcgm-x", **labels): value}


def queues(metric: str, **values: str) -> Shown:
    labels = {"namespace": NAMESPACE, "inference_pool": "llama"}
    return {series(metric, **labels, outcome=word): value for word, value in values.items()}


def on_node(metric: str, by: float, **labels: str) -> Shown:
    here = {of_pod("kube_pod_info", node="gpu-a"): always(1, 90)}
    return {**ALIVE, **here, series(metric, **NODE, **labels): growing(by, 90)}


def on_instance(metric: str, by: float, **labels: str) -> Shown:
    """Return a node exporter's series without the label `node`."""
    here = {
        of_pod("kube_pod_info", node="gpu-a"): always(1, 90),
        series("node_uname_info", instance="i", nodename="gpu-a"): always(1, 90),
    }
    return {**ALIVE, **here, series(metric, instance="i", **labels): growing(by, 90)}


def beside(by: float, status: str, handler: str = "/v1/chat/completions") -> Shown:
    return {of_pod("http_requests_total", handler=handler, status=status): growing(by)}


def error(code: str, by: float) -> Shown:
    return {at_picker("llm_d_epp_request_error_total", error_code=code): growing(by)}


ASKED = {at_picker("llm_d_epp_request_total"): growing(600)}
# 10/s are scheduled, 1/s fails at the picker, 2/s at the engines, 0.5/s are turned away before.
FAILING = {
    **ASKED,
    **error("Internal", 60),
    **error("ModelServerError", 120),
    **error("ResourceExhausted", 30),
}
# 10/s are answered and 0.5/s of them are the server's failures; nobody counts a health check.
ANSWERED = {
    **ALIVE,
    **beside(570, "200"),
    **beside(30, "500"),
    **beside(600, "200", "/health"),
}
CHAPTER = {
    at_picker("llm_d_requests_total", status="200"): growing(540),
    at_picker("llm_d_requests_total", status="503"): growing(60),
}
