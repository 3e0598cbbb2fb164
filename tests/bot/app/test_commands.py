"""Every command: what it prints, for people and for machines, and how it ends."""

import getpass
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app.cli.main import COMMANDS, main
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.approval import ApprovalState
from incidents.commands.approval import Approve, RequestApproval
from incidents.commands.incident import NoteChannel
from incidents.commands.run import (
    FinishStep,
    PutOff,
    RecordPlan,
    RecordVerification,
    StartRun,
)
from runbooks.language.loader import LIBRARY
from runbooks.language.loader import load as load_runbooks
from tests import builders

HOSTILE = "kv \x1b[2J\u202eevil"
TRIAGE = LIBRARY / "triage.yaml"
STEP = load_runbooks((LIBRARY,))["triage"].steps[0].id
ME = getpass.getuser()
PEOPLE = f"people:\n  - {{id: me, name: Me, unix: {ME}, roles: [on-call-sre]}}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return what a machine reads."""
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Make a configuration in which whoever runs the tests is on call."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "people.yaml").write_text(PEOPLE)
    return folder


@pytest.fixture
def run(
    tmp_path: Path,
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Give a way to run a command in an environment of its own."""
    given = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'var' / 'triaged.db'}",
        "CONFIG": str(config),
        "POSTMORTEMS": str(tmp_path / "postmortems"),
    }
    for name, text in given.items():
        monkeypatch.setenv(f"TRIAGED_{name}", text)

    def ended(*words: str) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(words)
        printed = capsys.readouterr()
        code = left.value.code
        return Ended(status=code if isinstance(code, int) else 0, out=printed.out, err=printed.err)

    return ended


@pytest.fixture
def journal(run: Run) -> None:
    """Make a journal in which an approval of INC-1 waits for an answer."""
    assert run("migrate").status == 0
    with opened(load()) as desk:
        tell_a_story(desk)


def tell_a_story(desk: Opened, *approvers: str, **changes: object) -> None:
    """Open an incident, begin its run, and ask somebody."""
    told = builders.judgement(title=HOSTILE)
    desk.desk.tell(builders.INCIDENT, builders.report(told))
    desk.desk.tell(builders.RUN, StartRun(started=builders.started()))
    asked = builders.requested(
        approvers=approvers or ("me",),
        expires_at=datetime.now(UTC) + timedelta(minutes=10),
        **changes,
    )
    desk.desk.tell(builders.APPROVAL, RequestApproval(requested=asked))


def test_without_a_journal_nothing_is_made(run: Run, tmp_path: Path) -> None:
    """A command in the wrong folder must not leave an empty desk there, nor a new key."""
    ended = run("status")

    file = tmp_path / "var" / "triaged.db"
    said = f"triaged: {file}: there is no journal; TRIAGED_DATABASE_URL says where it is\n"
    assert (ended.status, ended.out, ended.err) == (2, "", said)
    assert not file.parent.exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param(
            "mysql://me:canary@db/x", "it must be sqlite:///path or postgresql://…", id="other"
        ),
        pytest.param("sqlite:///", "it must be sqlite:///path or postgresql://…", id="no-file"),
        pytest.param("sqlite:////", "/ is a folder, and a file is needed", id="folder"),
    ],
)
@pytest.mark.parametrize("command", ["status", "migrate"])
def test_an_address_that_is_none_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, url: str, said: str, command: str
) -> None:
    """The address is what is wrong: to ask for a key first would send people the wrong way."""
    monkeypatch.setenv("TRIAGED_DATABASE_URL", url)

    ended = run(command)

    assert (ended.status, ended.err) == (2, f"triaged: TRIAGED_DATABASE_URL: {said}\n")


def test_an_empty_file_is_no_journal_yet(run: Run, tmp_path: Path) -> None:
    """Made by `touch`, or by a mount: it is looked at like none, and begun like none."""
    file = tmp_path / "var" / "triaged.db"
    file.parent.mkdir()
    file.touch()

    before, made, after = run("status"), run("migrate"), run("status")

    assert (before.status, "there is no journal" in before.err) == (2, True)
    assert [one.status for one in (made, after)] == [0, 0]


@pytest.mark.usefixtures("journal")
def test_a_journal_without_its_key_is_not_read_with_a_new_one(run: Run, tmp_path: Path) -> None:
    """Whoever moves the file alone is told what is missing, and where to say it."""
    (tmp_path / "var" / "triaged.db.chain-key").unlink()

    ended = [run("status"), run("migrate")]

    assert [one.status for one in ended] == [2, 2]
    assert all("its chain key triaged.db.chain-key is not beside it" in one.err for one in ended)
    assert not (tmp_path / "var" / "triaged.db.chain-key").exists()


def test_the_help_says_how_commands_end(run: Run) -> None:
    """Scripts branch on it."""
    assert "ends with 0 when it was done, 1 when" in " ".join(run("--help").out.split())


def test_migrating_twice_changes_nothing(run: Run, tmp_path: Path) -> None:
    """The second time it only says the revision; the key is for its owner alone."""
    first, second = run("migrate", "--json"), run("migrate", "--json")

    assert first == second
    assert set(first.json) == {"revision"}
    assert (tmp_path / "var" / "triaged.db.chain-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("journal")
def test_status_says_what_waits_for_whom(run: Run) -> None:
    """The first thing that somebody types who was called at night."""
    plain, found = run("status"), run("status", "--json").json

    assert plain.out.splitlines() == [
        r"INC-1  P2  investigating  kv \x1b[2J\x202eevil",
        "because: INC-1: users wait longer",
        "waits for a yes: approval-1-1-1: scale Deployment llm-d/decode: replicas 4 → 6",
    ]
    assert (found["incidents"][0]["incident"], found["incidents"][0]["title"]) == (1, HOSTILE)
    assert found["approvals"][0]["digest"] == builders.DIGEST
    assert (found["frozen"], found["set_aside"], found["undeliverable"]) == ({}, 0, 0)


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
@pytest.mark.parametrize(
    ("aside", "said"), [(1, "1 delivery was set aside"), (2, "2 deliveries were set aside")]
)
def test_status_counts_in_words_that_fit(run: Run, aside: int, said: str) -> None:
    """One delivery is the usual number of those that cannot be read."""
    with opened(load()) as desk:
        for _ in range(aside):
            kept = desk.store.inbox.submit(source="alertmanager", body=b"{").result(10)
            desk.store.inbox.set_aside(kept.inbox_id, because="no JSON")

    assert f"{said}: `triaged inbox aside`" in run("status").out.splitlines()


@pytest.mark.usefixtures("journal")
def test_status_says_what_a_run_waits_for(run: Run) -> None:
    """The hands may be another process; whoever is called sees why nothing happens."""
    with opened(load()) as desk:
        desk.desk.tell(builders.RUN, PutOff(step="scale-decode", because="the cluster is away"))
    plain, found = run("status"), run("status", "--json").json

    assert plain.out.splitlines()[-1] == "waits: run-1-1 scale-decode: the cluster is away"
    assert [(one["run"], one["step"]) for one in found["waits"]] == [("run-1-1", "scale-decode")]


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


@pytest.mark.usefixtures("journal")
def test_a_postmortem_written_again_has_the_same_bytes(run: Run, tmp_path: Path) -> None:
    """A document that changes by itself cannot be signed."""
    first = run("postmortem", "1", "--json")
    bodies = [file.read_bytes() for file in sorted((tmp_path / "postmortems").iterdir())]

    again = run("postmortem", "1", "--json")

    assert first == again
    assert first.json["file"] == str(tmp_path / "postmortems" / "INC-1.md")
    assert [one.read_bytes() for one in sorted((tmp_path / "postmortems").iterdir())] == bodies
    missing = run("postmortem", "7")
    assert (missing.status, missing.err) == (2, "triaged: there is no INC-7\n")


def test_the_help_says_what_the_chain_does_not_cover(run: Run) -> None:
    """Whoever audits must not take "events hold" for "nothing in this database was changed"."""
    words = " ".join(run("verify-journal", "--help").out.split())
    line = next(one for one in run("--help").out.splitlines() if "verify-journal" in one)

    assert "It covers the events" in words
    assert "does not cover what stands beside the events: the texts" in words
    assert "summaries" in words
    assert "cover" not in line


@pytest.mark.usefixtures("journal")
def test_a_flipped_byte_is_found_and_named(run: Run, tmp_path: Path) -> None:
    """Whoever changes history in the database must be found out."""
    whole = run("verify-journal", "--json")
    with closing(sqlite3.connect(tmp_path / "var" / "triaged.db")) as connection, connection:
        query = "SELECT body FROM events WHERE stream = ?"
        (body,) = connection.execute(query, (builders.RUN,)).fetchone()
        flipped = bytes([body[0] ^ 1]) + body[1:]
        connection.execute("UPDATE events SET body = ? WHERE body = ?", (flipped, body))

    broken = run("verify-journal")

    assert (whole.status, whole.json["holds"]) == (0, True)
    assert (broken.status, broken.out) == (2, "")
    assert broken.err.startswith("triaged: run-1-1 version 1 (position ")


@pytest.mark.usefixtures("journal")
def test_a_tail_that_was_cut_off_shows_against_a_head_of_the_log(run: Run, tmp_path: Path) -> None:
    """Without the noted head a shorter journal looks whole, if its own head was mended too."""
    head = run("verify-journal").out.split()[-1]

    kept = run("verify-journal", "--head", head)
    wrong = run("verify-journal", "--head", "1:2")

    assert kept.status == 0
    assert wrong.err == "triaged: --head '1:2': expected position:events:mac:key\n"


def test_what_was_set_aside_is_listed_and_comes_back(run: Run) -> None:
    """Poison waits for a person, and after a release it may be none."""
    run("migrate")
    with opened(load()) as desk:
        kept = desk.store.inbox.submit(source="alertmanager:a", body=b"{").result(5)
        desk.store.inbox.set_aside(kept.inbox_id, because=HOSTILE)

    listed, found = run("inbox", "aside"), run("inbox", "aside", "--json")
    back, twice = run("inbox", "replay", str(kept.inbox_id)), run("inbox", "replay", "1")

    assert listed.out == f"{kept.inbox_id}  alertmanager:a  kv \\x1b[2J\\x202eevil\n"
    assert found.json == [{"id": 1, "source": "alertmanager:a", "because": HOSTILE}]
    assert (back.status, twice.status) == (0, 2)
    assert run("inbox", "aside").out == "nothing was set aside\n"


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


def applied(desk: Opened) -> None:
    """Let a step of a run be approved, applied and verified."""
    (text,) = desk.store.texts.keep([TRIAGE.read_text()])
    started = builders.started(runbook="triage", runbook_text=text, runbook_digest="d")
    asked = builders.requested(expires_at=datetime.now(UTC) + timedelta(minutes=10))
    claim = builders.claim(STEP, not_after=asked.expires_at)
    of_claim = {"step": STEP, "approval": builders.APPROVAL}
    for stream, command in (
        (builders.RUN, StartRun(started=started)),
        (builders.RUN, RecordPlan(step=STEP, plan=builders.plan())),
        (builders.APPROVAL, RequestApproval(requested=asked)),
        (builders.APPROVAL, Approve(by="ann", via="slack", digest=builders.DIGEST)),
        (builders.RUN, claim),
        (builders.RUN, FinishStep(**of_claim, detail="replicas 6")),
        (
            builders.RUN,
            RecordVerification(**of_claim, verdict="worse", because="it hurts", comparisons=()),
        ),
    ):
        desk.desk.tell(stream, command)


def test_runbooks_are_listed_and_linted(run: Run, tmp_path: Path) -> None:
    """A wrong runbook is found before it is needed, with file and line."""
    names = [one["name"] for one in run("runbooks", "list", "--json").json]
    fine = run("runbooks", "lint")
    wrong = tmp_path / "mine"
    wrong.mkdir()
    (wrong / "x.yaml").write_text("title: X\nstepps: []\n")

    ended, as_json = (
        run("runbooks", "lint", str(wrong)),
        run("runbooks", "lint", str(wrong), "--json"),
    )

    assert {"kv-cache-exhausted", "triage"} <= set(names)
    assert fine.status == 0
    assert (ended.status, ended.out) == (2, "")
    assert f"{wrong}/x.yaml:2: " in ended.err
    assert (as_json.status, {one["line"] for one in as_json.json["problems"]}) == (2, {1, 2})


def test_without_a_folder_a_team_s_own_runbooks_are_linted_too(run: Run, config: Path) -> None:
    """Whoever reads "nothing is wrong" means what will be in force tonight."""
    own = config / "runbooks"
    own.mkdir()
    (own / "x.yaml").write_text("title: X\nstepps: []\n")

    wrong = run("runbooks", "lint")
    (own / "x.yaml").unlink()
    fine = run("runbooks", "lint")

    assert (wrong.status, f"{own}/x.yaml:2: " in wrong.err) == (2, True)
    assert fine.out == f"{LIBRARY}: nothing is wrong\n{own}: nothing is wrong\n"


def test_the_configuration_is_checked_before_it_is_needed(run: Run, tmp_path: Path) -> None:
    """Who may approve is best known before the night."""
    fine = run("configuration", "check", "--json")
    (tmp_path / "policy.yaml").write_text("hold: soon\n")

    wrong = run("configuration", "check", str(tmp_path))

    assert (fine.json["people"], fine.json["approvers"]) == (["me"], ["me"])
    assert wrong.status == 2
    assert f"{tmp_path}/policy.yaml:1: " in wrong.err
    assert run("configuration", "schema", "policy").json["title"] == "triaged policy.yaml"


def test_what_may_cost_dear_is_a_warning(run: Run, tmp_path: Path) -> None:
    """A P0 that opens nothing is allowed, and must not be so by mistake."""
    (tmp_path / "policy.yaml").write_text("never_open: [LLMDServiceDown]\n")
    said = "LLMDServiceDown is P0 in the catalogue, and never opens an incident"

    told, as_json = (
        run("configuration", "check", str(tmp_path), *more) for more in ((), ("--json",))
    )

    assert told.out.splitlines()[0] == f"warning: {said}"
    assert (told.status, as_json.json["warnings"]) == (0, [said])


def test_a_wrong_setting_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command reads the same settings."""
    monkeypatch.setenv("TRIAGED_MODE", "shadow")

    ended = run("status")

    said = "triaged: TRIAGED_MODE: 'shadow' is unknown; known are apply\n"
    assert (ended.status, ended.err) == (2, said)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(run: Run, name: str) -> None:
    """The help is what there is at three in the morning."""
    ended = run(name, "--help")

    assert ended.status == 0
    assert name in ended.out


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
