"""What opens an incident and what is kept back: every rule by what people see of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from incidents.commands.incident import ComeForward, ReportAlerts
from incidents.commands.snooze import EndSnooze
from incidents.correlation import Origin, Part, Placing
from incidents.gathering import Flapping, Inhibition, Snoozing, Threshold
from incidents.incident import Status
from incidents.incident_rules import due
from incidents.kept import judged, kept_stream
from incidents.maintenance import Interval, Once, Window
from incidents.patterns import Which
from incidents.policy import Severity
from storage.memory import MemoryStore
from tests.alert_webhooks.bodies import ENDS, alert, body, resolved
from tests.bot.intake.gathering import DOWN, RESTARTS, SLOW, Desk

THREE = Threshold(
    name="restarts", which=Which(alerts=(RESTARTS,)), count=3, within=timedelta(minutes=10)
)


def upgrade(desk: Desk, minutes: float = 30, **labels: str) -> Window:
    interval = Interval(start=desk.now, end=desk.now + timedelta(minutes=minutes))
    which = Which(labels=tuple(labels.items()))
    return Window(name="upgrade", which=which, when=Once(interval=interval), reason="new nodes")


def test_below_its_threshold_an_alert_is_listed_and_opens_nothing(desk: Desk) -> None:
    """One restart is no incident; nobody may wonder where it went."""
    desk.rules(thresholds=(THREE,))
    desk.fires(RESTARTS, pod="a")
    desk.fires(RESTARTS, pod="b")

    assert desk.incidents == []
    assert desk.kept == [
        (
            "kept back: 2 of local/llm-prod/m (KubePodCrashLooping): below the threshold restarts: "
            "3 within 10 min are an incident; 2 of 3 within 10 min (restarts)"
        )
    ]


def test_the_third_opens_one_incident_with_all_three(desk: Desk) -> None:
    """The first two are how it began; a restart in between forgets nothing."""
    desk.rules(thresholds=(THREE,))
    desk.fires(RESTARTS, pod="a")
    desk.fires(RESTARTS, pod="b")
    desk.restart()
    desk.turn(minutes=5)
    desk.fires(RESTARTS, pod="c")

    assert [len(one.alerts) for one in desk.incidents] == [3]
    assert desk.kept == []
    assert desk.told(1, "Gathered")[0] == "3 of 3 within 10 min (restarts)"


def test_what_is_too_old_does_not_count(desk: Desk) -> None:
    """Three in a month are no incident."""
    desk.rules(thresholds=(THREE,))
    desk.fires(RESTARTS, pod="a")
    desk.ends(desk.fires(RESTARTS, pod="b"))
    desk.turn(minutes=11)
    desk.fires(RESTARTS, pod="c")

    assert desk.incidents == []
    assert desk.kept[0].endswith("; 1 of 3 within 10 min (restarts)")


def test_what_has_ended_counts_as_having_been(desk: Desk) -> None:
    """Three within a time are three, however short; who looks sees all of them."""
    desk.rules(thresholds=(THREE,))
    desk.ends(desk.fires(RESTARTS, pod="a"))
    desk.ends(desk.fires(RESTARTS, pod="b"))
    before = (desk.incidents, desk.kept)
    desk.restart()
    desk.fires(RESTARTS, pod="c")

    assert before == ([], [])
    assert [(len(one.alerts), one.firing) for one in desk.incidents] == [(3, 1)]
    assert desk.told(1, "Gathered")[0] == "3 of 3 within 10 min (restarts)"


def test_what_counted_once_counts_for_no_second_incident(desk: Desk) -> None:
    """It is in the first one."""
    desk.rules(thresholds=(THREE,))
    for pod in ("a", "b"):
        desk.ends(desk.fires(RESTARTS, pod=pod))
    desk.ends(desk.fires(RESTARTS, pod="c"))
    desk.resolve(1)
    desk.turn(minutes=6)
    desk.fires(RESTARTS, pod="d")

    assert len(desk.incidents) == 1
    assert desk.kept[0].endswith("; 1 of 3 within 10 min (restarts)")


def test_ends_that_come_alone_count_too(desk: Desk) -> None:
    """Each was a restart that nobody heard of while it fired; it waits for nobody."""
    desk.rules(thresholds=(THREE,))
    labels = {"alertname": RESTARTS}
    found = []
    for number in range(3):
        desk.deliver(body(resolved(labels=labels, fingerprint=f"{number}")))
        found.append((len(desk.incidents), desk.kept))
    desk.turn(minutes=11)

    assert found == [(0, []), (0, []), (1, [])]
    [incident] = desk.incidents
    assert (len(incident.alerts), incident.status) == (3, Status.RESOLVED)
    assert desk.store.inbox.pending() == []


def test_a_late_firing_does_not_join_what_opened_meanwhile(desk: Desk) -> None:
    """Its end was heard of first: in the incident it would fire for ever."""
    desk.snooze(SLOW)
    late = alert(labels={"alertname": SLOW}, fingerprint="1")
    desk.deliver(body(resolved(**{**late, "endsAt": ENDS})))
    desk.deliver(body(alert(labels={"alertname": "Other"}, fingerprint="2")))
    desk.deliver(body(late))
    desk.turn(minutes=1)

    assert [[o.fired.name for o in one.alerts.values()] for one in desk.incidents] == [["Other"]]
    assert (desk.kept, desk.store.inbox.pending()) == ([], [])


def test_a_crash_before_they_are_let_go_counts_nothing_twice(desk: Desk) -> None:
    """What an incident has is found there, whatever the list still says."""
    desk.rules(thresholds=(THREE,))
    for pod in ("a", "b"):
        desk.ends(desk.fires(RESTARTS, pod=pod))
    kept = desk.desk.kept(kept_stream("local/llm-prod/m"))
    taken = tuple(judged(one) for one in kept.lately.values())
    place = kept.place
    report = ReportAlerts(
        number=1, key=kept.key, place=place, alerts=taken, truncated=0, hold=desk.policy.hold
    )
    desk.desk.tell("incident-1", report)
    desk.resolve(1)
    desk.turn(minutes=6)
    desk.fires(RESTARTS, pod="c")

    assert len(desk.incidents) == 1
    assert desk.kept[0].startswith("kept back: 1 of local/llm-prod/m (KubePodCrashLooping)")


def test_a_snoozed_alert_opens_an_incident_when_the_snooze_ends(desk: Desk) -> None:
    """A snooze is a promise to look later, not to look away."""
    desk.snooze(SLOW, minutes=30)
    desk.fires(SLOW)
    before = (desk.incidents, desk.kept)
    desk.turn(minutes=31)

    assert before == (
        [],
        [
            (
                "kept back: 1 of local/llm-prod/m (LLMDHighTTFT): snoozed until "
                "2026-01-10 13:00:00 UTC by ada: a load test"
            )
        ],
    )
    assert [one.firing for one in desk.incidents] == [1]
    assert desk.told(1, "Gathered") == [
        (
            "LLMDHighTTFT still fires, and is no longer snoozed until 2026-01-10 13:00:00 UTC "
            "by ada: a load test"
        )
    ]
    assert desk.desk.snooze("snooze-1").ended is not None


def test_what_ended_within_a_snooze_opens_nothing(desk: Desk) -> None:
    """The load test is over, and with it what it made ring."""
    desk.snooze(SLOW)
    known = desk.fires(SLOW)
    desk.turn(minutes=5)
    desk.ends(known)
    desk.turn(minutes=31)

    assert (desk.incidents, desk.kept) == ([], [])


def test_a_snooze_that_a_person_ends_lets_go_at_once(desk: Desk) -> None:
    """Whoever ends it wants to know."""
    desk.snooze(SLOW, minutes=600)
    desk.fires(SLOW)
    desk.desk.tell("snooze-1", EndSnooze(by="ada", because="the test failed"))
    desk.turn(seconds=6)

    assert len(desk.incidents) == 1


@pytest.mark.parametrize(
    ("broken_by", "opened"),
    [pytest.param({"P0"}, 1, id="by-default"), pytest.param(set(), 0, id="never")],
)
def test_an_outage_breaks_a_snooze(desk: Desk, broken_by: set[str], opened: int) -> None:
    """Nobody who snoozes a slow model means to sleep through its outage."""
    desk.rules(snoozing=Snoozing(broken_by=frozenset(broken_by)))
    desk.snooze("LLMD*")
    desk.fires(SLOW, priority="P0")

    assert len(desk.incidents) == opened
    if opened:
        assert desk.told(1, "Gathered") == ["LLMDHighTTFT is P0, which breaks the snooze by ada"]


def test_what_gets_worse_while_it_is_snoozed_breaks_the_snooze(desk: Desk) -> None:
    """The same occurrence, judged again at its next delivery."""
    desk.snooze("LLMD*")
    known = desk.fires(SLOW, priority="P2")
    quiet = len(desk.incidents)
    desk.occurrences[known]["labels"]["priority"] = "P0"
    desk.again(known)

    assert (quiet, [one.severity for one in desk.incidents]) == (0, [Severity.P0])
    assert desk.kept == []


def test_an_open_incident_hears_of_everything(desk: Desk) -> None:
    """Whoever works on it must not miss what a snooze would have hidden; no second one opens."""
    desk.fires(DOWN)
    desk.snooze(SLOW)
    desk.fires(SLOW)

    assert [sorted(o.fired.name for o in one.alerts.values()) for one in desk.incidents] == [
        [DOWN, SLOW]
    ]


def test_what_was_kept_back_joins_an_incident_that_opens(desk: Desk) -> None:
    """The order in which alerts arrive must not matter."""
    desk.snooze(SLOW)
    desk.fires(SLOW)
    desk.fires(DOWN)

    assert [sorted(o.fired.name for o in one.alerts.values()) for one in desk.incidents] == [
        [DOWN, SLOW]
    ]
    assert desk.kept == []
    assert desk.told(1, "Gathered") == [
        (
            "LLMDHighTTFT joins; until now it was snoozed until 2026-01-10 13:00:00 UTC by ada: "
            "a load test"
        )
    ]


def test_planned_work_opens_nothing_until_it_ends(desk: Desk) -> None:
    """People who exchange nodes know that alerts will ring; those that go on ringing count."""
    desk.rules(maintenance=(upgrade(desk, namespace="llm-prod"),))
    desk.fires(SLOW)
    desk.fires(SLOW, namespace="other")
    elsewhere = [one.opened.namespace for one in desk.incidents if one.opened]
    desk.turn(minutes=30)

    assert elsewhere == ["other"]
    assert [one.firing for one in desk.incidents] == [1, 1]
    assert desk.told(2, "Gathered")[0].startswith(
        "LLMDHighTTFT still fires, and is no longer in maintenance upgrade until"
    )


def test_one_reason_may_follow_another(desk: Desk) -> None:
    """A snooze outlasts the planned work within it, and the list says so."""
    desk.rules(maintenance=(upgrade(desk, minutes=10),))
    desk.snooze(SLOW, minutes=60)
    desk.fires(SLOW)
    first = desk.kept[0]
    desk.turn(minutes=11)

    assert "in maintenance upgrade" in first
    assert "snoozed until" in desk.kept[0]
    assert desk.incidents == []


def test_the_consequence_of_an_outage_is_listed_under_it(desk: Desk) -> None:
    """Where nothing serves, everything is slow: one channel is enough."""
    desk.fires(DOWN, model="", inference_pool="p")
    desk.fires(SLOW, model="a")

    [parent] = desk.incidents
    assert parent.children == {
        "local/llm-prod/a": "hidden under EPPNoReadyEndpoints of INC-1: LLMDHighTTFT of "
        "local/llm-prod/a"
    }
    assert desk.told(1, "ChildHidden") == [
        "hidden under EPPNoReadyEndpoints of INC-1: LLMDHighTTFT of local/llm-prod/a; listed here"
    ]


def test_a_consequence_comes_forward_when_its_parent_ends(desk: Desk) -> None:
    """Served again, and still slow: that is a problem of its own."""
    known = desk.fires(DOWN, model="", inference_pool="p")
    desk.fires(SLOW, model="a")
    desk.ends(known)
    desk.turn(seconds=6)

    assert [one.lead.name for one in desk.incidents if one.lead] == [DOWN, SLOW]
    assert desk.told(2, "Gathered") == [
        "LLMDHighTTFT still fires, and is no longer hidden under EPPNoReadyEndpoints of INC-1"
    ]


def test_an_incident_that_was_first_is_listed_under_its_parent(desk: Desk) -> None:
    """The consequence is often noticed before the cause."""
    desk.fires(SLOW, model="a")
    desk.fires(DOWN, model="", inference_pool="p")
    child, parent = desk.incidents

    assert child.under == 2
    assert due(child, desk.policy) is not None
    assert desk.told(1, "Hidden") == [
        "listed under INC-2: EPPNoReadyEndpoints fires there and explains LLMDHighTTFT"
    ]
    assert list(parent.children) == ["local/llm-prod/a"]
    desk.turn(hours=3)
    assert desk.told(1, "Escalated") == []


@pytest.mark.parametrize("order", [(SLOW, RESTARTS, DOWN), (DOWN, SLOW, RESTARTS)])
@pytest.mark.parametrize("ends", [False, True], ids=["child-fires", "child-ended"])
def test_what_is_kept_back_beside_a_child_goes_with_the_parent(
    desk: Desk, order: tuple[str, ...], *, ends: bool
) -> None:
    """Whoever was faster: while the parent fires nothing rings, and afterwards both do."""
    desk.rules(thresholds=(THREE,))
    known = {name: desk.fires(name, model="" if name == DOWN else "a") for name in order}
    if ends:
        desk.ends(known[SLOW])
    ringing = [one.key for one in desk.incidents if one.under is None]
    desk.ends(known[DOWN])
    desk.turn(seconds=6)
    after = [one for one in desk.incidents if one.under is None and one.key == "local/llm-prod/a"]

    assert ringing == ["local/llm-prod/"]
    assert [sorted(o.fired.name for o in one.alerts.values()) for one in after] == [
        [RESTARTS, SLOW]
    ]
    assert desk.kept == []


def test_a_hidden_incident_says_what_alone_would_be_kept_back(desk: Desk) -> None:
    """The reason must be complete: somebody may bring it forward."""
    desk.rules(thresholds=(THREE,))
    desk.fires(SLOW, model="a")
    desk.fires(RESTARTS, model="a")
    desk.fires(DOWN, model="")

    assert desk.told(1, "Hidden") == [
        (
            "listed under INC-2: EPPNoReadyEndpoints fires there and explains LLMDHighTTFT; "
            "KubePodCrashLooping alone would be kept back"
        )
    ]


def test_what_reaches_its_threshold_brings_a_hidden_incident_forward(desk: Desk) -> None:
    """The parent explains one of them, and not three restarts."""
    desk.rules(thresholds=(THREE,))
    desk.fires(SLOW, model="a")
    desk.fires(DOWN, model="")
    found = []
    for pod in ("a", "b", "c"):
        desk.fires(RESTARTS, model="a", pod=pod)
        found.append(desk.incidents[0].under)

    assert found == [2, 2, None]


@pytest.mark.parametrize("how", ["planned", "snoozed"])
def test_what_is_no_longer_kept_back_brings_a_hidden_incident_forward(desk: Desk, how: str) -> None:
    """Planned work and snoozes end without a word."""
    desk.fires(SLOW, model="a")
    desk.fires("Other", model="a")
    if how == "planned":
        window = upgrade(desk, minutes=30, alertname="Other")
        desk.rules(maintenance=(window,))
    else:
        desk.snooze("Other", minutes=30)
    desk.fires(DOWN, model="")
    before = desk.incidents[0].under
    desk.turn(minutes=31)

    assert (before, desk.incidents[0].under) == (2, None)


@pytest.mark.parametrize("how", ["planned", "snoozed"])
def test_what_is_kept_back_from_now_on_hides_an_incident(desk: Desk, how: str) -> None:
    """Nothing happens to the incident when planned work begins, or when somebody snoozes."""
    desk.fires(SLOW, model="a")
    desk.fires("Other", model="a")
    if how == "planned":
        later = Interval(start=desk.now + timedelta(minutes=1), end=desk.now + timedelta(hours=1))
        work = replace(upgrade(desk, alertname="Other"), when=Once(interval=later))
        desk.rules(maintenance=(work,))
    desk.fires(DOWN, model="")
    before = desk.incidents[0].under
    if how == "snoozed":
        desk.snooze("Other", minutes=60)
    desk.turn(minutes=2)

    assert (before, desk.incidents[0].under) == (None, 2)


@pytest.mark.parametrize("restarts", [False, True], ids=["reloaded", "restarted"])
def test_nothing_stays_hidden_when_nothing_explains_others_any_more(
    desk: Desk, *, restarts: bool
) -> None:
    """Whoever takes the last rule away wants to see everything."""
    desk.fires(SLOW, model="a")
    desk.fires(DOWN, model="")
    before = desk.incidents[0].under
    desk.rules(inhibitions=())
    if restarts:
        desk.restart()
    desk.turn(seconds=6)

    assert (before, desk.incidents[0].under) == (2, None)


def test_a_hidden_incident_stands_for_itself_again_when_its_parent_ends(desk: Desk) -> None:
    """It still fires: somebody has to look."""
    desk.fires(SLOW, model="a")
    known = desk.fires(DOWN, model="", inference_pool="p")
    desk.ends(known)

    assert desk.incidents[0].under is None
    assert desk.told(1, "CameForward") == [
        "stands for itself again: LLMDHighTTFT fires, and nothing of INC-2 explains it any more"
    ]


def test_what_a_person_brings_forward_stays_there(desk: Desk) -> None:
    """People know more than a rule."""
    desk.fires(SLOW, model="a")
    desk.fires(DOWN, model="", inference_pool="p")
    desk.desk.tell("incident-1", ComeForward(by="ada", because="it is another pool"))
    desk.turn(minutes=1)

    assert desk.incidents[0].under is None


def test_nothing_hides_what_is_worse(desk: Desk) -> None:
    """A rule about names must not bury an outage."""
    desk.fires(DOWN, model="", inference_pool="p", priority="P2")
    desk.fires(SLOW, model="a", priority="P1")

    assert [one.under for one in desk.incidents] == [None, None]


def test_two_that_explain_each_other_do_not_both_vanish(desk: Desk) -> None:
    """Two rules written by two people; one incident at least must ring."""
    rules = (
        Inhibition(name="a", parent=Which(alerts=("A",)), child=Which(alerts=("B",))),
        Inhibition(name="b", parent=Which(alerts=("B",)), child=Which(alerts=("A",))),
    )
    desk.fires("A", model="a")
    desk.fires("B", model="b")
    desk.rules(inhibitions=rules)
    desk.restart()
    desk.turn(minutes=1)

    assert sorted(one.under is None for one in desk.incidents) == [False, True]


def test_a_flapping_alert_keeps_its_incident_open(desk: Desk) -> None:
    """Six channels in half an hour are noise; one that stays is a problem that flaps."""
    desk.rules(flapping=Flapping(times=3))
    for _ in range(4):
        known = desk.fires(SLOW)
        desk.turn(minutes=1)
        desk.ends(known)
        desk.turn(minutes=3)
    desk.turn(minutes=15)
    still = [one.status for one in desk.incidents]
    desk.turn(minutes=30)

    assert still == [Status.INVESTIGATING]
    assert [one.status for one in desk.incidents] == [Status.RESOLVED]
    assert desk.told(1, "FlappingBegan") == [
        "LLMDHighTTFT is flapping: 4 times in 30 min; it stays open for longer"
    ]


def test_alerts_that_were_left_out_are_said_and_never_resolve(desk: Desk) -> None:
    """Nobody can tell whether what nobody named has ended."""
    desk.deliver(body(alert(), truncatedAlerts=7))
    desk.deliver(body(resolved(), truncatedAlerts=7))
    desk.turn(hours=5)

    [incident] = desk.incidents
    assert (incident.status, incident.truncated) == (Status.INVESTIGATING, 7)
    assert (
        "7 alerts were left out: nobody can tell whether they ended" in desk.told(1, "Escalated")[0]
    )


def test_an_alert_without_any_label_but_its_name_is_placed(desk: Desk) -> None:
    """Every `absent()` rule says no more than that."""
    desk.deliver(body({**alert(), "labels": {"alertname": "EPPMetricsAbsent"}}))

    [incident] = desk.incidents
    assert incident.opened is not None
    assert incident.opened.key == "local//alert:EPPMetricsAbsent"
    assert incident.severity is Severity.P1


def test_origin_and_query_say_what_labels_do_not(desk: Desk) -> None:
    """The desk says what it found out, and from where."""
    desk.rules(placing=Placing(origins=(Origin(source="*:prod", labels={"cluster": "eu-1"}),)))
    url = "http://prometheus/graph?g0.expr=absent%28up%7Bnamespace%3D%22llm-d%22%7D%29"
    labels = {"alertname": "EPPMetricsAbsent"}
    desk.deliver(body({**alert(generatorURL=url), "labels": labels}))

    assert desk.told(1, "IncidentOpened") == [
        "INC-1 opened for llm-d (cluster eu-1 from its origin, namespace llm-d from its query)"
    ]


def test_a_hundred_pods_of_one_pool_are_one_incident(desk: Desk) -> None:
    """And prefill and decode of one model are, unless the policy says otherwise."""
    many = [
        alert(labels={"pod": f"p{n}", "role": ("prefill", "decode")[n % 2]}, fingerprint=f"{n:x}")
        for n in range(100)
    ]
    desk.deliver(body(*many))
    together = [one.firing for one in desk.incidents]

    apart = Desk(store=MemoryStore())
    apart.rules(placing=Placing(parts=frozenset({Part.NAMESPACE, Part.MODEL, Part.ROLE})))
    apart.deliver(body(*many))

    assert together == [100]
    assert [one.firing for one in apart.incidents] == [50, 50]


def test_a_new_incident_long_after_the_end_follows_the_old_one(desk: Desk) -> None:
    """Who opens it finds what was done the last time."""
    known = desk.fires(SLOW)
    desk.ends(known)
    desk.turn(minutes=11)
    desk.restart()
    desk.turn(hours=1)
    desk.fires(SLOW)

    assert [one.status for one in desk.incidents] == [Status.RESOLVED, Status.INVESTIGATING]
    assert desk.told(2, "IncidentOpened") == ["INC-2 opened for llm-prod/m; it follows INC-1"]
