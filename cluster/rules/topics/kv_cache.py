"""The KV cache of the engines; the rehearsal plays this file, so it needs no other one."""

from datetime import timedelta
from typing import Final

from cluster.rules.asked import on_engines
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

PREEMPTIONS: Final = "vllm:num_preemptions_total"
USAGE: Final = "vllm:kv_cache_usage_perc"
WAITING: Final = "vllm:num_requests_waiting"

FILE: Final = RuleFile(
    name="kv-cache",
    about=(
        "Alerts about the KV cache of decode and prefill pods, and the Watchdog. They read the "
        "engines' own series, so that this file also works alone.\n\n"
        "What to adapt: the thresholds; each says what it is sized for. Upstream llm-d ships no "
        "alert about the engines, so nothing here rings twice.\n\n"
        "Route these by [alertname, namespace, model_name]: one problem, one notification."
    ),
    groups=(
        Group(
            name="llm-d-kv-cache",
            interval=timedelta(seconds=15),
            rules=(
                Alert(
                    name="VLLMPreemptionsHigh",
                    expr=f"{on_engines('preemptions', 'sum')} > 0.1",
                    hold=minutes(5),
                    # A pool that recovers and relapses within minutes is one problem.
                    keep=minutes(10),
                    severity="warning",
                    runbook=KV_CACHE,
                    summary="KV cache of {{ $labels.model_name }} is exhausted: "
                    "requests are preempted",
                    description=(
                        "{{ $labels.namespace }}/{{ $labels.model_name }} preempts "
                        '{{ printf "%.2f" $value }} requests per second, for 5 minutes. Each is '
                        "computed again from its first token; users see slow and uneven answers."
                    ),
                    why=(
                        "Requests that lose their KV blocks are computed again from nothing; "
                        "nothing else in the default metrics of vLLM says eviction as directly. "
                        "A pool that never preempts is the normal case, so the threshold is low: "
                        "0.1/s are six preempted requests a minute. The role comes from the job "
                        "name of llm-d's PodMonitors (`<namespace>/decode`), or from the label "
                        "`role` if the series carry one."
                    ),
                    proofs=(
                        Proof(
                            title="a pool that preempts twice a second",
                            series={engine(PREEMPTIONS): growing(120)},
                            at=minutes(15),
                            fires=DECODE,
                        ),
                        Proof(
                            title="the counter without _total, as some releases name it",
                            series={engine("vllm:num_preemptions"): growing(120)},
                            at=minutes(15),
                            fires=DECODE,
                        ),
                        Proof(
                            title="SGLang counts retracted requests",
                            series={
                                engine("sglang:num_retracted_requests_total"): growing(60),
                            },
                            at=minutes(15),
                            fires=DECODE,
                        ),
                        Proof(
                            title="a restart of the counter is no end of the problem",
                            series={engine(PREEMPTIONS): born_again(120)},
                            at=minutes(22),
                            fires=DECODE,
                        ),
                        Proof(
                            title="a pool that does not preempt",
                            series={engine(PREEMPTIONS): always(7)},
                            at=minutes(15),
                        ),
                        Proof(
                            title="a counter that begins anew and does not grow",
                            series={engine(PREEMPTIONS): "5000x10 0x20"},
                            at=minutes(15),
                        ),
                        Proof(title="no such series", series={}, at=minutes(15)),
                    ),
                ),
                Alert(
                    name="VLLMKVCacheCritical",
                    expr=f"{on_engines('kv_usage', 'max')} > 0.95",
                    hold=minutes(15),
                    severity="warning",
                    runbook=KV_CACHE,
                    summary="KV cache of {{ $labels.model_name }} is nearly full",
                    description=(
                        "The fullest pod of {{ $labels.namespace }}/{{ $labels.model_name }} uses "
                        "{{ $value | humanizePercentage }} of its KV blocks, for 15 minutes."
                    ),
                    why="High usage alone is normal for a busy pool. 15 minutes without a dip are "
                    "not.",
                    proofs=(
                        Proof(
                            title="a cache that stays full",
                            series={engine(USAGE): always(0.97)},
                            at=minutes(20),
                            fires=DECODE,
                        ),
                        Proof(
                            title="the name of vLLM before V1",
                            series={engine("vllm:gpu_cache_usage_perc"): always(0.97)},
                            at=minutes(20),
                            fires=DECODE,
                        ),
                        Proof(
                            title="one dip within the quarter of an hour",
                            series={engine(USAGE): "0.97x12 0.5 0.97x17"},
                            at=minutes(20),
                        ),
                        Proof(
                            title="a new release calls it by another name, and has room",
                            series={
                                engine("vllm:gpu_cache_usage_perc"): "0.97x5 stale",
                                engine(USAGE): "_x6 0.5x24",
                            },
                            at=minutes(18),
                            # Without the older name it was not full for long enough to ring.
                            unless={engine(USAGE): "_x6 0.97x24"},
                        ),
                        Proof(
                            title="a busy pool", series={engine(USAGE): always(0.9)}, at=minutes(20)
                        ),
                        Proof(
                            title="the pods are gone",
                            series={engine(USAGE): gone_after(5)},
                            at=minutes(25),
                        ),
                    ),
                ),
                Alert(
                    name="VLLMQueueBuildUp",
                    expr=f"{on_engines('waiting', 'max')} > 100",
                    hold=minutes(5),
                    severity="warning",
                    runbook=KV_CACHE,
                    summary="Requests for {{ $labels.model_name }} queue up",
                    description=(
                        "{{ $value | humanize }} requests wait on the longest queue of "
                        "{{ $labels.namespace }}/{{ $labels.model_name }}, for 5 minutes."
                    ),
                    why="Sized for answers of about half a minute: 100 waiting requests on one "
                    "pod are minutes.",
                    proofs=(
                        Proof(
                            title="a queue of 150 on one prefill pod",
                            series={engine(WAITING, role="prefill"): always(150)},
                            at=minutes(10),
                            fires=PREFILL,
                        ),
                        Proof(
                            title="two pods with 60 each",
                            series={
                                engine(WAITING): always(60),
                                engine(WAITING, pod="decode-1"): always(60),
                            },
                            at=minutes(10),
                        ),
                        Proof(title="no such series", series={}, at=minutes(10)),
                    ),
                ),
                Alert(
                    name="Watchdog",
                    expr="vector(1)",
                    severity="none",
                    summary="Alerting works",
                    description="This alert always fires; its absence is the alarm.",
                    why="Always firing: whoever stops hearing it knows that alerts no longer "
                    "arrive.",
                    proofs=(Proof(title="always", series={}, at=minutes(1), fires={}),),
                ),
            ),
        ),
    ),
)
