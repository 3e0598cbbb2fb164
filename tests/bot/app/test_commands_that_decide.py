"""Commands of people who decide: the same rules as in Slack, when Slack is down."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.opening import opened
from bot.app.settings import load
from incidents.approval import ApprovalState
from incidents.commands.approval import VoidApproval
from incidents.commands.incident import AskTarget, NoteChannel
from incidents.commands.run import RecordPlan, StartRun, VoidPlan
from incidents.events.incident import Workload
from tests import builders
from tests.bot.app.commanding import HOSTILE, ME, PEOPLE, STEP, TRIAGE, Run, applied, tell_a_story


@pytest.mark.usefixtures("journal")
def test_an_approval_is_shown_before_it_is_given(run: Run) -> None:
    """Who approves says which plan; the command to type stands below it."""
    shown = run("approve", "1-1-1")

    *_, asked, last = shown.out.splitlines()
    assert shown.out.startswith("approval-1-1-1: open\n")
    assert asked.endswith(" UTC; approvers Me")
    assert last == f"to approve: triaged approve approval-1-1-1 {builders.DIGEST}"
    with opened(load()) as desk:
        assert desk.desk.approval(builders.APPROVAL).state is ApprovalState.REQUESTED


def test_an_approval_that_is_void_shows_no_other_plan(run: Run) -> None:
    """Under its name a plan would be read that nobody can approve by it, with how to do so."""
    run("migrate")
    scale = "scale-decode"
    with opened(load()) as desk:
        tell_a_story(desk)
        desk.desk.tell(builders.RUN, RecordPlan(step=scale, plan=builders.plan()))
    stands = run("approve", "1-1-1")
    with opened(load()) as desk:
        desk.desk.tell(builders.RUN, VoidPlan(step=scale, because="replicas 5"))
        desk.desk.tell(builders.RUN, RecordPlan(step=scale, plan=builders.plan()))
        desk.desk.tell(builders.APPROVAL, VoidApproval(because="replicas 5"))

    shown = run("approve", "1-1-1")

    assert builders.plan().kubectl in stands.out
    assert "void: replicas 5" in shown.out
    assert builders.plan().kubectl not in shown.out
    assert "to approve:" not in shown.out
    assert run("approve", "1-1-1", "--json").json["plan"] is None


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize(
    ("command", "state"),
    [pytest.param("approve", "granted", id="yes"), pytest.param("reject", "refused", id="no")],
)
def test_the_person_behind_the_login_decides(run: Run, command: str, state: str) -> None:
    """The same decision as in Slack, when Slack is down."""
    ended = run(command, "approval-1-1-1", builders.DIGEST, "--json")
    late = run(command, "approval-1-1-1", builders.DIGEST)

    assert ended.json == {"approval": "approval-1-1-1", "state": state, "by": "me"}
    assert (late.status, late.out) == (2, "")
    said = {"granted": "approved by Me", "refused": "rejected by Me: rejected"}[state]
    assert late.err == f"triaged: too late, approval-1-1-1: {said}\n"


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["approval-9-9-9", "d"], "there is no approval-9-9-9", id="unknown"),
        pytest.param(["approval-9-9-9"], "there is no approval-9-9-9", id="unknown-to-show"),
        pytest.param(["1-1-1", "other"], "approval-1-1-1 is for another plan", id="other-plan"),
    ],
)
def test_what_does_not_fit_is_refused(run: Run, words: Sequence[str], said: str) -> None:
    """Exactly this plan, or none."""
    ended = run("approve", *words)

    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err


def test_another_login_may_not_approve(run: Run, config: Path) -> None:
    """A shell on the server is no permission; who tried is written down."""
    (config / "people.yaml").write_text(PEOPLE.replace(ME, "somebody-else"))
    run("migrate")
    with opened(load()) as desk:
        tell_a_story(desk)

    ended = run("approve", "1-1-1", builders.DIGEST)

    assert ended.status == 2
    assert ended.err == "triaged: You may not decide this: Me may.\n"
    with opened(load()) as desk:
        found = desk.desk.approval(builders.APPROVAL)
    assert (found.state, found.denied) == (ApprovalState.REQUESTED, {f"unix:{ME}"})


def test_whoever_asked_is_told_that_somebody_else_must_approve(run: Run) -> None:
    """The rule is the policy's; the sentence is the same as in Slack."""
    run("migrate")
    with opened(load()) as desk:
        tell_a_story(desk, requested_by="me", requester_may_approve=False)

    ended = run("approve", "1-1-1", builders.DIGEST)

    assert ended.err == "triaged: You asked for it, so somebody else must approve it.\n"


