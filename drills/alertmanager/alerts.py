"""An alert as Alertmanager keeps it, and how two reports of one alert become one."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from drills.alertmanager import labels as label_sets
from drills.alertmanager.labels import Labels

_NAME = re.compile(r"^[a-zA-Z_][a-zA-Z0-9_]*$")
NEVER = "0001-01-01T00:00:00Z"  # Go's zero time: the end of an alert that fires


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert; `timeout` says that its end was assumed, not told."""

    labels: Labels
    annotations: Labels
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    generator_url: str = ""
    timeout: bool = False

    @property
    def fingerprint(self) -> str:
        """The identity of its label set."""
        return label_sets.fingerprint(self.labels)

    def resolved(self, now: datetime) -> bool:
        """Tell whether it is over at `now`."""
        return self.ends_at <= now

    def complaint(self) -> str:
        """Say why Alertmanager refuses it (types.Alert.Validate); empty when it does not."""
        if self.ends_at < self.starts_at:
            return "start time must be before end time"
        if not self.labels:
            return "at least one label pair required"
        for kind, pairs in (("label", self.labels), ("annotation", self.annotations)):
            for name in sorted(pairs):
                if not _NAME.match(name):
                    return f'invalid {kind} set: invalid name "{name}"'
        return ""


def merged(old: Alert, new: Alert, now: datetime) -> Alert:
    """Return what is known after `new` came in (provider/mem Put and types.Alert.Merge)."""
    if not (_within(new.ends_at, old) or _within(new.starts_at, old)):
        return new
    start = min(old.starts_at, new.starts_at)
    end = new.ends_at
    if new.resolved(now):
        # Two ends that were both told: the later one is the truth.
        if old.resolved(now):
            end = max(end, old.ends_at)
    elif not old.timeout:
        end = max(end, old.ends_at)
    return replace(new, starts_at=start, ends_at=end)


def nanoseconds(moment: datetime) -> str:
    """Write a moment as Go's RFC3339Nano in UTC: trailing zeros are dropped."""
    whole = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return whole.rstrip("0").rstrip(".") + "Z"


def milliseconds(moment: datetime) -> str:
    """Write a moment as the API does: always three decimals."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _within(moment: datetime, alert: Alert) -> bool:
    return alert.starts_at < moment < alert.ends_at
