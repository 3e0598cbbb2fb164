"""Whether one incident explains another is asked of all of them, after each thing that happens."""

from typing import Any

import pytest
from hypothesis import given

from bot.app.keeping import Keeping
from bot.app.loops.due import DueLoop
from incidents.errors import Unavailable
from incidents.journal import Summary
from tests.bot.app.living import Fires, Life
from tests.bot.app.test_again import RESTARTING, pasts, rules
from tests.bot.intake.desks import Opened
from tests.bot.intake.gathering import DOWN, SLOW, Desk

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


class Looked(Life):
    """A desk of which somebody who remembers nothing looks at everything after each turn."""

    def turn(self, **span: float) -> None:
        """Let the clock's loop turn; nothing is left to hide, or to bring forward."""
        super().turn(**span)
        assert Keeping(self.desk).hide() is False


@given(found=pasts)
def test_what_has_not_changed_need_not_be_looked_at(found: list[Fires]) -> None:
    """An incident that is skipped must be one of which nothing would become."""
    life = Looked(rules(thresholds=(RESTARTING,)))

    life.lives(found, end=70)

    assert Keeping(life.desk).hide() is False


def test_only_what_has_changed_is_read_again(desk: Desk) -> None:
    """A replay of 2500 deliveries with 500 open incidents took 19 seconds, six times too long."""
    for number in range(MANY):
        desk.fires(SLOW, model=f"m{number}")
    counted: Any = Opened(desk.desk)
    keeping = Keeping(counted)
    keeping.hide()
    counted.read.clear()

    desk.fires(SLOW, model="m7", pod="other")
    keeping.hide()

    assert set(counted.read) == {8}


def test_another_parent_lets_all_be_looked_at(desk: Desk) -> None:
    """What fires now may explain what has fired for hours."""
    for number in range(FEW):
        desk.fires(SLOW, model=f"m{number}")
    counted: Any = Opened(desk.desk)
    keeping = Keeping(counted)
    keeping.hide()
    counted.read.clear()

    desk.fires(DOWN, model="n")
    keeping.hide()

    assert set(counted.read) == set(range(1, FEW + 2))


def test_a_look_that_breaks_off_is_repeated(desk: Desk) -> None:
    """A store that was away for a moment must not leave a consequence ringing."""
    opened: Any = Opened(desk.desk)
    desk.due = DueLoop(desk=opened, write_postmortem=lambda _: False, pause=desk.pause)
    desk.fires(SLOW)
    opened.away = True
    with pytest.raises(Unavailable):
        desk.fires(DOWN, model="n")
    opened.away = False

    desk.turn(seconds=6)

    assert [one.under for one in desk.incidents] == [2, None]
