"""The runs' loop: open incidents are attended when it is their turn, the worst first."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot.app.loops.attended import AGAIN, Attended
from bot.app.loops.pause import Pause
from bot.app.loops.runs import RunsLoop
from incidents.commands.approval import RequestApproval
from incidents.commands.desk import Freeze, Thaw
from incidents.commands.incident import Acknowledge
from incidents.commands.run import EndRun, PutOff
from incidents.errors import Rejected
from incidents.policy import Severity
from incidents.ports import Journal
from runbooks.engine import moves as engine
from storage.memory import MemoryStore
from tests import builders

MANY = 203
RUN = builders.RUN
TURN = timedelta(seconds=0.25)
WORLD = engine.Check(step="kv")


@dataclass(slots=True)
class Noted:
    """Moves that only note whose turn it was; `move` is what any run would do next."""

    moved: list[str] = field(default_factory=list)
    move: engine.Move | None = WORLD

    def advance(self, run_id: str) -> bool:
        """Note it; nothing happens."""
        self.moved.append(run_id)
        return False

    def watch(self, run_id: str) -> bool:
        """Note it; no criterion is met."""
        self.moved.append(run_id)
        return False

    def next_move(self, run_id: str) -> engine.Move:
        """Return the move; raises Rejected where there is none."""
        if self.move is None:
            message = f"{run_id}: its runbook is gone"
            raise Rejected(message)
        return self.move


@dataclass(slots=True)
class Late(Noted):
    """Moves that plan or claim at each look, and are put off for the same reason each time."""

    journal: Journal = field(default_factory=lambda: MemoryStore().journal)

    def advance(self, run_id: str) -> bool:
        """Note it and say what stands in the way, as the engine does."""
        self.moved.append(run_id)
        waits = PutOff(step="scale", because="a model loads")
        builders.desk(self.journal).tell(run_id, waits)
        return False


@dataclass(slots=True)
class Stepped:
    """A clock that is set by hand."""

    now: datetime = builders.NOON

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.now


@dataclass(slots=True)
class Attendance:
    """A loop over one incident, in step with its run, and what it looked at since."""

    journal: Journal = field(default_factory=lambda: MemoryStore().journal)
    moves: Noted = field(default_factory=Noted)
    clock: Stepped = field(default_factory=Stepped)

    def begun(self, move: engine.Move | None) -> RunsLoop:
        """Open the incident and turn the loop until nothing happens; then forget the looks."""
        builders.desk(self.journal, clock=self.clock).tell("incident-1", builders.report())
        self.moves.move = move
        loop = self.another()
        while loop.once():
            pass
        self.moves.moved.clear()
        return loop

    def another(self) -> RunsLoop:
        """Return a loop as another process has it."""
        return RunsLoop(
            desk=builders.desk(self.journal, clock=self.clock),
            moves=self.moves,
            begin=lambda incident: builders.started(incident=incident.number),
            pause=Pause(journal=self.journal, seconds=0),
        )

    def tell(self, stream: str, command: object) -> None:
        """Let something happen, as another process would."""
        builders.desk(self.journal, clock=self.clock).tell(stream, command)

    def looks(self, loop: RunsLoop, *, turns: int = 3, each: timedelta = timedelta()) -> int:
        """Turn the loop, a while after each other; return how often the run was looked at."""
        self.moves.moved.clear()
        for _ in range(turns):
            loop.once()
            self.clock.now += each
        return len(self.moves.moved)


def put_off(move: engine.Move) -> tuple[Attendance, RunsLoop]:
    """Return a run whose step is put off for the same reason at each look."""
    journal = MemoryStore().journal
    attendance = Attendance(journal=journal, moves=Late(journal=journal))
    loop = attendance.begun(move)
    attendance.looks(loop)
    return attendance, loop


def test_in_a_storm_the_worst_is_attended_first_however_old_it_is() -> None:
    """What rang first is often the cause, and lists that begin with the newest would hide it."""
    store, moves = MemoryStore(), Noted()
    desk = builders.desk(store.journal)
    for number in range(1, MANY + 1):
        severity = Severity.P0 if number == 2 else Severity.P2
        rang = builders.judgement(f"Alert{number}", severity=severity)
        report = builders.report(rang, number=number, key=f"local/llm-d/{number}")
        desk.tell(f"incident-{number}", report)
    loop = RunsLoop(
        desk=desk,
        moves=moves,
        begin=lambda incident: builders.started(incident=incident.number),
        pause=Pause(journal=store.journal, seconds=0),
    )

    loop.once()
    loop.once()

    assert moves.moved == [f"run-{number}-1" for number in (2, 1, *range(3, MANY + 1))]


@pytest.mark.parametrize(
    "move",
    [
        pytest.param(engine.AwaitApproval(step="scale"), id="people-are-asked"),
        pytest.param(engine.Blocked(step="scale", because="in doubt"), id="a-person-must-settle"),
        pytest.param(engine.Nothing(until=None), id="nothing-will-come"),
        pytest.param(None, id="its-runbook-is-gone"),
    ],
)
def test_a_run_that_waits_for_people_costs_nothing_until_something_happens(
    move: engine.Move | None,
) -> None:
    """Hundreds that wait for people all night must not slow down the one that is new."""
    attendance = Attendance()
    loop = attendance.begun(move)

    idle = attendance.looks(loop)
    attendance.tell("incident-1", Acknowledge(by="ann", via="chat"))

    assert (idle, attendance.looks(loop)) == (0, 1)


def test_a_run_that_waits_for_the_world_is_looked_at_at_every_turn() -> None:
    """The world tells nobody when it has changed."""
    attendance = Attendance()

    assert attendance.looks(attendance.begun(WORLD)) == 3


@pytest.mark.parametrize(
    "move",
    [engine.MakePlan(step="scale"), engine.Claim(step="scale"), WORLD],
    ids=["plan", "claim", "check"],
)
def test_a_step_that_is_put_off_is_tried_again_every_few_seconds(move: engine.Move) -> None:
    """Each try reads the owners, dry-runs the write and lists for the guards."""
    attendance, loop = put_off(move)

    assert 11 <= attendance.looks(loop, turns=240, each=TURN) <= 13


@pytest.mark.parametrize(
    ("stream", "command"),
    [
        pytest.param("desk", Freeze(scope="all", by="ann", reason="canary"), id="freeze"),
        pytest.param("desk", Thaw(scope="all", by="ann", reason="over"), id="thaw"),
        pytest.param(
            builders.APPROVAL, RequestApproval(requested=builders.requested()), id="approval"
        ),
        pytest.param("incident-1", Acknowledge(by="ann", via="chat"), id="incident"),
    ],
)
def test_what_is_put_off_goes_on_at_once_when_something_happens(
    stream: str, command: object
) -> None:
    """Who thaws or decides does not wait for a turn of the clock."""
    attendance, loop = put_off(engine.Claim(step="scale"))
    if isinstance(command, Thaw):
        attendance.tell("desk", Freeze(scope="all", by="ann", reason="canary"))
        attendance.looks(loop)

    idle = attendance.looks(loop)
    attendance.tell(stream, command)

    assert (idle, attendance.looks(loop, turns=1)) == (0, 1)


def test_a_change_is_watched_every_other_second() -> None:
    """Each look reads the workload, its pods and its owners."""
    attendance = Attendance()
    loop = attendance.begun(engine.Observe(step="scale"))
    attendance.looks(loop)

    assert 29 <= attendance.looks(loop, turns=240, each=TURN) <= 31


def test_a_run_that_waits_for_a_moment_is_looked_at_when_it_comes() -> None:
    """Nothing is appended when time has passed."""
    attendance = Attendance()
    loop = attendance.begun(engine.Nothing(until=builders.NOON + timedelta(seconds=5)))

    attendance.clock.now += timedelta(seconds=4)
    before = attendance.looks(loop)
    attendance.clock.now += timedelta(seconds=1)
    attendance.moves.move = WORLD

    assert (before, attendance.looks(loop)) == (0, 3)


@pytest.mark.parametrize("over", [False, True], ids=["going", "over"])
def test_whatever_rests_is_looked_at_again_after_a_while(over: bool) -> None:
    """Escalation criteria count as long as users suffer, also after the last step."""
    attendance = Attendance()
    loop = attendance.begun(engine.AwaitApproval(step="scale"))
    if over:
        attendance.tell(RUN, EndRun(outcome="completed", because="all is done"))
        while loop.once():
            pass

    attendance.clock.now += AGAIN

    assert attendance.looks(loop) == 1


def test_a_freeze_concerns_every_run() -> None:
    """What waits for people shows what is frozen, and what was frozen may go on."""
    attendance = Attendance()
    loop = attendance.begun(engine.AwaitApproval(step="scale"))

    attendance.tell("desk", Freeze(scope="all", by="ann", reason="canary"))

    assert attendance.looks(loop) == 1


def test_a_process_that_begins_looks_at_what_is_open() -> None:
    """Whatever the last one did not get to is found without an event."""
    attendance = Attendance()
    attendance.begun(engine.AwaitApproval(step="scale"))

    assert attendance.looks(attendance.another()) == 1


def test_what_happens_often_does_not_put_off_the_next_look() -> None:
    """Every answer to a card would otherwise move the look at the criteria a little further."""
    attended = Attended(builders.desk(MemoryStore().journal))
    late = builders.NOON + timedelta(hours=1)
    attended.rest(1, now=builders.NOON, until=late)

    attended.rest(1, now=builders.NOON + AGAIN / 2, until=late)

    assert attended.awake(builders.NOON + AGAIN) == {1}
