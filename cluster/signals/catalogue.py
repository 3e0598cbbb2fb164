"""The catalogue of signals: one entry each, and nothing else to touch when one is added.

Names and eras: vllm/v1/metrics/loggers.py and docs/design/metrics.md of vLLM (`_total` is added by
the Python client; dashboards and older releases also show names without it), docs/metrics.md of
llm-d-router, and the registrations of SGLang.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cluster.signals.composites import ErrorShare, SilentRanks
from cluster.signals.formulas import Gauge, Quantile, Quotient, Rate
from cluster.signals.promql import Match, Matcher
from cluster.signals.series import Formula, Metric, Scope

# Four scrapes of llm-d's PodMonitors, which scrape every 30 s.
FRESH: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal by its logical name; the first of its `ways` whose series exist is taken.

    `fresh` is how old the newest sample may be; None for a signal about the past.
    """

    name: str
    unit: str
    meaning: str
    ways: tuple[Formula, ...]
    fresh: timedelta | None = FRESH
    needs_prefill: bool = False


def _metric(*names: str, **labels: str) -> Metric:
    matchers = tuple(Matcher(label=label, value=value) for label, value in labels.items())
    return Metric(names=names, matchers=matchers)


def _counter(name: str) -> tuple[str, str]:
    return (f"{name}_total", name)


RUNNING: Final = _metric("vllm:num_requests_running", "sglang:num_running_reqs")
WAITING: Final = _metric("vllm:num_requests_waiting", "sglang:num_queue_reqs")
GENERATED: Final = _metric(*_counter("vllm:generation_tokens"), "sglang:generation_tokens_total")
PROMPTED: Final = _metric(*_counter("vllm:prompt_tokens"), "sglang:prompt_tokens_total")
HITS: Final = _metric(*_counter("vllm:prefix_cache_hits"), *_counter("vllm:gpu_prefix_cache_hits"))
QUERIES: Final = _metric(
    *_counter("vllm:prefix_cache_queries"), *_counter("vllm:gpu_prefix_cache_queries")
)
# The completions only: probes and model lists are no requests of users.
ANSWERS: Final = Metric(
    names=("http_requests_total",),
    matchers=(Matcher(label="handler", how=Match.LIKE, value="/v1/(chat/)?completions"),),
)
ROUTER_ERAS: Final = ("llm_d_epp", "inference_objective", "inference_model")

