"""`triaged shadow report`: what runbooks in shadow would have done, as the page shows it."""

import re
from pathlib import Path

import pytest

from bot.app.cli.shadow import MOST
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.commands.run import EndRun, RecordWouldHave, StartRun
from incidents.events.run import SHADOW
from tests import builders
from tests.bot.app.commanding import Run

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


@pytest.fixture
def weeks(run: Run, config: Path) -> None:
    """Make a journal of an installation's first weeks."""
    (config / "policy.yaml").write_text("acting: [cache-evictions]\n")
    assert run("migrate").status == 0
    with opened(load()) as desk:
        desk.desk.tell(builders.INCIDENT, builders.report())
        would_have(desk, 1, "cache-evictions", "add-decode")
        would_have(desk, 2, "cache-evictions", "add-decode")
        would_have(desk, 3, "high-latency", "add-prefill")
        desk.desk.tell("run-1-4", StartRun(started=builders.started()))  # it acts


@pytest.mark.usefixtures("weeks")
def test_the_page_shows_what_the_command_prints(run: Run) -> None:
    """Whoever decides about switching a runbook on reads exactly this."""
    (shown,) = SHOWN.findall(PAGE.read_text(encoding="utf-8"))

    assert run("shadow", "report").out == shown


@pytest.mark.usefixtures("weeks")
def test_json_has_every_row_and_no_number_that_is_not_known(run: Run) -> None:
    """What people did is null and never zero: it must not read as "people never did that"."""
    found = run("shadow", "report", "--json").json

    assert (found["runs"], found["acting"], found["done_by_people"]) == (
        3,
        ["cache-evictions"],
        None,
    )
    assert found["rows"][0] == {
        "runbook": "cache-evictions",
        "step": "add-decode",
        "action": "scale",
        "would_have": 2,
        "incidents": [1],
        "acts_now": True,
    }


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

    assert len(lines) == MOST + 5
    assert lines[-2] == "and 2 more: --json has them all"
    assert len(run("shadow", "report", "--json").json["rows"]) == MOST + 2


def test_days_that_are_no_number_are_refused(run: Run) -> None:
    """A slip of the pen must not print an empty report."""
    assert run("shadow", "report", "--days", "0").status != 0
