"""Events of the alerts that are kept back: they fire, and no incident is about them yet."""

from dataclasses import dataclass
from datetime import datetime

from incidents.events.incident import AlertFired


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingBegan:
    """Alerts of one key are kept back; the rest is their place."""

    key: str
    cluster: str
    namespace: str
    model: str
    role: str
    pool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertKept:
    """An occurrence is kept back by a rule, with the reason.

    `rule` is as in `snooze:3`; `until` is when that ends by itself, `under` the incident of its
    parent; both are None where there is none. A new shape of AlertFired is one of this, too.
    """

    fired: AlertFired
    mode: str
    rule: str
    because: str
    until: datetime | None
    under: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOtherwise:
    """An occurrence is still kept back, by another rule or for longer."""

    fingerprint: str
    starts_at: datetime
    name: str
    rule: str
    because: str
    until: datetime | None
    under: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEnded:
    """An occurrence ended while it was kept back."""

    fingerprint: str
    starts_at: datetime
    ends_at: datetime
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReleased:
    """An incident is about the occurrence now."""

    fingerprint: str
    starts_at: datetime
    name: str
    incident: int


KeptEvent = KeepingBegan | AlertKept | KeptOtherwise | KeptEnded | KeptReleased
