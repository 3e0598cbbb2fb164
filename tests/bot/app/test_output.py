"""What a command prints can be read by people and by machines, and commands no terminal."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app.cli.main import said
from bot.app.cli.output import clean, counted, show, table
from incidents.errors import Rejected
from incidents.policy import Severity

HOSTILE = "a\x1b]0;owned\x07\x1b[2J\u202eb\r\nc\x9b31m"


def test_what_a_terminal_obeys_is_made_visible() -> None:
    """Alerts are foreign text; printed raw they could hide a line or press keys."""
    seen = clean(HOSTILE)

    assert seen == r"a\x1b]0;owned\x07\x1b[2J\x202eb\x0d\x0ac\x9b31m"


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 deliveries"), (1, "1 delivery"), (2, "2 deliveries")]
)
def test_one_is_said_as_one(number: int, said: str) -> None:
    """Somebody reads "1 deliveries" at night and wonders what else was not looked at."""
    assert counted(number, "delivery", "deliveries") == said


@given(text=st.text())
def test_a_line_stays_one_line_and_printable(text: str) -> None:
    """Whatever the text is."""
    assert all(one.isprintable() or one == "\t" for one in clean(text))


def test_json_is_ascii_and_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Machines get the text as it is, and the terminal sees escapes."""
    found = {"at": datetime(2026, 3, 1, tzinfo=UTC), "how": Severity.P1, "text": HOSTILE, "n": [1]}

    show(found, (), as_json=True)

    printed = capsys.readouterr().out
    assert json.loads(printed) == {
        "at": "2026-03-01T00:00:00+00:00",
        "how": "P1",
        "text": HOSTILE,
        "n": [1],
    }
    assert all(one.isascii() and (one.isprintable() or one == "\n") for one in printed)


def test_columns_stand_under_each_other() -> None:
    """A list is read from top to bottom."""
    assert table([["INC-1", "P2", "x"], ["INC-10", "P0", ""]]) == ["INC-1   P2  x", "INC-10  P0"]
    assert table([]) == []


def test_an_error_is_clean_and_without_secrets() -> None:
    """Errors quote what was wrong, and what was wrong may be hostile or secret."""
    error = Rejected(f"people.yaml:1: {HOSTILE[:9]}\npolicy.yaml:2: token=canary-1")

    assert said(error) == ("triaged: people.yaml:1: a\\x1b]0;owne\npolicy.yaml:2: token=***\n")
