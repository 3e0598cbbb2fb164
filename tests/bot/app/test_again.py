"""Again: what was delivered goes through a changed policy, and only what it changes is told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from alert_webhooks.notification import Notification, Source
from alert_webhooks.registry import sources
from alert_webhooks.unreadable import Reason, Unreadable
from bot.app.backtest.comparing import LOOKS, Change, Difference, Kind, compared
from bot.app.backtest.replay import Replay
from incidents.commands.incident import Resolve, SetSeverity
from incidents.commands.snooze import EndSnooze
from incidents.conditions import at_most
from incidents.correlation import Origin, Part, Placing
from incidents.default_policy import default_policy
from incidents.gathering import Flapping, Snoozing, Threshold
from incidents.incident import Incident
from incidents.journal import Aggregate
from incidents.maintenance import Interval, Once, Window
from incidents.patterns import Which
from incidents.policy import Bound, Judged, LiveRule, Policy, Severity
from tests import builders
from tests.bot.app.living import APART, SLOT, Facts, Fires, Life, begun, ended
from tests.bot.intake.desks import NOON, choose
from tests.bot.intake.gathering import DOWN, RESTARTS, SLOW

FULL = "VLLMKVCacheCritical"
SECOND = timedelta(seconds=1)


def rules(**changes: Any) -> Policy:
    """Return the default policy with spans that end between two slots, and none with another."""
    base = default_policy()
    plain = replace(
        base.gathering,
        reopen=112 * SECOND,
        follow=615 * SECOND,
        flapping=Flapping(times=2, within=315 * SECOND, quiet=135 * SECOND),
    )
    return replace(base, hold=75 * SECOND, gathering=replace(plain, **changes))


RESTARTING = Threshold(
    name="restarts", which=Which(alerts=(RESTARTS,)), count=3, within=207 * SECOND
)
fires = st.builds(
    lambda name, model, pod, begins, length: Fires(
        name=name,
        model=model,
        pod=pod,
        begins=begins,
        ends=begins + length if length else None,
    ),
    name=st.sampled_from([DOWN, SLOW, RESTARTS, FULL]),
    model=st.sampled_from("mn"),
    pod=st.sampled_from("abc"),
    begins=st.integers(0, 40),
    length=st.integers(0, 15),
)


def told_apart(found: list[Fires]) -> list[Fires]:
    """Return those of which nothing happens within five seconds of the end of a parent.

    What is kept back is looked at every five seconds: whether that was in between nobody can tell.
    """
    parents = {one.ends for one in found if one.name == DOWN}
    return [
        one
        for one in found
        if one.begins not in parents and (one.ends not in parents or one.name == DOWN)
    ]


pasts = (
    st.lists(
        fires,
        min_size=1,
        max_size=14,
        unique_by=lambda one: (one.name, one.model, one.pod, one.begins),
    )
    .map(told_apart)
    .filter(bool)
)


WORK = Window(
    name="upgrade",
    which=Which(alerts=(FULL, SLOW)),
    when=Once(
        interval=Interval(start=NOON + 308 * SECOND, end=NOON + 788 * SECOND),
    ),
    reason="new drivers",
)
FAR = NOON + timedelta(days=2)
ratios = st.lists(st.sampled_from([None, 0.001, 0.03, 0.2, 0.7]), max_size=8)


def fire(name: str, model: str, begins: int, ends: int | None) -> Fires:
    """Return an alert of one pod."""
    return Fires(name=name, model=model, pod="a", begins=begins, ends=ends)


STILL = fire(FULL, "m", 0, None)
DOWN_N = fire(DOWN, "n", 40, 50)


def lived(found: list[Fires], policy: Policy | None = None) -> Life:
    """Return a desk that has lived through these."""
    life = Life(policy or rules())
    life.lives(found, end=70)
    return life


def names_of(incident: Incident) -> set[str]:
    """Return the names of an incident's alerts."""
    return {one.fired.name for one in incident.alerts.values()}


def kinds(one: Difference) -> list[Kind]:
    """Return in which ways it is another."""
    return [change.kind for change in one.changes]


