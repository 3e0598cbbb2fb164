"""What is recorded of requests, and what other recordings rest on: worked out by hand."""

from cluster.rules.proving import DECODE, MODEL, always, at_picker, born_again, engine, growing
from tests.servers.rules.shown import (
    ALIVE,
    ANSWERED,
    ASKED,
    CHAPTER,
    ENGINE,
    FAILING,
    PLACE,
    beside,
    error,
    value,
)

FOUNDATION = (
    value("engine_pod", ALIVE, ({**DECODE, "pod": "decode-0"}, 1)),
    value(
        "pod_of_model",
        {engine("vllm:num_requests_running"): "8x10 stale"},
        ({**DECODE, "pod": "decode-0"}, 1),
        at=30,
    ),
    value(
        "namespace_of_models",
        {engine("vllm:num_requests_running"): "8x10 stale"},
        (PLACE, 1),
        at=90,
    ),
)

REQUESTS = (
    value("request_rate", ASKED, (MODEL, 10)),
    value("request_rate", {at_picker("llm_d_epp_request_total"): born_again(600)}, (MODEL, 10)),
    value("request_rate", CHAPTER, (MODEL, 10)),
    value(
        "request_errors",
        {**ASKED, **error("Internal", 60)},
        ({**MODEL, "error_code": "Internal"}, 1),
        (MODEL, 0),
    ),
    value(
        "http_answers",
        ANSWERED,
        ({**DECODE, "status": "200"}, 9.5),
        ({**DECODE, "status": "500"}, 0.5),
    ),
    # A failure at the engines was scheduled before, one at the picker and a refusal were not.
    value("requests", FAILING, (MODEL, 11.5)),
    value("requests", ANSWERED, (MODEL, 10)),
    value("failed_requests", FAILING, (MODEL, 3)),
    # What the engines answer tells their failures from clients' mistakes.
    value("failed_requests", {**FAILING, **ANSWERED}, (MODEL, 1.5)),
    value("failed_requests", ANSWERED, (MODEL, 0.5)),
    value("failed_requests", CHAPTER, (MODEL, 1)),
    value("failed_requests", ASKED, (MODEL, 0)),
    value("refused_requests", FAILING, (MODEL, 1.5)),
    value("refused_requests", CHAPTER, (MODEL, 1)),
    value("error_ratio", FAILING, (MODEL, 0.2609)),
    value("error_ratio", {**FAILING, **ANSWERED}, (MODEL, 0.1304)),
    value("error_ratio", CHAPTER, (MODEL, 0.1)),
    value("error_ratio", ASKED, (MODEL, 0)),
    value("error_ratio", {at_picker("llm_d_epp_request_total"): always(9)}),
    value("http_error_ratio", ANSWERED, (DECODE, 0.05)),
    value("http_error_ratio", {**ALIVE, **beside(60, "200")}, (DECODE, 0)),
    value(
        "engine_error_ratio",
        {
            engine("vllm:request_success_total", finished_reason="stop"): growing(540),
            engine("vllm:request_success_total", finished_reason="error"): growing(60),
        },
        (ENGINE, 0.1),
    ),
    value(
        "finished_requests",
        {engine("vllm:request_success_total", finished_reason="stop"): growing(60)},
        ({**ENGINE, "finished_reason": "stop"}, 1),
    ),
    value(
        "engine_rejections",
        {engine("vllm:admission_rejections_total", reason="queue"): growing(60)},
        ({**ENGINE, "reason": "queue"}, 1),
    ),
    value(
        "routing_decisions",
        {at_picker("llm_d_epp_disagg_decision_total", decision_type="decode"): growing(60)},
        ({**MODEL, "decision_type": "decode"}, 1),
    ),
)
