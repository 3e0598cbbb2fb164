"""Who may let the change happen, once, and what becomes of every other click."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

from incidents.commands.run import AskUndo, ContinueFrom
from tests.rehearsing import Rehearsal, Stage, rehearsal

STEP = "add-decode"


def replicas(desk: Rehearsal) -> int:
    """Return the size of the decode pool that the cluster wants."""
    return int(desk.stage.facts()["replicas"])


def test_a_rejection_ends_the_runbook_and_changes_nothing(asked: Rehearsal) -> None:
    """A no is an answer: it stands with a name, and nobody is asked the same again."""
    asked.stage.press("reject", person="bob")
    asked.turn()

    assert asked.text("ApprovalRefused") == "refused by bob through slack: rejected in Slack"
    assert asked.text("RunFinished").startswith("run over: stopped: add-decode: failed: refused by")
    assert (replicas(asked), asked.stage.writes()) == (4, [])
    assert not asked.asked()


def test_an_expired_question_is_asked_once_more_and_then_not_again(asked: Rehearsal) -> None:
    """Nobody answers at night: the second card is the last, and the incident escalates."""
    asked.until(lambda: asked.count("ApprovalExpired") == 2 and asked.has("Escalated"), minutes=90)

    assert (asked.count("ApprovalRequested"), asked.count("ApprovalExpired")) == (2, 2)
    assert (replicas(asked), asked.stage.writes(), asked.asked()) == (4, [], False)
    assert "nobody decided in time" in asked.stage.messages()[0]["text"]


def test_what_expired_twice_can_be_asked_again_by_a_person(asked: Rehearsal) -> None:
    """The headline names the command, and the command leads to a new card."""
    asked.until(lambda: asked.count("ApprovalExpired") == 2, minutes=40)
    asked.turn()
    assert "triaged run continue run-1-1 add-decode asks again" in asked.stage.messages()[0]["text"]
    again = ContinueFrom(step=STEP, by="bob", because="now somebody is awake")
    asked.app.opened.desk.tell("run-1-1", again)
    asked.until(asked.asked, minutes=5)
    asked.stage.press("approve", person="bob")
    asked.turn()

    assert replicas(asked) == 6


def test_two_clicks_at_once_are_one_approval_and_the_second_is_told(
    stage: Stage, tmp_path: Path, database_url: str
) -> None:
    """Two people awake press within a second: one change, and nobody wonders who it was."""
    with rehearsal(stage, tmp_path, database_url=database_url) as desk:
        desk.until(desk.asked, minutes=20)
        stage.press("approve", person="alice")
        stage.press("approve", person="bob")
        desk.settle(lambda: bool(stage.whispers("bob")))

        assert desk.text("ApprovalGiven") == "approved by alice through slack"
        assert desk.count("ApprovalGiven") == 1
        assert len(stage.whispers("bob")) == 1
        assert "approved by Alice" in stage.whispers("bob")[0]
        assert len(stage.writes()) == 1


def test_who_may_not_approve_is_told_so_and_recorded_once(asked: Rehearsal) -> None:
    """Pressing again does not flood the timeline, and still gets an answer."""
    asked.stage.let_in("carol")
    for _ in range(2):
        asked.stage.press("approve", person="carol")
    asked.settle(lambda: len(asked.stage.whispers("carol")) == 2)

    assert asked.count("ApprovalDenied") == 1
    assert set(asked.stage.whispers("carol")) == {"You may not decide this: Alice, Bob may."}
    assert asked.asked()
    assert asked.stage.writes() == []


def test_a_card_that_is_out_of_date_decides_nothing(asked: Rehearsal) -> None:
    """A phone that shows the old card must not approve what has been decided since."""
    card = asked.stage.button("approve")
    assert card is not None
    asked.stage.press("reject", person="alice")
    asked.turn()
    asked.stage.press_there(card, person="bob", stale=True)
    asked.settle(lambda: bool(asked.stage.whispers("bob")))

    assert "rejected by Alice" in asked.stage.whispers("bob")[0]
    assert not asked.has("ApprovalGiven")
    assert asked.stage.writes() == []


def test_a_freeze_holds_an_approved_change_back_until_the_thaw(asked: Rehearsal) -> None:
    """A freeze beats an approval; the thaw needs no second click."""
    asked.stage.command("freeze a release is rolling out")
    asked.turn()
    asked.stage.press("approve")
    asked.turn()
    held = (asked.has("ApprovalGiven"), asked.stage.writes())
    asked.stage.command("thaw the release is out")
    asked.until(lambda: asked.has("StepFinished"), minutes=5)

    assert held == (True, [])
    assert replicas(asked) == 6


def test_a_plan_that_somebody_overtook_is_asked_anew(asked: Rehearsal) -> None:
    """What was approved is exactly what is done: another starting point is another question."""
    first = asked.stage.button("approve")
    asked.stage.scale_by_hand(5)
    asked.stage.press("approve")
    asked.until(lambda: asked.has("PlanVoided") and asked.asked(), minutes=5)

    assert first != asked.stage.button("approve")
    assert asked.count("ApprovalRequested") == 2
    assert "replicas 5 → 8" in asked.text("ActionPlanned")
    assert [one["body"]["spec"] for one in asked.stage.writes()] == [{"replicas": 5}]


def test_a_verified_change_is_taken_back_with_an_approval_of_its_own(asked: Rehearsal) -> None:
    """An undo is a change like any other: planned, asked for, carried out and proven.

    It takes pods away that prefill sends to, so that two people agree to it.
    """
    asked.stage.press("approve")
    asked.until(lambda: asked.has("Mitigated"), minutes=60)
    asked.stage.clear("long_context")
    asked.stage.advance(timedelta(minutes=5).total_seconds())
    undo = AskUndo(step=STEP, by="bob", because="the long prompts are over")
    asked.app.opened.desk.tell("run-1-1", undo)
    asked.until(asked.asked, minutes=5)
    for person in ("alice", "bob"):
        asked.stage.press("approve", person=person)
        asked.turn()
    asked.until(lambda: asked.count("EffectVerified") == 2, minutes=60)

    assert replicas(asked) == 4
    assert Counter(row.text for row in asked.rows() if row.kind == "ApprovalGiven") == {
        "approved by alice through slack": 1,
        "approved by bob through slack together with alice": 1,
    }
    assert asked.text("EffectVerified").startswith("undo-add-decode: verified: ")
    assert asked.has("Relapsed")


def test_what_still_serves_is_not_taken_back(asked: Rehearsal) -> None:
    """The pods that were added carry the load: an undo too early would be the next incident."""
    asked.stage.press("approve")
    asked.until(lambda: asked.has("Mitigated"), minutes=60)
    undo = AskUndo(step=STEP, by="bob", because="the long prompts are over")
    asked.app.opened.desk.tell("run-1-1", undo)
    asked.until(lambda: asked.has("ActionRefused"), minutes=5)

    assert "at most 0.85 is safe; instead: add replicas first" in asked.text("ActionRefused")
    assert replicas(asked) == 6


def test_an_approval_does_not_outlive_its_time(asked: Rehearsal) -> None:
    """A click on a card that expired while nobody looked must not change the cluster."""
    card = asked.stage.button("approve")
    assert card is not None
    asked.stage.advance(timedelta(minutes=10).total_seconds())
    asked.stage.press_there(card, stale=True)
    asked.settle(lambda: bool(asked.stage.whispers("alice")))

    assert "expired" in asked.stage.whispers("alice")[0]
    assert asked.stage.writes() == []