@given(
    found=pasts,
    together=st.booleans(),
    fast=st.sampled_from([1.0, 60.0]),
    seen=st.none() | ratios,
    snoozed=st.sampled_from([(), (SLOW,), (FULL, RESTARTS)]),
)
def test_the_policy_that_was_in_force_changes_nothing(
    found: list[Fires],
    together: bool,  # drawn
    fast: float,
    seen: list[float | None] | None,
    snoozed: tuple[str, ...],
) -> None:
    """A difference that no policy made would hide those that one makes."""
    policy = rules(thresholds=(RESTARTING,), maintenance=(WORK,))
    life = Life(policy, fast=fast, source=Facts(seen) if seen is not None else None)
    if snoozed:
        life.snooze(*snoozed, minutes=362 / 60)
    life.lives(found, end=70, together=together)

    result = life.compared(policy)

    assert (result.differences, result.besides, result.unknown) == ((), (), ())


@given(found=pasts)
def test_another_severity_shows_in_the_incidents_that_have_the_alert(found: list[Fires]) -> None:
    """Whoever changes the policy sees whom it would have woken, and nobody else."""
    life = lived(found)
    judged = {**rules().catalogue, FULL: Judged(severity=Severity.P0, because="we say so")}

    result = life.compared(replace(rules(), catalogue=judged))

    full = {one.number for one in life.incidents if FULL in names_of(one)}
    raised = {one.number for one in life.incidents if one.severity is not Severity.P0} & full
    assert {one.incident: kinds(one) for one in result.differences} == {
        number: [Kind.SEVERITY] for number in raised
    }
    assert {one.would_be for one in result.differences} <= {Severity.P0}
    assert result.besides == ()


@given(found=pasts)
def test_planned_work_on_everything_opens_nothing(found: list[Fires]) -> None:
    """A window that is too wide hides what people were woken by."""
    life = lived(found)
    whole = replace(WORK, which=Which(), when=Once(interval=Interval(start=NOON, end=FAR)))

    result = life.compared(rules(maintenance=(whole,)))

    assert [one.incident for one in result.differences] == [one.number for one in life.incidents]
    for one in result.differences:
        assert (kinds(one), one.would_be) == ([Kind.NOT_OPENED], None)
        assert "in maintenance upgrade until" in one.because
    assert result.besides == ()


@given(found=pasts, ends=st.integers(1, 2100))
def test_a_window_that_ends_leaves_no_incident_as_it_was(found: list[Fires], ends: int) -> None:
    """A page that comes half an hour late is no page that comes."""
    life, over = lived(found), NOON + ends * SECOND
    whole = replace(WORK, which=Which(), when=Once(interval=Interval(start=NOON, end=over)))

    again = life.again(rules(maintenance=(whole,)))

    opened = {number: one.opened_at for number, one in again.was.incidents.items()}
    within = {number for number, at in opened.items() if at < over - LOOKS}
    told = {one.incident: kinds(one) for one in compared(again).differences}
    ways = {Kind.LATER, Kind.NOT_OPENED, Kind.PART_OF, Kind.REOPENED}
    assert all(ways & set(told.get(number, [])) for number in within)
    assert all(one.opened_at >= over for one in again.would.incidents.values())


@given(found=pasts)
def test_a_threshold_that_nothing_reaches_opens_nothing(found: list[Fires]) -> None:
    """It is told of each incident that there would not have been."""
    life = lived(found)
    high = replace(RESTARTING, which=Which(), count=99)

    result = life.compared(rules(thresholds=(high,)))

    assert [kinds(one) for one in result.differences] == [[Kind.NOT_OPENED]] * len(life.incidents)
    assert all("below the threshold restarts" in one.because for one in result.differences)


