"""Facts: what can be known about the world when an alert is judged, and the table of them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from math import inf, isfinite
from typing import Final

from incidents.events.incident import Workload

Value = float | bool | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A fact that was read; `source` says where, in words that people can look up."""

    value: Value
    unit: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A fact that cannot be told, and why; it never counts as zero nor as false.

    `lasting` where asking again in a minute would not help. `candidates` are the workloads that
    fit, where a person would have to say which one is meant.
    """

    why: str
    lasting: bool = False
    candidates: tuple[Workload, ...] = ()


Facts = Mapping[str, Known | Unknown]
"""Facts by name; one that is not in it is as unknown as any."""


class Kind(Enum):
    """What a fact's value is."""

    NUMBER = "number"
    TRUTH = "true or false"
    WORD = "word"


class Origin(Enum):
    """Who can tell a fact."""

    SIGNAL = "signal"
    TARGET = "target"
    CANARY = "canary"
    DESK = "desk"


class Worse(Enum):
    """Which way a fact gets worse: a rule that the other way makes things worse is a mistake."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact's entry: `of` is the signal's name, or the attribute's of whoever else can tell.

    With `over` the signal is read over that time up to now, and `meaning` says what is taken of
    it. `words` are the values of a fact that is a word. False is below true.

    A number outside `lowest` to `highest` is a mistake of whoever tells it: all of them are
    counted or measured, so that none is below 0. A ratio may be above 1: the picker counts refusals
    among its errors, but a request only once it is scheduled (pkg/epp/handlers/server.go).
    """

    name: str
    unit: str
    meaning: str
    origin: Origin
    of: str
    kind: Kind = Kind.NUMBER
    worse: Worse = Worse.UP
    over: timedelta | None = None
    words: tuple[str, ...] = ()
    lowest: float = 0.0
    highest: float = inf


HOUR: Final = timedelta(hours=1)
TEN_MINUTES: Final = timedelta(minutes=10)

