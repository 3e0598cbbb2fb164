"""The picker's index of prefixes and the events that feed it (kv-cache-alerting-rules.yaml)."""

from typing import Final

from incidents.catalogued import entry
from incidents.policy import Severity

ENTRIES: Final = (
    entry(
        "KVCacheIndexEvictionSpike",
        severity=Severity.P2,
        because="the index forgets prefixes three times as fast as an hour ago",
        mode="RB-13",
    ),
    entry(
        "KVCachePrefixHitRateLow",
        severity=Severity.P3,
        because="hardly any prompt finds its prefix: the first token comes later",
        mode="RB-13",
    ),
    entry(
        "KVCacheIndexNotAdmitting",
        severity=Severity.P2,
        because="the index learns nothing new, so that every lookup misses",
        mode="RB-14",
    ),
    entry(
        "KVCacheIndexHighLookupLatency",
        severity=Severity.P3,
        because="looking up prefixes takes longer than it saves",
        mode="RB-14",
    ),
    entry(
        "KVCacheIndexMetricsAbsent",
        severity=Severity.P3,
        because="nothing is known of the index; it is so wherever precise routing is off",
        mode="RB-29",
    ),
    entry(
        "KVCacheEventsSubscriberReconnecting",
        "KVCacheEventsZMQErrors",
        "KVCacheEventsStalled",
        severity=Severity.P3,
        because="the index no longer hears what one pod has cached",
        mode="RB-14",
    ),
    entry(
        "KVCacheEventsPoolBacklog",
        severity=Severity.P3,
        because="the index lags behind the engines",
        mode="RB-14",
    ),
    entry(
        "KVCacheTokenizationSlow",
        severity=Severity.P2,
        because="tokenizing holds up requests before they are even routed",
        mode="RB-15",
    ),
)
