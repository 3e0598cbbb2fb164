"""The six alerts of the operations chapter that the desk was asked for, in its names."""

from typing import Final

from incidents.catalogued import entry
from incidents.conditions import above
from incidents.policy import Bound, LiveRule, Severity

ENTRIES: Final = (
    entry(
        "LLMDServiceDown",
        severity=Severity.P0,
        because="the service answers nobody",
        mode="RB-01",
        also=("RB-02",),
    ),
    entry(
        "LLMDHighErrorRate",
        severity=Severity.P2,
        because="more than 5 % of requests fail",
        mode="RB-03",
    ),
    entry(
        "LLMDHighLatency",
        severity=Severity.P2,
        because="answers take longer than promised",
        mode="RB-15",
    ),
    entry(
        "LLMDGPUHighUtilization",
        severity=Severity.P3,
        because="busy GPUs are the normal state of a healthy server",
    ),
    entry(
        "LLMDMemoryPressure",
        severity=Severity.P3,
        because="memory is reserved on purpose until something fails",
        also=("RB-06", "RB-12"),
    ),
    entry(
        "LLMDKVCacheOverflow",
        severity=Severity.P2,
        because="requests lose their KV cache and start over",
        mode="RB-12",
    ),
)

_MEMORY: Final = frozenset({"LLMDMemoryPressure"})

RULES: Final = (
    LiveRule(
        name="memory-ran-out",
        alerts=_MEMORY,
        when=(above("oom_kills", 0),),
        effect=Bound(severity=Severity.P2),
        because="containers ran out of memory",
    ),
    LiveRule(
        name="memory-preempts",
        alerts=_MEMORY,
        when=(above("preemptions", 0),),
        effect=Bound(severity=Severity.P2),
        because="requests lose their KV cache and start over",
    ),
)
