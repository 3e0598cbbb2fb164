"""What the engines do: how much they run, what waits, and whether tokens flow.

Sources: vllm/v1/metrics/loggers.py and docs/design/metrics.md of vLLM; SGLang's registrations.
"""

from datetime import timedelta
from typing import Final

from cluster.signals.composites import SilentRanks
from cluster.signals.formulas import Gauge, Rate
from cluster.signals.names import counter, metric, sglang
from cluster.signals.series import Formula, Metric, Scope
from cluster.signals.signal import Signal

SILENT: Final = timedelta(minutes=3)
RUNNING: Final = metric("vllm:num_requests_running")
WAITING: Final = metric("vllm:num_requests_waiting")
GENERATED: Final = counter("vllm:generation_tokens")
PROMPTED: Final = counter("vllm:prompt_tokens")
BY_REASON: Final = "vllm:num_requests_waiting_by_reason"


def _sums(*metrics: Metric) -> tuple[Formula, ...]:
    return tuple(Gauge(metric=each, across="sum") for each in metrics)


def _rates(*metrics: Metric) -> tuple[Formula, ...]:
    return tuple(Rate(metric=each) for each in metrics)


def _silent(spelling: int) -> SilentRanks:
    work = (sglang("num_running_reqs")[spelling], sglang("num_queue_reqs")[spelling])
    tokens = (sglang("generation_tokens_total")[spelling], sglang("prompt_tokens_total")[spelling])
    return SilentRanks(work=work, tokens=tokens, window=SILENT)


SIGNALS: Final = (
    Signal(
        name="running",
        unit="requests",
        meaning="Requests that the engines compute now",
        without="cannot tell an idle engine from one that hangs, nor what a restart would cut off",
        ways=_sums(RUNNING, *sglang("num_running_reqs"), metric("trtllm_num_requests_running")),
    ),
    Signal(
        name="waiting",
        unit="requests",
        meaning="Requests that wait on the engines",
        without="no queue on the engines: cannot tell slow from overloaded",
        ways=(
            *_sums(WAITING, *sglang("num_queue_reqs"), metric("trtllm_num_requests_waiting")),
            Gauge(metric=metric("llm_d_queue_depth"), across="sum", scope=Scope.NAMESPACE),
        ),
    ),
    Signal(
        name="waiting_capacity",
        unit="requests",
        meaning="Requests that wait for KV blocks or a slot",
        without="cannot tell requests that wait for capacity from those that wait for a transfer",
        ways=_sums(metric(BY_REASON, reason="capacity")),
    ),
    Signal(
        name="waiting_deferred",
        unit="requests",
        meaning="Requests that wait for a KV transfer, an adapter, a grammar or their input",
        without="cannot see requests held up by a transfer that does not come",
        ways=_sums(metric(BY_REASON, reason="deferred")),
    ),
    Signal(
        name="generation_tokens",
        unit="tokens/s",
        meaning="Tokens that the engines produce",
        without="no throughput: cannot tell whether anything is produced at all",
        ways=_rates(GENERATED, *sglang("generation_tokens_total")),
    ),
    Signal(
        name="prompt_tokens",
        unit="tokens/s",
        meaning="Prompt tokens that the engines take in",
        without="cannot see how much work the prompts are",
        ways=_rates(PROMPTED, *sglang("prompt_tokens_total")),
    ),
    Signal(
        name="silent_ranks",
        unit="ranks",
        meaning="Engines with work for three minutes and without a token in them",
        without="no forward progress: an engine that hangs with a green health check stays unseen",
        ways=(
            SilentRanks(work=(RUNNING, WAITING), tokens=(GENERATED, PROMPTED), window=SILENT),
            _silent(0),
            _silent(1),
        ),
    ),
    Signal(
        name="engine_rejections",
        unit="requests/s",
        meaning="Requests that the engines refuse to admit, by reason",
        without="cannot see what the engines themselves turn away",
        ways=_rates(metric("vllm:admission_rejections_total")),
        breakdown="reason",
    ),
)
