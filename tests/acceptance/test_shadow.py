"""The story of the demo as an installation sees it before anything is switched on."""

import urllib.request
from pathlib import Path

from tests.rehearsing import Rehearsal, Stage, rehearsal

NOTHING_ACTS = "shadow_watch: 5m\n"
"""As after installation, but for an hour that nobody here wants to wait."""
NEVER = ("ActionPlanned", "ApprovalRequested", "StepStarted", "StepFinished", "Mitigated")


def page(desk: Rehearsal) -> str:
    """Return the incident's page, over HTTP."""
    address = desk.webhook.replace("/webhooks/alertmanager", "/incidents/1")
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310  # loopback
        return str(answer.read().decode())


def test_a_fresh_installation_says_what_it_would_do_and_writes_nothing(
    stage: Stage, tmp_path: Path, sqlite_url: str
) -> None:
    """Trust is earned before anything is switched on: people read plans, and nothing moves."""
    with rehearsal(stage, tmp_path, database_url=sqlite_url, acting=NOTHING_ACTS) as desk:
        desk.until(lambda: desk.has("RunFinished"), minutes=30)
        desk.settle(lambda: any("would have" in str(one["text"]) for one in stage.messages()))

        would, ended = desk.text("WouldHaveActed"), desk.text("RunFinished")
        shown = page(desk)
        said = "\n".join(str(one) for one in stage.messages())

        assert would.startswith("add-decode would have: scale Deployment llm-d/")
        assert "replicas 4 → 6" in would
        assert "needs approval of alice, bob; in shadow nobody is asked" in would
        assert "only planned, in shadow: add-decode" in ended
        assert [kind for kind in NEVER if desk.has(kind)] == []
        assert stage.button("approve") is None
        assert "In shadow: nobody is asked for approval and nothing is changed." in shown
        assert "would have: scale Deployment" in shown
        assert "would have: scale Deployment" in said
        assert "in shadow: nobody is asked for approval and nothing is changed" in said
        desk.until(lambda: desk.has("ShadowEnded"), minutes=6)
        watched = desk.text("ShadowEnded")

        assert watched.startswith(
            "add-decode: the watch is over: people did not do it: everything stands as it did; "
        )
        assert watched.endswith("; it did not get better")
        assert stage.writes() == []
