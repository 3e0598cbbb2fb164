"""What engines no longer tell: a signal that was there and is not, while they still answer.

Only signals that an engine tells from its start on, whatever it does; a histogram without requests
and a counter that is born with its first event are silent without being lost.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from cluster.rules.asked import each
from cluster.rules.proving import (
    DECODE,
    GONE,
    always,
    begun_anew,
    born_again,
    engine,
    growing,
    minutes,
)
from cluster.rules.recordings import OF_MODEL, recorded
from cluster.rules.rule import Alert, Group, Proof, RuleFile

TOLD: Final[Mapping[str, str]] = {
    "running": "vllm:num_requests_running",
    "waiting": "vllm:num_requests_waiting",
    "kv_usage": "vllm:kv_cache_usage_perc",
    "preemptions": "vllm:num_preemptions_total",
    "generation_tokens": "vllm:generation_tokens_total",
}
"""The signals, each with the name that it has in the proofs."""
BY: Final = ", ".join(OF_MODEL)
NO_ROLE: Final = {"llm_d_queue_depth": "the picker tells it, so that it says nothing of engines"}


def lost(signal: str) -> str:
    """Return the models and roles whose signal was there within the hour and is not now."""
    before = f"max by ({BY}) (last_over_time({recorded(signal)}[1h]))"
    gone = f"{before} unless {each(signal, 'max')}"
    return f'label_replace({gone}, "signal", "{signal}", "", "")'


def seen() -> str:
    """Return the models and roles of which anything is told now."""
    return " or ".join(each(signal, "max") for signal in TOLD)


def told(*signals: str, count: int = 60) -> dict[str, str]:
    """Return an engine that tells these signals."""
    counters = {"preemptions", "generation_tokens"}
    return {
        engine(TOLD[signal]): growing(60, count) if signal in counters else always(0.5, count)
        for signal in signals
    }


def ended(*signals: str) -> dict[str, str]:
    """Return signals that were told for twenty minutes."""
    return {
        name: f"{values.removesuffix('x60')}x20 stale" for name, values in told(*signals).items()
    }


def beside(signal: str) -> str:
    """Return another signal, from which the engine is known to answer."""
    return "waiting" if signal == "running" else "running"


USAGE: Final = engine(TOLD["kv_usage"])

FILE: Final = RuleFile(
    name="telemetry",
    needs=("signals",),
    about="Alerts about signals that are lost: renamed by a new release, or dropped by a scrape.",
    groups=(
        Group(
            name="llm-d-telemetry",
            interval=timedelta(seconds=30),
            rules=(
                Alert(
                    name="LLMDSignalLost",
                    expr=(f"({' or '.join(map(lost, TOLD))}) and on ({BY}) ({seen()})"),
                    hold=minutes(10),
                    severity="warning",
                    summary="The engines of {{ $labels.model_name }} no longer tell "
                    "{{ $labels.signal }}",
                    description=(
                        "{{ $labels.namespace }}/{{ $labels.model_name }} was asked for the signal "
                        "{{ $labels.signal }} within the hour and had it; now it has not, while "
                        "other signals go on. A release may call it by a new name: what rests on "
                        "it keeps still. `triaged signals` says what that costs."
                    ),
                    why="Ten minutes: what is counted over five outlives its engines by as long. "
                    "It ends by itself after an hour: what is gone on purpose rings once.",
                    never_in=NO_ROLE,
                    proofs=(
                        *(
                            Proof(
                                title=f"{signal} goes on under no name that is known",
                                series={**ended(signal), **told(beside(signal))},
                                at=minutes(45),
                                fires={**DECODE, "signal": signal},
                            )
                            for signal in TOLD
                        ),
                        Proof(
                            title="it goes on",
                            series=told("running", "kv_usage"),
                            at=minutes(45),
                            unless=ended("kv_usage"),
                            then={**DECODE, "signal": "kv_usage"},
                        ),
                        Proof(
                            title="it goes on under its older name",
                            series={
                                **told("running"),
                                **ended("kv_usage"),
                                engine("vllm:gpu_cache_usage_perc"): "_x21 0.5x39",
                            },
                            at=minutes(45),
                            unless={engine("vllm:gpu_cache_usage_perc"): GONE},
                            then={**DECODE, "signal": "kv_usage"},
                        ),
                        *(
                            Proof(
                                title=f"the counter of {signal} began anew",
                                series={**told("running"), engine(TOLD[signal]): values},
                                at=minutes(45),
                                unless=ended(signal),
                                then={**DECODE, "signal": signal},
                            )
                            for signal, values in (
                                ("preemptions", begun_anew(count=60)),
                                ("generation_tokens", born_again(60, 60)),
                            )
                        ),
                        Proof(
                            title="the engines are gone altogether: another alert's matter",
                            series=ended("running", "kv_usage"),
                            at=minutes(45),
                            unless=told("running"),
                            then={**DECODE, "signal": "kv_usage"},
                        ),
                        Proof(
                            title="an engine that never told it",
                            series=told("running"),
                            at=minutes(45),
                            unless=ended("kv_usage"),
                            then={**DECODE, "signal": "kv_usage"},
                        ),
                        Proof(
                            title="lost for more than an hour",
                            series={**told("running", count=150), **ended("kv_usage")},
                            at=minutes(110),
                            unless={USAGE: "0.5x80 stale"},
                            then={**DECODE, "signal": "kv_usage"},
                        ),
                    ),
                ),
            ),
        ),
    ),
)
