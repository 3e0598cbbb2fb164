"""The control door: what a scripted SRE and a checker do."""

import httpx
import pytest


def test_a_scripted_person_presses_and_hears_that_the_app_heard(slack, app, card) -> None:
    """The demo ends by itself because a script can press Approve."""
    answer = slack.control("press", user="alice", action_id="approve", **card).json()

    assert (answer["ok"], answer["state"], answer["error"]) == (True, "acknowledged", None)


def test_a_button_that_is_not_there_cannot_be_pressed(slack, card) -> None:
    """A script that presses thin air must fail, not go on as if it had."""
    answer = slack.control("press", user="alice", action_id="nothing", **card)

    assert answer.status_code == 404
    assert (
        answer.json()["error"] == f"there is nothing called 'nothing' on the message {card['ts']}"
    )


def test_a_button_of_a_former_version_can_be_pressed_as_stale(slack, app, client, card) -> None:
    """Two people look at a card; the slower one presses what has already been replaced."""
    client.chat_update(**card, text="approved by alice")
    pressing = {"user": "bob", "action_id": "approve", **card}

    fresh = slack.control("press", **pressing)
    stale = slack.control("press", **pressing, stale=True)

    assert (fresh.status_code, stale.json()["state"]) == (404, "acknowledged")


def test_a_command_that_the_app_does_not_have_is_impossible(slack) -> None:
    """Slack itself refuses an unknown command: the app never hears of it."""
    answer = slack.control("command", user="bob", channel="incidents", command="/deploy")

    assert answer.json() == {"ok": False, "error": "/deploy is not a valid command"}


def test_faults_are_planned_shown_and_forgotten(slack) -> None:
    """A drill plans its bad luck over HTTP, from another process."""
    slack.control("faults", faults=[{"method": "chat.postMessage", "kind": "closed_after"}])

    planned = httpx.get(f"{slack.address}/control/faults").json()
    httpx.delete(f"{slack.address}/control/faults")

    assert [(f["method"], f["kind"]) for f in planned] == [("chat.postMessage", "closed_after")]
    assert httpx.get(f"{slack.address}/control/faults").json() == []


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "explode"}, id="unknown-kind"),
        pytest.param({"kind": "slow", "secnods": 3}, id="misspelt-field"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(slack, fault) -> None:
    """A misspelt fault that never happens would make a drill look passed."""
    assert slack.control("faults", **fault).status_code == 400


def test_an_unknown_switch_is_refused(slack) -> None:
    """A limit that one only believes to be off would spoil a drill."""
    assert slack.control("switches", tier_limit=False).status_code == 400


def test_the_state_shows_messages_with_their_pings_and_metadata(slack, client) -> None:
    """A checker reads here that nobody was called and that each post carries its key."""
    metadata = {"event_type": "triaged", "event_payload": {"key": "k"}}
    client.chat_postMessage(channel="#incidents", text="<!here> up", metadata=metadata)

    channels = {channel["name"]: channel for channel in slack.state()["channels"]}

    newest = channels["incidents"]["messages"][-1]
    assert (newest["pings"], newest["metadata"]) == (["!here"], metadata)


def test_reset_begins_again(slack, client) -> None:
    """Drills run one after another against one stand-in."""
    client.conversations_create(name="inc-1")

    slack.control("reset")

    assert [c["name"] for c in slack.state()["channels"]] == ["general", "incidents"]
    assert httpx.get(f"{slack.address}/control/calls").json() == []
