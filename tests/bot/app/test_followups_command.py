"""`triaged followups`: what is left, by whom and until when, for whoever sits at the server."""

from datetime import timedelta

import pytest

from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.commands.approval import RequestApproval
from incidents.commands.followups import MakeFollowUps, ToDo
from incidents.commands.incident import NoteChannel
from incidents.commands.run import RecordPlan, StartRun
from incidents.events.run import LeavesRecord
from incidents.followups import followups_stream
from tests import builders
from tests.bot.app.commanding import STEP, Run, applied

WHAT = "Node gpu-7 \x1b[2Jis closed to new pods"
SHOWN = "Node gpu-7 \\x1b[2Jis closed to new pods"


@pytest.fixture
def owed(run: Run) -> None:
    """Let a change be left that was due an hour ago, and something be to do in a year."""
    assert run("migrate").status == 0
    with opened(load()) as desk:
        desk.desk.tell(builders.INCIDENT, builders.report())
        channel = NoteChannel(platform="slack", channel="C1", name="inc-1", archived=False)
        desk.desk.tell(builders.INCIDENT, channel)
        applied(desk)
        left(desk)


def left(desk: Opened) -> None:
    """Make one follow-up of each kind."""
    now = desk.clock()
    change = ToDo(
        key="a",
        what=WHAT,
        owner="me",
        due=now - timedelta(hours=1),
        run=builders.RUN,
        step=STEP,
        undo=True,
        back=(("action", "scale"), ("replicas", "4")),
    )
    review = ToDo(key="b", what="Review it", owner="on-call-sre", due=now + timedelta(days=365))
    desk.desk.tell(followups_stream(1), MakeFollowUps(todo=(review, change)))


@pytest.mark.usefixtures("owed")
def test_what_is_due_first_stands_first_with_the_way_back(run: Run) -> None:
    """At the end of a shift this is the list to go through."""
    late, undo, normal, review = run("followups").out.splitlines()

    assert late.startswith(f"INC-1/2  left: {SHOWN} (Me, overdue since ")
    assert undo == "    triaged followups undo INC-1/2 takes it back"
    assert normal == "    triaged followups normal INC-1/2 goes back to replicas 4"
    assert review.startswith("INC-1/1  to do: Review it (on-call-sre, until ")
    assert run("followups", "list").out == run("followups").out


@pytest.mark.usefixtures("owed")
def test_status_names_what_was_left_and_counts_the_rest(run: Run) -> None:
    """Whoever comes on shift reads status, and nothing else."""
    first, second = run("status").out.splitlines()[-2:]

    assert first.startswith(f"left: INC-1/2: {SHOWN} (Me, overdue since ")
    assert second == "to be done: 1 follow-up: `triaged followups`"


@pytest.mark.usefixtures("owed")
def test_it_is_given_away_put_off_and_done(run: Run) -> None:
    """Each is in the journal with who said it and why."""
    given = run("followups", "give", "INC-1/2", "on-call-sre", "--because", "a holiday")
    later = run("followups", "later", "1/2", "--for", "8h", "--because", "the vendor comes")
    listed = run("followups", "--json").json[0]
    done = run("followups", "done", "inc-1/2", "--because", "opened by hand", "--json")
    again = run("followups", "done", "1/2", "--because", "twice")

    assert given.out == "follow-up 2 is on-call-sre's now, says me: a holiday\n"
    assert later.out.startswith("follow-up 2 may stay until ")
    assert (listed["owner"], listed["overdue"]) == ("on-call-sre", False)
    assert done.json == {"happened": [f"follow-up 2 is done: {WHAT}: opened by hand"]}
    assert (again.status, again.err) == (
        2,
        "triaged: INC-1/2 was done by me: opened by hand\n",
    )
    assert "INC-1/2" not in run("followups").out
    assert "INC-1/2  done: " in run("followups", "--incident", "1").out


@pytest.mark.usefixtures("owed")
def test_it_is_taken_back_like_any_change(run: Run) -> None:
    """The name of the follow-up is enough: nobody knows the run by heart."""
    ended = run("followups", "undo", "1/2", "--because", "the node is fine")

    assert ended.out.splitlines() == [
        f"undo of {STEP} asked for: the node is fine",
        "once it is planned, triaged approve approval-1-1-2 shows the plan and what to type",
    ]


@pytest.mark.usefixtures("owed")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ("done", "7", "--because", "x"),
            "'7' is no follow-up: say it as in INC-12/1",
            id="name",
        ),
        pytest.param(("done", "1/9", "--because", "x"), "there is no follow-up INC-1/9", id="none"),
        pytest.param(
            ("give", "1/2", "eve"),
            "eve: nobody in people.yaml is called so or has that role",
            id="owner",
        ),
        pytest.param(
            ("later", "1/2", "--for", "soon", "--because", "x"),
            "--for: 'soon' is no dura",
            id="span",
        ),
        pytest.param(
            ("undo", "1/1", "--because", "x"),
            "1/1: no change was left there that could be taken back",
            id="nothing-to-undo",
        ),
        pytest.param(
            ("normal", "1/2", "--because", "x"),
            f"{STEP}: nothing says what is normal; undo it instead",
            id="no-normal",
        ),
    ],
)
def test_what_does_not_fit_is_said(run: Run, words: tuple[str, ...], said: str) -> None:
    """A mistyped name must not look like something that was done."""
    ended = run("followups", *words)

    assert ended.status == 2
    assert said in ended.err


def test_nothing_left_is_said(run: Run) -> None:
    """No answer could mean that the command failed."""
    run("migrate")

    assert run("followups").out == "nothing is left to be done\n"


def test_who_approves_at_the_server_reads_what_is_left_and_that_nothing_brings_it_back(
    run: Run,
) -> None:
    """The same as on the card: whoever approves takes it on."""
    run("migrate")
    leaves = LeavesRecord(what=WHAT, within=timedelta(hours=4))
    planned = builders.plan(leaves=leaves, inverse=(), reversible=False)
    asked = builders.requested(approvers=("me", "ben"), needed=2)
    with opened(load()) as desk:
        for stream, command in (
            (builders.INCIDENT, builders.report()),
            (builders.RUN, StartRun(started=builders.started())),
            (builders.RUN, RecordPlan(step="scale-decode", plan=planned)),
            (builders.APPROVAL, RequestApproval(requested=asked)),
        ):
            desk.desk.tell(stream, command)

    shown = run("approve", "1-1-1").out.splitlines()

    assert shown[-4:-2] == [
        "undo: cannot be undone",
        f"leaves: {SHOWN}; whoever approves takes it back within 4 h",
    ]
    assert shown[-2].endswith("; approvers 2 of Me, ben")


@pytest.mark.usefixtures("owed")
@pytest.mark.parametrize("way", ["undo", "normal"])
def test_an_earlier_change_of_a_step_is_not_taken_back_by_name(run: Run, way: str) -> None:
    """The undo would be that of the later change, which may be of another object."""
    with opened(load()) as desk:
        now = desk.clock()
        todo = ToDo(key="c", what=WHAT, owner="me", due=now, run=builders.RUN, step=STEP, undo=True)
        desk.desk.tell(followups_stream(1), MakeFollowUps(todo=(todo,)))

    ended = run("followups", way, "INC-1/2", "--because", "over")

    said = f"INC-1/2: {STEP} was applied again since; only its last change can be taken back"
    assert (ended.status, ended.err) == (2, f"triaged: {said}\n")