def test_what_would_have_opened_where_nothing_did_is_told() -> None:
    """A rule that is taken away lets through what it kept back."""
    life = lived([DOWN_N, fire(SLOW, "o", 42, 45)])
    (kept,) = life.compared(rules(inhibitions=())).besides

    assert (kept.key, kept.severity, kept.alerts) == ("local/llm-prod/o", Severity.P1, 1)
    assert kept.opened_at == NOON + 42 * SLOT + 2 * APART


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(
            {},
            {"reopen": 615 * SECOND},
            {
                1: [(Kind.SEVERITY, f"{DOWN}: no endpoint is ready to serve")],
                2: [(Kind.REOPENED, "INC-1 would have come back")],
            },
            id="reopened",
        ),
        pytest.param(
            {"reopen": 615 * SECOND},
            {},
            {
                1: [
                    (
                        Kind.NEW,
                        f"2 incidents: {FULL} (local/llm-prod/n); {DOWN} (local/llm-prod/n)",
                    )
                ]
            },
            id="not-reopened",
        ),
        pytest.param(
            {},
            {"placing": Placing(parts=frozenset({Part.NAMESPACE}))},
            {3: [(Kind.PART_OF, "INC-2 (key local/llm-prod/)")]},
            id="part-of-another",
        ),
        pytest.param(
            {"placing": Placing(parts=frozenset({Part.NAMESPACE}))},
            {},
            {
                2: [
                    (
                        Kind.SPLIT,
                        f"2 incidents: {DOWN} (local/llm-prod/n); {RESTARTS} (local/llm-prod/p)",
                    )
                ]
            },
            id="split",
        ),
        pytest.param(
            {},
            {"maintenance": (replace(WORK, which=Which(alerts=(RESTARTS,)), name="all"),)},
            {},
            id="a-window-beside-it",
        ),
    ],
)
def test_each_way_to_be_another_incident_has_its_word(
    before: dict[str, Any], after: dict[str, Any], told: dict[int, list[tuple[Kind, str]]]
) -> None:
    """By the alerts it is told which incident of the journal is meant."""
    past = [fire(FULL, "n", 20, 25), DOWN_N, fire(RESTARTS, "p", 42, 45)]
    result = lived(past, rules(**before)).compared(rules(**after))

    found = {
        one.incident: [(change.kind, change.because) for change in one.changes]
        for one in result.differences
    }
    assert found == told


def test_alerts_that_it_would_not_have_had_are_told() -> None:
    """An incident that stays, with half of its alerts, is not the same one."""
    past = [fire(FULL, "m", 0, 9), fire(RESTARTS, "m", 17, 20)]
    plain, strict = rules(reopen=615 * SECOND), rules(reopen=615 * SECOND, thresholds=(RESTARTING,))
    (fewer,) = lived(past, plain).compared(strict).differences
    (more,) = lived(past, strict).compared(plain).differences

    waits = "below the threshold restarts: 3 within 3 min are an incident"
    assert (fewer.was, fewer.would_be) == (Severity.P1, Severity.P2)
    assert fewer.changes[-1] == Change(
        kind=Kind.FEWER, because=f"1 of its 2 alerts: {RESTARTS} is kept back: {waits}"
    )
    assert (more.was, more.would_be) == (Severity.P2, Severity.P1)
    assert more.changes[-1] == Change(kind=Kind.MORE, because=f"1 more: {RESTARTS}")


def window(seconds: int) -> Window:
    """Return planned work on everything, from the beginning on."""
    whole = Once(interval=Interval(start=NOON, end=NOON + seconds * SECOND))
    return replace(WORK, which=Which(), when=whole)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(
            {},
            {"maintenance": (window(1800),)},
            (
                Kind.LATER,
                (
                    f"30 min, at 2026-01-10 13:00:00 UTC: {RESTARTS} is kept back: "
                    "in maintenance upgrade until 2026-01-10 13:00:00 UTC: new drivers"
                ),
            ),
            id="a-window",
        ),
        pytest.param(
            {"maintenance": (window(1800),)},
            {},
            (
                Kind.EARLIER,
                (
                    f"30 min, at 2026-01-10 12:30:00 UTC: {RESTARTS} was kept back: "
                    "in maintenance upgrade until 2026-01-10 13:00:00 UTC: new drivers"
                ),
            ),
            id="no-window",
        ),
        pytest.param(
            {},
            {"thresholds": (replace(RESTARTING, count=2),)},
            (
                Kind.LATER,
                (
                    f"30 s, at 2026-01-10 12:30:30 UTC: {RESTARTS} is kept back: "
                    "below the threshold restarts: 2 within 3 min are an incident"
                ),
            ),
            id="a-threshold",
        ),
        pytest.param(
            {"maintenance": (window(11),)}, {"maintenance": (window(18),)}, None, id="within-looks"
        ),
    ],
)
def test_an_incident_that_opens_at_another_moment_is_told(
    before: dict[str, Any], after: dict[str, Any], told: tuple[Kind, str] | None
) -> None:
    """Half an hour without a page is what a window costs; it says when, and why."""
    past = [
        Fires(name=RESTARTS, model="m", pod=pod, begins=n, ends=None) for n, pod in enumerate("ab")
    ]
    found = lived(past, rules(**before)).compared(rules(**after)).differences

    assert [(x.kind, x.because) for one in found for x in one.changes] == ([told] if told else [])


