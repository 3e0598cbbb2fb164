"""The runs' loop: every open incident is attended, the worst first."""

from dataclasses import dataclass, field

from bot.app.loops.pause import Pause
from bot.app.loops.runs import RunsLoop
from incidents.policy import Severity
from storage.memory import MemoryStore
from tests import builders

MANY = 203


@dataclass(slots=True)
class Noted:
    """Moves that only note whose turn it was."""

    moved: list[str] = field(default_factory=list)

    def advance(self, run_id: str) -> bool:
        """Note it; nothing happens."""
        self.moved.append(run_id)
        return False

    def watch(self, _: str) -> bool:
        """Return that no criterion is met."""
        return False


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
