"""What each severity demands, and how an alert is judged; every number is configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


class Severity(Enum):
    """How bad it is; P0 is the worst."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a severity demands of people."""

    severity: Severity
    description: str
    respond_within: timedelta
    escalate_after: timedelta
    roles: tuple[str, ...]
    channel: str
    update_every: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A catalogue entry: an alert of this name is so bad, and names this failure mode."""

    severity: Severity
    because: str
    mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRule:
    """A live fact above a bound makes it at least so bad."""

    fact: str
    at_least: float
    severity: Severity
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The desk's policy; the defaults are the seed's table of P0 to P3.

    `hold` is how long all alerts must have ended before an incident resolves by itself,
    `approval_expiry` how long a question to people stands, `archive_after` how long the channel
    stays after it resolved, `changes_per_hour` the budget of one target.
    """

    demands: Mapping[Severity, Demand]
    catalogue: Mapping[str, Judged]
    live: tuple[LiveRule, ...]
    by_label: Mapping[str, Severity]
    never_open: frozenset[str]
    approvers: tuple[str, ...] = ()
    approvals_needed: int = 1
    requester_may_approve: bool = True
    hold: timedelta = timedelta(minutes=10)
    approval_expiry: timedelta = timedelta(minutes=10)
    archive_after: timedelta = timedelta(minutes=5)
    changes_per_hour: int = 4
    digest: str = ""


def default_policy() -> Policy:
    """Return the policy that makes an empty configuration folder work."""
    return Policy(
        demands=_DEMANDS,
        catalogue=_CATALOGUE,
        live=_LIVE,
        by_label={"critical": Severity.P1, "warning": Severity.P2, "info": Severity.P3},
        never_open=frozenset({"Watchdog", "InfoInhibitor", "WVAOptimizationLoopStalled"}),
    )


def _demand(severity: Severity, text: str, minutes: tuple[int, int], roles: int) -> Demand:
    everybody = ("on-call-sre", "service-owner", "incident-commander")
    words = {"P0": "critical", "P1": "high", "P2": "medium", "P3": "low"}
    urgent = severity in {Severity.P0, Severity.P1}
    return Demand(
        severity=severity,
        description=text,
        respond_within=timedelta(minutes=minutes[0]),
        escalate_after=timedelta(minutes=minutes[1]),
        roles=everybody[:roles],
        channel=f"incidents-{words[severity.value]}",
        update_every=timedelta(minutes=30) if urgent else None,
    )


_DEMANDS: Mapping[Severity, Demand] = {
    Severity.P0: _demand(Severity.P0, "Complete service outage affecting all users", (5, 15), 3),
    Severity.P1: _demand(
        Severity.P1, "Significant degradation affecting the majority of users", (15, 30), 2
    ),
    Severity.P2: _demand(
        Severity.P2, "Partial degradation with workarounds available", (30, 120), 1
    ),
    Severity.P3: _demand(Severity.P3, "Minor issues with minimal user impact", (120, 480), 1),
}

_CATALOGUE: Mapping[str, Judged] = {
    # The six alerts of the seed, in its names.
    "LLMDServiceDown": Judged(
        severity=Severity.P0, because="the service answers nobody", mode="RB-01"
    ),
    "LLMDHighErrorRate": Judged(
        severity=Severity.P2, because="more than 5 % of requests fail", mode="RB-03"
    ),
    "LLMDHighLatency": Judged(
        severity=Severity.P2, because="answers take longer than promised", mode="RB-15"
    ),
    "LLMDGPUHighUtilization": Judged(
        severity=Severity.P3, because="busy GPUs are the normal state of a healthy server"
    ),
    "LLMDMemoryPressure": Judged(
        severity=Severity.P3, because="memory is reserved on purpose until something fails"
    ),
    "LLMDKVCacheOverflow": Judged(
        severity=Severity.P2, because="requests lose their KV cache and start over", mode="RB-12"
    ),
    # What llm-d and vLLM really emit, as far as this release has a runbook for it.
    "VLLMPreemptionsHigh": Judged(
        severity=Severity.P2,
        because="running requests are preempted and recomputed: users wait longer",
        mode="RB-12",
    ),
    "VLLMKVCacheCritical": Judged(
        severity=Severity.P2, because="the KV cache is nearly full", mode="RB-12"
    ),
    "HighInferencePoolAvgKVCacheUtilization": Judged(
        severity=Severity.P2, because="the pool's KV cache is nearly full", mode="RB-12"
    ),
    "HighInferenceModelAvgKVCacheUtilization": Judged(
        severity=Severity.P2, because="the pool's KV cache is nearly full", mode="RB-12"
    ),
    "VLLMQueueBuildUp": Judged(
        severity=Severity.P2, because="requests pile up in front of the engines", mode="RB-16"
    ),
    "EPPNoReadyEndpoints": Judged(
        severity=Severity.P0, because="no endpoint is ready to serve", mode="RB-01"
    ),
}

_LIVE: tuple[LiveRule, ...] = (
    LiveRule(
        fact="error_ratio",
        at_least=0.5,
        severity=Severity.P0,
        because="at least half of all requests fail",
    ),
    LiveRule(
        fact="error_ratio",
        at_least=0.10,
        severity=Severity.P1,
        because="more than one request in ten fails",
    ),
    LiveRule(
        fact="error_ratio",
        at_least=0.02,
        severity=Severity.P2,
        because="more than one request in fifty fails",
    ),
)