@pytest.mark.usefixtures("journal")
def test_a_freeze_stands_until_it_is_thawed(run: Run) -> None:
    """Once frozen it is so; who comes second is told who was first."""
    frozen, again = run("freeze", HOSTILE), run("freeze", "again")
    status = run("status")
    thawed, twice = run("thaw", "fine", "--json"), run("thaw", "fine")

    assert (frozen.status, frozen.out) == (0, "all is frozen\n")
    assert again.err == "triaged: all was frozen by me: kv \\x1b[2J\\x202eevil\n"
    assert r"frozen: all: kv \x1b[2J\x202eevil" in status.out.splitlines()
    assert thawed.json == {"thawed": "all", "by": "me"}
    assert (again.status, twice.status, twice.err) == (2, 2, "triaged: all is not frozen\n")


def test_a_stranger_may_freeze_and_not_thaw(run: Run, config: Path) -> None:
    """The brake is for everybody; letting go of it is not."""
    (config / "people.yaml").write_text(PEOPLE.replace(ME, "somebody-else"))
    run("migrate")

    frozen, thawed = run("freeze", "smoke"), run("thaw", "fine")

    assert frozen.status == 0
    assert (thawed.status, thawed.err) == (2, f"triaged: {ME} is not in people.yaml\n")


def test_a_run_is_moved_by_people_who_are_known(run: Run, config: Path) -> None:
    """Retry, skip and the rest say who and why, of a step that there is."""
    run("migrate")
    with opened(load()) as desk:
        tell_a_story(desk)
        (text,) = desk.store.texts.keep([TRIAGE.read_text()])
        started = builders.started(runbook="triage", runbook_text=text, runbook_digest="d")
        desk.desk.tell("run-1-2", StartRun(started=started))

    skipped = run("run", "skip", "1-2", STEP, "--because", "we know", "--json")
    nothing = run("run", "skip", "1-2", "nothing", "--because", "x")
    nowhere = run("run", "skip", "7-7", STEP, "--because", "x")
    (config / "people.yaml").write_text(PEOPLE.replace(ME, "somebody-else"))
    stranger = run("run", "skip", "1-2", STEP, "--because", "x")

    assert skipped.json == {"run": "run-1-2", "happened": [f"{STEP} left out: we know"]}
    assert nothing.err.startswith(f"triaged: run-1-2 has no step nothing; it has {STEP}")
    assert nowhere.err == "triaged: there is no run-7-7\n"
    assert stranger.err == f"triaged: {ME} is not in people.yaml\n"
    assert [one.status for one in (nothing, nowhere, stranger)] == [2, 2, 2]


@pytest.mark.parametrize("archived", [False, True])
def test_an_undo_says_how_it_is_approved(run: Run, archived: bool) -> None:
    """After the end no card can be posted: the next words to type are all that there is."""
    run("migrate")
    with opened(load()) as desk:
        desk.desk.tell(builders.INCIDENT, builders.report())
        channel = NoteChannel(platform="slack", channel="C1", name="inc-1", archived=False)
        desk.desk.tell(builders.INCIDENT, channel)
        if archived:
            desk.desk.tell(builders.INCIDENT, replace(channel, archived=True))
        applied(desk)

    ended = run("run", "undo", "1-1", STEP, "--because", "traffic is gone")

    gone = ["#inc-1 is archived: Slack shows no card for it"]
    assert ended.out.splitlines() == [
        f"undo of {STEP} asked for: traffic is gone",
        *(gone if archived else []),
        "once it is planned, triaged approve approval-1-1-2 shows the plan and what to type",
    ]


@pytest.mark.usefixtures("journal")
def test_an_incident_is_taken_judged_and_ended_without_slack(run: Run) -> None:
    """With Slack away the server is the way in, with the same person on the record."""
    taken = run("incident", "ack", "1")
    judged = run("incident", "severity", "1", "P0", "--because", "nobody is served", "--json")
    ended = run("incident", "resolve", "1", "--because", "served again", "--false-positive")
    again = run("incident", "resolve", "1", "--because", "twice")

    assert (taken.status, taken.out) == (0, "acknowledged by me through cli\n")
    assert judged.json["happened"][0].endswith("→ P0: nobody is served")
    assert (ended.status, ended.out) == (0, "resolved as a false positive: served again\n")
    assert (again.status, "was resolved by me" in again.err) == (2, True)


