"""How bad an alert is, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from incidents.alert import Alert
from incidents.policy import LiveRule, Policy, Severity

Facts = Mapping[str, float | None]
"""Live numbers by name; None means that it cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The severity with its reason: `rule` names what decided, `mode` the failure mode."""

    severity: Severity
    because: str
    rule: str
    mode: str = ""


def classify(alert: Alert, facts: Facts, policy: Policy) -> Verdict:
    """Return how bad the alert is.

    An explicit `priority` label wins, then the catalogue, then the `severity` label; live facts
    raise it. A missing fact changes nothing.
    """
    if alert.labels.get("priority") in Severity.__members__:
        priority = Severity[alert.labels["priority"]]
        return Verdict(
            severity=priority,
            because=f"the alert's own rule says {priority.value}",
            rule="label:priority",
            mode=_mode(alert, policy),
        )
    return raised(_base(alert, policy), facts, policy)


def raised(base: Verdict, facts: Facts, policy: Policy) -> Verdict:
    """Return the verdict with every live rule applied; facts never lower it here."""
    holding = [rule for rule in policy.live if _holds(rule, facts)]
    for rule in holding:
        if worse(rule.severity, base.severity):
            base = Verdict(
                severity=rule.severity,
                because=f"{rule.because} ({rule.fact} {facts[rule.fact]:.3g})",
                rule=f"live:{rule.fact}",
                mode=base.mode,
            )
    return base


def worse(one: Severity, other: Severity) -> bool:
    """Return whether `one` is worse than `other`."""
    return one.value < other.value


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the worst of them; there must be one."""
    return min(severities, key=lambda severity: severity.value)


def opens(alert: Alert, policy: Policy) -> bool:
    """Return whether such an alert may open an incident; a watchdog never does."""
    return alert.name not in policy.never_open and alert.labels.get("severity") != "none"


def _base(alert: Alert, policy: Policy) -> Verdict:
    judged = policy.catalogue.get(alert.name)
    if judged is not None:
        return Verdict(
            severity=judged.severity,
            because=judged.because,
            rule=f"catalogue:{alert.name}",
            mode=judged.mode,
        )
    label = alert.labels.get("severity", "")
    if label in policy.by_label:
        return Verdict(
            severity=policy.by_label[label],
            because=f"the alert's rule calls it {label}",
            rule="label:severity",
        )
    return Verdict(
        severity=Severity.P2,
        because="nothing says how bad it is, so somebody should look",
        rule="default",
    )


def _mode(alert: Alert, policy: Policy) -> str:
    judged = policy.catalogue.get(alert.name)
    return judged.mode if judged else ""


def _holds(rule: LiveRule, facts: Facts) -> bool:
    value = facts.get(rule.fact)
    return value is not None and value >= rule.at_least
