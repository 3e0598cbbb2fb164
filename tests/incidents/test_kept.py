"""The alerts of one key that are kept back: each once, with its reason, until it ends or goes."""

from dataclasses import replace
from datetime import datetime

import pytest

from incidents.commands.kept import KeepAlerts, KeepOtherwise, ReleaseAlerts, ToKeep, Why
from incidents.correlation import Place
from incidents.errors import Conflict
from incidents.events.incident import AlertFired
from incidents.flapping import flaps
from incidents.gathering import Flapping
from incidents.incident import Incident, Occurrence
from incidents.incident_rules import OCCURRENCE
from incidents.journal import Aggregate
from incidents.kept import KEPT, Kept, decide, due, judged, kept_stream
from tests.builders import KEY, NOON, PLACE, desk, judgement, later, report
from tests.incidents.samples import FIRED

STREAM = kept_stream(KEY)
WHY = Why(rule="snooze:1", because="snoozed", until=later(30))
OTHER = Why(rule="inhibition:down", because="hidden under Down of INC-2", under=2)
ONE = judgement()
NAME = "vllmpreemptionshigh@1772366400000000"


def keep(*alerts: ToKeep, key: str = KEY) -> KeepAlerts:
    return KeepAlerts(key=key, place=PLACE, alerts=alerts or (ToKeep(alert=ONE, why=WHY),))


def test_an_alert_is_kept_once_and_as_it_was_judged() -> None:
    """A repetition changes nothing, and the incident that takes it later needs all of it."""
    told = desk()
    told.tell(STREAM, keep())
    again = told.tell(STREAM, keep())
    state = told.kept(STREAM)

    assert again.events == ()
    assert (state.key, state.place, list(state.alerts)) == (KEY, PLACE, [NAME])
    assert judged(state.alerts[NAME]) == ONE
    assert (state.alerts[NAME].why, due(state)) == (WHY, NOON)
    held = told.journal.hold(KEPT, NAME)
    assert held is not None
    assert held.stream == STREAM


def test_an_alert_that_an_incident_has_is_kept_nowhere() -> None:
    """Nobody could tell which of the two is true."""
    told = desk()
    told.tell("incident-1", report(ONE))

    with pytest.raises(Conflict):
        told.tell(STREAM, keep())


def test_an_end_takes_it_out_and_a_late_report_does_not_bring_it_back() -> None:
    """The list is of what fires, and the members of an Alertmanager cluster overtake each other."""
    told = desk()
    late = judgement("Late", ends_at=later(1))
    told.tell(STREAM, keep(ToKeep(alert=ONE, why=WHY), ToKeep(alert=late, why=WHY)))
    told.tell(STREAM, keep(ToKeep(alert=judgement(ends_at=later(2)), why=WHY)))
    late_again = ToKeep(alert=judgement("Late"), why=WHY)
    again = told.tell(STREAM, keep(ToKeep(alert=ONE, why=WHY), late_again))
    state = told.kept(STREAM)

    assert (state.alerts, state.ended, due(state), again.events) == ({}, 2, None, ())
    assert told.journal.hold(KEPT, NAME) is None
    assert told.journal.summaries(aggregate=Aggregate.KEPT, open_only=True) == []


def test_a_reason_may_change_and_an_incident_may_take_it() -> None:
    """What is told twice is told once."""
    told = desk()
    told.tell(STREAM, keep())
    changed = told.tell(STREAM, KeepOtherwise(whys=((NAME, OTHER), ("gone@0", OTHER))))
    same = told.tell(STREAM, KeepOtherwise(whys=((NAME, OTHER),)))
    reason = told.kept(STREAM).alerts[NAME].why
    released = told.tell(STREAM, ReleaseAlerts(occurrences=(NAME, "gone@0"), incident=3))

    assert (len(changed.events), same.events, reason) == (1, (), OTHER)
    assert (len(released.events), told.kept(STREAM).alerts, told.kept(STREAM).released) == (
        1,
        {},
        1,
    )
    assert told.journal.hold(OCCURRENCE, NAME) is None


def test_a_stream_is_of_one_key() -> None:
    """Two keys of one digest must not be mixed up."""
    told = desk()
    told.tell(STREAM, keep())

    with pytest.raises(Conflict, match="keeps"):
        decide(told.kept(STREAM), keep(key="local//other"), NOON)


def test_what_is_empty_has_no_place() -> None:
    """Nothing is known of a key under which nothing was kept, or opened."""
    empty = Place(cluster="", namespace="", model="", role="")

    assert (Kept(id=STREAM).key, Kept(id=STREAM).place) == ("", empty)
    assert (Incident(id="incident-1").key, Incident(id="incident-1").place) == ("", empty)


def test_the_densest_time_counts_as_flapping() -> None:
    """Six in an hour are none of six in half an hour; the order of reports is no matter."""
    moments = (0, 40, 41, 42, 90)
    alerts = [
        Occurrence(fired=_fired(later(minutes), "a")) for minutes in (*moments[3:], *moments[:3])
    ]
    rule = Flapping(times=2)

    assert flaps(alerts, {"a"}, rule) == ("VLLMPreemptionsHigh", "flapping: 3 times in 30 min")
    assert flaps(alerts, {"b"}, rule) is None
    assert flaps(alerts, {"a"}, Flapping(times=3)) is None
    assert flaps(alerts, {"a"}, Flapping(times=5)) is None


def _fired(starts_at: datetime, fingerprint: str) -> AlertFired:
    return replace(FIRED, starts_at=starts_at, fingerprint=fingerprint)
