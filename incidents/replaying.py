"""Replaying: what a changed policy would have made of an incident that was."""

from dataclasses import dataclass
from typing import Final

from incidents.alert import Alert
from incidents.events.incident import AlertFired
from incidents.facts_seen import facts
from incidents.incident import Incident
from incidents.policy import Policy, Severity
from incidents.severity import judge, opens, worst

LIMIT: Final = (
    "Only the alerts of incidents that exist are judged again: what another correlation, "
    "threshold, snooze or maintenance would change cannot show here; "
    "`triaged backtest --policy` plays a policy's rules from the start."
)
"""What the answer leaves out; whoever reads it must not take silence for no change."""

_BY_POLICY = ("label:", "catalogue:", "live:", "default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An incident that would have been another; `would_be` is None where none would have opened.

    `was` is what the rules said then; a person's word beats both.
    """

    incident: int
    title: str
    was: Severity
    was_because: str
    would_be: Severity | None
    because: str


def difference(incident: Incident, policy: Policy) -> Difference | None:
    """Return what would be different, None where nothing would.

    Each alert is judged again by its labels and by the facts that were known when it fired.
    """
    if incident.lead is None:
        return None
    was = Severity[incident.lead.severity]
    would, because = _would(incident, policy)
    if would is was:
        return None
    return Difference(
        incident=incident.number,
        title=incident.title,
        was=was,
        was_because=incident.lead.because,
        would_be=would,
        because=because,
    )


def _would(incident: Incident, policy: Policy) -> tuple[Severity | None, str]:
    found = [_judged(one.fired, policy) for one in incident.alerts.values()]
    opening = [one for one in found if one is not None]
    if not opening:
        return None, "no alert of it may open an incident"
    bad = worst(severity for severity, _ in opening)
    return bad, next(because for severity, because in opening if severity is bad)


def _judged(fired: AlertFired, policy: Policy) -> tuple[Severity, str] | None:
    if not fired.rule.startswith(_BY_POLICY):
        # The desk's own, about a delivery: no policy judges it.
        return Severity[fired.severity], fired.because
    alert = Alert(
        name=fired.name,
        fingerprint=fired.fingerprint,
        labels=dict(fired.labels),
        annotations={},
        starts_at=fired.starts_at,
        ends_at=None,
        url=fired.url,
        source=fired.source,
    )
    if not opens(alert, policy):
        return None
    verdict = judge(alert, facts(fired.facts), policy)
    return verdict.severity, f"{fired.name}: {verdict.because}"
