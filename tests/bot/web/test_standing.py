"""The page says what stands in the way of a change."""

import pytest

from incidents.events.desk import Frozen, Thawed
from incidents.events.incident import ChannelArchived
from incidents.events.run import (
    SHADOW,
    ActionPlanned,
    RunFinished,
    SettleObserved,
    StepFinished,
    StepStarted,
    StepWaits,
    WouldHaveActed,
)
from incidents.events.shadow import Did
from tests.bot.postmortem.tale import Tale, kv_cache_story, opened, plan, requested, started
from tests.bot.web.reading import Reader
from tests.incidents.test_shadow_watch import BEGAN, STREAM, act

RUN = "run-1-1"


def open_incident() -> Tale:
    """Tell of an incident whose run has begun."""
    return Tale().tell("incident-1", opened()).tell(RUN, started())


def test_a_freeze_stands_on_the_page_of_what_it_stops() -> None:
    """Whoever waits for a change must see who stopped it and why."""
    tale = open_incident().tell("desk", Frozen(scope="all", by="alice", reason="audit <b>today"))

    page = Reader(tale).get("/incidents/1").text

    assert "nothing may be changed in all, says Alice Ng: audit &lt;b&gt;today" in page


def test_a_freeze_of_elsewhere_and_one_that_is_over_do_not() -> None:
    """A warning that is not true is not read the next time."""
    tale = open_incident()
    tale.tell("desk", Frozen(scope="other", by="alice", reason="r"))
    tale.tell("desk", Frozen(scope="all", by="alice", reason="r"))
    tale.tell("desk", Thawed(scope="all", by="alice", reason="r"))

    assert "Frozen" not in Reader(tale).get("/incidents/1").text


def test_a_resolved_incident_is_frozen_no_more() -> None:
    """Nothing will be changed for it any more."""
    tale = kv_cache_story().tell("desk", Frozen(scope="all", by="alice", reason="r"))

    page = Reader(tale).get("/incidents/1").text

    assert ("Frozen" in page) == ("data-every" in page)


def test_the_page_says_what_a_step_waits_for() -> None:
    """An approved step that does nothing looks forgotten."""
    tale = open_incident()
    tale.tell(RUN, StepWaits(step="add-decode", because="the cluster is <away>"))

    page = Reader(tale).get("/incidents/1").text

    assert "Waits: <bdi>add-decode: the cluster is &lt;away&gt;</bdi>" in page


def test_the_page_says_what_a_whole_run_waits_for() -> None:
    """Without its runbook no step of it can be named."""
    tale = open_incident().tell(RUN, StepWaits(step="", because="its runbook is gone"))

    assert "Waits: <bdi>its runbook is gone</bdi>" in Reader(tale).get("/incidents/1").text


def test_a_question_after_the_end_says_what_to_type() -> None:
    """Its channel is archived: no card can be posted there."""
    tale = open_incident()
    tale.tell("approval-1-1-1", requested())
    before = Reader(tale).get("/incidents/1").text
    tale.tell("incident-1", ChannelArchived(channel="C1"))

    after = Reader(tale).get("/incidents/1").text

    typed = f"triaged approve approval-1-1-1 {requested().digest}"
    assert (typed in before, typed in after) == (False, True)


def test_a_run_that_is_over_waits_for_nothing() -> None:
    """Its last sentence is how it ended."""
    tale = open_incident().tell(RUN, StepWaits(step="add-decode", because="the cluster is away"))
    tale.tell(RUN, RunFinished(outcome="stopped", because="the incident was resolved"))

    assert "Waits:" not in Reader(tale).get("/incidents/1").text


def test_the_page_says_what_a_run_in_shadow_would_have_done() -> None:
    """It must not look done, nor as if anybody had been asked."""
    tale = Tale().tell("incident-1", opened()).tell(RUN, started(mode=SHADOW))
    tale.tell(RUN, WouldHaveActed(step="add-decode", plan=plan(), approvers=(), needed=1))

    page = Reader(tale).get("/incidents/1").text

    assert "In shadow: nobody is asked for approval and nothing is changed." in page
    assert '<span class="verdict">only planned, in shadow</span>' in page
    assert "<bdi>would have: scale Deployment" in page
    assert "In shadow" not in Reader(open_incident()).get("/incidents/1").text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param("", "5 of 6 pods ready", id="pods"),
        pytest.param("no gateway <obeys>", "no gateway &lt;obeys&gt;", id="its-own-words"),
    ],
)
def test_the_page_says_how_far_a_change_has_come(words: str, said: str) -> None:
    """As the headline does: a change of weights has no pods to be counted."""
    tale = open_incident()
    claimed = StepStarted(step="add-decode", approval="a", digest=plan().digest, before=())
    tale.tell(RUN, ActionPlanned(step="add-decode", plan=plan(), approval="a", attempt=1))
    tale.tell(RUN, claimed, StepFinished(step="add-decode", detail="done"))
    tale.tell(RUN, SettleObserved(step="add-decode", ready=5, wanted=6, words=words))

    page = Reader(tale).get("/incidents/1").text.partition("Timeline")[0]

    assert f"· {said}" in page


def test_the_page_says_what_people_did_where_a_run_was_in_shadow() -> None:
    """Beside the plan stands what came instead of it; names from the cluster obey nobody."""
    tale = Tale().tell("incident-1", opened()).tell(RUN, started(mode=SHADOW))
    tale.tell(RUN, WouldHaveActed(step="add-decode", plan=plan(), approvers=(), needed=1))
    tale.tell(STREAM, BEGAN, act(Did.OTHERWISE, what="Pod <b>a</b> went", who=("kubectl",)))

    page = Reader(tale).get("/incidents/1").text

    told = "people did otherwise: Pod &lt;b&gt;a&lt;/b&gt; went, by kubectl"
    assert f'<p class="quiet"><bdi>scale-decode: {told}' in page
    assert "people did" not in Reader(open_incident()).get("/incidents/1").text
