"""KV transfers between prefill and decode. Ours: llm-d ships none."""

from typing import Final

from incidents.catalogued import entry
from incidents.policy import Bound, LiveRule, Severity

ENTRIES: Final = (
    entry(
        "NIXLTransferFailures",
        severity=Severity.P1,
        because="KV transfers fail: answers may be wrong although none fails",
        mode="RB-09",
    ),
    entry(
        "NIXLKVExpired",
        severity=Severity.P2,
        because="prefill gave up on KV blocks that nobody fetched",
        mode="RB-09",
    ),
    entry(
        "DecodeDeferredStuck",
        severity=Severity.P1,
        because="requests wait for KV blocks that do not come",
        mode="RB-09",
    ),
)

RULES: Final = (
    LiveRule(
        name="transfers-failed",
        alerts=frozenset({"NIXLTransferFailures"}),
        effect=Bound(severity=Severity.P1),
        firm=True,
        because="KV transfers fail: answers may be wrong although none fails",
    ),
)
