"""Deliveries become incidents: one per problem, however they come."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.commands.incident import Acknowledge
from incidents.incident import Status
from incidents.policy import Severity
from incidents.timeline import rows
from storage.memory import MemoryStore
from tests.alert_webhooks.bodies import READABLE, STARTS, alert, body, resolved
from tests.bot.intake.desks import Office, essence

OTHER = {"namespace": "llm-test"}
LATER = "2026-01-10T13:00:00Z"


def firing(label: str, **changed: Any) -> dict[str, Any]:
    """Return an alert of a model of its own."""
    return alert(labels={"model_name": label}, fingerprint=f"{ord(label):016x}", **changed)


def test_an_alert_opens_an_incident_with_its_reason(office: Office) -> None:
    """Everything that people later see comes from these events."""
    office.deliver(body(alert()))

    [incident] = office.incidents
    assert incident.title == "KV cache of llama-3-70b is exhausted"
    assert (incident.severity, incident.severity_rule) == (
        Severity.P2,
        "catalogue:VLLMPreemptionsHigh",
    )
    assert incident.opened is not None
    assert (incident.opened.key, incident.opened.role, incident.opened.mode) == (
        "local/llm-prod/llama-3-70b",
        "decode",
        "RB-12",
    )
    assert incident.lead is not None
    assert (incident.lead.runbook, incident.lead.source) == (
        "cache-evictions",
        "alertmanager:prod",
    )


def test_the_annotations_stand_apart_from_the_events(office: Office) -> None:
    """They can be erased, and the chain of events stays whole."""
    office.deliver(body(alert(annotations={"summary": "a", "description": "b\0\ud800"})))

    lead = office.incidents[0].lead
    assert lead is not None
    text = office.store.texts.read([lead.text])[lead.text]
    assert json.loads(text) == {"summary": "a", "description": "b\0\ud800"}


def test_two_alertmanagers_deliver_one_incident(office: Office) -> None:
    """Alertmanager promises at least once; telling repetitions apart is our job."""
    office.keep(body(alert(), externalURL="http://a:9093"))
    office.keep(body(alert(), externalURL="http://b:9093"), source="alertmanager:b")
    office.work()
    office.deliver(body(alert(), externalURL="http://b:9093"), source="alertmanager:b")

    [incident] = office.incidents
    assert len(incident.alerts) == 1
    assert office.store.inbox.pending() == []


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        pytest.param([resolved()], "resolved (never seen firing)", id="only-resolved"),
        pytest.param([alert(), resolved()], "fired", id="both-at-once"),
        pytest.param([resolved(), alert()], "fired", id="both-the-other-way-round"),
    ],
)
def test_the_timeline_says_of_an_alert_what_was_seen(
    office: Office, bodies: Sequence[dict[str, Any]], told: str
) -> None:
    """A restart of Alertmanager may send the end alone: nobody saw it fire at that moment."""
    office.deliver(*map(body, bodies))

    began = [row.text for row in rows(office.desk.history(1)) if row.kind == "AlertFired"]
    assert [one.partition(" (P")[0] for one in began] == [f"VLLMPreemptionsHigh {told}"]


def test_a_repetition_writes_nothing(office: Office) -> None:
    """Alertmanager repeats every alert for as long as it fires."""
    office.deliver(body(alert()))
    before = office.store.journal.head()

    office.deliver(*[body(alert())] * 20)

    assert office.store.journal.head() == before
    assert office.store.inbox.pending() == []


def test_one_delivery_opens_one_incident_per_key(office: Office) -> None:
    """Two models are two problems; the worst is told first."""
    p0 = alert(labels={**OTHER, "priority": "P0"}, fingerprint="0b")

    office.deliver(body(alert(), p0))

    assert [(one.number, one.severity, len(one.alerts)) for one in office.incidents] == [
        (1, Severity.P0, 1),
        (2, Severity.P2, 1),
    ]
    assert office.store.inbox.pending() == []


def test_the_worst_of_many_deliveries_is_told_first(office: Office) -> None:
    """A flood of small things must not delay a page."""
    small = [body(firing(chr(97 + n))) for n in range(20)]
    office.keep(*small)
    office.keep(body(firing("Z") | {"labels": {"alertname": "Down", "priority": "P0"}}))

    office.work()

    assert office.incidents[0].severity is Severity.P0
    assert len(office.incidents) == 21


def test_alerts_of_one_key_are_one_append(office: Office) -> None:
    """One message and one channel: a storm is one append per incident."""
    office.keep(*[body(alert(fingerprint=f"{n:x}")) for n in range(50)])

    office.loop.once()

    appends = {one.append_id for one in office.store.journal.read("incident-1")}
    assert len(appends) == 1
    assert len(office.incidents[0].alerts) == 50


def test_an_incident_resolves_after_its_hold_time_and_opens_again(office: Office) -> None:
    """Resolved and fired again is a new problem with a new number, not an edit of the old."""
    office.deliver(body(alert()))
    office.deliver(body(resolved()))
    office.calm()
    office.now += office.policy.gathering.reopen
    office.deliver(body(alert(startsAt=LATER)))

    assert [one.status for one in office.incidents] == [Status.RESOLVED, Status.INVESTIGATING]
    assert [len(one.alerts) for one in office.incidents] == [1, 1]
    assert [one.opened.follows for one in office.incidents if one.opened] == [None, 1]


def test_the_same_problem_soon_after_the_end_reopens_its_incident(office: Office) -> None:
    """People look into the channel they were in a minute ago, and nobody has it any more."""
    office.deliver(body(alert()))
    office.desk.tell("incident-1", Acknowledge(by="ada", via="cli"))
    office.deliver(body(resolved()))
    office.calm()
    office.now += timedelta(minutes=2)
    office.restart()
    office.deliver(body(alert(startsAt=LATER)))

    [incident] = office.incidents
    assert (incident.status, incident.firing, incident.reopenings, incident.acknowledged_by) == (
        Status.INVESTIGATING,
        1,
        1,
        None,
    )
    told = [row.text for row in rows(office.desk.history(1)) if row.kind == "Reopened"]
    assert told == ["reopened: it came back 2 min after its end"]


@pytest.mark.parametrize("restarted", [False, True], ids=["at-once", "after-a-restart"])
def test_a_late_firing_of_an_ended_occurrence_opens_nothing(
    office: Office, *, restarted: bool
) -> None:
    """Members of an Alertmanager cluster deliver in any order."""
    office.deliver(body(alert()))
    office.deliver(body(resolved()))
    office.calm()
    if restarted:
        office.restart()
    office.deliver(body(alert()))

    assert [one.status for one in office.incidents] == [Status.RESOLVED]


def test_fired_again_within_the_hold_time_is_the_same_incident(office: Office) -> None:
    """A flapping alert must not open a channel a minute."""
    office.deliver(body(alert()))
    office.deliver(body(resolved()))
    office.deliver(body(alert(startsAt=LATER)))
    office.calm()

    [incident] = office.incidents
    assert (incident.status, incident.firing, len(incident.alerts)) == (
        Status.INVESTIGATING,
        1,
        2,
    )


def test_an_end_that_comes_alone_opens_an_incident_too(office: Office) -> None:
    """It did fire, while nobody listened; nothing is missed."""
    office.deliver(body(resolved()))
    office.calm()

    [incident] = office.incidents
    assert (incident.status, len(incident.alerts)) == (Status.RESOLVED, 1)


def test_old_and_new_alerts_of_one_delivery_go_where_they_belong(office: Office) -> None:
    """A group repeats what has ended; its end must not land in the new incident."""
    office.deliver(body(alert()))
    office.resolve(1)
    office.now += office.policy.gathering.reopen
    office.deliver(body(resolved(), alert(startsAt=LATER)))

    assert [(one.status, one.firing) for one in office.incidents] == [
        (Status.RESOLVED, 0),
        (Status.INVESTIGATING, 1),
    ]
    assert office.store.inbox.pending() == []


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({"alertname": "Watchdog", "severity": "none"}, id="watchdog"),
        pytest.param({"alertname": "Watchdog", "severity": "critical"}, id="named-by-the-policy"),
        pytest.param({"alertname": "Heartbeat", "severity": "none"}, id="severity-none"),
    ],
)
def test_a_watchdog_never_opens_an_incident(office: Office, labels: dict[str, str]) -> None:
    """It always fires: its absence is the alarm."""
    office.deliver(body(alert(labels=labels)))

    assert (office.incidents, office.store.inbox.pending(), office.aside) == ([], [], [])


def test_what_a_delivery_left_out_is_told_once(office: Office) -> None:
    """The sender says it in every repetition; added up it would be nonsense."""
    for count in (3, 3, 5, 4):
        office.deliver(body(alert(), truncatedAlerts=count))

    assert office.incidents[0].truncated == 5


def test_a_delivery_without_alerts_is_done(office: Office) -> None:
    """It must not stand in the line for ever."""
    office.deliver(READABLE["alerts-null"])

    assert (office.incidents, office.store.inbox.pending()) == ([], [])


@pytest.mark.parametrize("name", sorted(READABLE.keys() - {"alerts-null"}))
def test_hostile_text_becomes_an_incident_as_any_other(office: Office, name: str) -> None:
    """Nothing in an alert's text may keep people from learning of it."""
    office.deliver(READABLE[name])

    [incident] = office.incidents
    assert (len(incident.alerts), office.aside) == (1, [])
    assert incident.title.isprintable() or "\u202e" in incident.title
    assert len(incident.title) <= 200


