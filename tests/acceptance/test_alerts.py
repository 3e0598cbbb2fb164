"""Alerts that are not the story's: unknown ones, the watchdog, and one that fires again."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from incidents.commands.incident import Resolve
from incidents.incident import Status
from incidents.journal import Aggregate
from tests.rehearsing import Rehearsal, get, send

UNKNOWN: Mapping[str, str] = {
    "alertname": "CertificateExpires",
    "namespace": "llm-d",
    "severity": "warning",
}


def fire(desk: Rehearsal, labels: Mapping[str, str], *, lasts: timedelta) -> None:
    """Post an alert to both Alertmanagers, as Prometheus does."""
    now = datetime.fromisoformat(get(f"{desk.stage.control}/clock")["time"])
    alert = {
        "labels": labels,
        "annotations": {"summary": f"{labels['alertname']} is on"},
        "startsAt": now.isoformat(),
        "endsAt": (now + lasts).isoformat(),
    }
    for address in desk.stage.addresses["alertmanagers"]:
        send(f"{address}/api/v2/alerts", [alert], method="POST")


def incidents(desk: Rehearsal) -> list[int | None]:
    """Return the numbers of all incidents."""
    rows = desk.app.opened.store.journal.summaries(aggregate=Aggregate.INCIDENT)
    return sorted(row.incident or 0 for row in rows)


def test_an_alert_without_a_runbook_gets_a_first_look_and_a_person(desk: Rehearsal) -> None:
    """Nobody begins with nothing: the signals are read, nothing is changed, somebody is asked."""
    fire(desk, UNKNOWN, lasts=timedelta(hours=3))
    desk.until(lambda: desk.has("AskPosed"), minutes=20)

    assert desk.app.opened.desk.run("run-1-1").started.runbook == "triage"
    assert desk.count("CheckFinished") + desk.count("StepFailed") >= 5
    assert "No runbook matches this alert" in desk.text("AskPosed")
    assert desk.stage.writes() == []


def test_the_watchdog_opens_nothing(desk: Rehearsal) -> None:
    """The alert that always fires is a sign of life, not an incident."""
    fire(desk, {"alertname": "Watchdog", "severity": "none"}, lasts=timedelta(hours=3))
    for _ in range(8):
        desk.stage.advance()
        desk.turn()

    assert incidents(desk) == []
    assert desk.app.opened.store.inbox.pending() == []


def test_the_same_alert_after_the_end_opens_a_second_incident(desk: Rehearsal) -> None:
    """What was resolved is over: its channel is archived, and a relapse deserves people anew."""
    fire(desk, UNKNOWN, lasts=timedelta(minutes=5))
    desk.until(lambda: desk.has("CalmBegan"), minutes=60)
    ended = Resolve(by="alice", because="it was renewed")
    desk.app.opened.desk.tell("incident-1", ended)
    desk.until(lambda: desk.has("ChannelArchived"), minutes=60)
    fire(desk, UNKNOWN, lasts=timedelta(hours=2))
    desk.until(lambda: incidents(desk) == [1, 2], minutes=20)

    assert desk.app.opened.desk.incident(1).status is Status.RESOLVED
    assert desk.app.opened.desk.incident(2).status is Status.INVESTIGATING
    desk.turn()
    assert desk.stage.channel(1) != desk.stage.channel(2)
