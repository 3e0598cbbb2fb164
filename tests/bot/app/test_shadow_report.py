"""`triaged shadow report`: what runbooks in shadow would have done, as the page shows it."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import configuration
from bot.app.cli.shadow import MOST
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.commands.run import EndRun, RecordWouldHave, StartRun
from incidents.commands.shadow import BeginWatch, WatchCommand
from incidents.errors import Rejected
from incidents.events.run import SHADOW
from incidents.events.shadow import Did
from tests import builders
from tests.bot.app.commanding import Run
from tests.incidents.test_shadow_watch import BEGAN, END, JUDGE, note

PAGE = Path(__file__).parents[3] / "docs" / "shadow-mode.md"
SHOWN = re.compile(r"```console\ntriaged shadow report\n```\n\n```text\n(.*?)```", re.DOTALL)
OVER = EndRun(outcome="completed", because="every step is done or left out")


def would_have(desk: Opened, number: int, runbook: str, *steps: str) -> None:
    """Let a run in shadow plan these steps, and end."""
    name = f"run-1-{number}"
    started = builders.started(runbook=runbook, mode=SHADOW)
    desk.desk.tell(name, StartRun(started=started))
    for step in steps:
        told = RecordWouldHave(step=step, plan=builders.plan(), approvers=("me",), needed=1)
        desk.desk.tell(name, told)
    desk.desk.tell(name, OVER)


def watched(desk: Opened, number: int, *commands: WatchCommand) -> None:
    """Let it be watched what people did after the first step of a run."""
    stream = f"shadow-1-{number}-2"
    desk.desk.tell(stream, BeginWatch(began=replace(BEGAN, run=f"run-1-{number}", would=2)))
    for command in commands:
        desk.desk.tell(stream, command)


@pytest.fixture
def weeks(run: Run, config: Path) -> None:
    """Make a journal of an installation's first weeks."""
    (config / "policy.yaml").write_text("acting: [cache-evictions]\n")
    assert run("migrate").status == 0
    with opened(load()) as desk:
        desk.desk.tell(builders.INCIDENT, builders.report())
        would_have(desk, 1, "cache-evictions", "add-decode")
        would_have(desk, 2, "cache-evictions", "add-decode")
        would_have(desk, 3, "high-latency", "add-decode")
        watched(desk, 1, note(Did.SAME), JUDGE, END)
        watched(desk, 2, END)
        watched(desk, 3)
        desk.desk.tell("run-1-4", StartRun(started=builders.started()))  # it acts


@pytest.mark.usefixtures("weeks")
def test_the_page_shows_what_the_command_prints(run: Run) -> None:
    """Whoever decides about switching a runbook on reads exactly this."""
    (shown,) = SHOWN.findall(PAGE.read_text(encoding="utf-8"))

    assert run("shadow", "report").out == shown


@pytest.mark.usefixtures("weeks")
def test_json_has_every_number_also_where_it_is_zero(run: Run) -> None:
    """Whoever adds them up need not know which words there are."""
    found = run("shadow", "report", "--json").json

    assert (found["runs"], found["acting"]) == (3, ["cache-evictions"])
    assert found["rows"][0] == {
        "runbook": "cache-evictions",
        "step": "add-decode",
        "action": "scale",
        "would_have": 2,
        "incidents": [1],
        "acts_now": True,
        "people": {
            "the_same": 1,
            "another_amount": 0,
            "otherwise": 0,
            "not_at_all": 1,
            "cannot_tell": 0,
            "still_watched": 0,
            "not_watched": 0,
        },
        "verification": {
            "verified": 1,
            "no_effect": 0,
            "worse": 0,
            "reverted": 0,
            "cannot_tell": 0,
            "still_watched": 0,
        },
        "better_without_it": {"yes": 0, "no": 1, "cannot_tell": 0},
    }


def test_what_an_earlier_release_planned_was_not_watched(run: Run) -> None:
    """It must not read as "people never did that"."""
    assert run("migrate").status == 0
    with opened(load()) as desk:
        desk.desk.tell(builders.INCIDENT, builders.report())
        would_have(desk, 1, "cache-evictions", "add-decode")

    found = run("shadow", "report", "--json").json

    assert found["rows"][0]["people"]["not_watched"] == 1
    assert "not watched 1" in run("shadow", "report").out


@pytest.mark.usefixtures("journal")
def test_a_journal_without_shadow_has_no_rows(run: Run) -> None:
    """The first evening: nothing has been planned yet, and everything is in shadow."""
    lines = run("shadow", "report").out.splitlines()

    assert lines[:2] == [
        "switched on: none, everything is in shadow",
        "in shadow in the last 30 days: 0 runs",
    ]


@pytest.mark.usefixtures("weeks")
def test_a_policy_that_stops_everything_is_seen(run: Run, config: Path) -> None:
    """Switched on by name and stopped as a whole: nothing acts, and the report says so."""
    (config / "policy.yaml").write_text("acting: ['*']\nshadow: yes\n")
    stopped = run("shadow", "report").out
    (config / "policy.yaml").write_text("acting: ['*']\n")

    assert stopped.startswith("switched on: none, everything is in shadow\n")
    assert " acts" not in stopped
    assert run("shadow", "report").out.startswith("switched on: all runbooks\n")


def test_a_long_list_is_bounded(run: Run) -> None:
    """A terminal is no archive: JSON has all of it."""
    assert run("migrate").status == 0
    with opened(load()) as desk:
        desk.desk.tell(builders.INCIDENT, builders.report())
        would_have(desk, 1, "high-latency", *(f"step-{n}" for n in range(MOST + 2)))

    lines = run("shadow", "report").out.splitlines()

    assert len(lines) == 2 * MOST + 7
    assert lines[-1] == "and 2 more: --json has them all"
    assert len(run("shadow", "report", "--json").json["rows"]) == MOST + 2


def test_days_that_are_no_number_are_refused(run: Run) -> None:
    """A slip of the pen must not print an empty report."""
    assert run("shadow", "report", "--days", "0").status != 0


def test_how_long_people_are_watched_is_read_from_the_policy(config: Path) -> None:
    """The page promises it: an hour, unless a team says otherwise."""
    usual = configuration.load(config).policy.shadow_watch
    (config / "policy.yaml").write_text("shadow_watch: 90m\n")
    longer = configuration.load(config).policy.shadow_watch
    (config / "policy.yaml").write_text("shadow_watch: 0s\n")

    assert (usual, longer) == (timedelta(minutes=60), timedelta(minutes=90))
    with pytest.raises(Rejected, match=r"policy\.yaml:1"):
        configuration.load(config)
