"""Alertmanager's webhook, version 4.

Read from prometheus/alertmanager `template/template.go` and `notify/webhook/webhook.go` (0.25 to
0.34): fields that are not named here are ignored, and an alert that is no longer what these
describe is refused with a JSON pointer to the place.
"""

import re
from datetime import datetime

from alert_webhooks.body import read_json
from alert_webhooks.fingerprint import fingerprint
from alert_webhooks.node import Node
from alert_webhooks.notification import Notification, Source
from alert_webhooks.unreadable import Reason
from incidents.alert import Alert

VERSION = "4"
UNNAMED = "alert"
"""What an alert without `alertname` is called; only Prometheus' rules always have one."""

_LABELS = "must hold at least one label"
_STATUS = 'must be "firing" or "resolved"'
# Without its start an occurrence has no name, and every repetition would be a new one.
_START = "must be a moment: without a start an alert cannot be told from its repetitions"

_FINGERPRINT = re.compile(r"[0-9a-f]{1,64}", re.ASCII)


def parse(body: bytes, *, source: str) -> Notification:
    """Return what the body says; raises Unreadable and nothing else."""
    root = Node(read_json(body))
    _check_version(root.member("version"))
    return Notification(
        alerts=tuple(_alert(one, source) for one in root.member("alerts").items()),
        truncated=root.member("truncatedAlerts").count(),
        receiver=root.member("receiver").text(default=""),
    )


def _check_version(version: Node) -> None:
    if version.value == VERSION:
        return
    said = repr(version.value) if isinstance(version.value, str) else "missing, or no text"
    message = f'the version is {said}; only Alertmanager\'s version "{VERSION}" is read'
    raise version.refuse(message, reason=Reason.VERSION)


def _alert(node: Node, source: str) -> Alert:
    labels = node.member("labels").texts()
    if not labels:
        raise node.member("labels").refuse(_LABELS)
    starts_at = _starts_at(node.member("startsAt"))
    return Alert(
        name=labels.get("alertname") or UNNAMED,
        fingerprint=_fingerprint(node.member("fingerprint")) or fingerprint(labels),
        labels=labels,
        annotations=node.member("annotations").texts(),
        starts_at=starts_at,
        ends_at=_ends_at(node, starts_at),
        url=node.member("generatorURL").text(default=""),
        source=source,
    )


def _fingerprint(node: Node) -> str:
    """Return the sender's fingerprint; empty when it is none, and then the labels give it."""
    given = node.value
    return given if isinstance(given, str) and _FINGERPRINT.fullmatch(given) else ""


def _starts_at(node: Node) -> datetime:
    found = node.moment()
    if found is None:
        raise node.refuse(_START)
    return found


def _ends_at(node: Node, starts_at: datetime) -> datetime | None:
    """Return when it ended; None while it fires, whatever `endsAt` says then.

    One that is resolved without a moment, or before it began, ended when it began.
    """
    status = node.member("status")
    if status.value == "firing":
        return None
    if status.value != "resolved":
        raise status.refuse(_STATUS)
    return max(node.member("endsAt").moment() or starts_at, starts_at)


SOURCE = Source(name="alertmanager", parse=parse)
