"""What a colleague does while a runbook is in shadow, from kubectl to the report."""

import json
from pathlib import Path

import pytest

from bot.app.cli.main import main
from tests.rehearsing import DECODE, Rehearsal, Stage, ask, environment, rehearsal

MINUTE = 60.0
RESTARTED = {"kubectl.kubernetes.io/restartedAt": "2026-08-01T12:00:00Z"}


def restart_by_hand(stage: Stage) -> None:
    """Restart the decode pool as `kubectl rollout restart` does."""
    template = {"metadata": {"annotations": RESTARTED}}
    address = f"{stage.addresses['kubernetes']}{DECODE}?fieldManager=kubectl-rollout"
    ask(address, body={"spec": {"template": template}}, method="PATCH")


def pass_by(desk: Rehearsal, minutes: int) -> None:
    """Let time pass a minute at a time."""
    for _ in range(minutes):
        desk.stage.advance(MINUTE)
        desk.turn()


def seen(desk: Rehearsal) -> str:
    """Return what was seen a minute later, without the step's name."""
    pass_by(desk, 1)
    return desk.text("PeopleActed").removeprefix("add-decode: ")


def test_what_a_colleague_does_is_compared_judged_and_counted(
    stage: Stage,
    tmp_path: Path,
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """First a restart, then one pod more, then two: what comes nearest to the plan counts."""
    with rehearsal(stage, tmp_path, database_url=sqlite_url, acting=None) as desk:
        desk.until(lambda: desk.has("ShadowBegan"), minutes=30)
        restart_by_hand(stage)
        restarted = seen(desk)
        stage.scale_by_hand(5)
        less = seen(desk)
        stage.scale_by_hand(6)
        same = seen(desk)
        while not desk.has("ShadowEnded"):
            pass_by(desk, 2)
        judged, agents = desk.text("ActJudged"), {one["user_agent"] for one in stage.writes()}
    for name, value in environment(stage, tmp_path, database_url=sqlite_url, acting=None).items():
        monkeypatch.setenv(name, value)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["shadow", "report", "--json"])
    (row,) = json.loads(capsys.readouterr().out)["rows"]

    assert restarted.startswith("people did otherwise: Deployment ")
    assert "spec.template changed, by kubectl-rollout at " in restarted
    assert less.startswith("people did it by another amount: replicas is 5 now, by ")
    assert same.startswith("people did the same: replicas is 6 now, by ")
    assert judged.startswith("add-decode: verification says of it: verified: preemptions ")
    assert (row["people"]["the_same"], row["verification"]["verified"]) == (1, 1)
    # The three writes of the colleague, and none of ours.
    assert (len(stage.writes()), len(agents)) == (3, 1)
