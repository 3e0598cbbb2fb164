"""A command line in an environment of its own, and a journal for it."""

from pathlib import Path

import pytest

from bot.app.cli.main import main
from bot.app.opening import opened
from bot.app.settings import load
from tests.bot.app.commanding import PEOPLE, Ended, Run, tell_a_story


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
