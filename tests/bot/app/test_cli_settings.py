"""`triaged settings` and its page say what the code reads."""

from pathlib import Path

from bot.app.cli.settings import page
from bot.app.settings import about, variable
from tests.bot.app.commanding import Run

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_is_what_the_code_says() -> None:
    """A setting that is not on the page does not exist for operators."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_setting_is_a_row_of_the_page() -> None:
    """The page is made from the code; it must not lose a row on the way."""
    rows = [line.split("`")[1] for line in page().splitlines() if line.startswith("| `")]

    assert rows == [variable(name) for name in about()]


def test_a_page_as_json_is_refused(run: Run) -> None:
    """A program that asked for JSON must not be handed Markdown as if that were it."""
    ended = run("settings", "--markdown", "--json")

    assert (ended.status, ended.out) == (2, "")
    assert "--markdown" in ended.err
    assert "--json" in ended.err


def test_the_page_is_printed(run: Run) -> None:
    """The page says that this command prints it."""
    ended = run("settings", "--markdown")

    assert (ended.status, ended.out) == (0, page())
