"""The manifest that is shipped, against what triaged calls."""

import ast
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from drills.slack.facts import METHODS

ROOT = Path(__file__).parents[3]
MANIFEST = YAML(typ="safe", pure=True).load(ROOT / "deploy/slack/manifest.yaml")
SCOPES = MANIFEST["oauth_config"]["scopes"]["bot"]
# No method needs these: one is for the command, one for channels that nobody invited us to.
BESIDE = {"commands", "chat:write.public"}


def called() -> set[str]:
    """Return the Web API methods that are named in our code for Slack."""
    files = (ROOT / "bot/chat/slack").glob("*.py")
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text())))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return {text for text in texts if text in METHODS}


def test_every_method_that_is_called_is_covered() -> None:
    """A missing scope shows in an incident, not when the app is installed."""
    uncovered = {
        method: METHODS[method].scopes
        for method in called()
        if METHODS[method].scopes and not set(METHODS[method].scopes) & set(SCOPES)
    }

    assert uncovered == {}
    assert "chat.postMessage" in called()


@pytest.mark.parametrize("scope", sorted(set(SCOPES) - BESIDE))
def test_every_scope_is_used(scope) -> None:
    """Whoever installs it is asked for this, and may ask why."""
    assert [method for method in called() if scope in METHODS[method].scopes]


def test_announcing_needs_the_scope_for_public_channels(desk) -> None:
    """It is the one reason for that scope."""
    workspace = desk.slack.workspace
    workspace.create_channel("incidents-medium", creator=workspace.person("alice"))
    workspace.scopes = frozenset(SCOPES) - {"chat:write.public"}

    desk.turn()

    item = desk.story.store.outbox.get("incident-1/announcement/incidents-medium")
    assert item.remote == {"skipped": "not_in_channel"}


def test_the_app_listens_over_sockets_and_to_one_command() -> None:
    """No address of ours is open to Slack."""
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert [one["command"] for one in MANIFEST["features"]["slash_commands"]] == ["/incident"]
    assert "event_subscriptions" not in MANIFEST["settings"]


def test_names_and_hints_are_within_slacks_limits() -> None:
    """Slack refuses the whole manifest otherwise."""
    display, (command,) = MANIFEST["display_information"], MANIFEST["features"]["slash_commands"]

    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert len(command["usage_hint"]) <= 1000
    assert len(command["description"]) <= 2000
