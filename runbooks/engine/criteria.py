"""Escalation criteria: which are to be looked at now, and whether they hold."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cluster.signals.reading import NoData, NotApplicable
from cluster.signals.signals import Samples
from cluster.targets.target import Target
from incidents.commands import run as commands
from incidents.errors import Rejected, Unavailable
from incidents.run import Run, StepStatus
from runbooks.engine.turn import Turn
from runbooks.language import duration
from runbooks.language.model import AskCriterion, BoundCriterion, Criterion, Runbook
from runbooks.language.sense import CRITERION

YES = "yes"
NO = "no"
OFTEN = timedelta(minutes=1)
FEWEST, MOST = 15, 60
"""A duration is judged by a sample a minute, or so many evenly spread: a dip must show."""


def due(run: Run, runbook: Runbook, now: datetime) -> Iterator[Criterion]:
    """Yield the criteria that may hold by now: the run has been open for long enough."""
    opened = run.opened_at or now
    for criterion in runbook.escalate:
        after = criterion.after if isinstance(criterion, AskCriterion) else criterion.lasting
        if criterion.id not in run.criteria and now >= opened + after:
            yield criterion


def look(turn: Turn) -> bool:
    """Look at what is due and record the first thing that happened, if any."""
    waiting = tuple(due(turn.run, turn.runbook, turn.now))
    measured = any(isinstance(one, BoundCriterion) for one in waiting)
    target = _target(turn) if measured else None
    for criterion in waiting:
        if isinstance(criterion, AskCriterion):
            happened = _ask(turn, criterion)
        else:
            happened = target is not None and _measure(turn, criterion, target)
        if happened:
            return True
    return False


def holds(
    criterion: BoundCriterion, samples: Samples | NoData | NotApplicable, *, since: datetime
) -> bool:
    """Tell whether the signal was beyond its bound all the time since a moment.

    What is not known does not hold: a gap at the beginning is no proof either.
    """
    if not isinstance(samples, Samples):
        return False
    first = samples.points[0][0]
    step = _step(criterion)
    complete = first <= since + step and len(samples.points) > criterion.lasting / step / 2
    return complete and all(_beyond(criterion, value) for _, value in samples.points)


def _beyond(criterion: BoundCriterion, value: float) -> bool:
    above = criterion.above is not None and value > criterion.above
    below = criterion.below is not None and value < criterion.below
    return above or below


def _target(turn: Turn) -> Target | None:
    """Return the run's target, found once for all that is measured; None where it cannot be."""
    try:
        return turn.target()
    except (Rejected, Unavailable) as error:
        turn.ask(error)
        return None


def _measure(turn: Turn, criterion: BoundCriterion, target: Target) -> bool:
    since = turn.now - criterion.lasting
    samples = turn.tools.signals.read_range(
        criterion.signal, target, start=since, end=turn.now, step=_step(criterion)
    )
    if not holds(criterion, samples, since=since):
        return False
    because = f"{criterion.title} ({criterion.signal} for {duration.write(criterion.lasting)})"
    return turn.tell(commands.MeetCriterion(criterion=criterion.id, because=because))


def _ask(turn: Turn, criterion: AskCriterion) -> bool:
    name = f"{CRITERION}{criterion.id}"
    state = turn.run.step(name)
    if state.status is StepStatus.OPEN:
        ask = commands.PoseAsk(step=name, question=criterion.question, choices=(YES, NO))
        return turn.tell(ask)
    if state.verdict == YES:
        met = commands.MeetCriterion(criterion=criterion.id, because=criterion.title)
        return turn.tell(met)
    return False


def _step(criterion: BoundCriterion) -> timedelta:
    return max(criterion.lasting / MOST, min(OFTEN, criterion.lasting / FEWEST))
