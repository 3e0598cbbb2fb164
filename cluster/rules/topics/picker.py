"""The endpoint picker: nobody ready, requests fail or are refused."""

from datetime import timedelta
from typing import Final

from cluster.rules import rule
from cluster.rules.asked import each
from cluster.rules.proving import (
    GONE,
    MODEL,
    NAMESPACE,
    always,
    at_picker,
    begun_anew,
    born_again,
    engine,
    gone_after,
    growing,
    minutes,
    of_pod,
    series,
)
from cluster.rules.rule import Alert, Group, Proof, RuleFile

POOL: Final = ("namespace", "pool")
OF_POOL: Final = {"namespace": NAMESPACE, "pool": "llama"}
READY: Final = series("llm_d_epp_ready_endpoints", namespace=NAMESPACE, name="llama")
READY_BEFORE: Final = series("inference_pool_ready_pods", namespace=NAMESPACE, name="llama")
COUNTED: Final = "llm_d_epp_flow_control_requests_total"
COUNTED_BEFORE: Final = "inference_extension_flow_control_request_queue_duration_seconds_count"
ASKED: Final = at_picker("llm_d_epp_request_total")


def errors(code: str) -> str:
    """Return the picker's counter of errors with a code."""
    return at_picker("llm_d_epp_request_error_total", error_code=code)


SCHEDULED_OR_NOT: Final = {
    "llm_d_epp_request_total": "where nothing is scheduled any more, refusals are all there is"
}
"""Why a ratio of errors rings without the requests that were scheduled."""


def answers(status: str, by: float) -> dict[str, str]:
    """Return what the engine in the decode pod answers, `by` a minute with this HTTP status."""
    handler = "/v1/chat/completions"
    return {
        engine("vllm:num_requests_running"): always(1),
        of_pod("http_requests_total", handler=handler, status=status): growing(by),
    }


def outcome(word: str) -> str:
    """Return flow control's counter of an outcome."""
    return series(
        COUNTED,
        namespace=NAMESPACE,
        inference_pool="llama",
        outcome=word,
    )


