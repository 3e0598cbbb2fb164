"""Whether one incident explains another is asked of all of them, after each thing that happens."""

from typing import Any

from bot.app.keeping import Keeping
from incidents.journal import Summary
from tests.bot.intake.gathering import SLOW, Desk

FEW, MANY = 3, 30


class Counted:
    """A journal that counts how often lists were asked for."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.lists = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def summaries(self, **which: Any) -> list[Summary]:
        self.lists += 1
        return list(self._inner.summaries(**which))


def lists(desk: Desk, *, incidents: int) -> int:
    """Return how many lists a look at so many open incidents takes."""
    for number in range(len(desk.incidents), incidents):
        desk.fires(SLOW, model=f"m{number}")
    counted = Counted(desk.store.journal)
    desk.desk.journal = counted
    assert Keeping(desk.desk).hide() is False
    desk.desk.journal = desk.store.journal
    assert len(desk.incidents) == incidents
    return counted.lists


def test_a_look_asks_for_as_many_lists_whatever_is_open(desk: Desk) -> None:
    """With a list for each of six hundred incidents a turn took four seconds, after each event."""
    assert lists(desk, incidents=FEW) == lists(desk, incidents=MANY) > 0
