"""The story of the demo, from the first webhook to the postmortem."""

from pathlib import Path

from tests.rehearsing import Stage, rehearsal


def test_the_story_runs_from_the_alert_to_the_postmortem(
    stage: Stage, tmp_path: Path, database_url: str
) -> None:
    """The whole line, with the real clients over HTTP, on each database."""
    with rehearsal(stage, tmp_path, database_url=database_url) as desk:
        desk.until(lambda: desk.has("ApprovalRequested"), minutes=20)
        stage.press("approve")
        desk.until(lambda: desk.has("Mitigated"), minutes=30)
        desk.until(lambda: desk.has("IncidentResolved"), minutes=40)
        desk.until(lambda: desk.has("ChannelArchived"), minutes=20)

        verdicts = [row.text for row in desk.rows() if row.kind == "EffectVerified"]
    assert len(verdicts) == 1
    assert "verified" in verdicts[0]
