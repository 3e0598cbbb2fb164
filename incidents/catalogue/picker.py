"""The endpoint picker does not see well, or refuses: llm-d's own alerts and flow control."""

from typing import Final

from incidents.catalogued import entry
from incidents.conditions import above
from incidents.policy import Bound, LiveRule, Severity

ENTRIES: Final = (
    entry(
        "EPPDataLayerPollErrors",
        severity=Severity.P2,
        because="the picker cannot read the engines and routes by old numbers",
        mode="RB-16",
    ),
    entry(
        "EPPDataLayerExtractErrors",
        severity=Severity.P2,
        because="the picker does not understand what the engines report",
        mode="RB-29",
    ),
    entry(
        "EPPExtProcStreamErrors",
        severity=Severity.P2,
        because="streams between the gateway and its picker break",
        mode="RB-02",
    ),
    entry(
        "FlowControlRejecting",
        severity=Severity.P2,
        because="flow control refuses requests for want of capacity",
        mode="RB-16",
    ),
)

RULES: Final = (
    LiveRule(
        name="rejects-a-tenth",
        alerts=frozenset({"FlowControlRejecting"}),
        when=(above("flow_rejected_ratio", 0.10),),
        effect=Bound(severity=Severity.P1),
        because="more than one request in ten is refused",
    ),
)