_TABLE: Final = (
    Fact(
        name="error_ratio",
        unit="ratio",
        meaning="Share of requests that fail for the server's reasons, over five minutes",
        origin=Origin.SIGNAL,
        of="error_ratio",
    ),
    Fact(
        name="gateway_error_ratio",
        unit="ratio",
        meaning="Share of the gateway's answers that are 5xx, over five minutes",
        origin=Origin.SIGNAL,
        of="gateway_error_ratio",
        highest=1.0,
    ),
    Fact(
        name="ttft_p95",
        unit="s",
        meaning="Time to the first token that 95 % of requests stay under",
        origin=Origin.SIGNAL,
        of="ttft_p95",
    ),
    Fact(
        name="itl_p95",
        unit="s",
        meaning="Time between two tokens that 95 % of them stay under",
        origin=Origin.SIGNAL,
        of="itl_p95",
    ),
    Fact(
        # Of the last hour and not of now: the picker counts a request once it is scheduled, so
        # that a pool which is down looks like one that nobody uses.
        name="request_rate",
        unit="requests/s",
        meaning="Highest rate of requests within the last hour",
        origin=Origin.SIGNAL,
        of="request_rate",
        over=HOUR,
    ),
    Fact(
        name="traffic_gone",
        unit="",
        meaning="Whether no request arrives any more, though some did within the last hour",
        origin=Origin.SIGNAL,
        of="request_rate",
        kind=Kind.TRUTH,
        over=HOUR,
    ),
    Fact(
        name="flow_rejected_ratio",
        unit="ratio",
        meaning="Share of requests that flow control refuses for want of capacity or time",
        origin=Origin.SIGNAL,
        of="flow_rejected_ratio",
    ),
    Fact(
        name="ready_endpoints",
        unit="endpoints",
        meaning="Endpoints of the pool that are ready",
        origin=Origin.SIGNAL,
        of="ready_endpoints",
        worse=Worse.DOWN,
    ),
    Fact(
        name="transfer_failures",
        unit="transfers/s",
        meaning="KV transfers between prefill and decode that fail",
        origin=Origin.SIGNAL,
        of="transfer_failures",
    ),
    Fact(
        name="preemptions",
        unit="requests/s",
        meaning="Running requests that lose their KV blocks and are computed again",
        origin=Origin.SIGNAL,
        of="preemptions",
    ),
    Fact(
        name="waiting",
        unit="requests",
        meaning="Requests that wait on the engines",
        origin=Origin.SIGNAL,
        of="waiting",
    ),
    Fact(
        name="waiting_rising",
        unit="",
        meaning="Whether ever more requests wait, over the last ten minutes and their newer half",
        origin=Origin.SIGNAL,
        of="waiting",
        kind=Kind.TRUTH,
        over=TEN_MINUTES,
    ),
    Fact(
        name="oom_kills",
        unit="kills",
        meaning="Containers killed for want of memory within the hour",
        origin=Origin.SIGNAL,
        of="oom_kills",
    ),
    Fact(
        name="xid",
        unit="Xid",
        meaning="Last Xid of the GPUs, of the last hour where there was one; 0 for none, ever",
        origin=Origin.SIGNAL,
        of="gpu_xid",
        worse=Worse.NEITHER,
    ),
    Fact(
        name="failure_mode",
        unit="",
        meaning="What the gateway does without its endpoint picker",
        origin=Origin.TARGET,
        of="failure_mode",
        kind=Kind.WORD,
        worse=Worse.NEITHER,
        words=("FailOpen", "FailClose"),
    ),
    Fact(
        name="replicas_wanted",
        unit="replicas",
        meaning="Replicas that the workload is told to have; 0 is parked",
        origin=Origin.TARGET,
        of="replicas_wanted",
    ),
    Fact(
        name="replicas_missing",
        unit="replicas",
        meaning="Replicas that are wanted and not ready",
        origin=Origin.TARGET,
        of="replicas_missing",
    ),
    Fact(
        name="idle_replicas",
        unit="replicas",
        meaning="Replicas that are ready and compute nothing",
        origin=Origin.TARGET,
        of="idle_replicas",
        worse=Worse.DOWN,
    ),
    Fact(
        name="affected_share",
        unit="ratio",
        meaning="Share of the role's replicas that are affected",
        origin=Origin.TARGET,
        of="affected_share",
        highest=1.0,
    ),
    Fact(
        name="nodes_affected",
        unit="nodes",
        meaning="Nodes on which pods of the role are no longer ready",
        origin=Origin.TARGET,
        of="nodes_affected",
    ),
    Fact(
        name="pods_pending_gpu",
        unit="pods",
        meaning="Pods that no node can take for want of a GPU",
        origin=Origin.TARGET,
        of="pods_pending_gpu",
    ),
    Fact(
        name="second_pool_healthy",
        unit="",
        meaning="Whether another pool behind the same route is healthy and takes the traffic",
        origin=Origin.TARGET,
        of="second_pool_healthy",
        kind=Kind.TRUTH,
        worse=Worse.DOWN,
    ),
    Fact(
        name="serving",
        unit="",
        meaning="Whether what the alert names belongs to a pool or to its endpoint picker",
        origin=Origin.TARGET,
        of="serving",
        kind=Kind.TRUTH,
    ),
    Fact(
        name="canary_differs",
        unit="",
        meaning="Whether a prompt with a known answer is answered otherwise",
        origin=Origin.CANARY,
        of="canary_differs",
        kind=Kind.TRUTH,
    ),
    Fact(
        name="incident_open",
        unit="",
        meaning="Whether an incident is open at the same place",
        origin=Origin.DESK,
        of="incident_open",
        kind=Kind.TRUTH,
    ),
    Fact(
        name="approvals_pending",
        unit="approvals",
        meaning="Questions to people that stand in the incident which the alert would join",
        origin=Origin.DESK,
        of="approvals_pending",
    ),
)

FACTS: Final[Mapping[str, Fact]] = {fact.name: fact for fact in _TABLE}
"""Every fact that a rule may look at."""


def outside(fact: Fact, value: Value) -> bool:
    """Return whether a number is one that the fact cannot be; NaN is no number at all."""
    if isinstance(value, (bool, str)):
        return False
    return value < fact.lowest or value > fact.highest


def known(facts: Facts, name: str) -> Known | None:
    """Return the fact where it is known; a number that is none (NaN, ±Inf) is not."""
    found = facts.get(name)
    if not isinstance(found, Known):
        return None
    odd = isinstance(found.value, float) and not isfinite(found.value)
    return None if odd else found


def why_unknown(facts: Facts, name: str) -> str:
    """Return why a fact is not known."""
    found = facts.get(name)
    match found:
        case Unknown():
            return found.why
        case Known():
            return f"{found.source}: {found.value} is no number"
        case None:
            return "nobody asked for it"


def shown(value: Value, unit: str = "") -> str:
    """Return a value for people, with its unit where that says something."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    words = f"{value:.3g}"
    return words if unit in {"", "ratio"} else f"{words} {unit}"
