"""The loop of sight: what could not be seen is asked for again, at its pace and no faster."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.app.facts import Asked
from bot.app.loops.pause import Pause
from bot.app.loops.sight import SightLoop
from incidents.commands.incident import Acknowledge, AskTarget, ChooseTarget, Hide, Resolve
from incidents.desk import Desk
from incidents.events.incident import FactSeen, Workload
from incidents.facts import Facts, Known, Unknown
from incidents.policy import Severity
from storage.memory import MemoryStore
from tests import builders
from tests.bot.intake.desks import Opened
from tests.builders import INCIDENT, judgement, policy, report

FIT = tuple(Workload(kind="Deployment", name=name, words="pod") for name in ("a", "b"))
UNSEEN = FactSeen(name="error_ratio", value=None, unit="", source="away")


@dataclass(slots=True)
class World:
    """A desk with one incident that opened in the dark, a clock, and a source with one answer."""

    now: datetime = builders.NOON
    answer: Known | Unknown = field(default_factory=lambda: Unknown(why="away"))
    asked: list[datetime] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)
    desk: Desk = field(init=False)
    loop: SightLoop = field(init=False)

    def __post_init__(self) -> None:
        store = MemoryStore()
        self.desk = Desk(journal=store.journal, policy=policy(), clock=lambda: self.now)
        self.desk.tell(INCIDENT, report(judgement(facts=(UNSEEN,))))
        pause = Pause(journal=store.journal, seconds=0.0)
        self.loop = SightLoop(desk=self.desk, source=self, pause=pause)

    def gather(
        self, asked: Sequence[Asked], at: datetime, *, again: bool = False
    ) -> Sequence[Facts]:
        """Note the question and give the answer to each fact."""
        assert again
        self.asked.append(at)
        self.chosen += [one.chosen for one in asked]
        return [dict.fromkeys(one.names, self.answer) for one in asked]

    def minutes(self, minutes: int) -> list[float]:
        """Turn every second for so long; return after how many seconds it was asked."""
        began, self.asked[:] = self.now, []
        for _ in range(minutes * 60):
            self.now += timedelta(seconds=1)
            self.loop.once()
        return [(at - began).total_seconds() for at in self.asked]


@pytest.fixture
def world() -> World:
    """Give one."""
    return World()


def test_what_passes_is_asked_for_at_longer_and_longer_pauses(world: World) -> None:
    """A server that is down is not helped by questions."""
    asked = world.minutes(10)
    pauses = [after - before for before, after in pairwise(asked)]

    assert 5 <= asked[0] <= 15
    assert pauses == sorted(pauses)
    assert all(60 <= pause <= 65 for pause in pauses[-3:])


def test_what_is_not_there_at_all_is_asked_for_seldom(world: World) -> None:
    """An install without that metric must not cost a question a minute."""
    world.answer = Unknown(why="not scraped", lasting=True)

    assert len(world.minutes(12)) == 3


def test_it_raises_once_and_asks_no_more(world: World) -> None:
    """What is seen is seen; an alert that joins brings facts of its own."""
    world.answer = Known(value=0.6, unit="ratio", source="picker")
    world.minutes(1)

    incident = world.desk.incident(1)
    assert {one.name for one in incident.seen if one.value is None} == set()
    assert incident.severity is Severity.P0
    assert world.minutes(10) == []


def test_what_is_over_is_left_alone(world: World) -> None:
    """Nobody is called by an incident that a person ended."""
    world.desk.tell(INCIDENT, Resolve(by="ann", because="done"))

    assert world.minutes(5) == []


def test_a_workload_that_a_person_chose_is_looked_at_at_once(world: World) -> None:
    """That several fitted is no reason to wait five minutes once it is known which one is meant."""
    world.answer = Unknown(why="several fit", lasting=True)
    world.minutes(1)
    world.desk.tell(INCIDENT, AskTarget(candidates=FIT))
    world.desk.tell(INCIDENT, Acknowledge(by="ann", via="slack"))
    before = world.minutes(1)
    world.desk.tell(INCIDENT, ChooseTarget(chosen="Deployment b", by="ann", via="slack"))

    after = world.minutes(1)

    assert (before, len(after), after[0] <= 10) == ([], 1, True)
    assert world.chosen[-1] == "Deployment b"


@pytest.mark.parametrize(
    ("hidden", "asked"),
    [pytest.param(False, FIT, id="stands-for-itself"), pytest.param(True, (), id="hidden")],
)
def test_where_several_fit_people_are_asked_also_without_a_run(
    world: World, asked: tuple[Workload, ...], *, hidden: bool
) -> None:
    """A runbook that looks at no workload would never ask; one that is explained asks nobody."""
    world.answer = Unknown(why="several fit", lasting=True, candidates=FIT)
    if hidden:
        world.desk.tell(INCIDENT, Hide(under=2, rule="inhibition:down", because="Down fires"))
    world.minutes(12)

    assert world.desk.incident(1).candidates == asked
    told = [entry.recorded.kind for entry in world.desk.history(1)]
    assert told.count("TargetAsked") == len(asked) // 2


def test_what_happened_meanwhile_is_not_read_again_and_again(world: World) -> None:
    """Six hundred incidents were read again every five seconds after the loop had told of them."""
    opened: Any = Opened(world.desk)
    pause = Pause(journal=world.desk.journal, seconds=0.0)
    world.loop = SightLoop(desk=opened, source=world, pause=pause)
    world.answer = Unknown(why="several fit", lasting=True, candidates=FIT)
    world.minutes(1)
    opened.read.clear()

    world.minutes(2)

    assert opened.read == []
