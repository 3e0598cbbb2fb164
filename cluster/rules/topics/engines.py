"""The engines: silent, full, slow, out of balance."""

from datetime import timedelta
from typing import Final

from cluster.rules import rule
from cluster.rules.asked import DECODE as OF_DECODE
from cluster.rules.asked import MODEL as EACH_MODEL
from cluster.rules.asked import NOT_PREFILL, each
from cluster.rules.asked import PREFILL as OF_PREFILL
from cluster.rules.proving import (
    DECODE,
    MODEL,
    always,
    at_picker,
    begun_anew,
    born_again,
    engine,
    gone_after,
    growing,
    minutes,
    series,
)
from cluster.rules.rule import KV_CACHE, Alert, Group, Proof, RuleFile

RUNNING: Final = "vllm:num_requests_running"
WAITING: Final = "vllm:num_requests_waiting"
GENERATED: Final = "vllm:generation_tokens_total"
PROMPTED: Final = "vllm:prompt_tokens_total"
USAGE: Final = "vllm:kv_cache_usage_perc"
HITS: Final = "vllm:prefix_cache_hits_total"
QUERIES: Final = "vllm:prefix_cache_queries_total"
NO_HOUR_AGO: Final = (
    "llm_d_cache_hits_total",
    "llm_d_cache_requests_total",
    "redis_keyspace_hits_total",
    "redis_keyspace_misses_total",
)


NO_ROLE: Final = {"llm_d_queue_depth": "the operations chapter's queue does not name a role"}


def _prefill_waits(than: float, by: str) -> str:
    return f"{each('waiting', 'sum', by=EACH_MODEL, only=OF_PREFILL)} {by} {than:g}"


def _at_work(tokens: str) -> dict[str, str]:
    return {
        engine(RUNNING): always(8),
        engine(WAITING): always(0),
        engine(GENERATED): tokens,
        engine(PROMPTED): tokens,
    }


def _pair(prefill: float, usage: float, running: float) -> dict[str, str]:
    """Return a prefill queue, and decode with so full a cache and so many running requests."""
    return {**_behind(prefill, running), engine(USAGE): always(usage)}


def _behind(prefill: float, running: float) -> dict[str, str]:
    """Return a prefill queue, and decode with so many running requests."""
    return {
        engine(WAITING, role="prefill"): always(prefill),
        engine(RUNNING): always(running),
        engine(WAITING): always(0),
    }


def _ttft(seconds: str) -> dict[str, str]:
    """Return a histogram in which all requests take at most the bound `seconds`."""
    bounds = ("1", "2.5", "5", "7.5", "10", "+Inf")
    reached = bounds.index(seconds)
    return {
        at_picker("llm_d_epp_request_ttft_seconds_bucket", le=bound): growing(
            60 if index >= reached else 0
        )
        for index, bound in enumerate(bounds)
    }


