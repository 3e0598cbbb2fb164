"""What people type: `/incident ack`, `status`, `resolve`, `help`."""

from tests.rehearsing import Rehearsal


def answered(
    desk: Rehearsal, text: str, *, person: str = "alice", channel: str | None = None
) -> str:
    """Type a command, in the incident's channel by default; return what this person is told."""
    before = len(desk.stage.whispers(person))
    told = desk.stage.command(text, person=person, channel=channel)
    assert told["ok"], told
    if told["answer"]:
        return str(told["answer"]["text"])
    desk.settle(lambda: len(desk.stage.whispers(person)) > before)
    return str(desk.stage.whispers(person)[-1])


def test_ack_takes_the_incident(asked: Rehearsal) -> None:
    """Everybody sees who has it; a second person is told so."""
    mine = answered(asked, "ack")
    theirs = answered(asked, "ack", person="bob")

    assert mine == "INC-1 is yours."
    assert "alice" in theirs.lower()
    assert asked.text("Acknowledged") == "acknowledged by alice through slack"


def test_status_answers_at_once_how_it_stands(asked: Rehearsal) -> None:
    """Whoever joins reads in two lines what is going on and what is needed."""
    said = answered(asked, "status")

    assert "P2 INC-1 Investigating" in said
    assert "approve or reject: scale Deployment" in said


def test_help_names_every_command(asked: Rehearsal) -> None:
    """Nobody learns commands from a document at night."""
    said = answered(asked, "help")

    for command in ("status", "ack", "resolve", "freeze", "thaw"):
        assert f"/incident {command}" in said


def test_resolve_ends_the_incident_and_withdraws_the_question(asked: Rehearsal) -> None:
    """A person knows better: the run stops, the card closes, and the postmortem is written."""
    said = answered(asked, "resolve it was a load test --false-positive")
    asked.until(lambda: asked.has("PostmortemWritten"), minutes=5)
    asked.turn()

    assert said == "INC-1 is resolved as a false positive: it was a load test"
    assert asked.has("ApprovalVoided")
    assert not asked.asked()
    assert asked.stage.writes() == []
    assert (asked.postmortems / "INC-1.md").exists()


def test_a_freeze_is_answered_where_the_desk_is_no_member(asked: Rehearsal) -> None:
    """Whoever stops everything from #general must see that it has stopped."""
    frozen = answered(asked, "freeze a release", channel="general")
    status = answered(asked, "status", channel="general")

    assert frozen.startswith("Frozen: nothing is changed anywhere")
    assert "says Alice: a release" in status
