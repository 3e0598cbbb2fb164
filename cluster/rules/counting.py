"""What counts for an objective: its events, and the bad ones among them, as queries.

Both always come from the same source, so that there is a share or nothing. Objectives about
requests count requests, or tokens, per second; those about time count 1 and its bad part.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.signals import promql
from cluster.signals.names import NOW, REQUESTS
from cluster.signals.promql import Match, Matcher
from incidents.objectives import Kind, Objective

MODEL: Final = ("namespace", "model_name")
BY_MODEL: Final = "by (namespace, model_name)"
# Below this share of refused requests a throughput below its bound is lack of demand.
REFUSED_AT_LEAST: Final = 0.01
# The bounds of the histograms of vLLM, SGLang and the endpoint picker, in seconds. A share under a
# threshold is counted at the largest of them that is not above it: between two bounds nobody can
# tell, and what nobody can tell is no success.
BOUNDS: Final = (
    *(0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.025, 0.03, 0.04, 0.05, 0.06, 0.075, 0.08, 0.1),
    *(0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6),
    *(7.5, 8, 10, 15, 20, 30, 40, 45, 50, 60, 80, 90, 120, 160, 180, 240, 300, 360, 480, 600),
)
# So many bounds below a threshold are asked for: each histogram has one of them.
NEAREST: Final = 8
HISTOGRAMS: Final = {
    Kind.TTFT: (
        tuple(f"{era}_request_ttft_seconds" for era in REQUESTS),
        "time_to_first_token_seconds",
        (),
    ),
    Kind.ITL: (
        tuple(f"{era}_request_streaming_itl_seconds" for era in NOW),
        "inter_token_latency_seconds",
        ("vllm:time_per_output_token_seconds",),
    ),
    Kind.LATENCY: (
        tuple(f"{era}_request_duration_seconds" for era in REQUESTS),
        "e2e_request_latency_seconds",
        ("llm_d_request_duration_seconds",),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The queries of one objective."""

    events: str
    bad: str


def counted(objective: Objective) -> Counted:
    """Return what counts for the objective."""
    match objective.kind:
        case Kind.AVAILABILITY:
            return _availability(objective)
        case Kind.ERRORS:
            return Counted(
                events=_requests("triaged:requests", objective),
                bad=_requests("triaged:failed_requests", objective),
            )
        case Kind.TTFT | Kind.ITL | Kind.LATENCY:
            return _latency(objective)
        case Kind.THROUGHPUT:
            return _throughput(objective)


def reachable(threshold: float) -> float | None:
    """Return the largest bound of a histogram that is not above the threshold, None for none."""
    return max((bound for bound in BOUNDS if bound <= threshold), default=None)


def _availability(objective: Objective) -> Counted:
    """Count time: bad is no ready endpoint, or no ready pod where no picker is seen."""
    place = _where(objective, "namespace", "pool")
    pods = _where(objective, *MODEL, extra=(_not_prefill(),))
    ready = f"max by (namespace, pool) (triaged:ready_endpoints{place})"
    known = f"sum {BY_MODEL} (triaged:pods_ready{pods})"
    parts = [
        (f"({ready} == bool 0)", f"({ready} * 0 + 1)"),
        (f"({known} == bool 0)", f"({known} * 0 + 1)"),
    ]
    if objective.job:
        # A job has the namespace in front where a monitor of the operator made it.
        job = Matcher(label="job", how=Match.LIKE, value=f"(.+/)?{promql.literal(objective.job)}")
        up = f"avg by (namespace) (up{{{job}}})"
        parts.insert(0, (f"(1 - {up})", f"({up} * 0 + 1)"))
    return Counted(
        events=_filled(events for _, events in parts),
        bad=_filled(bad for bad, _ in parts),
    )


def _throughput(objective: Objective) -> Counted:
    """Count time: bad is too little served while requests are refused."""
    asked = _requests("triaged:requests", objective)
    refused = _requests("triaged:refused_requests", objective)
    bound = f"{objective.bound:g}"
    return Counted(
        events=f"({refused}) * 0 + 1",
        bad=(
            f"(({asked}) - ({refused}) < bool {bound})"
            f" * (({refused}) > bool {REFUSED_AT_LEAST:g} * ({asked}))"
        ),
    )


def _latency(objective: Objective) -> Counted:
    """Count requests, or tokens: bad are those that are not surely under the bound."""
    at_picker, on_engines, others = HISTOGRAMS[objective.kind]
    engines = (f"vllm:{on_engines}", f"sglang:{on_engines}", f"sglang_{on_engines}", *others)
    # A prefill pod answers with one token, which no user sees.
    not_prefill = (
        _not_prefill(),
        Matcher(label="job", how=Match.UNLIKE, value="(?:.*[/-])?prefill"),
    )
    pairs = [
        *(_pair(name, objective, ()) for name in at_picker),
        *(_pair(name, objective, not_prefill) for name in engines),
    ]
    return Counted(
        events=" or ".join(f"({events})" for events, _ in pairs),
        bad=" or ".join(f"({bad})" for _, bad in pairs),
    )


def _pair(name: str, objective: Objective, extra: Sequence[Matcher]) -> tuple[str, str]:
    """Return all of a histogram, and those not surely under the threshold."""
    bounds = "|".join(map(promql.literal, _spelled(objective.bound or 0)))
    under = Matcher(label="le", how=Match.LIKE, value=bounds)
    count = f"{name}_count{_where(objective, *MODEL, extra=extra)}"
    buckets = f"{name}_bucket{_where(objective, *MODEL, extra=(*extra, under))}"
    all_of_it = f"sum {BY_MODEL} (rate({count}[5m]))"
    # Buckets add up, so that the largest count is that of the largest bound.
    good = f"max {BY_MODEL} (sum by (le, namespace, model_name) (rate({buckets}[5m])))"
    return f"{all_of_it} and {good}", f"{all_of_it} - {good}"


def _spelled(threshold: float) -> Iterable[str]:
    """Yield the bounds next to the threshold as Go and as Python write them."""
    for bound in [each for each in BOUNDS if each <= threshold][-NEAREST:]:
        yield from dict.fromkeys((f"{bound:g}", str(float(bound))))


def _requests(name: str, objective: Objective) -> str:
    return f"sum {BY_MODEL} ({name}{_where(objective, *MODEL)})"


def _where(objective: Objective, *labels: str, extra: Sequence[Matcher] = ()) -> str:
    meant = {
        "namespace": objective.namespace,
        "model_name": objective.model,
        "pool": objective.pool,
    }
    equal = [Matcher(label=label, value=meant[label]) for label in labels if meant[label]]
    said = ", ".join(map(str, (*equal, *extra)))
    return f"{{{said}}}" if said else ""


def _not_prefill() -> Matcher:
    return Matcher(label="role", how=Match.NOT_EQUAL, value="prefill")


def _filled(parts: Iterable[str]) -> str:
    """Join sources: a later one fills in for namespaces of which the earlier ones know nothing."""
    found = ""
    for query in parts:
        found = f"({found}) or on (namespace) {query}" if found else query
    return found
