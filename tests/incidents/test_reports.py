"""Reports of alerts: what they open, join, calm and stir."""

from dataclasses import replace
from datetime import timedelta

import pytest

from incidents.commands.incident import Judgement, Mitigate, Resolve, SetSeverity
from incidents.errors import Conflict
from incidents.events import incident as events
from incidents.incident import Incident, Occurrence, Status
from incidents.journal import Release, Take
from incidents.policy import Severity
from tests.builders import KEY, NOON, PLACE, judgement, later, report
from tests.incidents.telling_incidents import begin, decided, grown

HOLD = timedelta(minutes=10)
ENDED = judgement(ends_at=later(5))


def fired(one: Judgement) -> events.AlertFired:
    return events.AlertFired(
        fingerprint=one.fingerprint,
        starts_at=one.starts_at,
        name=one.name,
        title=one.title,
        severity=one.severity.value,
        because=one.because,
        rule=one.rule,
        runbook=one.runbook,
        runbook_because=one.runbook_because,
        labels=one.labels,
        text=one.text,
        source=one.source,
        url=one.url,
    )


def ended(one: Judgement, minutes: float = 5) -> events.AlertResolved:
    return events.AlertResolved(
        fingerprint=one.fingerprint,
        starts_at=one.starts_at,
        ends_at=later(minutes),
        name=one.name,
    )


def occurrence(one: Judgement) -> Take:
    return Take(kind="occurrence", key=f"{one.fingerprint}@1772366400000000")


OPENED = events.IncidentOpened(
    number=1,
    key=KEY,
    cluster="local",
    namespace="llm-d",
    model="llama-3-70b",
    role="decode",
    mode="",
)


def test_a_first_report_opens_an_incident_and_takes_its_key() -> None:
    """The holds are what keeps a second process from opening it again."""
    slow = judgement("Slow", mode="RB-15")
    full = judgement("Full", mode="RB-12", ends_at=later(5))

    decision = decided(Incident(id="incident-1"), report(slow, full, truncated=2))

    assert decision.events == (
        replace(OPENED, mode="RB-12"),
        fired(slow),
        fired(full),
        ended(full),
        events.AlertsTruncated(count=2),
    )
    assert decision.take == (
        Take(kind="open_incident", key=KEY),
        occurrence(slow),
        occurrence(full),
    )


def test_an_open_incident_is_what_its_worst_and_earliest_alert_says() -> None:
    """One headline speaks for many alerts, and says why."""
    early, late = judgement("Early"), judgement("Late", starts_at=later(1))
    worst = judgement("Worst", starts_at=later(2), severity=Severity.P1, runbook="down")

    state = begin(report(late, early, worst))

    assert (state.title, state.severity, state.severity_because, state.severity_rule) == (
        "Worst of llama-3-70b",
        Severity.P1,
        "users wait longer",
        "catalogue:Worst",
    )
    assert (state.lead, state.firing, state.status) == (fired(worst), 3, Status.INVESTIGATING)
    assert (state.label, state.number, state.opened_at) == ("INC-1", 1, NOON)


def test_the_runbook_of_the_first_alert_that_has_its_own_guides() -> None:
    """Triage is for what nothing else matches; it must not hide a runbook that fits."""
    worst = judgement("Worst", severity=Severity.P0)
    fits = judgement("Fits", runbook="cache-evictions")

    assert begin(report(worst, fits)).guide == fired(fits)
    assert begin(report(worst)).guide == fired(worst)


def test_an_incident_without_alerts_goes_by_its_name() -> None:
    """A state before its first event is no error."""
    empty = Incident(id="incident-7")

    assert (empty.title, empty.number, empty.lead, empty.guide) == ("incident-7", 0, None, None)


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(judgement(), id="fires-still"),
        pytest.param(judgement(source="alertmanager:b", url="http://b"), id="other-member"),
    ],
)
def test_a_repeated_report_tells_nothing(again: Judgement) -> None:
    """Alertmanager repeats every alert for as long as it fires."""
    assert decided(begin(), report(again)).events == ()


def test_a_worse_alert_raises_an_open_incident() -> None:
    """Whoever looks at the channel must see that it grew, and why."""
    worst = judgement("Down", severity=Severity.P0, because="nobody is served")

    decision = decided(begin(), report(worst))

    assert decision.events == (
        fired(worst),
        events.SeverityChanged(
            was="P2", now="P0", because="nobody is served", rule="catalogue:Down", by="triaged"
        ),
    )
    assert grown(begin(), *decision.events).severity is Severity.P0


def test_a_lesser_alert_leaves_the_severity() -> None:
    """One more small thing is no news about how bad it is."""
    small = judgement("Small", severity=Severity.P3)

    assert decided(begin(), report(small)).events == (fired(small),)


