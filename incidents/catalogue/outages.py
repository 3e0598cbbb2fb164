"""Nobody is served, or too many requests fail: alerts of llm-d's picker, of GIE and of objectives.

Names: llm-d's epp-alerting-rules.yaml and alerting.md; tools/alerts/alert.yaml of GIE up to 1.5;
llm-d PR #553 (never merged, but copied).
"""

from typing import Final

from incidents.catalogue.everywhere import QUIET
from incidents.catalogued import entry
from incidents.conditions import at_least, at_most, below, equals
from incidents.policy import Bound, Cap, LiveRule, Severity

ENTRIES: Final = (
    entry(
        "EPPNoReadyEndpoints",
        severity=Severity.P0,
        because="no endpoint is ready to serve",
        mode="RB-01",
    ),
    entry(
        "EPPCriticalErrorRatio",
        severity=Severity.P0,
        because="more than one request in five fails",
        mode="RB-03",
    ),
    entry(
        "EPPHighErrorRatio",
        severity=Severity.P1,
        because="more than one request in twenty fails",
        mode="RB-03",
    ),
    entry(
        "HighInferenceErrorRate",
        severity=Severity.P1,
        because="more than one request in twenty fails",
        mode="RB-03",
    ),
    entry(
        "LLMDAvailabilitySLOBurn",
        "LLMDErrorBudgetBurn",
        severity=Severity.P1,
        because="failing requests use up the error budget within days",
        mode="RB-03",
    ),
    entry(
        "EPPMetricsAbsent",
        severity=Severity.P1,
        because="the endpoint picker has not been seen for minutes",
        mode="RB-02",
        also=("RB-29",),
    ),
    entry(
        "EPPPoolSeriesVanished",
        severity=Severity.P1,
        because="a pool that was there a quarter of an hour ago is no longer reported",
        mode="RB-02",
    ),
)

_DOWN: Final = frozenset({"LLMDServiceDown", "EPPNoReadyEndpoints", "EPPPoolSeriesVanished"})
_ABSENT: Final = frozenset({"EPPMetricsAbsent", "EPPPoolSeriesVanished"})
_FAILING: Final = frozenset(
    {"EPPCriticalErrorRatio", "EPPHighErrorRatio", "HighInferenceErrorRate", "LLMDHighErrorRate"}
)
_CLOSED: Final = equals("failure_mode", "FailClose")

# With the rules about errors that concern every alert, these make the ratio the judge of an alert
# about errors: half P0, above a tenth P1, above a fiftieth P2, else P3.
RULES: Final = (
    LiveRule(
        name="errors-below-half",
        alerts=_FAILING,
        when=(below("error_ratio", 0.5),),
        effect=Cap(severity=Severity.P1),
        because="the ratio decides: fewer than half of all requests fail",
    ),
    LiveRule(
        name="errors-of-few",
        alerts=_FAILING,
        when=(QUIET,),
        effect=Cap(severity=Severity.P1),
        because="so few requests arrive that the ratio is about single ones",
    ),
    LiveRule(
        name="errors-up-to-a-tenth",
        alerts=_FAILING,
        when=(at_most("error_ratio", 0.10),),
        effect=Cap(severity=Severity.P2),
        because="the ratio decides: at most one request in ten fails",
    ),
    LiveRule(
        name="errors-up-to-a-fiftieth",
        alerts=_FAILING,
        when=(at_most("error_ratio", 0.02),),
        effect=Cap(severity=Severity.P3),
        because="the ratio decides: at most one request in fifty fails",
    ),
    LiveRule(
        name="parked",
        alerts=_DOWN,
        when=(at_most("replicas_wanted", 0), QUIET),
        effect=Cap(severity=Severity.P3),
        because="the pool is parked at zero replicas, and nobody asks for it",
    ),
    LiveRule(
        name="picker-gone-and-traffic-too",
        alerts=_ABSENT,
        when=(_CLOSED, equals("traffic_gone", True)),  # noqa: FBT003  # the value it must have
        effect=Bound(severity=Severity.P0),
        because="without its picker the gateway refuses everything, and the traffic is gone",
    ),
    LiveRule(
        name="picker-gone-and-gateway-fails",
        alerts=_ABSENT,
        when=(_CLOSED, at_least("gateway_error_ratio", 0.5)),
        effect=Bound(severity=Severity.P0),
        because="without its picker the gateway refuses everything, and most of it fails",
    ),
)
