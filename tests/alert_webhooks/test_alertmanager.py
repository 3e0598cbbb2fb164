"""Version 4 of Alertmanager's webhook, read by the one parser."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_webhooks.notification import Notification
from alert_webhooks.sources.alertmanager import parse
from alert_webhooks.unreadable import Reason, Unreadable
from incidents.alert import Alert
from tests.alert_webhooks.bodies import (
    LABELS,
    READABLE,
    UNREADABLE,
    alert,
    body,
    notification,
    resolved,
)

SOURCE = "alertmanager:prod"
STARTED = datetime(2026, 1, 10, 12, 0, 0, 123456, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"]
)


def test_a_notification_becomes_alerts() -> None:
    """What everything later stands on."""
    read = parse(body(alert(), truncatedAlerts=3), source=SOURCE)

    assert read == Notification(
        alerts=(
            Alert(
                name="VLLMPreemptionsHigh",
                fingerprint="a1b2c3d4e5f60718",
                labels=LABELS,
                annotations={"summary": "KV cache of llama-3-70b is exhausted"},
                starts_at=STARTED,
                ends_at=None,
                url="http://prometheus:9090/graph?g0.expr=up",
                source=SOURCE,
            ),
        ),
        truncated=3,
        receiver="triaged",
    )


@pytest.mark.parametrize(
    ("changed", "ends_at"),
    [
        pytest.param(alert(), None, id="fires"),
        pytest.param(alert(endsAt="2026-01-10T12:05:00Z"), None, id="fires-whatever-endsAt-says"),
        pytest.param(
            resolved(), datetime(2026, 1, 10, 12, 20, tzinfo=UTC), id="resolved-with-its-moment"
        ),
        pytest.param(resolved(endsAt=None), STARTED, id="resolved-without-a-moment"),
        pytest.param(
            resolved(endsAt="0001-01-01T00:00:00Z"), STARTED, id="resolved-with-gos-no-moment"
        ),
        pytest.param(
            resolved(endsAt="2025-01-01T00:00:00Z"), STARTED, id="resolved-before-it-began"
        ),
    ],
)
def test_the_status_says_whether_it_fires(
    changed: dict[str, Any], ends_at: datetime | None
) -> None:
    """An end that is invented would close an incident; one that is missed keeps it open."""
    assert parse(body(changed), source=SOURCE).alerts[0].ends_at == ends_at


@pytest.mark.parametrize("given", [None, "", 7, "A-B", "x" * 65], ids=repr)
def test_a_fingerprint_that_is_none_comes_from_the_labels(given: object) -> None:
    """It becomes part of a database key, so it is hexadecimal or our own."""
    [read] = parse(body(alert(fingerprint=given)), source=SOURCE).alerts

    assert (
        read.fingerprint == parse(body(alert(fingerprint=None)), source="x").alerts[0].fingerprint
    )
    assert len(read.fingerprint) == 16


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    """Two readers that choose differently would see two different alerts."""
    twice = body(alert()).replace(b'"status": "firing"', b'"status": "x", "status": "firing"')

    assert parse(twice, source=SOURCE).alerts[0].firing


@pytest.mark.parametrize("name", READABLE)
def test_what_others_stumble_over_is_read(name: str) -> None:
    """A text that one of our layers refuses must not make an alert disappear."""
    assert isinstance(parse(READABLE[name], source=SOURCE), Notification)


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_refused_with_its_place(name: str) -> None:
    """Whoever sends it must find the mistake without us."""
    hostile, why = UNREADABLE[name]

    with pytest.raises(Unreadable) as refused:
        parse(hostile, source=SOURCE)

    assert str(refused.value).startswith(why)
    assert str(refused.value).isascii()
    assert len(str(refused.value)) <= 303


def test_an_unknown_version_is_told_from_a_broken_body() -> None:
    """An incident is opened per reason: a new version wants an upgrade, not a repair."""
    with pytest.raises(Unreadable) as refused:
        parse(body(alert(), version="5"), source=SOURCE)

    assert (refused.value.reason, refused.value.at) == (Reason.VERSION, "/version")


@given(raw=st.binary() | JSON.map(json.dumps).map(str.encode))
def test_no_bytes_raise_anything_but_unreadable(raw: bytes) -> None:
    """Whatever else is raised becomes a 500, which Alertmanager repeats for ever."""
    assert not readable(raw)


@given(field=FIELDS, value=JSON)
def test_no_field_of_an_alert_raises_anything_but_unreadable(field: str, value: object) -> None:
    """The same, with hostile values where the parser really looks."""
    hostile = json.dumps(notification({**alert(), field: value})).encode()

    assert readable(hostile) in {True, False}


@given(labels=st.dictionaries(st.text(min_size=1), st.text(), min_size=1))
def test_labels_are_read_as_they_were_sent(labels: dict[str, str]) -> None:
    """The fingerprint and the correlation stand on them."""
    sent = {**alert(), "labels": labels}

    assert parse(body(sent), source=SOURCE).alerts[0].labels == labels


def readable(raw: bytes) -> bool:
    """Tell whether the parser reads it; whatever it raises instead passes through."""
    try:
        return bool(parse(raw, source=SOURCE))
    except Unreadable:
        return False
