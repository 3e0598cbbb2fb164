"""What happens when a service is away, an answer is lost, or the desk itself ends in between."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from incidents.commands.run import SettleDoubt
from incidents.run import StepStatus
from tests.rehearsing import Rehearsal, Stage, environment, rehearsal

ROOT = Path(__file__).parents[2]
STEP = "add-decode"
# Before the claim the plan is made again, and its dry run is a patch too.
DRY_RUN = 1
AWAY: Mapping[str, object] = {"method": "*", "kind": "closed_before", "times": 1_000_000}


def status(desk: Rehearsal) -> StepStatus:
    """Return how far the change has come."""
    return desk.app.opened.desk.run("run-1-1").step(STEP).status


def typed(settings: Mapping[str, str], digest: str) -> str:
    """Run `triaged approve` beside the desk, as somebody on its server does."""
    command = [sys.executable, "-m", "bot.app.cli.main", "approve", "approval-1-1-1", digest]
    path = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, env={**path, **settings}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def posted_once(stage: Stage) -> bool:
    """Return whether no message stands in the channel twice."""
    keys = Counter(one["metadata"]["event_payload"]["key"] for one in stage.messages())
    return set(keys.values()) == {1}


def test_a_lost_answer_of_a_write_that_took_place_is_found_done(asked: Rehearsal) -> None:
    """The connection breaks after the write: read back, not repeated."""
    asked.stage.kubernetes_fails("cut after", verbs=["patch"], skip=DRY_RUN, times=1)
    asked.stage.press("approve")
    asked.turn()

    assert asked.text("StepFinished") == "add-decode applied: found done: the answer was lost"
    assert [one["body"]["spec"] for one in asked.stage.writes()] == [{"replicas": 6}]


def test_a_write_that_nobody_can_tell_of_waits_for_a_person(asked: Rehearsal) -> None:
    """The connection breaks before the write: it may still arrive, so it is not sent again."""
    asked.stage.kubernetes_fails("cut before", verbs=["patch"], skip=DRY_RUN, times=1)
    asked.stage.press("approve")
    asked.turn()
    asked.turn()

    assert status(asked) is StepStatus.IN_DOUBT
    assert asked.stage.writes() == []
    assert "decide whether scale Deployment" in asked.stage.messages()[0]["text"]
    looked = SettleDoubt(step=STEP, applied=False, by="bob", reason="still 4 replicas")
    asked.app.opened.desk.tell("run-1-1", looked)
    asked.turn()
    assert status(asked) is not StepStatus.IN_DOUBT
    assert asked.stage.writes() == []


def test_kubernetes_away_puts_the_plan_off_and_the_incident_goes_on(desk: Rehearsal) -> None:
    """The checks still say what is wrong, and the plan is made when the API server is back."""
    desk.stage.kubernetes_fails("down")
    desk.until(lambda: desk.has("ChannelOpened"), minutes=20)
    desk.stage.advance(60)
    desk.turn()
    assert not desk.has("ActionPlanned")
    desk.stage.kubernetes_recovers()
    desk.until(desk.asked, minutes=20)

    assert desk.text("CheckFinished").startswith("kv-cache: exhausted")


def test_prometheus_away_from_the_start_is_cannot_tell(desk: Rehearsal) -> None:
    """Nothing is changed on a guess: a person is asked, and the incident stays open."""
    desk.stage.put("prometheus_unreachable")
    desk.until(lambda: desk.has("AskPosed"), minutes=60)

    checks = [row.text for row in desk.rows() if row.kind in {"CheckFinished", "StepFailed"}]
    assert any("kv-cache: cannot_tell" in one for one in checks), checks
    assert "It cannot be told whether the KV cache is exhausted" in desk.text("AskPosed")
    assert "The KV cache is not exhausted" not in desk.stage.messages()[0]["text"]
    assert not desk.has("ActionPlanned")
    assert "answer: " in desk.stage.messages()[0]["text"]


def test_without_slack_the_command_line_approves_and_the_channel_catches_up(
    stage: Stage, tmp_path: Path, database_url: str
) -> None:
    """Slack down for the whole story delays nobody; afterwards the channel tells all of it once."""
    with rehearsal(stage, tmp_path, database_url=database_url) as desk:
        stage.slack_fails(AWAY)
        desk.until(lambda: desk.has("ApprovalRequested"), minutes=20)
        digest = desk.app.opened.desk.approval("approval-1-1-1").digest
        said = typed(environment(stage, tmp_path, database_url=database_url), digest)
        desk.until(lambda: desk.has("Mitigated"), minutes=60)
        away = stage.channel()
        stage.slack_recovers()
        desk.settle(lambda: len(stage.messages()) >= 8, seconds=75)

        assert away is None
        assert said == "approval-1-1-1: approved by Alice\n"
        assert desk.text("ApprovalGiven") == "approved by alice through cli"
        assert "P2 INC-1" in stage.messages()[0]["text"]
        assert posted_once(stage)


def test_a_post_whose_answer_was_lost_is_not_repeated(desk: Rehearsal) -> None:
    """The card that may have been posted is looked for before it is sent again."""
    lost = [
        {"method": method, "kind": "closed_after", "times": 1}
        for method in ("conversations.create", "chat.postMessage")
    ]
    desk.stage.slack_fails(*lost)
    desk.until(lambda: desk.has("ApprovalRequested"), minutes=20)
    desk.settle(desk.asked)

    assert posted_once(desk.stage)
    created = [one for one in desk.stage.slack_calls() if one["method"] == "conversations.create"]
    assert [one["committed"] for one in created] == [True]


@pytest.mark.parametrize("moment", ["ApprovalRequested", "StepFinished", "IncidentResolved"])
def test_a_desk_that_is_restarted_goes_on(
    stage: Stage, tmp_path: Path, sqlite_url: str, moment: str
) -> None:
    """An upgrade in the middle of an incident: nothing is lost, nothing happens twice."""
    with rehearsal(stage, tmp_path, database_url=sqlite_url) as first:
        first.until(first.asked, minutes=20)
        if moment != "ApprovalRequested":
            stage.press("approve")
            first.until(lambda: first.has(moment), minutes=90)
    with rehearsal(stage, tmp_path, database_url=sqlite_url) as second:
        if moment == "ApprovalRequested":
            stage.press("approve")
        second.until(lambda: second.has("ChannelArchived"), minutes=90)

        assert second.has("Mitigated")
        assert [one["body"]["spec"] for one in stage.writes()] == [{"replicas": 6}]
        assert posted_once(stage)
        assert second.app.opened.store.journal.verify() is None
