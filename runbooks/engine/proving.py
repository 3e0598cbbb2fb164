"""Watches a change settle, and records what became of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from cluster.actions.plan import Settled
from cluster.verification import Observed, Verdict, Verification, compare
from incidents.commands import run as commands
from incidents.errors import Rejected, Unavailable
from incidents.run import Step as State
from runbooks.engine import moves, records, watching, windows
from runbooks.engine.proof import proof
from runbooks.engine.turn import Turn
from runbooks.language.model import Verify

PATIENCE = timedelta(minutes=5)
"""How long after its window a verification waits for a cluster that does not answer."""


def observe(turn: Turn, step: str) -> bool:
    """Record how many pods are ready when that has changed, or that somebody changed it back."""
    state = turn.run.step(step)
    try:
        settled = _settled(turn, state)
    except Rejected as error:
        return _lost(turn, state, str(error))
    except Unavailable as error:
        return turn.put_off(step, f"it cannot be watched: {error}")
    if settled.reverted_by is not None:
        return _judge(turn, state, settled, {})
    if settled.since is None and settled.ready >= settled.wanted:
        return False  # pods that are to go still count as ready
    seen = (settled.ready, settled.wanted)
    if (state.ready, state.settling) == (seen, settled.words):
        return False
    return turn.tell(
        commands.ObserveSettle(
            step=step,
            approval=state.approval or "",
            ready=seen[0],
            wanted=seen[1],
            words=settled.words,
        )
    )


def verify(turn: Turn, move: moves.Verify) -> bool:
    """Compare the window after with the one before, and record the verdict."""
    state = turn.run.step(move.step)
    try:
        settled = _settled(turn, state)
        after = _after(turn, state, move.start, move.end)
    except Rejected as error:
        turn.ask(error)
        return _lost(turn, state, str(error))
    except Unavailable as error:
        if turn.now < move.end + PATIENCE:
            return turn.put_off(move.step, f"it cannot be verified yet: {error}")
        return _lost(turn, state, str(error))
    return _judge(turn, state, settled, after)


def _settled(turn: Turn, state: State) -> Settled:
    kept = records.plan(records.approved(state))
    return turn.tools.verbs[kept.action].settled(kept)


def _after(turn: Turn, state: State, start: datetime, end: datetime) -> Mapping[str, Observed]:
    proven = proof(turn.runbook, state.id)
    if not proven.expect:
        return {}
    return windows.after(turn, turn.target(), proven, start, end)


def _judge(turn: Turn, state: State, settled: Settled, after: Mapping[str, Observed]) -> bool:
    proven = proof(turn.runbook, state.id)
    judged = _came_about(settled) if not proven.expect else _compared(state, proven, settled, after)
    return turn.tell(
        commands.RecordVerification(
            step=state.id,
            approval=state.approval or "",
            verdict=judged.verdict.value,
            because=judged.because,
            comparisons=windows.comparisons(judged.rows, after),
            watch=watching.watch(turn, state) if judged.verdict is Verdict.VERIFIED else None,
        )
    )


def _compared(
    state: State, proven: Verify, settled: Settled, after: Mapping[str, Observed]
) -> Verification:
    expected = windows.expectations(proven)
    return compare(expected, windows.remembered(state.before), after, settled)


def _came_about(settled: Settled) -> Verification:
    """Return the verdict of a change from which no signal is expected to improve."""
    if settled.reverted_by is not None:
        because = f"by {settled.reverted_by}"
        return Verification(verdict=Verdict.REVERTED, because=because, rows=())
    verdict = Verdict.NO_EFFECT if settled.since is None else Verdict.VERIFIED
    return Verification(verdict=verdict, because=settled.said, rows=())


def _lost(turn: Turn, state: State, because: str) -> bool:
    return turn.tell(
        commands.RecordVerification(
            step=state.id,
            approval=state.approval or "",
            verdict=Verdict.CANNOT_TELL.value,
            because=because,
            comparisons=(),
        )
    )
