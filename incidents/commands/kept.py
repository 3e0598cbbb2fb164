"""Commands about the alerts that are kept back."""

from dataclasses import dataclass
from datetime import datetime

from incidents.commands.incident import Judgement
from incidents.correlation import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why an alert is kept back.

    `rule` is `maintenance:<name>`, `snooze:<number>`, `inhibition:<name>` or `threshold:<name>`;
    `until` is when that ends by itself, `under` the number of the parent's incident.
    """

    rule: str
    because: str
    until: datetime | None = None
    under: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToKeep:
    """A judged alert, and why it is to be kept back."""

    alert: Judgement
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlerts:
    """Deliveries reported these alerts under one key; `place` is used where none is kept yet."""

    key: str
    place: Place
    alerts: tuple[ToKeep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepOtherwise:
    """These occurrences are kept back for these reasons from now on."""

    whys: tuple[tuple[str, Why], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAlerts:
    """These occurrences are in an incident."""

    occurrences: tuple[str, ...]
    incident: int


KeptCommand = KeepAlerts | KeepOtherwise | ReleaseAlerts
