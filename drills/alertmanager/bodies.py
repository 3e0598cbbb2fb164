"""The body of a webhook, version 4, field for field as Alertmanager 0.25 writes it."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from drills.alertmanager.alerts import NEVER, Alert, nanoseconds
from drills.alertmanager.labels import Labels

# What Go's regexp.QuoteMeta escapes; a hyphen stays as it is.
_META = re.compile(r"([\\.+*?()|\[\]{}^$])")


def body(
    alerts: Sequence[Alert],
    *,
    now: datetime,
    receiver: str,
    group_key: str,
    group_labels: Labels,
    external_url: str,
    max_alerts: int,
) -> bytes:
    """Return the JSON of one notification; beyond `max_alerts` (0: none) the tail is cut.

    Status and common labels are those of the alerts that were kept.
    """
    kept = alerts[:max_alerts] if max_alerts else alerts
    whole = {
        "receiver": _META.sub(r"\\\1", receiver),
        "status": "firing" if any(not one.resolved(now) for one in kept) else "resolved",
        "alerts": [_alert(one, now) for one in kept],
        "groupLabels": _sorted(group_labels),
        "commonLabels": _common([one.labels for one in kept]),
        "commonAnnotations": _common([one.annotations for one in kept]),
        "externalURL": external_url,
        "version": "4",
        "groupKey": group_key,
        "truncatedAlerts": len(alerts) - len(kept),
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _alert(alert: Alert, now: datetime) -> Mapping[str, object]:
    over = alert.resolved(now)
    return {
        "status": "resolved" if over else "firing",
        "labels": _sorted(alert.labels),
        "annotations": _sorted(alert.annotations),
        "startsAt": nanoseconds(alert.starts_at),
        "endsAt": nanoseconds(alert.ends_at) if over else NEVER,
        "generatorURL": alert.generator_url,
        "fingerprint": alert.fingerprint,
    }


def _common(sets: Sequence[Labels]) -> Mapping[str, str]:
    shared = set(sets[0].items()) if sets else set()
    for one in sets[1:]:
        shared &= one.items()
    return dict(sorted(shared))


def _sorted(labels: Labels) -> Mapping[str, str]:
    return dict(sorted(labels.items()))
