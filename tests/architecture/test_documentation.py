"""The documentation is true: what it tells the reader to type and to open is there."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bot.app.cli.main import main

CONSOLE = re.compile(r"^ *```console\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)


@pytest.fixture(scope="module")
def pages(root: Path) -> Sequence[Path]:
    """Return every page that a reader is pointed to."""
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


@pytest.fixture(scope="module")
def commands(pages: Sequence[Path]) -> Sequence[str]:
    """Return every command that a page tells the reader to type."""
    return sorted({line for page in pages for line in commands_of(page.read_text("utf-8"))})


def test_every_make_target_that_is_quoted_exists(commands: Sequence[str], root: Path) -> None:
    """The first thing that a newcomer types must not fail."""
    targets = set(TARGET.findall((root / "Makefile").read_text(encoding="utf-8")))
    quoted = {words[1] for words in map(str.split, commands) if words[0] == "make"}

    assert quoted >= {"demo", "test"}
    assert quoted - targets == set()


def test_every_triaged_command_that_is_quoted_exists(
    commands: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A renamed command must be renamed where people read about it."""
    quoted = {_command(line) for line in commands if line.split()[0] == "triaged"}

    assert quoted
    assert [command for command in sorted(quoted) if not _is_known(command, capsys)] == []
    assert not _is_known("nothing", capsys)


def test_nothing_else_is_quoted_than_what_is_checked(commands: Sequence[str]) -> None:
    """A command of another program would be promised and never tried."""
    assert [line for line in commands if line.split()[0] not in {"make", "triaged"}] == []


def test_every_link_leads_to_a_file(pages: Sequence[Path]) -> None:
    """A reader who follows a dead link stops reading."""
    assert list(dead_links(pages)) == []


def test_every_page_can_be_found(root: Path) -> None:
    """A page to which nothing leads is written for nobody."""
    doors = [root / "README.md", root / "docs" / "start-here.md"]
    linked = {
        (door.parent / target).resolve()
        for door in doors
        for target in LINK.findall(door.read_text(encoding="utf-8"))
    }

    assert [page.name for page in sorted((root / "docs").glob("*.md")) if page not in linked] == []


def test_every_make_target_is_in_the_help(root: Path) -> None:
    """What `make help` hides nobody uses."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")

    assert [name for name in TARGET.findall(makefile) if f"{name}: " not in _helped(makefile)] == []


def test_a_dead_link_and_a_command_are_seen(tmp_path: Path) -> None:
    """A scan that sees nothing would pass for ever."""
    page = tmp_path / "page.md"
    indented = "1. so\n\n   ```console\n   make coffee\n   ```\n"
    page.write_text(
        f"see [this](gone.md)\n```console\n$ make tea  # now\n```\n{indented}", encoding="utf-8"
    )

    assert list(dead_links([page])) == ["page.md: gone.md"]
    assert list(commands_of(page.read_text("utf-8"))) == ["make tea", "make coffee"]


def commands_of(page: str) -> Iterator[str]:
    """Yield the commands of a page's console blocks, without prompts, variables and remarks."""
    for block in CONSOLE.findall(page):
        for line in block.splitlines():
            words = re.sub(r"^\$ |\s+#.*$", "", line).split()
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                words.pop(0)
            if words:
                yield " ".join(words)


def dead_links(pages: Sequence[Path]) -> Iterator[str]:
    """Yield page and target of every link to a file that is not there."""
    for page in pages:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                yield f"{page.name}: {target}"


def _command(line: str) -> str:
    """Return the words that name a command, without its arguments."""
    named = re.match(r"triaged((?: [a-z][a-z-]*){1,2})(?=$| )", line)
    return named[1].strip() if named else ""


def _is_known(command: str, capsys: pytest.CaptureFixture[str]) -> bool:
    """Tell whether triaged answers a question for help with this very command's usage."""
    try:
        main([*command.split(), "--help"])
    except SystemExit as ended:
        if ended.code:
            return False
    return f"triaged {command}" in capsys.readouterr().out


def _helped(makefile: str) -> str:
    return "\n".join(line for line in makefile.splitlines() if "## " in line)
