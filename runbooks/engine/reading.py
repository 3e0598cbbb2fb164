"""Makes checks, asks and waits: what needs no approval."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from incidents.commands import run as commands
from incidents.errors import Rejected, Unavailable
from runbooks.engine.turn import Turn
from runbooks.language import model
from runbooks.language.declaration import AskVerb, CheckVerb, Finding, Question, WaitVerb

CANNOT_TELL = "cannot_tell"
PAUSE = timedelta(seconds=10)
"""Between two tries of a check: long enough for a restart of what is read, short for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """Tries of a check that found nothing out; kept in memory, because reads can be lost."""

    times: int
    again_at: datetime


@dataclass(slots=True, kw_only=True)
class Reading:
    """Remembers which checks are to be tried again."""

    tried: dict[tuple[str, str], _Tried] = field(default_factory=dict)

    def check(self, turn: Turn, step: model.Check, verb: CheckVerb) -> bool:
        """Read and record the verdict, or put it off when a further try is left."""
        key = (turn.run.id, step.id)
        tried = self.tried.get(key)
        if tried is not None and turn.now < tried.again_at:
            return False  # so short a pause is no news
        finding = _find(turn, step, verb)
        times = (tried.times if tried else 0) + 1
        again = times <= step.retry and turn.started.namespace and not _late(turn, step)
        if finding.verdict == CANNOT_TELL and again:
            self.tried[key] = _Tried(times=times, again_at=turn.now + PAUSE)
            return False
        self.tried.pop(key, None)
        return _record(turn, step, verb, finding)


def pose(turn: Turn, step: model.Ask, verb: AskVerb) -> bool:
    """Ask a person."""
    posed = verb.pose(turn.arguments(step))
    return turn.tell(commands.PoseAsk(step=step.id, question=posed.question, choices=posed.choices))


def begin_wait(turn: Turn, step: model.Wait, verb: WaitVerb) -> bool:
    """Begin to wait."""
    until = turn.now + verb.length(turn.arguments(step))
    return turn.tell(commands.StartWait(step=step.id, until=until))


def _find(turn: Turn, step: model.Check, verb: CheckVerb) -> Finding:
    """Return what the check finds; what cannot be reached or found is nothing known."""
    try:
        target = turn.target()
        question = Question(
            arguments=turn.arguments(step),
            target=target,
            signals=turn.tools.signals,
            at=turn.now,
            objects=turn.tools.objects,
            canaries=turn.tools.canaries,
        )
        return verb.judge(question)
    except (Rejected, Unavailable) as error:
        turn.ask(error)
        return Finding(verdict=CANNOT_TELL, because=str(error))


def _record(turn: Turn, step: model.Check, verb: CheckVerb, finding: Finding) -> bool:
    if finding.verdict not in verb.verdicts:
        because = f"{verb.name} says {finding.verdict}: {finding.because}"
        return turn.tell(commands.RecordFailure(step=step.id, because=because))
    return turn.tell(
        commands.RecordCheck(
            step=step.id,
            verdict=finding.verdict,
            because=finding.because,
            evidence=finding.evidence,
            found=finding.found,
        )
    )


def _late(turn: Turn, step: model.Check) -> bool:
    since = turn.run.moved_at or turn.now
    return turn.now + PAUSE > since + step.timeout