def test_what_a_person_said_beats_a_worse_alert() -> None:
    """They know something that no rule knows; their reason is on record."""
    said = SetSeverity(severity=Severity.P3, by="ann", because="a load test")
    state = grown(begin(), *decided(begin(), said).events)
    worst = judgement("Down", severity=Severity.P0)

    told = decided(state, report(worst))

    assert told.events == (fired(worst),)
    assert grown(state, *told.events).severity is Severity.P3


def test_calm_begins_when_the_last_alert_ends() -> None:
    """The incident resolves by itself, but not in the first quiet minute."""
    other = judgement("Other")
    state = begin(report(judgement(), other))

    one = decided(state, report(ENDED))
    both = decided(grown(state, *one.events), report(replace(other, ends_at=later(5))))

    assert one.events == (ended(ENDED),)
    assert both.events == (ended(other), events.CalmBegan(until=NOON + HOLD))


def test_calm_is_not_begun_twice() -> None:
    """A repeated end must not move the moment at which it resolves."""
    state = grown(begin(), *decided(begin(), report(ENDED)).events)

    assert decided(state, report(ENDED), at=later(3)).events == ()


def test_a_late_firing_does_not_undo_an_end() -> None:
    """Two members overtake each other: the end is the newer word."""
    state = begin(report(ENDED))

    assert decided(state, report(judgement())).events == ()
    assert state.alerts == {
        "vllmpreemptionshigh@1772366400000000": Occurrence(
            fired=fired(judgement()), ends_at=later(5)
        )
    }


def test_the_latest_of_several_ends_wins() -> None:
    """One member may have timed an alert out while the other still saw it."""
    state = begin(report(replace(ENDED, ends_at=later(6))))

    earlier = decided(state, report(replace(ENDED, ends_at=later(5))))
    latest = decided(state, report(replace(ENDED, ends_at=later(7))))

    assert (earlier.events, latest.events) == ((), (ended(ENDED, 7),))


def test_an_alert_that_ended_before_it_was_heard_of_opens_a_calm_incident() -> None:
    """It did happen: people look, and it closes by itself."""
    assert decided(Incident(id="incident-1"), report(ENDED)).events == (
        OPENED,
        fired(ENDED),
        ended(ENDED),
        events.CalmBegan(until=NOON + HOLD),
    )


def test_a_new_alert_breaks_the_calm() -> None:
    """It is not over when something else fires."""
    state = begin(report(ENDED))
    again = judgement(starts_at=later(8))

    assert decided(state, report(again)).events == (fired(again), events.CalmBroken())


def test_a_new_alert_undoes_the_mitigation() -> None:
    """Mitigated says that users are served: a new alert says that they are not."""
    mitigated = Mitigate(by="triaged", because="4 → 6", run="run-1-1", step="scale")
    state = grown(begin(), *decided(begin(), mitigated).events)
    again = judgement(starts_at=later(8))

    told = decided(state, report(again))

    relapsed = events.Relapsed(because="VLLMPreemptionsHigh fired again")
    assert told.events == (fired(again), relapsed)
    after = grown(state, *told.events, at=later(8))
    assert (after.status, after.relapsed_at, after.mitigated_at, after.mitigated_by) == (
        Status.INVESTIGATING,
        later(8),
        None,
        None,
    )


def test_a_new_alert_that_has_ended_stirs_as_if_it_were_heard_of_in_time() -> None:
    """Whether it relapsed must not depend on which report was faster."""
    state = begin(report(ENDED))
    blip = judgement(starts_at=later(6), ends_at=later(7))

    assert decided(state, report(blip), at=later(8)).events == (
        fired(blip),
        events.CalmBroken(),
        ended(blip, 7),
        events.CalmBegan(until=later(18)),
    )


def test_what_fires_after_the_end_belongs_to_another_incident() -> None:
    """A closed incident is never opened again: whoever reports must look for the open one."""
    state = grown(begin(), *decided(begin(), Resolve(by="ann", because="over")).events)

    with pytest.raises(Conflict, match="incident-1 was resolved before Other fired"):
        decided(state, report(judgement("Other")))


def test_the_end_of_a_known_alert_is_noted_after_the_incident_was_closed() -> None:
    """The postmortem says when it really ended; nothing becomes calm a second time."""
    over = decided(begin(), Resolve(by="ann", because="over"))
    state = grown(begin(), *over.events)

    assert over.release == (Release(kind="open_incident", key=KEY),)
    assert decided(state, report(ENDED)).events == (ended(ENDED),)


def test_alerts_of_another_key_never_join() -> None:
    """Two processes counted alike: the loser must count again, not share the number."""
    with pytest.raises(Conflict) as refused:
        decided(begin(), report(key="local/llm-d/other", place=replace(PLACE, model="other")))

    assert str(refused.value) == (
        "incident-1 was opened for local/llm-d/llama-3-70b, not for local/llm-d/other"
    )
