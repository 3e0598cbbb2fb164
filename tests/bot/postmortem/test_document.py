"""What a document says of a history."""

import json
from datetime import timedelta

import pytest

from bot.postmortem import pictures
from bot.postmortem.compose import document
from bot.postmortem.document import Document, Fact, Number, Phase
from bot.postmortem.story import collect
from incidents.events import approval, incident, run
from incidents.events.shadow import Did
from tests.bot.postmortem.tale import (
    APPROVAL,
    INCIDENT,
    PEOPLE,
    RUN,
    START,
    Tale,
    fired,
    kv_cache_story,
    opened,
    plan,
    read,
    requested,
    started,
)
from tests.incidents.test_shadow_watch import BEGAN, STREAM, act

CLAIM = run.StepStarted(step="add-decode", approval=APPROVAL, digest=plan().digest, before=())
DONE = run.StepFinished(step="add-decode", detail="replicas 6")
DOUBT = run.StepInDoubt(step="add-decode", because="no answer")

DOUBT_NO = run.DoubtSettled(step="add-decode", applied=False, by="bob", reason="looked")


def told(tale: Tale) -> Document:
    """Return the document of a tale."""
    story = collect(1, desk=tale.desk, texts=tale.store.texts, people=PEOPLE)
    assert story is not None
    return document(story)


def planned(*events: object) -> Tale:
    """Tell of a plan and what followed in the run."""
    tale = Tale().tell(INCIDENT, opened(), fired()).tell(RUN, started())
    tale.tell(RUN, run.ActionPlanned(step="add-decode", plan=plan(), approval=APPROVAL, attempt=1))
    for event in events:
        tale.later(seconds=10).tell(RUN, event)
    return tale


def verdict(word: str) -> run.EffectVerified:
    """Return a verification."""
    return run.EffectVerified(step="add-decode", verdict=word, because="so", comparisons=())


@pytest.mark.parametrize(
    ("events", "said"),
    [
        pytest.param((), [], id="only-planned"),
        pytest.param(
            (CLAIM,), [("in doubt", "claimed, and nothing was heard of it")], id="claimed"
        ),
        pytest.param((CLAIM, DOUBT), [("in doubt", "no answer")], id="in-doubt"),
        pytest.param(
            (CLAIM, run.StepNotApplied(step="add-decode", because="refused")),
            [("not applied", "refused")],
            id="not-applied",
        ),
        pytest.param(
            (CLAIM, DOUBT, DOUBT_NO),
            [("not applied", "Bob Ruiz: looked")],
            id="a-person-says-no",
        ),
        pytest.param(
            (CLAIM, DOUBT, DOUBT_NO, DOUBT), [("in doubt", "no answer")], id="heard-of-after-all"
        ),
        pytest.param(
            (CLAIM, DONE), [("applied, not verified", "nothing was compared")], id="applied"
        ),
        pytest.param((CLAIM, DONE, verdict("no effect")), [("no effect", "so")], id="no-effect"),
        pytest.param((CLAIM, DONE, verdict("verified")), [("verified", "so")], id="verified"),
        pytest.param(
            (CLAIM, DOUBT, DOUBT_NO, CLAIM, DONE, verdict("worse")),
            [("not applied", "Bob Ruiz: looked"), ("worse", "so")],
            id="claimed-twice",
        ),
    ],
)
def test_a_change_is_called_what_is_known_of_it(
    events: tuple[object, ...], said: list[tuple[str, str]]
) -> None:
    """Success is never said of what was reverted, did not take, or could not be checked."""
    changes = told(planned(*events)).changes

    assert [(one.verdict, one.because) for one in changes] == said


def test_the_worst_value_is_the_impact() -> None:
    """The mean of an incident hides it."""
    later = START + timedelta(minutes=3)
    tale = planned()
    for value, at in ((2.0, START), (8.0, later), (None, START)):
        evidence = (read("ttft_p95", value, "s", at=at, because="no data: gone"),)
        tale.tell(
            RUN,
            run.CheckFinished(step="slow", verdict="beyond", because="", evidence=evidence),
        )

    assert told(tale).impact[0] == Number(
        name="Time to first token, 95th percentile", value="8 s", at=later, source="slow"
    )


def test_what_was_asked_for_and_not_there_is_no_data() -> None:
    """No data must never read as zero, and its reason belongs beside it."""
    evidence = (read("waiting", None, because="no data: unreachable"),)
    tale = planned(
        run.CheckFinished(step="queue", verdict="cannot_tell", because="", evidence=evidence)
    )

    found = told(tale)

    assert found.impact[1] == Number(
        name="Requests in the queue",
        value="no data",
        at=None,
        source="queue: no data: unreachable",
    )
    assert "queue: waiting could not be told: no data: unreachable." in found.gaps