_ENTRIES: Final = (
    Signal(
        name="kv_usage",
        unit="ratio",
        meaning="Share of KV blocks held by running requests; the fullest pod speaks",
        ways=(
            Gauge(
                metric=_metric(
                    "vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "sglang:token_usage"
                ),
                across="max",
            ),
        ),
    ),
    Signal(
        name="preemptions",
        unit="requests/s",
        meaning="Running requests that lost their KV blocks and are computed again",
        ways=(
            Rate(
                metric=_metric(
                    *_counter("vllm:num_preemptions"), "sglang:num_retracted_requests_total"
                )
            ),
        ),
    ),
    Signal(
        name="waiting",
        unit="requests",
        meaning="Requests that wait on the engines",
        ways=(Gauge(metric=WAITING, across="sum"),),
    ),
    Signal(
        name="waiting_capacity",
        unit="requests",
        meaning="Requests that wait for KV blocks or a slot",
        ways=(
            Gauge(
                metric=_metric("vllm:num_requests_waiting_by_reason", reason="capacity"),
                across="sum",
            ),
        ),
    ),
    Signal(
        name="waiting_deferred",
        unit="requests",
        meaning="Requests that wait for a KV transfer, an adapter, a grammar or their input",
        ways=(
            Gauge(
                metric=_metric("vllm:num_requests_waiting_by_reason", reason="deferred"),
                across="sum",
            ),
        ),
    ),
    Signal(
        name="running",
        unit="requests",
        meaning="Requests that the engines compute now",
        ways=(Gauge(metric=RUNNING, across="sum"),),
    ),
    Signal(
        name="generation_tokens",
        unit="tokens/s",
        meaning="Tokens that the engines produce",
        ways=(Rate(metric=GENERATED),),
    ),
    Signal(
        name="prompt_tokens",
        unit="tokens/s",
        meaning="Prompt tokens that the engines take in",
        ways=(Rate(metric=PROMPTED),),
    ),
    Signal(
        name="silent_ranks",
        unit="ranks",
        meaning="Engines with work and without a token for three minutes",
        ways=(
            SilentRanks(
                work=(RUNNING, WAITING),
                tokens=(GENERATED, PROMPTED),
                window=timedelta(minutes=3),
            ),
        ),
    ),
    Signal(
        name="prefix_hit_ratio",
        unit="ratio",
        meaning="Share of prompt tokens found in the prefix cache, over 15 minutes",
        ways=(Quotient(above=HITS, below=QUERIES, window=timedelta(minutes=15)),),
    ),
    Signal(
        # By the workload's pod names of all times: today's pods did not exist before a rollout,
        # and series carry no role label unless somebody configured one.
        name="prefix_hit_ratio_baseline",
        unit="ratio",
        meaning="The same share over one hour, one hour ago",
        ways=(
            Quotient(
                above=HITS,
                below=QUERIES,
                window=timedelta(hours=1),
                offset=timedelta(hours=1),
                scope=Scope.WORKLOAD,
            ),
        ),
        fresh=None,
    ),
    Signal(
        name="ttft_p95",
        unit="s",
        meaning="Time to the first token that 95 % of requests stay under, over five minutes",
        ways=(
            # As clients see it; a decode pod does not see the time in prefill.
            Quantile(
                metric=_metric("llm_d_epp_request_ttft_seconds_bucket"),
                quantile=0.95,
                scope=Scope.ROUTER,
            ),
            Quantile(
                metric=_metric(
                    "vllm:time_to_first_token_seconds_bucket",
                    "sglang:time_to_first_token_seconds_bucket",
                ),
                quantile=0.95,
            ),
        ),
    ),
    Signal(
        name="request_rate",
        unit="requests/s",
        meaning="Requests that the picker has scheduled",
        ways=(
            Rate(
                metric=_metric(*(f"{era}_request_total" for era in ROUTER_ERAS)),
                scope=Scope.ROUTER,
            ),
        ),
    ),
    Signal(
        name="transfer_failures",
        unit="transfers/s",
        meaning="KV transfers between prefill and decode that failed, counted per rank",
        ways=(Rate(metric=_metric(*_counter("vllm:nixl_num_failed_transfers"))),),
        needs_prefill=True,
    ),
    Signal(
        name="transfers",
        unit="transfers/s",
        meaning="KV transfers between prefill and decode that took place, counted per rank",
        ways=(Rate(metric=_metric("vllm:nixl_xfer_time_seconds_count")),),
        needs_prefill=True,
    ),
    Signal(
        name="error_ratio",
        unit="ratio",
        # Where the engines' HTTP statuses are not scraped, clients' mistakes count too.
        meaning="Share of requests that failed, over five minutes",
        ways=tuple(
            ErrorShare(
                errors=_metric(f"{era}_request_error_total"),
                total=_metric(f"{era}_request_total"),
                answers=answers,
            )
            for answers in (ANSWERS, None)
            for era in ROUTER_ERAS
        ),
    ),
)

SIGNALS: Final[Mapping[str, Signal]] = {entry.name: entry for entry in _ENTRIES}


def metric_names(signals: Iterable[Signal]) -> tuple[str, ...]:
    """Return every metric that one of the signals can be read from."""
    ways = (way for signal in signals for way in signal.ways)
    return tuple(
        dict.fromkeys(name for way in ways for metric, _ in way.needs for name in metric.names)
    )
