"""What a team intends bounds what is proposed, from the moment in which it says so."""

import json
from pathlib import Path

from tests.rehearsing import Rehearsal

FILE = """\
models:
  llama-3-70b: {}
environments:
  production:
    namespaces: [llm-d]
    workloads:
      - {role: decode, model: llama-3-70b, replicas: {normal: 4, least: 3, most: 5}}
"""


def card(desk: Rehearsal) -> str:
    """Return all that Slack shows of the incident."""
    return json.dumps(desk.stage.messages(), ensure_ascii=False)


def test_a_plan_that_leaves_the_intended_range_says_so(desk: Rehearsal, tmp_path: Path) -> None:
    """Whoever approves must know that the team meant something else, and may know better."""
    large = FILE.replace("normal: 4, least: 3, most: 5", "normal: 8, least: 7, most: 10")
    (tmp_path / "config" / "environments.yaml").write_text(large)
    assert desk.app.reloading.once()

    desk.until(desk.asked, minutes=20)

    said = "6 replicas are outside the intended range: production is meant to have 7 to 10"
    assert f"{said}, normally 8 (environments.yaml:7)" in card(desk)


def test_no_more_is_proposed_than_is_intended(desk: Rehearsal, tmp_path: Path) -> None:
    """The runbook would go from 4 to 6; the team has said while the desk ran that 5 is the most.

    Five is not the normal size either, so whoever approves it owes the way back.
    """
    (tmp_path / "config" / "environments.yaml").write_text(FILE)
    assert desk.app.reloading.once()
    assert desk.app.reloading.notice == ""

    desk.until(desk.asked, minutes=20)

    run = desk.app.opened.desk.run("run-1-1")
    assert run.started is not None
    assert dict(run.started.parameters)["ceiling"] == "5"
    assert "4 → 5" in desk.text("ActionPlanned")
    assert "outside the intended range" not in card(desk)
    assert "whoever approves takes it back within 24 h" in card(desk)
    desk.stage.press("approve")
    desk.until(lambda: desk.has("FollowUpMade"))
    assert "has 5 replicas, normally 4 (alice, until " in desk.text("FollowUpMade")
    assert desk.stage.button("normal") is not None