def test_pods_stand_in_one_line() -> None:
    """Sixty-four pods times nine signals would bury the verdict."""
    evidence = (
        *(read("kv_usage", 0.9 + n / 100, "ratio", pod=f"p{n}") for n in range(3)),
        read("kv_usage", None, because="no data: stale", pod="p3"),
        read("running", 4, "requests", pod="p0"),
        read("running", 4, "requests", pod="p1"),
        read("ttft_p95", 8.4, "s"),
    )
    tale = planned(run.CheckFinished(step="kv", verdict="exhausted", because="", evidence=evidence))

    measured = told(tale).checks[0].measured

    assert [(one.name, one.value) for one in measured] == [
        ("kv_usage", "90 % to 92 % in 3 pods, highest in p2; no data of 1"),
        ("running", "4 requests in 2 pods"),
        ("ttft_p95", "8.4 s"),
    ]


def test_a_refusal_is_told_with_who_and_why() -> None:
    """Whoever asks later why nothing was done must find it."""
    tale = planned().tell(APPROVAL, requested())
    tale.later(minutes=2).tell(
        APPROVAL, approval.ApprovalRefused(by="bob", via="slack", reason="freeze ahead")
    )
    tale.tell(RUN, run.PlanVoided(step="add-decode", digest=plan().digest, because="refused"))

    found = told(tale)

    (asked,) = found.asked
    assert asked.fate == "was refused by Bob Ruiz: freeze ahead"
    assert asked.waited is None
    assert [(one.who, one.what, one.via, one.note) for one in asked.decisions] == [
        ("Bob Ruiz", "refused", "slack", "freeze ahead")
    ]
    assert [line.text for line in found.tried] == [
        "refused by Bob Ruiz through slack: freeze ahead",
        "add-decode: the plan no longer holds: refused",
    ]


def test_two_approvers_are_both_named() -> None:
    """With two needed, the first yes is a decision too."""
    tale = planned().tell(APPROVAL, requested(needed=2))
    tale.tell(APPROVAL, approval.ApprovalVoted(by="alice", via="slack"))
    tale.later(minutes=1).tell(
        APPROVAL, approval.ApprovalGiven(by="bob", via="command line", together_with=("alice",))
    )

    (asked,) = told(tale).asked

    assert asked.fate == "was approved by Alice Ng and Bob Ruiz"
    assert [(one.who, one.note) for one in asked.decisions] == [
        ("Alice Ng", "another was needed"),
        ("Bob Ruiz", "with Alice Ng"),
    ]


def test_a_step_whose_condition_did_not_hold_was_never_tried() -> None:
    """A list of what failed that is full of what was never meant to run is not read."""
    tale = planned(
        run.StepSkipped(step="look", by="triaged", because="kv-cache is exhausted"),
        run.StepSkipped(step="wait", by="alice", because="no time"),
    )

    assert [line.text for line in told(tale).tried] == ["wait left out: no time"]


def test_a_storm_keeps_its_beginning_and_its_end() -> None:
    """Ten thousand rows would hide both, and no reader would get to the end."""
    tale = Tale().tell(INCIDENT, opened(), *(fired(fingerprint=f"f{n}") for n in range(1999)))

    found = told(tale)

    assert (len(found.timeline), found.left_out, len(found.alerts)) == (1000, 1000, 20)
    assert "1979 more occurrences of alerts are in the journal only." in found.gaps


def test_each_phase_ends_where_the_next_begins() -> None:
    """A picture with holes would say that time was lost."""
    phases = told(kv_cache_story()).phases

    assert [one.name for one in phases] == [
        "alert not yet heard",
        "finding the cause",
        "waiting for a yes",
        "applying",
        "waiting for the effect",
        "users are served, watching",
    ]
    assert [one.ends for one in phases[:-1]] == [one.begins for one in phases[1:]]
    assert (phases[0].begins, phases[-1].ends) == (START, START + timedelta(minutes=27, seconds=32))


def test_the_strip_covers_the_whole_incident() -> None:
    """What the eye compares must be in proportion."""
    strip = pictures.strip(told(kv_cache_story()))

    assert strip is not None
    assert sum(one.width for one in strip.stretches) == pytest.approx(pictures.WIDTH, abs=6)
    assert strip.stretches[1].width == 4.2
    assert strip.told.startswith("alert not yet heard for 48 s, then finding the cause for 7 s")


