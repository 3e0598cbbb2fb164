"""KV transfers between prefill and decode."""

from datetime import timedelta
from typing import Final

from cluster.rules.asked import NOT_PREFILL, each
from cluster.rules.proving import (
    DECODE,
    PREFILL,
    always,
    born_again,
    engine,
    gone_after,
    growing,
    minutes,
)
from cluster.rules.rule import KV_CACHE, Alert, Group, Proof, RuleFile

FAILED: Final = "vllm:nixl_num_failed_transfers_total"
EXPIRED: Final = "vllm:nixl_num_kv_expired_reqs_total"
TRANSFERS: Final = "vllm:nixl_xfer_time_seconds_count"
BY_REASON: Final = "vllm:num_requests_waiting_by_reason"


def _deferred(waiting: float, transfers: str) -> dict[str, str]:
    return {
        engine(BY_REASON, reason="deferred"): always(waiting),
        engine(TRANSFERS): transfers,
    }


FILE: Final = RuleFile(
    name="transfers",
    needs=("signals",),
    about="Alerts about KV transfers: a failed one may end in a wrong answer and not in an error.",
    groups=(
        Group(
            name="llm-d-transfers",
            interval=timedelta(seconds=30),
            rules=(
                Alert(
                    name="NIXLTransferFailures",
                    expr=f"{each('transfer_failures', 'sum')} > 0",
                    hold=minutes(3),
                    severity="critical",
                    runbook=KV_CACHE,
                    summary="KV transfers of {{ $labels.model_name }} fail",
                    description=(
                        '{{ printf "%.2f" $value }} KV transfers per second of '
                        "{{ $labels.namespace }}/{{ $labels.model_name }} fail, counted on each "
                        "rank. Answers may be wrong although none fails."
                    ),
                    proofs=(
                        Proof(
                            title="six a minute",
                            series={engine(FAILED): growing(6)},
                            at=minutes(10),
                            fires=DECODE,
                        ),
                        Proof(
                            title="the counter without _total",
                            series={engine("vllm:nixl_num_failed_transfers"): growing(6)},
                            at=minutes(10),
                            fires=DECODE,
                        ),
                        Proof(
                            title="old failures only",
                            series={engine(FAILED): always(40)},
                            at=minutes(10),
                        ),
                        Proof(
                            title="the engine began anew",
                            series={engine(FAILED): "40x5 0x20"},
                            at=minutes(10),
                        ),
                        Proof(title="no connector", series={}, at=minutes(10)),
                    ),
                ),
                Alert(
                    name="NIXLKVExpired",
                    expr=f"{each('transfer_expirations', 'sum')} > 0",
                    hold=minutes(1),
                    severity="warning",
                    runbook=KV_CACHE,
                    summary="Decode does not fetch what prefill of {{ $labels.model_name }} made",
                    description=(
                        "The KV blocks of {{ $value | humanize }} requests to "
                        "{{ $labels.namespace }}/{{ $labels.model_name }} were dropped within ten "
                        "minutes because nobody fetched them."
                    ),
                    why="The prefill side counts it.",
                    proofs=(
                        Proof(
                            title="one a minute on prefill",
                            series={engine(EXPIRED, role="prefill"): growing(1)},
                            at=minutes(10),
                            fires=PREFILL,
                        ),
                        Proof(
                            title="counters that began anew, and grow",
                            series={engine(EXPIRED, role="prefill"): born_again(1)},
                            at=minutes(20),
                            fires=PREFILL,
                        ),
                        Proof(
                            title="none any more",
                            series={engine(EXPIRED, role="prefill"): always(12)},
                            at=minutes(15),
                        ),
                        Proof(
                            title="the counter without _total",
                            series={
                                engine("vllm:nixl_num_kv_expired_reqs", role="prefill"): growing(1)
                            },
                            at=minutes(10),
                            fires=PREFILL,
                        ),
                        Proof(title="no connector", series={}, at=minutes(15)),
                    ),
                ),
                Alert(
                    name="DecodeDeferredStuck",
                    expr=(
                        f"{each('waiting_deferred', 'sum', only=NOT_PREFILL)} > 0"
                        f" and {each('transfers', 'sum', only=NOT_PREFILL)} < 0.01"
                    ),
                    hold=minutes(5),
                    severity="critical",
                    runbook=KV_CACHE,
                    summary="Requests to {{ $labels.model_name }} wait for KV blocks",
                    description=(
                        "{{ $value | humanize }} requests of {{ $labels.namespace }}/"
                        "{{ $labels.model_name }} wait for a KV transfer, and none takes place."
                    ),
                    why="Requests also wait for a grammar or an adapter: without the transfers' "
                    "own counter it keeps still.",
                    proofs=(
                        Proof(
                            title="twelve wait and nothing comes",
                            series=_deferred(12, always(900)),
                            at=minutes(15),
                            fires=DECODE,
                        ),
                        Proof(
                            title="twelve wait and transfers go on",
                            series=_deferred(12, growing(60)),
                            at=minutes(15),
                        ),
                        Proof(
                            title="counters that began anew, and transfers go on",
                            series=_deferred(12, born_again(60)),
                            at=minutes(18),
                        ),
                        Proof(
                            title="waiting for a grammar, where nothing is transferred",
                            series={engine(BY_REASON, reason="deferred"): always(12)},
                            at=minutes(15),
                        ),
                        Proof(
                            title="decode is gone",
                            series=_deferred(12, gone_after(3))
                            | {engine(BY_REASON, reason="deferred"): gone_after(3, 2)},
                            at=minutes(20),
                        ),
                    ),
                ),
            ),
        ),
    ),
)
