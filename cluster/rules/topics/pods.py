"""Model servers as Kubernetes sees them."""

from datetime import timedelta
from typing import Final

from cluster.rules import rule
from cluster.rules.asked import with_model
from cluster.rules.proving import (
    DECODE,
    NAMESPACE,
    always,
    begun_anew,
    engine,
    minutes,
    of_pod,
    series,
)
from cluster.rules.rule import Alert, Group, Proof, RuleFile

CONTAINER: Final = ("namespace", "pod", "container")
RESTARTS: Final = "kube_pod_container_status_restarts_total"
REASON: Final = "kube_pod_container_status_last_terminated_reason"
CONDITION: Final = "kube_customresource_llminferenceservice_status_condition"

ALIVE: Final = {engine("vllm:num_requests_running"): always(1)}
_BY: Final = ", ".join(CONTAINER)
KILLED: Final = (
    f"max by ({_BY}) (increase({RESTARTS}[15m])) > 0 and "
    f'max by ({_BY}) ({REASON}{{reason="OOMKilled"}}) == 1'
)


def killed(restarts: str, reason: str = "OOMKilled", pod: str = "decode-0") -> dict[str, str]:
    """Return a container's restarts, and why it ended the last time."""
    return {
        of_pod(RESTARTS, pod, container="vllm"): restarts,
        of_pod(REASON, pod, container="vllm", reason=reason): always(1),
    }


FILE: Final = RuleFile(
    name="pods",
    needs=("signals",),
    about=(
        "Alerts about model servers as Kubernetes sees them, beside those of kubernetes-mixin. "
        "LLMInferenceServiceNotReady needs kube-state-metrics to show the conditions of KServe's "
        "LLMInferenceService; docs/rules.md has its configuration."
    ),
    groups=(
        Group(
            name="llm-d-pods",
            interval=timedelta(seconds=30),
            rules=(
                Alert(
                    name="ModelServerOOMKilled",
                    expr=with_model(KILLED, CONTAINER),
                    severity="warning",
                    runbook=rule.MEMORY,
                    summary="{{ $labels.pod }} was killed for want of memory",
                    description=(
                        "The container {{ $labels.container }} of {{ $labels.namespace }}/"
                        "{{ $labels.pod }} took more memory than its limit and was killed."
                    ),
                    proofs=(
                        Proof(
                            title="an engine that was killed",
                            series={**ALIVE, **killed("0x10 1x20")},
                            at=minutes(15),
                            fires={**DECODE, "pod": "decode-0", "container": "vllm"},
                        ),
                        Proof(
                            title="a pod that never served, where others do",
                            series={**ALIVE, **killed("0x10 1x20", pod="decode-9")},
                            at=minutes(15),
                            fires={
                                "namespace": NAMESPACE,
                                "pod": "decode-9",
                                "container": "vllm",
                            },
                        ),
                        Proof(
                            title="it ended for another reason",
                            series={**ALIVE, **killed("0x10 1x20", reason="Error")},
                            at=minutes(15),
                        ),
                        Proof(
                            title="killed long ago",
                            series={**ALIVE, **killed(always(4))},
                            at=minutes(15),
                        ),
                        Proof(
                            title="a pod that was made anew counts from nothing",
                            series={**ALIVE, **killed(begun_anew(4))},
                            at=minutes(15),
                        ),
                        Proof(
                            title="a namespace that serves no model",
                            series=killed("0x10 1x20"),
                            at=minutes(15),
                        ),
                        Proof(title="no kube-state-metrics", series=ALIVE, at=minutes(15)),
                    ),
                ),
                Alert(
                    name="LLMInferenceServiceNotReady",
                    expr=f'max by (namespace, name) ({CONDITION}{{type="Ready"}}) == 0',
                    hold=minutes(10),
                    severity="warning",
                    runbook=rule.DOWN,
                    summary="LLMInferenceService {{ $labels.name }} is not ready",
                    description="KServe has said for 10 minutes that {{ $labels.namespace }}/"
                    "{{ $labels.name }} is not ready.",
                    proofs=(
                        Proof(
                            title="not ready for a quarter of an hour",
                            series={
                                series(
                                    CONDITION, namespace=NAMESPACE, name="chat", type="Ready"
                                ): always(0)
                            },
                            at=minutes(15),
                            fires={"namespace": NAMESPACE, "name": "chat"},
                        ),
                        Proof(
                            title="ready",
                            series={
                                series(
                                    CONDITION, namespace=NAMESPACE, name="chat", type="Ready"
                                ): always(1)
                            },
                            at=minutes(15),
                        ),
                        Proof(
                            title="another condition",
                            series={
                                series(
                                    CONDITION, namespace=NAMESPACE, name="chat", type="Scaling"
                                ): always(0)
                            },
                            at=minutes(15),
                        ),
                        Proof(title="not shown", series={}, at=minutes(15)),
                    ),
                ),
            ),
        ),
    ),
)
