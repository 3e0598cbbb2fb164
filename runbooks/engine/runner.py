"""Moves runs on, one move a call; it never sleeps and never decides by itself."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import assert_never

from cluster.tools import Tools
from incidents.approval import Approval
from incidents.commands import run as commands
from incidents.errors import ClaimConflict, Conflict, Rejected, Unavailable, VersionConflict
from incidents.events.run import RunStarted
from incidents.ports import Clock, Texts
from incidents.run import Run
from runbooks.engine import changing, criteria, moves, proving, reading, watching
from runbooks.engine.changing import Limits
from runbooks.engine.next_move import next_move
from runbooks.engine.ports import Desk, Pinned
from runbooks.engine.turn import Turn
from runbooks.language import model
from runbooks.language.declaration import AskVerb, CheckVerb, WaitVerb
from runbooks.language.grammar import Verbs

LOOK = timedelta(seconds=30)
"""How often escalation criteria are looked at: as often as llm-d's pods are scraped."""

US = "triaged"


class Runner:
    """Moves open runs on; one thread calls it."""

    def __init__(
        self,
        *,
        desk: Desk,
        tools: Tools,
        runbooks: Pinned,
        verbs: Verbs,
        clock: Clock,
        limits: Limits | None = None,
        texts: Texts | None = None,
    ) -> None:
        self._desk = desk
        self._tools = tools
        self._runbooks = runbooks
        self._verbs = verbs
        self._clock = clock
        self._limits = limits or Limits()
        self._reading = reading.Reading()
        self._texts = texts
        self._looked: dict[str, datetime] = {}
        self._watched: dict[tuple[str, str], datetime] = {}

    def advance(self, run_id: str) -> bool:
        """Make the run's next move; return whether something happened.

        Nothing that the world does is raised: what is away or taken is tried again at the next
        call, and what the run waits for is recorded when that is news. Raises Unavailable where
        the journal cannot be read.
        """
        run = self._desk.run(run_id)
        if run.started is None or run.outcome is not None:
            return False
        try:
            return self._advance(run, run.started)
        except (VersionConflict, ClaimConflict):
            return True  # somebody was first, so something happened
        except (Rejected, Unavailable) as error:
            return self._stopped(run, str(error))

    def watch(self, run_id: str) -> bool:
        """Look at the escalation criteria of a run that is over while its incident is open.

        Pain that goes on after the last step is what they are for. Returns whether something
        happened; raises as little as `advance`.
        """
        run = self._desk.run(run_id)
        if run.started is None:
            return False
        try:
            return self._look(self._turn(run, run.started, []))
        except VersionConflict:
            return True
        except (Rejected, Unavailable):
            return False  # tried again at the next call

    def next_move(self, run_id: str) -> moves.Move:
        """Return what the run would do next; raises Rejected when its runbook is gone."""
        run = self._desk.run(run_id)
        if run.started is None:
            return moves.Nothing(until=None)
        runbook = self._runbooks.pinned(run.started)
        return next_move(run, runbook, self._approvals(run), self._clock())

    def _advance(self, run: Run, started: RunStarted) -> bool:
        stood = list[commands.PutOff]()
        turn = self._turn(run, started, stood)
        move = next_move(run, turn.runbook, self._approvals(run), turn.now)
        happened = self._make(turn, move)
        # What people are asked has its own end, also where an approved step waits until it expires;
        # so has a watch, which looks now and then.
        over = not stood and not isinstance(move, moves.AwaitApproval | moves.Watch)
        self._note(run, stood, over=over)
        return happened or self._look(turn)

    def _note(self, run: Run, stood: Sequence[commands.PutOff], *, over: bool) -> None:
        """Record what the run waits for now, or that it waits no more, where that is news."""
        for one in stood:
            self._desk.tell(run.id, one)
        if run.waits is not None and over:
            self._desk.tell(run.id, commands.GoOn())

    def _stopped(self, run: Run, because: str) -> bool:
        """Record why nothing of the run can be done; return whether somebody was first."""
        with suppress(Rejected, Unavailable, Conflict):
            if self._desk.run(run.id).version != run.version:
                return True  # what was to be told did not fit any more
            self._desk.tell(run.id, commands.PutOff(step="", because=because))
        return False

    def _turn(self, run: Run, started: RunStarted, stood: list[commands.PutOff]) -> Turn:
        return Turn(
            run=run,
            started=started,
            runbook=self._runbooks.pinned(started),
            now=self._clock(),
            clock=self._clock,
            desk=self._desk,
            tools=self._tools,
            verbs=self._verbs,
            stand=lambda step, because: stood.append(commands.PutOff(step=step, because=because)),
            texts=self._texts,
        )

    def _approvals(self, run: Run) -> Mapping[str, Approval]:
        names = {step.approval for step in run.steps.values() if step.approval is not None}
        found = {name: self._desk.approval(name) for name in names}
        return {name: one for name, one in found.items() if one.asked is not None}

    def _look(self, turn: Turn) -> bool:
        """Look at the escalation criteria, now and then, while the run has nothing to do."""
        looked = self._looked.get(turn.run.id)
        if looked is not None and turn.now < looked + LOOK:
            return False
        self._looked[turn.run.id] = turn.now
        return criteria.look(turn)

    def _make(self, turn: Turn, move: moves.Move) -> bool:
        match move:
            case moves.Nothing() | moves.AwaitApproval():
                return False
            case moves.Blocked():
                return turn.put_off(move.step, move.because)
            case moves.Check() | moves.Pose() | moves.BeginWait():
                return self._begin(turn, move.step)
            case moves.MakePlan() | moves.Claim() | moves.LookBack():
                return self._change(turn, move)
            case moves.Observe() | moves.Verify() | moves.Watch():
                return self._prove(turn, move)
            case _:
                return turn.tell(_note(move))

    def _begin(self, turn: Turn, name: str) -> bool:
        step = turn.runbook.step(name)
        verb = turn.verbs.get(step.verb) if step is not None else None
        match step, verb:
            case model.Check(), CheckVerb():
                return self._reading.check(turn, step, verb)
            case model.Ask(), AskVerb():
                return reading.pose(turn, step, verb)
            case model.Wait(), WaitVerb():
                return reading.begin_wait(turn, step, verb)
            case _:
                because = f"{name}: the step is not known any more"
                return turn.tell(commands.RecordFailure(step=name, because=because))

    def _prove(self, turn: Turn, move: moves.Observe | moves.Verify | moves.Watch) -> bool:
        match move:
            case moves.Observe():
                return proving.observe(turn, move.step)
            case moves.Verify():
                return proving.verify(turn, move)
            case moves.Watch():
                return self._watch(turn, move)

    def _watch(self, turn: Turn, move: moves.Watch) -> bool:
        """Look once in a while; who began anew does not know when it was looked last, and looks."""
        key = (turn.run.id, move.step)
        looked = self._watched.get(key)
        if looked is not None and turn.now < move.after(looked):
            return False
        self._watched[key] = turn.now
        return watching.look(turn, move)

    def _change(self, turn: Turn, move: moves.MakePlan | moves.Claim | moves.LookBack) -> bool:
        match move:
            case moves.MakePlan():
                return changing.plan(turn, move.step)
            case moves.Claim():
                return changing.claim(turn, move.step, self._limits)
            case moves.LookBack():
                return changing.find_out(turn, move.step)


def _note(
    move: moves.Void | moves.Fail | moves.EndWait | moves.Skip | moves.Finish,
) -> commands.RunCommand:
    match move:
        case moves.Void():
            return commands.VoidPlan(step=move.step, because=move.because)
        case moves.Fail():
            return commands.RecordFailure(step=move.step, because=move.because)
        case moves.EndWait():
            return commands.EndWait(step=move.step)
        case moves.Skip():
            return commands.SkipStep(step=move.step, by=US, because=move.because)
        case moves.Finish():
            return commands.EndRun(outcome=move.outcome, because=move.because)
        case _:
            assert_never(move)