FILE: Final = RuleFile(
    name="picker",
    needs=("signals",),
    about=(
        "Alerts about the endpoint picker and its pool. llm-d ships rules of the names "
        "EPPNoReadyEndpoints and EPPHighErrorRatio too; these carry namespace and pool or model, "
        "survive the renaming of the metrics, and do not count clients' mistakes where the engines "
        "are scraped. Install one of the two."
    ),
    groups=(
        Group(
            name="llm-d-picker",
            interval=timedelta(seconds=30),
            rules=(
                Alert(
                    name="EPPNoReadyEndpoints",
                    expr=f"{each('ready_endpoints', 'max', by=POOL)} == 0",
                    hold=minutes(2),
                    severity="critical",
                    runbook=rule.DOWN,
                    summary="No endpoint of {{ $labels.pool }} is ready",
                    description="The picker of {{ $labels.namespace }}/{{ $labels.pool }} has had "
                    "no endpoint to send to for 2 minutes.",
                    proofs=(
                        Proof(
                            title="no endpoint",
                            series={READY: always(0)},
                            at=minutes(5),
                            fires=OF_POOL,
                        ),
                        Proof(
                            title="the name before the renaming",
                            series={READY_BEFORE: always(0)},
                            at=minutes(5),
                            fires=OF_POOL,
                        ),
                        Proof(title="one endpoint", series={READY: always(1)}, at=minutes(5)),
                        Proof(
                            title="both names at once, the new one counts",
                            series={READY: always(4), READY_BEFORE: always(0)},
                            at=minutes(5),
                            unless={READY: GONE},
                        ),
                        Proof(title="no picker: cannot tell", series={}, at=minutes(5)),
                    ),
                ),
                Alert(
                    name="EPPPoolSeriesVanished",
                    expr=(
                        "max by (namespace, pool) "
                        "(last_over_time(triaged:ready_endpoints[1h])) unless "
                        f"{each('ready_endpoints', 'max', by=POOL)}"
                    ),
                    hold=minutes(5),
                    severity="critical",
                    runbook=rule.DOWN,
                    summary="Nothing is heard of the pool {{ $labels.pool }} any more",
                    description=(
                        "The picker of {{ $labels.namespace }}/{{ $labels.pool }} was seen within "
                        "the hour and is not seen now: it is down, or it is no longer scraped."
                    ),
                    why="It ends by itself after an hour: a pool that is gone on purpose rings "
                    "once.",
                    proofs=(
                        Proof(
                            title="the picker is gone",
                            series={READY: "4x10 stale"},
                            at=minutes(20),
                            fires=OF_POOL,
                        ),
                        Proof(title="it is there", series={READY: always(4)}, at=minutes(20)),
                        Proof(
                            title="it is there under its new name",
                            series={READY_BEFORE: "4x10 stale", READY: "_x10 4x20"},
                            at=minutes(20),
                            unless={READY: GONE},
                        ),
                        Proof(title="never seen", series={}, at=minutes(20)),
                        Proof(
                            title="gone for more than an hour",
                            series={READY: "4x10 stale"},
                            at=minutes(90),
                            unless={READY: "4x60 stale"},
                        ),
                    ),
                ),
                Alert(
                    name="EPPHighErrorRatio",
                    expr=(
                        f"{each('error_ratio', 'max', by=('namespace', 'model_name'))} > 0.05"
                        " and on (namespace, model_name) triaged:requests > 1 / 60"
                    ),
                    hold=minutes(10),
                    severity="critical",
                    runbook=rule.ERRORS,
                    summary="Requests to {{ $labels.model_name }} fail",
                    description=(
                        "{{ $value | humanizePercentage }} of the requests to "
                        "{{ $labels.namespace }}/{{ $labels.model_name }} fail for the server's "
                        "reasons, for 10 minutes."
                    ),
                    why="Below a request a minute a ratio is about single requests.",
                    rings_without=SCHEDULED_OR_NOT,
                    proofs=(
                        Proof(
                            title="one in ten",
                            series={ASKED: growing(600), errors("Internal"): growing(60)},
                            at=minutes(20),
                            fires=MODEL,
                        ),
                        Proof(
                            title="the names before the renaming",
                            series={
                                at_picker("inference_model_request_total"): growing(600),
                                at_picker(
                                    "inference_model_request_error_total",
                                    error_code="ModelServerError",
                                ): growing(60),
                            },
                            at=minutes(20),
                            fires=MODEL,
                        ),
                        Proof(
                            title="the engines answer one in ten with 503",
                            series={
                                ASKED: growing(600),
                                **answers("200", 540),
                                **answers("503", 60),
                            },
                            at=minutes(20),
                            fires=MODEL,
                        ),
                        Proof(
                            title="the operations chapter's own metric",
                            series={
                                at_picker("llm_d_requests_total", status="200"): growing(600),
                                at_picker("llm_d_requests_total", status="503"): growing(60),
                            },
                            at=minutes(20),
                            fires=MODEL,
                        ),
                        Proof(
                            title="nothing is scheduled at all: refusals are failures",
                            series={errors("ServiceUnavailable"): growing(60)},
                            at=minutes(20),
                            fires=MODEL,
                        ),
                        Proof(
                            title="counters that began anew, one in ten",
                            series={ASKED: born_again(600), errors("Internal"): born_again(60)},
                            at=minutes(14),
                            fires=MODEL,
                        ),
                        Proof(
                            title="clients' mistakes",
                            series={ASKED: growing(600), errors("BadRequest"): growing(200)},
                            at=minutes(20),
                        ),
                        Proof(
                            title="no error was ever counted",
                            series={ASKED: growing(600)},
                            at=minutes(20),
                        ),
                        Proof(
                            title="one request in ten minutes, and it failed",
                            series={ASKED: "0x10 1x30", errors("Internal"): "0x10 1x30"},
                            at=minutes(14),
                        ),
                        Proof(title="no picker", series={}, at=minutes(20)),
                        Proof(
                            title="the picker is gone",
                            series={
                                ASKED: gone_after(5, 600),
                                errors("Internal"): gone_after(5, 60),
                            },
                            at=minutes(25),
                        ),
                    ),
                ),
                Alert(
                    name="FlowControlRejecting",
                    expr=f"{each('flow_rejected_ratio', 'max', by=POOL)} > 0.01",
                    hold=minutes(5),
                    severity="warning",
                    runbook=rule.ERRORS,
                    summary="Requests to {{ $labels.pool }} are refused",
                    description=(
                        "Flow control of {{ $labels.namespace }}/{{ $labels.pool }} turns away "
                        "{{ $value | humanizePercentage }} of all requests for want of capacity."
                    ),
                    proofs=(
                        Proof(
                            title="one in twenty for want of capacity",
                            series={
                                outcome("Dispatched"): growing(570),
                                outcome("RejectedCapacity"): growing(30),
                            },
                            at=minutes(15),
                            fires=OF_POOL,
                        ),
                        Proof(
                            title="the name before the renaming",
                            series={
                                name.replace(COUNTED, COUNTED_BEFORE): values
                                for name, values in (
                                    (outcome("Dispatched"), growing(570)),
                                    (outcome("EvictedTTL"), growing(30)),
                                )
                            },
                            at=minutes(15),
                            fires=OF_POOL,
                        ),
                        Proof(
                            title="counters that began anew, and nothing is refused since",
                            series={
                                outcome("Dispatched"): born_again(570),
                                outcome("RejectedCapacity"): begun_anew(),
                            },
                            at=minutes(18),
                        ),
                        Proof(
                            title="a pool without endpoints is another matter",
                            series={
                                outcome("Dispatched"): growing(570),
                                outcome("RejectedNoEndpoints"): growing(30),
                            },
                            at=minutes(15),
                        ),
                        Proof(
                            title="all are sent on",
                            series={outcome("Dispatched"): growing(570)},
                            at=minutes(15),
                        ),
                        Proof(title="no flow control", series={}, at=minutes(15)),
                    ),
                ),
            ),
        ),
    ),
)
