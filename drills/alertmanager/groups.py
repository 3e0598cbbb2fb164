"""An aggregation group: its alerts, its timer and the flush that is under way."""

from datetime import datetime

from drills.alertmanager import labels as label_sets
from drills.alertmanager.alerts import Alert
from drills.alertmanager.config import Options
from drills.alertmanager.deliveries import Delivery, Outcome
from drills.alertmanager.labels import Labels


class Group:
    """Alerts that are told together (dispatch.aggrGroup)."""

    def __init__(self, options: Options, labels: Labels, now: datetime) -> None:
        self.options = options
        self.labels = labels
        self.alerts: dict[str, Alert] = {}
        self._next = now + options.group_wait
        self._flushed = False
        self._flushing: tuple[Alert, ...] = ()  # those that were over when the flush began
        self._deliveries: list[Delivery] = []
        self._failed = False

    @property
    def key(self) -> str:
        """The groupKey of its notifications."""
        return f"{self.options.key}:{label_sets.text(self.labels)}"

    @property
    def busy(self) -> bool:
        """Whether a flush is under way."""
        return bool(self._deliveries)

    def insert(self, alert: Alert, now: datetime) -> None:
        """Take an alert in; one older than group_wait does not wait any more."""
        self.alerts[alert.fingerprint] = alert
        if not self._flushed and alert.starts_at + self.options.group_wait < now:
            self._next = now

    def due(self, now: datetime) -> bool:
        """Tell whether it is time for the next flush."""
        return not self.busy and now >= self._next

    def begin(self, alerts: tuple[Alert, ...], deliveries: list[Delivery], now: datetime) -> None:
        """Begin a flush; its timer runs on from now."""
        self._next = now + self.options.group_interval
        self._flushed, self._failed = True, False
        self._flushing = tuple(one for one in alerts if one.resolved(now))
        self._deliveries = deliveries

    def step(self, now: datetime) -> None:
        """Move the flush on; once all is told, what is over is forgotten."""
        ended = [(one, one.step(now)) for one in self._deliveries]
        self._failed |= any(outcome is Outcome.FAILED for _, outcome in ended)
        self._deliveries = [one for one, outcome in ended if outcome is None]
        if not self._deliveries and not self._failed:
            self._forget()

    def _forget(self) -> None:
        for alert in self._flushing:
            known = self.alerts.get(alert.fingerprint)
            if known is not None and known.updated_at == alert.updated_at:
                del self.alerts[alert.fingerprint]
        self._flushing = ()
