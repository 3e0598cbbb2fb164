"""The alerts of one rule: pending, firing, resolved, and which of them to send now.

Source: prometheus.io/docs/prometheus/latest/configuration/alerting_rules, and the behaviour of
rules/alerting.go in Prometheus 3.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, TypedDict

from drills.prometheus import labels as label_sets
from drills.prometheus import notation
from drills.prometheus.errors import Failed
from drills.prometheus.labels import Labels
from drills.prometheus.rule_files import AlertingRule
from drills.prometheus.templates import Alarm
from drills.prometheus.values import Sample

NAME_LABEL: Final = "alertname"
# Prometheus sends a resolved alert again for this long, for Alertmanagers that missed it.
RESOLVED_RETENTION: Final = timedelta(minutes=15)
# Default --rules.alert.resend-delay.
RESEND_DELAY: Final = timedelta(minutes=1)
# A firing alert ends by itself after so many silent rounds.
ROUNDS_UNTIL_END: Final = 4


class PostableAlert(TypedDict, total=False):
    """One element of the body of POST /api/v2/alerts; moments are RFC 3339 in UTC."""

    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: str
    endsAt: str
    generatorURL: str


class State(Enum):
    """Where an alert is in its life."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


@dataclass(slots=True, kw_only=True)
class Alert:
    """One label set for which the rule holds or held."""

    labels: Labels
    annotations: Mapping[str, str]
    value: float
    active_at: datetime
    state: State = State.PENDING
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    sent_at: datetime | None = None
    keep_firing_since: datetime | None = None


class RuleAlerts:
    """The alerts of one rule over time; not thread-safe."""

    def __init__(self, rule: AlertingRule) -> None:
        self.rule = rule
        self._alerts: dict[Labels, Alert] = {}

    def observe(self, samples: Iterable[Sample], at: datetime) -> list[Sample]:
        """Take the answer of the rule's query; return the ALERTS series of this moment.

        Raises Failed when two elements give the same alert.
        """
        held = self._held(samples, at)
        for labels, alert in held.items():
            known = self._alerts.get(labels)
            if known is None or known.state is State.INACTIVE:
                self._alerts[labels] = alert
            else:
                known.value, known.annotations = alert.value, alert.annotations
        for labels, alert in list(self._alerts.items()):
            if labels in held:
                alert.keep_firing_since = None
            elif not self._keeps_firing(alert, at):
                self._resolve(alert, at)
        return [sample for alert in self.active() for sample in self._shown(alert, at)]

    def active(self) -> list[Alert]:
        """Return the alerts that are pending or firing."""
        return [each for each in self._alerts.values() if each.state is not State.INACTIVE]

    def to_send(self, at: datetime, *, delay: timedelta = RESEND_DELAY) -> list[Alert]:
        """Return the alerts that an Alertmanager should hear of now, and note that it did."""
        due = [alert for alert in self._alerts.values() if _due(alert, at, delay)]
        for alert in due:
            alert.sent_at = at
        return due

    def _held(self, samples: Iterable[Sample], at: datetime) -> dict[Labels, Alert]:
        held: dict[Labels, Alert] = {}
        for labels, value in samples:
            alert = self._alert(dict(labels), value, at)
            if alert.labels in held:
                message = f"{self.rule.name}: two elements with the same labels after templating"
                raise Failed(message)
            held[alert.labels] = alert
        return held

    def _alert(self, labels: dict[str, str], value: float, at: datetime) -> Alert:
        alarm = Alarm(labels=labels, value=value)
        own = {name: each.expand(alarm) for name, each in self.rule.label_templates.items()}
        kept = {name: text for name, text in labels.items() if name != label_sets.NAME}
        annotations = self.rule.annotation_templates.items()
        return Alert(
            labels=label_sets.of(kept | own | {NAME_LABEL: self.rule.name}),
            annotations={name: each.expand(alarm) for name, each in annotations},
            value=value,
            active_at=at,
        )

    def _keeps_firing(self, alert: Alert, at: datetime) -> bool:
        if alert.state is not State.FIRING or not self.rule.keep_firing:
            return False
        alert.keep_firing_since = alert.keep_firing_since or at
        return at - alert.keep_firing_since < self.rule.keep_firing

    def _resolve(self, alert: Alert, at: datetime) -> None:
        forgotten = alert.resolved_at is not None and at - alert.resolved_at > RESOLVED_RETENTION
        if alert.state is State.PENDING or forgotten:
            del self._alerts[alert.labels]
        if alert.state is not State.INACTIVE:
            alert.state, alert.resolved_at = State.INACTIVE, at

    def _shown(self, alert: Alert, at: datetime) -> Iterator[Sample]:
        if alert.state is State.PENDING and at - alert.active_at >= self.rule.hold:
            alert.state, alert.fired_at = State.FIRING, at
        labels = dict(alert.labels)
        state = {label_sets.NAME: "ALERTS", "alertstate": alert.state.value}
        yield Sample(label_sets.of(labels | state), 1.0)
        since = {label_sets.NAME: "ALERTS_FOR_STATE"}
        yield Sample(label_sets.of(labels | since), float(int(alert.active_at.timestamp())))


def postable(
    alert: Alert, *, at: datetime, interval: timedelta, generator: str, open_end: bool = False
) -> PostableAlert:
    """Return the alert as Alertmanager's API takes it.

    interval: of the rule's group. open_end: leave out endsAt while it fires; an Alertmanager
    on real time would otherwise take the end in the world's time for long gone.
    """
    body: PostableAlert = {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": notation.rfc3339(alert.fired_at or alert.active_at),
        "generatorURL": generator,
    }
    if alert.resolved_at:
        body["endsAt"] = notation.rfc3339(alert.resolved_at)
    elif not open_end:
        lasts = ROUNDS_UNTIL_END * max(interval, RESEND_DELAY)
        body["endsAt"] = notation.rfc3339(at + lasts)
    return body


def _due(alert: Alert, at: datetime, delay: timedelta) -> bool:
    if alert.state is State.PENDING:
        return False
    if alert.sent_at is None or (alert.resolved_at and alert.resolved_at > alert.sent_at):
        return True
    return alert.sent_at + delay < at
