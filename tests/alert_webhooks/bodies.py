"""Bodies of Alertmanager's webhook for tests, and the corpus of hostile ones."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

STARTS = "2026-01-10T12:00:00.123456789Z"
ENDS = "2026-01-10T12:20:00Z"
NEVER = "0001-01-01T00:00:00Z"
LABELS = {
    "alertname": "VLLMPreemptionsHigh",
    "namespace": "llm-prod",
    "model_name": "llama-3-70b",
    "role": "decode",
    "severity": "warning",
}


def alert(**changed: Any) -> dict[str, Any]:
    """Return an alert that fires, as Alertmanager writes it; `labels` adds to the usual ones."""
    labels = {**LABELS, **changed.pop("labels", {})}
    return {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": "KV cache of llama-3-70b is exhausted"},
        "startsAt": STARTS,
        "endsAt": NEVER,
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "fingerprint": "a1b2c3d4e5f60718",
        **changed,
    }


def resolved(**changed: Any) -> dict[str, Any]:
    """Return the same alert after it has ended."""
    return {**alert(**changed), "status": "resolved", "endsAt": changed.get("endsAt", ENDS)}


def notification(*alerts: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """Return a notification of version 4."""
    return {
        "receiver": "triaged",
        "status": "firing",
        "alerts": list(alerts),
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": '{}:{alertname="VLLMPreemptionsHigh"}',
        "truncatedAlerts": 0,
        **changed,
    }


def body(*alerts: Mapping[str, Any], **changed: Any) -> bytes:
    """Return a notification's bytes."""
    return json.dumps(notification(*alerts, **changed)).encode()


def _with(extra: str) -> bytes:
    """Return a body with a field that nobody knows, written as it stands here."""
    return body(alert())[:-1] + f', "extra": {extra}}}'.encode()


def _annotated(text: str) -> bytes:
    return body(alert(annotations={"summary": text}))


READABLE: Mapping[str, bytes] = {
    "nul-in-annotation": _annotated("a\0b"),
    "lone-surrogate": _annotated("a\ud800b"),
    "nan-in-extra-field": _with("NaN"),
    "1e400-in-extra-field": _with("1e400"),
    "5000-digit-integer-in-extra-field": _with("1" * 5000),
    "duplicate-key-status": _with('1, "status": "resolved"'),
    "10-mib-annotation": _annotated("x" * (10 << 20)),
    "100000-labels": body(alert(labels={f"l{n}": "v" for n in range(100_000)})),
    "leap-second": body(alert(startsAt="2016-12-31T23:59:60Z")),
    "nanoseconds": body(alert()),
    "annotations-null": body(alert(annotations=None)),
    "alerts-null": json.dumps(notification() | {"alerts": None}).encode(),
    "unknown-fields": body(alert(mood="grey"), routeLabels={"team": "a"}, notification_reason="x"),
    "right-to-left-and-ping": _annotated("\u202e<!channel> {{ 7 * 7 }} `rm`"),
    "nul-in-the-namespace": body(alert(labels={"namespace": "a\0b"})),
    "surrogate-in-the-model": body(alert(labels={"model_name": "\udfff"})),
    "namespace-of-a-megabyte": body(alert(labels={"namespace": "n" * (1 << 20)})),
    "name-of-a-megabyte": body(alert(labels={"alertname": "N" * (1 << 20)})),
}

UNREADABLE: Mapping[str, tuple[bytes, str]] = {
    "empty-body": (b"", "not JSON: Expecting value (character 0)"),
    "invalid-utf-8": (b'{"version": "\xff"}', "byte 13 is no UTF-8"),
    "nesting-100000": (_with("[" * 100_000 + "]" * 100_000), "nested deeper than 32 levels"),
    "open-brackets-only": (b"[" * 100_000, "nested deeper than 32 levels"),
    "gzip": (gzip.compress(body(alert())), "it is compressed"),
    "cut-in-the-middle": (body(alert())[:200], "not JSON: "),
    "an-array": (b"[]", "/: must be an object"),
    "a-number": (b"4", "/: must be an object"),
    "label-value-is-a-number": (
        body(alert(labels={"replica": 1})),
        "/alerts/0/labels/replica: must be a text",
    ),
    "labels-null": (body({**alert(), "labels": None}), "/alerts/0/labels: must hold at least one"),
    "labels-an-array": (body({**alert(), "labels": []}), "/alerts/0/labels: must be an object"),
    "an-alert-is-null": (body(alert(), None), "/alerts/1: must be an object"),  # type: ignore[arg-type]  # that is the point
    "alerts-an-object": (
        json.dumps(notification() | {"alerts": {}}).encode(),
        "/alerts: must be an array",
    ),
    "year-1-start": (body(alert(startsAt=NEVER)), "/alerts/0/startsAt: must be a moment"),
    "no-start": (body(alert(startsAt=None)), "/alerts/0/startsAt: must be a moment"),
    "start-of-no-day": (
        body(alert(startsAt="2026-02-30T00:00:00Z")),
        "/alerts/0/startsAt: day is out of range",
    ),
    "unknown-status": (body(alert(status="suppressed")), "/alerts/0/status: must be"),
    "negative-truncation": (body(alert(), truncatedAlerts=-1), "/truncatedAlerts: must be a whole"),
    "huge-truncation": (
        body(alert()).replace(b'"truncatedAlerts": 0', b'"truncatedAlerts": ' + b"9" * 5000),
        "/truncatedAlerts: must be a whole",
    ),
    "version-5": (body(alert(), version="5"), "/version: the version is '5'; only"),
    "no-version": (b"{}", "/version: the version is missing"),
    "slash-in-a-label": (
        body(alert(labels={"a/b~\ud800": 1})),
        "/alerts/0/labels/a~1b~0\\ud800: must be a text",
    ),
}
