"""What holds for every command, also for one that is added tomorrow."""

from collections.abc import Iterator
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

CANARY = "C4n4ryC4n4ry"
RUNS = {"serve", "demo"}
"""They go on until they are stopped, and print what happens meanwhile."""
WHY = {"because", "reason"}


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
