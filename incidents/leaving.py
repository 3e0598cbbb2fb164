"""What the runs of an incident leave behind, and what became of it; pure, so made again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from incidents.approval import Approval
from incidents.commands.followups import FinishFollowUp, MakeFollowUps, ToDo
from incidents.events.followups import FollowUpMade
from incidents.events.run import LeavesRecord
from incidents.followups import FollowUp, FollowUps
from incidents.incident import DESK, Incident
from incidents.linking import VERIFIED, Owed
from incidents.run import UNDO, Run, Step

NOBODY = "on-call-sre"
"""The role that owns what nobody is known to have approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a runbook leaves to be done by a role, so long after the incident."""

    runbook: str
    text: str
    owner: str
    within: timedelta


def leaves(runs: Iterable[Run]) -> bool:
    """Return whether anything was left on purpose, so that the follow-ups are worth reading."""
    return any(_left(step) is not None for run in runs for step in run.steps.values())


def left(
    runs: Sequence[Run], approvals: Mapping[str, Approval], known: FollowUps
) -> tuple[Owed, ...]:
    """Return the commands that bring the follow-ups in step with what the runs did.

    Each is idempotent, so telling it again changes nothing.
    """
    todo = [one for run in runs for one in _todo(run, approvals)]
    new = tuple(one for one in todo if one.key not in known.keys)
    by_name = {run.id: run for run in runs}
    told = [MakeFollowUps(todo=new)] if new else []
    done = [one for each in known.open for one in _undone(by_name.get(each.made.run), each)]
    return tuple(Owed(stream=known.id, command=one) for one in (*told, *done))


def reviews(incident: Incident, found: Iterable[Review], known: FollowUps) -> MakeFollowUps:
    """Return what runbooks leave to be done after the incident; nothing after a false alarm."""
    if incident.resolved_at is None or incident.false_positive:
        return MakeFollowUps(todo=())
    named = {f"runbook/{one.runbook}/{one.text}": one for one in found}
    return MakeFollowUps(
        todo=tuple(
            ToDo(key=key, what=one.text, owner=one.owner, due=incident.resolved_at + one.within)
            for key, one in named.items()
            if key not in known.keys
        )
    )


def _todo(run: Run, approvals: Mapping[str, Approval]) -> Iterator[ToDo]:
    for step in run.steps.values():
        plan, found = step.applied, _left(step)
        if plan is None or found is None or step.applied_at is None:
            continue
        approval = approvals.get(step.approval or "")
        yield ToDo(
            key=f"{run.id}/{step.id}/{step.approval}",
            what=found.what,
            owner=(approval.decider if approval else None) or NOBODY,
            due=step.applied_at + found.within,
            run=run.id,
            step=step.id,
            undo=bool(plan.inverse),
            back=found.back,
            write=plan.write,
            before=plan.before,
        )


def _left(step: Step) -> LeavesRecord | None:
    """Return what the step left; an undo leaves nothing, whatever its action would."""
    if step.id.startswith(UNDO) or step.applied is None:
        return None
    return step.applied.leaves


def _undone(run: Run | None, one: FollowUp) -> Iterator[FinishFollowUp]:
    """Yield that our own undo took it back, and that this was proven."""
    undo = run.step(f"{UNDO}{one.made.step}") if run else None
    if undo is None or undo.applied_at is None or undo.verdict != VERIFIED:
        return
    if undo.applied_at >= one.made_at and _took_back(undo, one.made):
        because = f"undone by {undo.id} of {one.made.run}"
        yield FinishFollowUp(number=one.made.number, by=DESK, because=because)


def _took_back(undo: Step, made: FollowUpMade) -> bool:
    """Return whether the undo wrote this object, and all that was there or is normal there."""
    plan = undo.applied
    if plan is None or made.write is None or plan.write.uid != made.write.uid:
        return False
    if undo.instead:
        return undo.instead == made.back
    return set(made.before) <= set(plan.after)