def test_an_event_stays_small_and_shows_what_was_cut(office: Office) -> None:
    """Events are kept for ever and read at every fold."""
    huge = {f"l{n}": "v" * 2000 for n in range(5000)}

    office.deliver(body(alert(labels=huge)))

    lead = office.incidents[0].lead
    assert lead is not None
    labels = dict(lead.labels)
    assert labels["…"] == "4941 more were left out"
    assert labels["l0"] == "v" * 299 + "…"
    assert labels["namespace"] == "llm-prod"
    assert len(labels) == 65


STORY = (
    body(firing("a")),
    body(firing("a"), firing("b")),
    body(resolved(labels={"model_name": "a"}, fingerprint=f"{ord('a'):016x}")),
    body(firing("a", startsAt=LATER), truncatedAlerts=2),
    body(firing("b", startsAt=LATER), firing("a"), truncatedAlerts=1),
    body(resolved(labels={"model_name": "b"}, fingerprint=f"{ord('b'):016x}")),
)


@given(
    order=st.lists(st.sampled_from(range(len(STORY))), min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=4).map(sorted),
)
def test_any_order_and_repetition_ends_in_the_same_state(order: list[int], cuts: list[int]) -> None:
    """Two Alertmanagers, retries and restarts deliver the same story in any order."""
    told = [STORY[number] for number in order]
    once = [STORY[number] for number in sorted(set(order))]

    assert ending(told, cuts) == ending(once, [])


def ending(told: Sequence[bytes], cuts: list[int]) -> dict[str, Any]:
    """Return what there is at the end, by key, when the deliveries are handled in such parts."""
    office = Office(store=MemoryStore())
    for start, end in zip([0, *cuts], [*cuts, len(told)], strict=True):
        office.deliver(*told[start:end])
        office.restart()
    return {one.opened.key: essence(one) for one in office.incidents if one.opened}


def test_a_start_moves_the_occurrence_and_not_the_incident(office: Office) -> None:
    """A restarted Prometheus forgets when an alert began: same problem, one more occurrence."""
    office.deliver(body(alert()))
    office.deliver(body(alert(startsAt=STARTS.replace("12:00", "12:07"))))

    [incident] = office.incidents
    starts = [one.fired.starts_at for one in incident.alerts.values()]
    assert max(starts) - min(starts) == timedelta(minutes=7)
