"""The engines: stalled, full, slow, out of balance. Ours, GIE's and those of llm-d PR #553.

GIE's file says HighInferenceModelAvg…, its documentation HighInferencePoolAvg…: both are known.
"""

from typing import Final

from incidents.catalogued import entry
from incidents.conditions import at_least
from incidents.policy import Bound, LiveRule, Severity

ENTRIES: Final = (
    entry(
        "VLLMEngineStalled",
        severity=Severity.P1,
        because="an engine has work and produces no token",
        mode="RB-04",
        also=("RB-08",),
    ),
    entry(
        "VLLMPreemptionsHigh",
        "LLMDHighPreemptions",
        severity=Severity.P2,
        because="running requests are preempted and recomputed: users wait longer",
        mode="RB-12",
    ),
    entry(
        "VLLMKVCacheCritical",
        "LLMDDecodeKVCacheCritical",
        severity=Severity.P2,
        because="the KV cache is nearly full",
        mode="RB-12",
    ),
    entry(
        "HighInferencePoolAvgKVCacheUtilization",
        "HighInferenceModelAvgKVCacheUtilization",
        severity=Severity.P2,
        because="the pool's KV cache is nearly full",
        mode="RB-12",
    ),
    entry(
        "VLLMQueueBuildUp",
        "LLMDRequestQueueBuildup",
        severity=Severity.P2,
        because="requests pile up in front of the engines",
        mode="RB-16",
    ),
    entry(
        "HighInferencePoolAvgQueueSize",
        "HighInferenceModelAvgQueueSize",
        severity=Severity.P1,
        because="requests pile up on every endpoint of the pool",
        mode="RB-16",
    ),
    entry(
        "VLLMPrefixHitRatioDrop",
        severity=Severity.P3,
        because="half as many prompts as an hour ago find their prefix in the cache",
        mode="RB-13",
    ),
    entry(
        "PrefillBacklog",
        "LLMDPrefillQueueSaturation",
        severity=Severity.P2,
        because="prompts wait for prefill while decode has room",
        mode="RB-11",
    ),
    entry(
        "DecodeStarved",
        "LLMDPrefillDecodeImbalance",
        severity=Severity.P2,
        because="decode idles behind a full prefill",
        mode="RB-11",
        also=("RB-10",),
    ),
    entry(
        "DecodeSaturated",
        severity=Severity.P2,
        because="decode is full and requests wait for it",
        mode="RB-10",
    ),
    entry(
        "HighInferenceRequestLatencyP99",
        severity=Severity.P2,
        because="one answer in a hundred takes more than ten seconds; it may just be long",
        mode="RB-15",
    ),
    entry(
        "LLMDHighTTFT",
        "LLMDLatencySLOViolation",
        "LLMDTTFTBudgetBurn",
        "LLMDITLBudgetBurn",
        severity=Severity.P1,
        because="tokens come later than the objective promises, fast enough to use up its budget",
        mode="RB-15",
    ),
)

RULES: Final = (
    LiveRule(
        name="all-engines-stalled",
        alerts=frozenset({"VLLMEngineStalled"}),
        when=(at_least("affected_share", 1),),
        effect=Bound(severity=Severity.P0),
        because="every engine has work and none produces a token",
    ),
)