FILE: Final = RuleFile(
    name="engines",
    needs=("signals",),
    about="Alerts about the engines: silent, full, slow, out of balance.",
    groups=(
        Group(
            name="llm-d-engines",
            interval=timedelta(seconds=30),
            rules=(
                Alert(
                    name="VLLMEngineStalled",
                    expr=f"{each('silent_ranks', 'sum')} > 0",
                    hold=minutes(1),
                    severity="critical",
                    summary="An engine of {{ $labels.model_name }} has work and produces nothing",
                    description=(
                        "{{ $value }} ranks of {{ $labels.namespace }}/{{ $labels.model_name }} "
                        "had requests for three minutes and produced no token. Their health "
                        "checks may be green."
                    ),
                    why="The three minutes are in the recording: work in all of it, no token, no "
                    "restart.",
                    proofs=(
                        Proof(
                            title="eight requests and no token",
                            series=_at_work(always(5000)),
                            at=minutes(10),
                            fires=DECODE,
                        ),
                        Proof(
                            title="one dead rank beside one that works",
                            series={
                                **_at_work(growing(60)),
                                engine(RUNNING).replace('engine="0"', 'engine="1"'): always(3),
                                engine(WAITING).replace('engine="0"', 'engine="1"'): always(0),
                                engine(GENERATED).replace('engine="0"', 'engine="1"'): always(70),
                                engine(PROMPTED).replace('engine="0"', 'engine="1"'): always(70),
                            },
                            at=minutes(10),
                            fires=DECODE,
                        ),
                        Proof(
                            title="an engine that works",
                            series=_at_work(growing(60)),
                            at=minutes(9),
                        ),
                        Proof(
                            title="counters that have just begun anew",
                            series=_at_work("5000x9 0x20"),
                            at=minutes(11),
                        ),
                        Proof(
                            title="the counters of tokens are missing: cannot tell",
                            series={engine(RUNNING): always(8), engine(WAITING): always(0)},
                            at=minutes(10),
                        ),
                    ),
                ),
                Alert(
                    name="VLLMPrefixHitRatioDrop",
                    never_in=dict.fromkeys(NO_HOUR_AGO, "of it no hour ago is read"),
                    expr=(
                        f"{each('prefix_hit_ratio', 'max')}"
                        f" < 0.5 * ({each('prefix_hit_ratio_baseline', 'max')} > 0.1)"
                    ),
                    hold=minutes(15),
                    severity="info",
                    runbook=KV_CACHE,
                    summary="Prefix hits of {{ $labels.model_name }} fell to half",
                    description=(
                        "{{ $value | humanizePercentage }} of the prompt tokens of "
                        "{{ $labels.namespace }}/{{ $labels.model_name }} are found in the prefix "
                        "cache, less than half of what it was an hour ago."
                    ),
                    why="Below a tenth there was nothing to lose.",
                    proofs=(
                        Proof(
                            title="from four fifths to a fifth",
                            series={
                                engine(HITS): "0+480x120 57600+120x80",
                                engine(QUERIES): growing(600, 200),
                            },
                            at=minutes(155),
                            fires=DECODE,
                        ),
                        Proof(
                            title="the names of vLLM before V1",
                            series={
                                engine(
                                    "vllm:gpu_prefix_cache_hits_total"
                                ): "0+480x120 57600+120x80",
                                engine("vllm:gpu_prefix_cache_queries_total"): growing(600, 200),
                            },
                            at=minutes(155),
                            fires=DECODE,
                        ),
                        Proof(
                            title="SGLang's own ratio",
                            series={engine("sglang:cache_hit_rate"): "0.8x120 0.2x80"},
                            at=minutes(155),
                            fires=DECODE,
                        ),
                        Proof(
                            title="as ever",
                            series={
                                engine(HITS): growing(480, 200),
                                engine(QUERIES): growing(600, 200),
                            },
                            at=minutes(155),
                        ),
                        Proof(
                            title="counters that began anew, as ever",
                            series={
                                engine(HITS): born_again(480, 200),
                                engine(QUERIES): born_again(600, 200),
                            },
                            at=minutes(155),
                        ),
                        Proof(
                            title="no hour ago to compare with",
                            series={
                                engine(HITS): "_x120 57600+120x80",
                                engine(QUERIES): "_x120 72000+600x80",
                            },
                            at=minutes(155),
                        ),
                    ),
                ),
                Alert(
                    name="PrefillBacklog",
                    never_in=NO_ROLE,
                    expr=(
                        f"{_prefill_waits(50, '>')} and on (namespace, model_name)"
                        f" {each('kv_usage', 'max', by=EACH_MODEL, only=OF_DECODE)} < 0.7"
                        f" and on (namespace, model_name)"
                        f" {each('running', 'sum', by=EACH_MODEL, only=OF_DECODE)} >= 1"
                    ),
                    hold=minutes(5),
                    severity="warning",
                    labels={"role": "prefill"},
                    runbook=rule.LATENCY,
                    summary="Prompts for {{ $labels.model_name }} wait for prefill",
                    description=(
                        "{{ $value | humanize }} prompts of {{ $labels.namespace }}/"
                        "{{ $labels.model_name }} wait for prefill while decode has room."
                    ),
                    proofs=(
                        Proof(
                            title="80 prompts wait, decode half empty",
                            series=_pair(80, 0.4, 20),
                            at=minutes(10),
                            fires=MODEL,
                        ),
                        Proof(
                            title="decode is full as well",
                            series=_pair(80, 0.9, 20),
                            at=minutes(10),
                        ),
                        Proof(title="a short queue", series=_pair(20, 0.4, 20), at=minutes(10)),
                        Proof(
                            title="decode is not seen: cannot tell",
                            series={engine(WAITING, role="prefill"): always(80)},
                            at=minutes(10),
                        ),
                    ),
                ),
                Alert(
                    name="DecodeStarved",
                    never_in=NO_ROLE,
                    expr=(
                        f"{_prefill_waits(10, '>')} and on (namespace, model_name)"
                        f" {each('running', 'sum', by=EACH_MODEL, only=OF_DECODE)} < 1"
                    ),
                    hold=minutes(5),
                    severity="warning",
                    labels={"role": "prefill"},
                    runbook=rule.LATENCY,
                    summary="Decode of {{ $labels.model_name }} idles behind prefill",
                    description=(
                        "{{ $value | humanize }} prompts of {{ $labels.namespace }}/"
                        "{{ $labels.model_name }} wait for prefill, and decode has nothing to do."
                    ),
                    proofs=(
                        Proof(
                            title="prompts wait and decode runs nothing",
                            series=_behind(30, 0),
                            at=minutes(10),
                            fires=MODEL,
                        ),
                        Proof(title="a quiet night", series=_behind(0, 0), at=minutes(10)),
                        Proof(
                            title="decode is gone: another alert's matter",
                            series={engine(WAITING, role="prefill"): always(30)},
                            at=minutes(10),
                        ),
                    ),
                ),
                Alert(
                    name="DecodeSaturated",
                    expr=(
                        f"{each('waiting', 'sum', only=NOT_PREFILL)} > 10"
                        f" and {each('kv_usage', 'max', only=NOT_PREFILL)} >= 0.9"
                        f" unless {each('preemptions', 'sum', only=NOT_PREFILL)} > 0.1"
                    ),
                    hold=minutes(10),
                    severity="warning",
                    runbook=KV_CACHE,
                    summary="Decode of {{ $labels.model_name }} is full",
                    description=(
                        "{{ $value | humanize }} requests of {{ $labels.namespace }}/"
                        "{{ $labels.model_name }} wait, its KV cache is full, and nothing is "
                        "preempted: admission holds back."
                    ),
                    why="What utilisation of GPUs cannot say: whether there is room. With "
                    "preemptions it is VLLMPreemptionsHigh.",
                    proofs=(
                        Proof(
                            title="a full cache and 40 who wait",
                            series={engine(WAITING): always(40), engine(USAGE): always(0.95)},
                            at=minutes(15),
                            fires=DECODE,
                        ),
                        Proof(
                            title="old preemptions, and a counter that began anew",
                            series={
                                engine(WAITING): always(40),
                                engine(USAGE): always(0.95),
                                engine("vllm:num_preemptions_total"): begun_anew(),
                            },
                            at=minutes(15),
                            fires=DECODE,
                        ),
                        Proof(
                            title="the name of usage before V1",
                            series={
                                engine(WAITING): always(40),
                                engine("vllm:gpu_cache_usage_perc"): always(0.95),
                            },
                            at=minutes(15),
                            fires=DECODE,
                        ),
                        Proof(
                            title="engines without a role, and the operations chapter's queue",
                            series={
                                series("llm_d_queue_depth", **MODEL, job="epp"): always(40),
                                series(USAGE, **MODEL, job="vllm", pod="a"): always(0.95),
                            },
                            at=minutes(15),
                            fires=MODEL,
                        ),
                        Proof(
                            title="with preemptions it is another alert",
                            series={
                                engine(WAITING): always(40),
                                engine(USAGE): always(0.95),
                                engine("vllm:num_preemptions_total"): growing(120),
                            },
                            at=minutes(15),
                            unless={engine("vllm:num_preemptions_total"): always(120)},
                        ),
                        Proof(
                            title="nobody waits",
                            series={engine(WAITING): always(0), engine(USAGE): always(0.95)},
                            at=minutes(15),
                        ),
                        Proof(
                            title="usage is not seen: cannot tell",
                            series={engine(WAITING): always(40)},
                            at=minutes(15),
                        ),
                    ),
                ),
                Alert(
                    name="LLMDHighTTFT",
                    expr=f"{each('ttft_p95', 'max', only=NOT_PREFILL)} > 5",
                    hold=minutes(5),
                    severity="critical",
                    runbook=rule.LATENCY,
                    summary="The first token of {{ $labels.model_name }} is late",
                    description=(
                        "5 % of the requests to {{ $labels.namespace }}/{{ $labels.model_name }} "
                        'wait longer than {{ printf "%.1f" $value }} s for the first token, for 5 '
                        "minutes."
                    ),
                    why="More than five seconds is what the operations chapter calls P1.",
                    proofs=(
                        Proof(
                            title="all requests take more than five seconds",
                            series=_ttft("7.5"),
                            at=minutes(15),
                            fires=MODEL,
                        ),
                        Proof(
                            title="the names of the picker before its renaming",
                            series={
                                name.replace("llm_d_epp", "inference_objective"): values
                                for name, values in _ttft("7.5").items()
                            },
                            at=minutes(15),
                            fires=MODEL,
                        ),
                        Proof(
                            title="counters that began anew, and slow all the same",
                            series={
                                name: born_again(60) if values != growing(0) else values
                                for name, values in _ttft("7.5").items()
                            },
                            at=minutes(14),
                            fires=MODEL,
                        ),
                        Proof(
                            title="the engines' own histogram",
                            series={
                                engine("vllm:time_to_first_token_seconds_bucket", le=bound): (
                                    growing(by)
                                )
                                for bound, by in (("5.0", 0), ("10.0", 60), ("+Inf", 60))
                            },
                            at=minutes(15),
                            fires=DECODE,
                        ),
                        Proof(title="two seconds", series=_ttft("2.5"), at=minutes(15)),
                        Proof(
                            title="no request at all",
                            series={name: always(60) for name in _ttft("7.5")},
                            at=minutes(15),
                        ),
                        Proof(
                            title="the picker is gone",
                            series={name: gone_after(5, 60) for name in _ttft("7.5")},
                            at=minutes(25),
                        ),
                    ),
                ),
            ),
        ),
    ),
)
