"""What holds for every command, also for one that is added tomorrow."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_type_hints

import pytest
from cyclopts import App

from bot.app.cli.main import application, main
from bot.app.cli.output import Json
from bot.app.cli.reason import Reason
from bot.app.opening import opened
from bot.app.settings import load
from tests import builders
from tests.bot.app.commanding import Run

CANARY = "C4n4ryC4n4ry"
RUNS = {"serve", "demo"}
"""They go on until they are stopped, and print what happens meanwhile."""
WHY = {"because", "reason"}
READ: Mapping[str, Sequence[str]] = {
    "configuration check": (),
    "configuration schema": ("policy",),
    "drift": (),
    "followups": (),
    "followups list": (),
    "inbox aside": (),
    "rbac": ("--namespace", "llm-d"),
    "rules": (),
    "runbooks lint": (),
    "runbooks list": (),
    "runbooks schema": (),
    "settings": (),
    "shadow report": (),
    "snooze list": (),
    "status": (),
    "verify-journal": (),
}
"""The commands that look, and need nothing but the journal for it, each with its arguments."""
CHANGE = {
    "approve",
    "followups done",
    "followups give",
    "followups later",
    "followups normal",
    "followups undo",
    "freeze",
    "inbox replay",
    "incident ack",
    "incident forward",
    "incident resolve",
    "incident severity",
    "incident target",
    "migrate",
    "postmortem",
    "reject",
    "run answer",
    "run continue",
    "run edit",
    "run normal",
    "run retry",
    "run settle",
    "run skip",
    "run undo",
    "silence create",
    "silence expire",
    "snooze add",
    "snooze end",
    "thaw",
}
ASK = {
    "backtest",
    "classify",
    "doctor",
    "run evidence",
    "runbooks dry-run",
    "signals",
    "silence list",
    "slo",
    "snapshot",
}
"""They look as well, and need an alert on standard input, a Prometheus, an Alertmanager, or a step
that has changed something."""


def commands(app: App, *words: str) -> Iterator[tuple[str, App]]:
    """Yield every command that does something, with all words of its name."""
    for name in app:
        if not name.startswith("-"):
            below = app[name]
            if below.default_command is not None:
                yield " ".join((*words, name)), below
            yield from commands(below, *words, name)


EVERY = dict(commands(application()))


def hints(name: str) -> dict[str, object]:
    """Return the types of a command's parameters."""
    return get_type_hints(EVERY[name].default_command, include_extras=True)


@pytest.mark.parametrize("name", sorted(set(EVERY) - RUNS))
def test_every_command_that_prints_results_prints_them_as_json(name: str) -> None:
    """A program that calls one must not have to know which of them take --json."""
    assert Json in hints(name).values()


def test_every_command_looks_or_does_not() -> None:
    """A new one that looks must be tried below, too."""
    assert sorted([*READ, *CHANGE, *ASK, *RUNS]) == sorted(EVERY)


@pytest.mark.parametrize("name", READ)
def test_every_command_that_looks_prints_json(run: Run, journal: None, name: str) -> None:
    """To have the option is not to obey it: what comes is read by a program, all of it."""
    ended = run(*name.split(), *READ[name], "--json")

    assert (ended.status, ended.err) == (0, "")
    assert isinstance(ended.json, (dict, list))


@pytest.mark.parametrize("name", [one for one in EVERY if WHY & set(hints(one))])
def test_every_reason_comes_without_secrets(name: str) -> None:
    """Reasons are kept for good, and stand in Slack and in the postmortem."""
    parameters = hints(name)
    (why,) = WHY & set(parameters)

    kept = getattr(parameters[why], "__metadata__", ())
    assert Reason.__metadata__[0] in kept  # type: ignore[attr-defined] # of Annotated


def test_a_secret_in_a_reason_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever pastes a command into a reason at night has pasted its token, too."""
    monkeypatch.setenv("TRIAGED_CONFIG", str(tmp_path))
    monkeypatch.setenv("TRIAGED_DATABASE_URL", f"sqlite:///{tmp_path / 'triaged.db'}")
    with opened(load(), migrate=True) as desk:
        desk.desk.tell(builders.INCIDENT, builders.report())

    with pytest.raises(SystemExit):
        main(("freeze", f"curl -H 'Authorization: Bearer {CANARY}' failed, password={CANARY}"))

    with opened(load()) as desk:
        kept = desk.desk.freeze().frozen["all"].reason
    assert kept == "curl -H 'Authorization: ***' failed, password=***"
    assert CANARY not in capsys.readouterr().out
