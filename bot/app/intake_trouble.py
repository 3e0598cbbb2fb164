"""The desk's own alerts about deliveries: one open incident per source, which counts them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from alert_webhooks.arrival import OVERSIZED
from alert_webhooks.fingerprint import fingerprint
from bot.app.intake_units import Candidate, Choose, Unit
from incidents import correlation
from incidents.alert import Alert
from incidents.journal import Delivery
from incidents.policy import Severity
from incidents.severity import Verdict

COUNTED = 20
"""So many deliveries count in one incident; more of them tell nobody anything new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong with a delivery.

    `name` is the alert's, `reason` holds for every delivery with the same trouble, `detail` is
    about this one.
    """

    name: str
    reason: str
    detail: str


def unreadable(reason: str, detail: str) -> Trouble:
    """Return the trouble of bytes that no parser reads."""
    return Trouble(name="DeliveryCannotBeRead", reason=reason, detail=detail)


def too_large(beginning: int) -> Trouble:
    """Return the trouble of a body above the cap, of which the first bytes were kept."""
    detail = f"only its first {beginning} bytes were kept; lower max_alerts of the receiver"
    return Trouble(name="DeliveryTooLarge", reason="it is above the cap", detail=detail)


def unhandled(detail: str) -> Trouble:
    """Return the trouble of a delivery on which the desk itself fails."""
    return Trouble(name="DeliveryCannotBeHandled", reason="handling it failed", detail=detail)


def key(delivery: Delivery) -> str:
    """Return the key of the incident in which the deliveries of one sender come together."""
    return f"{correlation.LOCAL}//deliveries:{delivery.source.removeprefix(f'{OVERSIZED}:')}"


def unit(delivery: Delivery, trouble: Trouble, *, choose: Choose, now: datetime) -> Unit:
    """Return the trouble as an alert of the desk's own: an occurrence for each delivery.

    It fires until a person resolves its incident: what was set aside waits for somebody. What
    nobody could read is as bad as an alert of which nothing is said.
    """
    alert = _alert(delivery, trouble, now)
    runbook, because = choose(alert)
    candidate = Candidate(
        alert=alert,
        key=key(delivery),
        place=correlation.place(alert),
        verdict=Verdict(
            severity=Severity.P2,
            because="nobody knows what it says, and alerts may be missing until somebody looks",
            rule="delivery",
        ),
        runbook=runbook,
        runbook_because=because,
    )
    return Unit(
        key=candidate.key,
        place=candidate.place,
        candidates=(candidate,),
        deliveries=(delivery.inbox_id,),
    )


def _alert(delivery: Delivery, trouble: Trouble, now: datetime) -> Alert:
    labels = {
        "alertname": trouble.name,
        "source": delivery.source,
        "reason": trouble.reason,
        "delivery": str(delivery.inbox_id),
    }
    return Alert(
        name=trouble.name,
        fingerprint=fingerprint(labels),
        labels=labels,
        annotations=_words(delivery, trouble),
        # In a rehearsal the world's clock is behind the store's.
        starts_at=min(delivery.received_at, now),
        ends_at=None,
        url="",
        source=delivery.source,
    )


def _words(delivery: Delivery, trouble: Trouble) -> Mapping[str, str]:
    return {
        "summary": f"A delivery from {delivery.source} was set aside: {trouble.reason}",
        "description": f"Delivery {delivery.inbox_id}: {trouble.detail} (`triaged inbox aside`)",
    }