def test_a_side_without_data_has_no_bar() -> None:
    """An empty bar beside a long one would read as a success."""
    comparison = run.Comparison(
        signal="waiting",
        unit="requests",
        before=151,
        after=None,
        expected="falls to 10",
        met=None,
        note="after: unreachable (away)",
    )
    proof = run.EffectVerified(
        step="add-decode", verdict="cannot tell", because="x", comparisons=(comparison,)
    )

    (effect,) = pictures.effects(told(planned(CLAIM, DONE, proof)))

    (pair,) = effect.pairs
    assert (pair.after, pair.look) == (pictures.Bar(value="no data", width=None), "unknown")


def test_erased_annotations_are_said_to_be_gone() -> None:
    """An erased text leaves a document that is whole and says what is missing."""
    tale = kv_cache_story()
    (occurrence,) = tale.desk.incident(1).alerts.values()
    tale.store.texts.erase([occurrence.fired.text])

    found = told(tale)

    assert found.alerts[0].annotations == ()
    assert "The annotations of 1 alerts were erased or never kept." in found.gaps


def test_a_phase_of_no_length_is_left_out() -> None:
    """An alert that opens its incident at once was never unheard."""
    tale = Tale().tell(INCIDENT, opened(), fired())
    tale.later(minutes=5).tell(
        INCIDENT, incident.IncidentResolved(by="alice", because="x", false_positive=False)
    )

    assert told(tale).phases == (
        Phase(name="finding the cause", begins=START, ends=START + timedelta(minutes=5)),
    )


def test_a_stage_that_was_not_reached_says_so() -> None:
    """Zero minutes to mitigate would be a record, not a gap."""
    measures = told(Tale().tell(INCIDENT, opened(), fired())).measures

    assert (
        Fact(name="From the alert's start until users were served again", value="not reached")
        in measures
    )


def test_the_first_sentence_names_a_few_alerts() -> None:
    """A storm of names in the first sentence is where a reader gives up."""
    names = (fired(fingerprint=f"f{n}", name=f"Alert{n}") for n in range(7))

    summary = told(Tale().tell(INCIDENT, opened(), *names)).summary

    assert summary[0] == Fact(
        name="What happened",
        value="Requests of llama-3-70b are preempted (Alert0, Alert1, Alert2, Alert3, Alert4,"
        " and 2 more), in llm-d/llama-3-70b.",
    )


def test_what_a_sender_wrote_is_bounded_with_a_mark() -> None:
    """Whoever may send alerts must not be able to make the postmortem too large to render."""
    tale = Tale()
    (text,) = tale.store.texts.keep([json.dumps({"summary": "x" * 700})])
    labels = tuple((f"label{n:02}", "v") for n in range(40))

    (alert,) = told(tale.tell(INCIDENT, opened(), fired(text=text, labels=labels))).alerts

    assert alert.annotations == (Fact(name="summary", value=f"{'x' * 600}… (100 more characters)"),)
    assert (len(alert.labels), alert.labels[-1]) == (33, Fact(name="…", value="8 more"))


def test_what_would_have_been_done_is_told_and_is_no_change() -> None:
    """Whoever reads it in a month must see that nothing was changed, and what was thought of."""
    tale = Tale().tell(INCIDENT, opened(), fired()).tell(RUN, started(mode=run.SHADOW))
    tale.tell(
        RUN, run.WouldHaveActed(step="add-decode", plan=plan(), approvers=("alice",), needed=1)
    )

    found = told(tale)

    summary = {fact.name: fact.value for fact in found.summary}
    assert summary["What was changed"].startswith(
        "nothing; in shadow, would have: scale Deployment"
    )
    assert found.changes == ()
    assert found.asked == ()
    assert [line.text.startswith("add-decode would have: ") for line in found.tried] == [True]


def test_what_people_did_instead_stands_in_the_summary() -> None:
    """Whoever reviews the incident sees whether the runbook would have done as people did."""
    tale = Tale().tell(INCIDENT, opened(), fired()).tell(RUN, started(mode=run.SHADOW))
    silent = {fact.name for fact in told(tale).summary}
    tale.tell(STREAM, BEGAN, act(Did.SAME))

    summary = {fact.name: fact.value for fact in told(tale).summary}

    assert "What people did instead" not in silent
    assert summary["What people did instead"] == (
        "scale-decode: people did the same: replicas is 6 now, by kubectl-scale at 12:20:00."
    )
