"""The page of actions names every action there is, and no other."""

import re
from pathlib import Path

from cluster.actions.registry import actions

PAGE = Path(__file__).parents[2] / "docs" / "actions.md"


def test_every_action_has_a_row_and_every_row_an_action() -> None:
    """Whoever approves looks up there what undoes it, and what is dangerous about it."""
    rows = re.findall(r"^\| (`[^|]+`) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]

    assert sorted(named) == sorted(actions())
