"""Every command: what it prints, for people and for machines, and how it ends."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.app.cli.main import COMMANDS
from bot.app.opening import opened
from bot.app.settings import load
from incidents.commands.run import PutOff
from runbooks.language.loader import LIBRARY
from tests import builders
from tests.bot.app.commanding import HOSTILE, Run


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

    assert {"cache-evictions", "triage"} <= set(names)
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


def test_a_folder_that_holds_nothing_of_ours_was_mistyped(run: Run, tmp_path: Path) -> None:
    """Told that `/etc` is fine, a team would believe that its policy is."""
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n")

    wrong = run("configuration", "check", str(tmp_path))
    (tmp_path / "runbooks").mkdir()
    fine = run("configuration", "check", str(tmp_path), "--json")

    assert (wrong.status, wrong.out) == (2, "")
    assert wrong.err.startswith(f"triaged: {tmp_path}: no file of ours is there; ours are policy.")
    assert (fine.status, fine.json["files"]) == (0, ["runbooks"])


def test_an_empty_configured_folder_is_the_defaults(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is there for later is no mistake, and must not look like a configuration."""
    monkeypatch.setenv("TRIAGED_CONFIG", str(tmp_path))
    empty = run("configuration", "check")
    monkeypatch.delenv("TRIAGED_CONFIG")
    none = run("configuration", "check")

    said = ": the defaults are in force"
    assert (empty.status, none.status) == (0, 0)
    assert empty.out.splitlines()[0] == f"no file of ours is in {tmp_path}{said}"
    assert none.out.splitlines()[0] == f"TRIAGED_CONFIG names no folder{said}"


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
    monkeypatch.setenv("TRIAGED_LOG_FORMAT", "shadow")

    ended = run("status")

    said = "triaged: TRIAGED_LOG_FORMAT: 'shadow' is unknown; known are json, console\n"
    assert (ended.status, ended.err) == (2, said)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(run: Run, name: str) -> None:
    """The help is what there is at three in the morning."""
    ended = run(name, "--help")

    assert ended.status == 0
    assert name in ended.out