@pytest.mark.usefixtures("journal")
def test_which_workload_is_meant_is_listed_and_said_without_slack(run: Run) -> None:
    """Where Slack is down, or a sixth fits, the server takes the answer; a wrong one is refused."""
    nothing = run("incident", "target", "1")
    with opened(load()) as desk:
        fit = tuple(
            Workload(kind="Deployment", name=name, words=f"pod → Deployment {name}")
            for name in ("canary", "decode")
        )
        desk.desk.tell(builders.INCIDENT, AskTarget(candidates=fit))
    status = run("status")
    listed = run("incident", "target", "1")
    wrong = run("incident", "target", "1", "Deployment gone")
    said = run("incident", "target", "1", "Deployment decode", "--because", "the big one")
    again = run("incident", "target", "1", "Deployment decode")
    shown = run("incident", "target", "1", "--json").json
    nowhere = run("incident", "target", "7")

    names = "Deployment canary, Deployment decode"
    assert nothing.out == "nobody asked which workload is meant\n"
    asked = f"asked: INC-1: say which workload is meant: {names} (triaged incident target 1)"
    assert asked in status.out.splitlines()
    assert "asked:" not in run("status").out
    assert listed.out.splitlines() == [
        f"Deployment {x}: pod → Deployment {x}" for x in ("canary", "decode")
    ]
    assert wrong.err == f"triaged: INC-1: 'Deployment gone' is none of its candidates: {names}\n"
    assert said.out.splitlines() == [
        "me chose Deployment decode of 2: the big one",
        "acknowledged by me through cli",
    ]
    assert again.out == "nothing changed\n"
    assert (shown["chosen"], len(shown["candidates"])) == ("Deployment decode", 2)
    assert run("incident", "target", "1").out.endswith("Deployment decode, chosen by me of 2\n")
    assert (wrong.status, nowhere.status, nowhere.err) == (
        2,
        2,
        "triaged: there is no incident-7\n",
    )


@pytest.mark.usefixtures("journal")
def test_a_snooze_is_added_listed_and_ended(run: Run) -> None:
    """What is quiet, until when and why must be seen by whoever comes next."""
    words = ("--for", "30m", "--alert", "Slow*", "--label", "namespace=llm-d", "--key", "k")
    added = run("snooze", "add", "a load test", *words, "--json")
    status = run("status").out.splitlines()[-1]
    listed = run("snooze", "list", "--json").json
    ended = run("snooze", "end", "1", "--because", "the test is over")
    again = run("snooze", "end", "1", "--because", "twice")

    assert (added.json["snooze"], added.json["by"]) == (1, "me")
    assert status.startswith("snooze 1: Slow*, key=k, namespace=llm-d snoozed until ")
    assert [one["reason"] for one in listed] == ["a load test"]
    assert ended.out == "the snooze is over: the test is over\n"
    assert again.err == "triaged: snooze-1 was ended by me: the test is over\n"
    assert run("snooze", "list").out == "nothing is snoozed\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--for", "soon"), "--for: 'soon' is no duration", id="span"),
        pytest.param(("--for", "30m"), "say which alerts", id="everything"),
        pytest.param(("--for", "30m", "--label", "x"), "--label 'x': say label=", id="label"),
        pytest.param(("--for", "9d", "--alert", "A"), "within 168 h", id="too-long"),
    ],
)
@pytest.mark.usefixtures("journal")
def test_a_snooze_that_says_nothing_is_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    """A mistyped snooze must not look like silence."""
    ended = run("snooze", "add", "why", *words)

    assert ended.status == 2
    assert said in ended.err


@pytest.mark.usefixtures("journal")
def test_an_incident_that_is_not_hidden_cannot_come_forward(run: Run) -> None:
    """The command says what stands, and changes nothing."""
    ended = run("incident", "forward", "1", "--because", "it is another pool")

    assert (ended.status, ended.err) == (2, "triaged: INC-1 is not hidden\n")
