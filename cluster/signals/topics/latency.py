"""Latency, as quantiles over five minutes: as clients see it first, else as the engines do.

A decode pod does not see the time in prefill, so the picker's histograms come first where they are
about what users wait for.
"""

from collections.abc import Iterator
from typing import Final

from cluster.signals.formulas import Quantile
from cluster.signals.names import NOW, REQUESTS, metric
from cluster.signals.series import Formula, Scope
from cluster.signals.signal import Signal

HALF, MOST, NEARLY_ALL = 0.5, 0.95, 0.99


def _at_picker(prefixes: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(f"{prefix}_{name}" for prefix in prefixes)


def _on_engines(name: str) -> tuple[str, ...]:
    return (f"vllm:{name}", f"sglang:{name}", f"sglang_{name}")


def _signals(
    name: str,
    meaning: str,
    without: str,
    *,
    quantiles: tuple[float, ...],
    engines: tuple[str, ...],
    router: tuple[str, ...] = (),
    chapter: tuple[str, ...] = (),
) -> Iterator[Signal]:
    places = ((router, Scope.ROUTER), (engines, Scope.PODS), (chapter, Scope.NAMESPACE))
    for quantile in quantiles:
        share = round(quantile * 100)
        yield Signal(
            name=f"{name}_p{share}",
            unit="s",
            meaning=f"{meaning} that {share} % of requests stay under, over five minutes",
            without=without,
            ways=tuple(
                _way(histogram, quantile, scope)
                for histograms, scope in places
                for histogram in histograms
            ),
        )


def _way(histogram: str, quantile: float, scope: Scope) -> Formula:
    return Quantile(metric=metric(f"{histogram}_bucket"), quantile=quantile, scope=scope)


SIGNALS: Final = (
    *_signals(
        "ttft",
        "Time to the first token",
        "cannot tell how long users wait for the first token",
        quantiles=(HALF, MOST, NEARLY_ALL),
        router=_at_picker((*NOW, "inference_objective"), "request_ttft_seconds"),
        engines=_on_engines("time_to_first_token_seconds"),
    ),
    *_signals(
        "itl",
        "Time between two tokens",
        "cannot tell whether answers stutter",
        quantiles=(HALF, MOST, NEARLY_ALL),
        router=_at_picker(NOW, "request_streaming_itl_seconds"),
        engines=(
            *_on_engines("inter_token_latency_seconds"),
            "vllm:time_per_output_token_seconds",
        ),
    ),
    *_signals(
        "e2e",
        "Time of a whole request",
        "cannot tell how long requests take",
        quantiles=(HALF, MOST, NEARLY_ALL),
        router=_at_picker(REQUESTS, "request_duration_seconds"),
        engines=_on_engines("e2e_request_latency_seconds"),
        chapter=("llm_d_request_duration_seconds",),
    ),
    *_signals(
        "queue",
        "Time in the engine's queue",
        "cannot tell waiting from computing",
        quantiles=(MOST,),
        engines=("vllm:request_queue_time_seconds", *_on_engines("queue_time_seconds")[1:]),
    ),
    *_signals(
        "prefill",
        "Time in prefill",
        "cannot tell slow prefill from slow decode",
        quantiles=(MOST,),
        engines=("vllm:request_prefill_time_seconds",),
    ),
    *_signals(
        "decode",
        "Time in decode",
        "cannot tell slow decode from slow prefill",
        quantiles=(MOST,),
        engines=("vllm:request_decode_time_seconds",),
    ),
)
