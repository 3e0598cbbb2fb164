"""The alerts of one key that are kept back: each once, with its reason, until it ends or goes."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from incidents.commands.kept import KeepAlerts, KeepOtherwise, ReleaseAlerts, ToKeep, Why
from incidents.correlation import Place
from incidents.errors import Conflict
from incidents.events.incident import AlertFired
from incidents.flapping import flaps
from incidents.gathering import Flapping, Gathering, Threshold
from incidents.incident import Incident, Occurrence
from incidents.incident_rules import OCCURRENCE
from incidents.journal import Aggregate
from incidents.keeping import Rules
from incidents.kept import KEPT, LATELY, Kept, decide, due, judged, kept_stream, recent
from incidents.patterns import Which
from tests.builders import KEY, NOON, PLACE, desk, judgement, later, report
from tests.incidents.samples import FIRED

STREAM = kept_stream(KEY)
WHY = Why(rule="snooze:1", because="snoozed", until=later(30))
OTHER = Why(rule="inhibition:down", because="hidden under Down of INC-2", under=2)
ONE = judgement()
NO_WHY = Why(rule="", because="")
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


def test_what_ended_before_it_was_heard_of_is_remembered_where_there_is_a_reason() -> None:
    """It may count below a threshold; nothing holds it, and nobody has to look at it."""
    told = desk()
    over = judgement(ends_at=later(1))
    told.tell(STREAM, keep(ToKeep(alert=over, why=WHY)))
    told.tell(STREAM, keep(ToKeep(alert=replace(over, fingerprint="b"), why=NO_WHY)))
    state = told.kept(STREAM)

    assert [judged(one) for one in state.lately.values()] == [over]
    assert (state.alerts, state.ended, due(state)) == ({}, 2, None)
    assert told.journal.hold(KEPT, NAME) is None
    told.tell(STREAM, ReleaseAlerts(occurrences=(NAME, "b@1772366400000000"), incident=7))
    assert (told.kept(STREAM).lately, told.kept(STREAM).released) == ({}, 1)


RESTARTS = Threshold(name="r", which=Which(), count=3, within=timedelta(minutes=10))
RULES = Rules(gathering=Gathering(thresholds=(RESTARTS,)), hold=timedelta(minutes=5))


@pytest.mark.parametrize(
    ("why", "until"),
    [
        pytest.param(Why(rule="threshold:r", because="below"), 10, id="its-threshold-s-time"),
        pytest.param(Why(rule="threshold:gone", because="below"), 0, id="no-such-threshold"),
        pytest.param(OTHER, 7, id="its-incident-would-be-calm"),
        pytest.param(WHY, 0, id="a-snooze-is-no-reason-to-count"),
    ],
)
def test_what_has_ended_counts_as_long_as_its_incident_would_stand(why: Why, until: int) -> None:
    """Kept at noon, and its end heard of two minutes later."""
    moment = NOON
    told = desk(clock=lambda: moment)
    told.tell(STREAM, keep(ToKeep(alert=ONE, why=why)))
    moment = later(2)
    told.tell(STREAM, keep(ToKeep(alert=judgement(ends_at=later(1)), why=why)))
    state = told.kept(STREAM)

    counting = [at for at in range(2, 15) if recent(state, RULES, later(at))]
    assert counting == list(range(2, until))


def test_of_very_many_that_ended_the_last_are_remembered() -> None:
    """A key that flaps for a week must not grow for a week."""
    told = desk()
    many = [judgement(f"A{n:04}", ends_at=later(1)) for n in range(LATELY + 1)]
    told.tell(STREAM, keep(*(ToKeep(alert=one, why=WHY) for one in many)))

    assert [one.fired.name for one in told.kept(STREAM).lately.values()] == [
        one.name for one in many[1:]
    ]


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
