"""How much of an alert's foreign text goes into events: bounded, and what was cut shows."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace

from incidents import correlation
from incidents.alert import Alert
from incidents.correlation import PLACING, Place, Placing

LABELS = 64
NAME = 100
VALUE = 300
TITLE = 200
URL = 2000
ANNOTATION = 8000
KEY = 400
CUT = "…"

# Labels that decide about severity and place: these stay, however many there are.
_DECIDING = frozenset(
    (
        *correlation.MODEL,
        *correlation.NAMESPACE,
        *correlation.POOL,
        *correlation.ROLE,
        *("alertname", "cluster"),
        *("severity", "priority", "category", "job"),
    )
)
# Control characters and halves of surrogate pairs: nothing can show them in one line.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def bounded(alert: Alert) -> Alert:
    """Return the alert with labels, name and address that fit into an event."""
    return replace(
        alert,
        name=title_of(alert.name),
        labels=_labels(alert.labels),
        url=alert.url if alert.url.startswith(("http://", "https://")) and _fits(alert) else "",
    )


def key_of(alert: Alert, placing: Placing = PLACING, *, where: Place | None = None) -> str:
    """Return the alert's correlation key, short enough for an index of the database.

    A longer one is told from others by its digest.
    """
    place = where or correlation.place(alert, placing)
    key = correlation.key_of(alert.name, place, placing)
    if len(key) <= KEY:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{key[:KEY]}{CUT}{digest}"


def title(alert: Alert) -> str:
    """Return one line for people: the summary, else the alert's name."""
    return title_of(alert.annotations.get("summary", "")) or alert.name


def title_of(text: str) -> str:
    """Return the text as one printable line."""
    # Cut first: a summary may be megabytes long.
    line = _UNPRINTABLE.sub(" ", text[: 2 * TITLE]).strip()
    return _cut(line, TITLE)


def annotations(alert: Alert) -> str:
    """Return the annotations as one text: a JSON object, each value bounded."""
    kept = dict(sorted(alert.annotations.items())[:LABELS])
    words = {_cut(name, NAME): _cut(value, ANNOTATION) for name, value in kept.items()}
    return json.dumps({**words, **_left_out(alert.annotations)}, sort_keys=True)


def _labels(labels: Mapping[str, str]) -> Mapping[str, str]:
    chosen = sorted(labels, key=lambda name: (name not in _DECIDING, name))[:LABELS]
    kept = {_cut(name, NAME): _cut(labels[name], VALUE) for name in sorted(chosen)}
    return {**kept, **_left_out(labels)}


def _left_out(texts: Mapping[str, str]) -> Mapping[str, str]:
    more = len(texts) - LABELS
    return {CUT: f"{more} more were left out"} if more > 0 else {}


def _fits(alert: Alert) -> bool:
    return len(alert.url) <= URL and not _UNPRINTABLE.search(alert.url)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}{CUT}"
