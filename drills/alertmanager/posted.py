"""Read the body of POST /api/v2/alerts into alerts."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from drills.alertmanager.alerts import Alert

Given: TypeAlias = Mapping[str, object]


class Malformed(Exception):
    """The body is no list of alerts; `code` is 400 or 422 as in Alertmanager."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def alerts_of(body: bytes, *, now: datetime, resolve_timeout: timedelta) -> list[Alert]:
    """Return the alerts of a body with their times filled in; raises Malformed.

    Without an end an alert ends after `resolve_timeout` unless it is sent again; without a start
    it starts now, or at its end (api/v2 postAlertsHandler).
    """
    given = json_of(body)
    if not isinstance(given, list):
        reason = "json: cannot unmarshal object into Go value of type models.PostableAlerts"
        raise _unreadable(reason)
    return [_alert(one, index, now, resolve_timeout) for index, one in enumerate(given)]


def json_of(body: bytes) -> object:
    """Read a body; raises Malformed 400."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unreadable(str(error)) from error
    return value


def moment(given: Given, field: str) -> datetime | None:
    """Read a time; None when it is left out or Go's zero time. Raises Malformed 400."""
    text = given.get(field)
    if not text:
        return None
    reason = f'parsing time "{text}"'
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise _unreadable(reason) from error
    if read.tzinfo is None:
        raise _unreadable(reason)
    return None if read.year == 1 else read


def _alert(given: object, index: int, now: datetime, resolve_timeout: timedelta) -> Alert:
    if not isinstance(given, dict) or "labels" not in given:
        raise Malformed(422, f"{index}.labels in body is required")
    start, end = moment(given, "startsAt"), moment(given, "endsAt")
    return Alert(
        labels={name: value for name, value in _pairs(given, "labels").items() if value},
        annotations=_pairs(given, "annotations"),
        starts_at=start or end or now,
        ends_at=end or now + resolve_timeout,
        updated_at=now,
        generator_url=str(given.get("generatorURL") or ""),
        timeout=end is None,
    )


def _pairs(given: Given, field: str) -> dict[str, str]:
    pairs = given.get(field) or {}
    if not isinstance(pairs, dict) or not all(isinstance(it, str) for it in pairs.values()):
        reason = f"json: cannot unmarshal into Go struct field Alert.{field} of type string"
        raise _unreadable(reason)
    return dict(pairs)


def _unreadable(reason: str) -> Malformed:
    return Malformed(400, f'parsing alerts body from "" failed, because {reason}')