def test_an_incident_whose_first_delivery_is_gone_is_not_said_to_be_late() -> None:
    """Only a repetition is kept: when the alert first came nobody can replay."""
    life = Life(rules())
    (first,) = sources()["alertmanager"].parse(begun(STILL), source="alertmanager:prod").alerts
    alert = builders.judgement(fingerprint=first.fingerprint, starts_at=first.starts_at)
    life.desk.tell(builders.INCIDENT, builders.report(alert, key="local/llm-prod/m"))
    life.arrive([begun(STILL)], NOON + timedelta(hours=4))

    result = life.compared(rules())

    assert (result.differences, result.besides, result.unknown) == ((), (), ())


def test_an_incident_that_explains_is_named_as_in_the_journal() -> None:
    """The replay counts its incidents by itself, and nobody knows those numbers."""
    past = [fire(FULL, "m", 0, 2), DOWN_N, fire(SLOW, "o", 42, 45)]
    result = lived(past, rules(inhibitions=())).compared(
        replace(rules(), never_open=frozenset({FULL}))
    )

    said = {one.incident: one.because for one in result.differences}
    assert said[3] == f"{SLOW} is kept back: hidden under {DOWN} of INC-2"


def test_what_people_did_is_said_and_not_judged() -> None:
    """A person's word beats both; who ended it by hand changed what came after it."""
    life = lived([fire(FULL, "m", 0, None)])
    by_hand = SetSeverity(severity=Severity.P0, by="ada", because="a launch")
    life.desk.tell("incident-1", by_hand)
    life.desk.tell("incident-1", Resolve(by="bob", because="enough"))
    judged = {**rules().catalogue, FULL: Judged(severity=Severity.P3, because="we know")}

    assert life.compared(rules()).differences == ()
    (found,) = life.compared(replace(rules(), catalogue=judged)).differences
    assert (found.was, found.would_be) == (Severity.P2, Severity.P3)
    assert (found.override, found.ended_by) == ("ada said P0: a launch", "bob")


def test_a_snooze_that_the_policy_forbids_is_told() -> None:
    """Otherwise it would look as if the alerts had come by themselves."""
    life = Life(rules())
    life.snooze(FULL, minutes=60)
    life.lives([fire(FULL, "m", 3, 5)], end=70)
    life.desk.tell("snooze-1", EndSnooze(by="ada", because="enough"))
    short = Snoozing(longest=timedelta(minutes=5))

    found = life.again(rules(snoozing=short))

    assert found.refused == ["snooze-1: a snooze ends in the future, and within 5 min"]
    assert [one.alerts for one in compared(found).besides] == [1]


def test_what_was_set_aside_is_named_and_not_skipped() -> None:
    """Nobody knows what it says, and an alert of it may be what the policy is about."""
    life = Life(rules())
    life.deliver(b"poison", begun(fire(FULL, "m", 0, None)))
    life.keep(begun(fire(FULL, "n", 0, None)))

    with capture_logs() as logged:
        found = life.again(rules())

    # Its own list says it, and says why.
    assert [line["event"] for line in logged if "aside" in line["event"]] == []
    ((one,), because) = found.aside, life.aside[0][1]
    assert (one.inbox_id, one.source, one.set_aside) == (1, "alertmanager:prod", because)
    assert (found.deliveries, found.waiting) == (1, 1)
    result = compared(found)
    assert (result.differences, result.besides, result.unknown) == ((), (), ())


