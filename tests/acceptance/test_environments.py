"""What a team intends bounds what is proposed, from the moment in which it says so."""

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


def test_no_more_is_proposed_than_is_intended(desk: Rehearsal, tmp_path: Path) -> None:
    """The runbook would go from 4 to 6; the team has said while the desk ran that 5 is the most."""
    (tmp_path / "config" / "environments.yaml").write_text(FILE)
    assert desk.app.reloading.once()
    assert desk.app.reloading.notice == ""

    desk.until(desk.asked, minutes=20)

    run = desk.app.opened.desk.run("run-1-1")
    assert run.started is not None
    assert dict(run.started.parameters)["ceiling"] == "5"
    assert "4 → 5" in desk.text("ActionPlanned")
