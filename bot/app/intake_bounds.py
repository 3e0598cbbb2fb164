"""How an alert's foreign text goes into events: bounded, without secrets; what was cut shows."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace

from bot.app.redaction import HIDDEN, names_a_secret, without_secrets
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
READ = 20_000
"""So many characters of a text are searched for secrets; whatever comes after is left out."""
SECRET = 4000
"""No secret that is known by its end is longer."""
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
# These name an object of Kubernetes; what it holds is not said.
_NAMES_AN_OBJECT = frozenset(("secret", "exported_secret"))
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

    A longer one, or one with a secret in it, is told from others by its digest.
    """
    place = where or correlation.place(alert, placing)
    key = correlation.key_of(alert.name, place, placing)
    short = without_secrets(key)[:KEY]
    if short == key:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{short}{CUT}{digest}"


def title(alert: Alert) -> str:
    """Return one line for people: the summary, else the alert's name."""
    return title_of(_hidden(alert.annotations.get("summary", ""), TITLE)) or kept(alert.name)


def title_of(text: str) -> str:
    """Return the text as one printable line."""
    # Cut first: a summary may be megabytes long.
    line = _UNPRINTABLE.sub(" ", text[: 2 * TITLE]).strip()
    return _cut(line, TITLE)


def annotations(alert: Alert) -> str:
    """Return the annotations as one text: a JSON object, each value bounded."""
    chosen = dict(sorted(alert.annotations.items())[:LABELS])
    words = {
        _hidden(name, NAME): HIDDEN if names_a_secret(name) else _hidden(value, ANNOTATION)
        for name, value in chosen.items()
    }
    return json.dumps({**words, **_left_out(alert.annotations)}, sort_keys=True)


def kept(text: str) -> str:
    """Return a text of an alert as events keep it: without secrets."""
    return _hidden(text, READ)


def kept_place(place: Place) -> Place:
    """Return the place as events keep it; its key was made before, so that places stay apart."""
    return Place(**{name: kept(value) for name, value in asdict(place).items()})


def kept_labels(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return labels as events keep them, sorted: everything is decided before by the real ones."""
    return tuple(sorted((kept(name), _label(name, value)) for name, value in labels.items()))


def _label(name: str, value: str) -> str:
    told = names_a_secret(name) and name not in _NAMES_AN_OBJECT
    return HIDDEN if told else kept(value)


def _hidden(text: str, longest: int) -> str:
    """Return the text without secrets, cut to what fits."""
    hidden = without_secrets(text[:READ])
    if len(text) > READ:
        # A secret that reading has halved looks like none: the end is left out.
        hidden = f"{hidden[:-SECRET]}{CUT}"
    return _cut(hidden, longest)


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