def test_what_was_put_back_takes_effect_when_it_did() -> None:
    """A day later it opened an incident, and not when it came."""
    healed = []

    def parse(body: bytes, *, source: str) -> Notification:
        if not healed:
            message = "not yet"
            raise Unreadable(message, reason=Reason.SHAPE)
        return sources()["alertmanager"].parse(body, source=source)

    life = Life(rules(), parsers={"alertmanager": Source(name="alertmanager", parse=parse)})
    life.deliver(begun(fire(FULL, "m", 0, None)))
    healed.append(True)
    life.until(NOON + timedelta(days=1))
    life.store.inbox.replay(1)
    life.work()

    found = life.again(rules(maintenance=(replace(WORK, which=Which()),)))

    assert [one.number for one in found.was.incidents.values() if not one.own] == [2]
    result = compared(found)
    assert (result.differences, result.besides) == ((), ())


def test_an_incident_without_a_delivery_is_not_told_to_be_none() -> None:
    """What came in by other means than deliveries cannot be replayed."""
    life = Life(rules())
    life.desk.tell(builders.INCIDENT, builders.report(builders.judgement()))

    result = life.compared(rules())

    assert (result.differences, result.besides, result.unknown) == ((), (), (1,))


def test_the_source_is_kept_and_with_it_the_cluster() -> None:
    """Two receivers are two clusters where the policy says so, then as now."""
    east = Origin(labels={"cluster": "east"}, source="alertmanager:east")
    policy = rules(placing=Placing(origins=(east,)))
    life = Life(policy)
    for source in ("alertmanager:east", "alertmanager:west"):
        life.deliver(begun(fire(FULL, source[-4:], 0, None)), source=source)

    found = life.again(policy)

    assert {one.key for one in found.would.incidents.values()} == {
        "east/llm-prod/east",
        "local/llm-prod/west",
    }
    assert compared(found).differences == ()


def test_what_was_reopened_is_over_by_the_clock_that_is_replayed() -> None:
    """By a real clock its document waited half a minute, in which a replay lives through weeks."""
    replay = Replay(policy=rules(), choose=choose, start=NOON)
    for one in (fire(FULL, "m", 0, 2), fire(FULL, "m", 6, 8)):
        replay.post(begun(one), at=NOON + one.begins * SLOT)
        replay.post(ended(one), at=NOON + (one.ends or 0) * SLOT)

    replay.finish(at=NOON + timedelta(hours=1))

    (row,) = replay.desk.journal.summaries(aggregate=Aggregate.INCIDENT)
    kinds_told = [one.kind for one in replay.desk.journal.read(row.stream)]
    assert (kinds_told.count("Reopened"), row.state, row.next_due) == (1, "resolved", None)


def test_a_replay_writes_nothing() -> None:
    """The journal at hand is evidence."""
    life = lived([fire(FULL, "m", 0, 5), DOWN_N])
    before = (life.store.journal.head(), life.store.inbox.past(["alertmanager"]))
    life.again(rules(thresholds=(RESTARTING,), reopen=615 * SECOND))

    assert (life.store.journal.head(), life.store.inbox.past(["alertmanager"])) == before


def test_facts_are_those_that_were_known_then() -> None:
    """What decided then decides now; what nobody asked for is not known, and never zero."""
    life = Life(rules(), source=Facts([0.3]))
    life.lives([fire(FULL, "m", 0, 9)], end=30)
    asks = LiveRule(
        name="quiet",
        because="nobody waits",
        alerts=frozenset({FULL}),
        when=(at_most("waiting", 0),),
        effect=Bound(severity=Severity.P0),
    )
    policy = replace(rules(), live=(*rules().live, asks))

    (one,) = life.incidents
    assert one.severity is Severity.P1
    assert life.compared(rules()).differences == ()
    assert life.compared(policy).differences == ()
