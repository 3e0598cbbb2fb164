"""The policy without a configuration: the operations chapter's table of P0 to P3."""

from collections.abc import Mapping
from datetime import timedelta

from incidents.catalogued import shipped
from incidents.gathering import Gathering, Inhibition
from incidents.patterns import Which
from incidents.policy import Demand, Policy, Severity


def default_policy() -> Policy:
    """Return the policy that makes an empty configuration folder work."""
    catalogue = shipped()
    return Policy(
        demands=_DEMANDS,
        catalogue=catalogue.judged,
        live=catalogue.live,
        by_label={"critical": Severity.P1, "warning": Severity.P2, "info": Severity.P3},
        never_open=catalogue.never_open,
        gathering=Gathering(inhibitions=(_SERVICE_DOWN,)),
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


# Of the catalogue: what users see, and what queues, where no endpoint is ready to serve them.
_SERVICE_DOWN = Inhibition(
    name="service-down",
    parent=Which(alerts=("EPPNoReadyEndpoints", "LLMDServiceDown")),
    child=Which(
        alerts=(
            "EPPHighErrorRatio",
            "EPPExtProcStreamErrors",
            "FlowControlRejecting",
            "HighInference*",
            "LLMD*Latency*",
            "LLMD*SLO*",
            "LLMD*BudgetBurn",
            "LLMDHighErrorRate",
            "LLMDHighTTFT",
            "LLMDRequestQueueBuildup",
            "VLLMQueueBuildUp",
        )
    ),
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
