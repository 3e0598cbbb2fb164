"""What the streams of one incident owe each other: a pure comparison, made again after a crash."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from incidents.aggregates import incident_stream
from incidents.approval import OPEN, Approval, ApprovalState
from incidents.commands.approval import ConsumeApproval, RequestApproval, VoidApproval
from incidents.commands.incident import Acknowledge, Escalate, Mitigate, NoteRun, Relapse
from incidents.commands.run import EndRun
from incidents.events.approval import ApprovalRequested
from incidents.events.run import PlanRecord
from incidents.incident import DESK, Incident, Status
from incidents.policy import Policy
from incidents.run import REVERTED, SETTLED, UNDO, Run, Step, StepStatus
from incidents.telling import change

VERIFIED = "verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A command that one stream owes another."""

    stream: str
    command: object


def owed(
    incident: Incident,
    runs: Iterable[Run],
    approvals: Mapping[str, Approval],
    policy: Policy,
    now: datetime,
) -> tuple[Owed, ...]:
    """Return the commands that bring the incident, its runs and its approvals in step.

    `approvals` holds those that exist, by stream name. Each command is idempotent, so telling
    it again changes nothing.
    """
    found = list[Owed]()
    for run in runs:
        found += _of_run(incident, run)
        found += _of_approvals(incident, run, approvals, policy, now)
    found += _taken(incident, approvals.values())
    return tuple(found)


def wants_run(incident: Incident, runs: Sequence[Run], approvals: Iterable[Approval]) -> bool:
    """Return whether a run is to begin, after `runs` in the order in which they began.

    That is the first one, another one since it came back, or one about the workload that a person
    chose. Not while a run of it goes on, or is not noted yet, and not while people are asked.
    """
    if incident.status is Status.RESOLVED or incident.under is not None:
        return False
    if not runs:
        return not incident.runs
    settled = all(run.outcome is not None and run.id in incident.runs for run in runs)
    wanted = incident.unchecked or _of_another(incident, runs[-1])
    return wanted and settled and not any(one.state in OPEN for one in approvals)


def rests(incident: Incident, run: Run, approvals: Iterable[Approval]) -> bool:
    """Return whether the run waits because another incident explains this one.

    What was begun is finished, and what a person has approved or asked back is done.
    """
    if incident.under is None or run.outcome is not None or run.claimed is not None:
        return False
    granted = any(
        one.state is ApprovalState.GRANTED and one.asked is not None and one.asked.run == run.id
        for one in approvals
    )
    return not granted and not _undoing(run)


def _of_run(incident: Incident, run: Run) -> Iterator[Owed]:
    if run.started is None:
        return
    yield from _noted(incident, run)
    for step in run.steps.values():
        yield from _mitigation(incident, run, step)
        yield from _relapse(incident, run, step)
    yield from _escalations(incident, run)
    going = run.outcome is None and run.claimed is None and not _undoing(run)
    if incident.status is Status.RESOLVED and going and run.watched is None:
        yield _to(run.id, EndRun(outcome="stopped", because="the incident was resolved"))
    elif _of_another(incident, run) and going:
        yield _to(run.id, EndRun(outcome="stopped", because=_meant(incident)))


def _of_another(incident: Incident, run: Run) -> bool:
    """Return whether the run began before a person chose the workload that is meant now.

    What it found out is not about that one, or about none, so nothing may be built upon it.
    """
    began_with = run.started.chosen if run.started else incident.target_chosen
    return began_with != incident.target_chosen


def _meant(incident: Incident) -> str:
    by = incident.choice.by if incident.choice else ""
    return f"{by} chose {incident.target_chosen}: it is looked at from the beginning"


def _undoing(run: Run) -> bool:
    """Return whether somebody takes a change back: that may also come after the end."""
    steps = [step for step in run.steps.values() if step.id.startswith(UNDO)]
    return any(step.status not in SETTLED for step in steps)


def _noted(incident: Incident, run: Run) -> Iterator[Owed]:
    """Return what the incident should note of the run: that it goes on, or that it is over."""
    stream, going = incident_stream(incident.number), run.outcome is None
    known = run.id in incident.runs
    noted_as_going = known and incident.runs[run.id] is None
    if not known or (going and not noted_as_going):
        yield _to(stream, _note(run, None))
    elif noted_as_going and not going:
        yield _to(stream, _note(run, run.outcome))


def _mitigation(incident: Incident, run: Run, step: Step) -> Iterator[Owed]:
    """Return that a verified change helped; an undo, or one before a relapse, does not count."""
    helped = step.verdict == VERIFIED and not step.id.startswith(UNDO)
    if incident.status is not Status.INVESTIGATING or not helped or step.plan is None:
        return
    if _not_after(step.at, incident.relapsed_at) or _undone(run, step):
        return
    because = f"{change(step.plan)}: {step.because}"
    mitigate = Mitigate(by=DESK, because=because, run=run.id, step=step.id)
    yield _to(incident_stream(incident.number), mitigate)


def _relapse(incident: Incident, run: Run, step: Step) -> Iterator[Owed]:
    """Return that what the mitigation rests on was undone, or changed back by somebody."""
    if incident.status is not Status.MITIGATED or incident.mitigated_by != (run.id, step.id):
        return
    stream = incident_stream(incident.number)
    if _undone(run, step):
        yield _to(stream, Relapse(because=f"{step.id} was undone"))
    elif step.verdict == REVERTED:
        yield _to(stream, Relapse(because=f"{step.id} was reverted {step.because}"))


def _escalations(incident: Incident, run: Run) -> Iterator[Owed]:
    if incident.status is Status.RESOLVED:
        return
    for criterion, because in sorted(run.met.items()):
        if f"{run.id}/{criterion}" not in incident.criteria:
            escalate = Escalate(because=because, run=run.id, criterion=criterion)
            yield _to(incident_stream(incident.number), escalate)


def _undone(run: Run, step: Step) -> bool:
    return _not_after(step.applied_at, run.step(f"{UNDO}{step.id}").applied_at)


def _not_after(moment: datetime | None, other: datetime | None) -> bool:
    return moment is not None and other is not None and moment <= other


def _note(run: Run, outcome: str | None) -> NoteRun:
    name = run.started.runbook if run.started else ""
    because = run.started.because if run.started else ""
    return NoteRun(run=run.id, runbook=name, because=because, outcome=outcome)


def _of_approvals(
    incident: Incident,
    run: Run,
    approvals: Mapping[str, Approval],
    policy: Policy,
    now: datetime,
) -> Iterator[Owed]:
    live = set[str]()
    for step in run.steps.values():
        if step.approval is None:
            continue
        approval = approvals.get(step.approval)
        if step.status is StepStatus.PLANNED and run.outcome is None:
            live.add(step.approval)
            if approval is None and _may_ask(incident, run, step):
                requested = _request(incident, run, step, policy, now)
                yield _to(step.approval, RequestApproval(requested=requested))
        if _used(step, approval):
            yield _to(step.approval, ConsumeApproval(step=step.id))
    yield from _void(run, approvals, live)


def _may_ask(incident: Incident, run: Run, step: Step) -> bool:
    """Return whether people may still be asked: of what is over or not meant to take back only."""
    stands = incident.status is not Status.RESOLVED and not _of_another(incident, run)
    return stands or step.id.startswith(UNDO)


def _used(step: Step, approval: Approval | None) -> bool:
    """Return whether the plan was claimed and its approval does not say so yet."""
    noted = approval is None or approval.state is ApprovalState.CONSUMED
    return step.claimed_at is not None and not noted


def _void(run: Run, approvals: Mapping[str, Approval], live: set[str]) -> Iterator[Owed]:
    used = {step.approval for step in run.steps.values() if step.claimed_at is not None}
    for name, approval in approvals.items():
        asked = approval.asked
        mine = asked is not None and asked.run == run.id
        if mine and approval.state in OPEN and name not in live | used:
            yield _to(name, VoidApproval(because="the plan it was for no longer stands"))


def _request(
    incident: Incident, run: Run, step: Step, policy: Policy, now: datetime
) -> ApprovalRequested:
    plan = step.plan
    return ApprovalRequested(
        incident=incident.number,
        run=run.id,
        step=step.id,
        title=change(plan) if plan else step.id,
        digest=plan.digest if plan else "",
        requested_by=step.asked_by or (run.started.by if run.started else DESK),
        approvers=policy.approvers,
        needed=_needed(plan, policy),
        requester_may_approve=policy.requester_may_approve,
        expires_at=now + policy.approval_expiry,
        edited_by=step.edited_by,
        editors=step.editors,
    )


def _needed(plan: PlanRecord | None, policy: Policy) -> int:
    needed = policy.needed
    return (
        needed(reversible=plan.reversible, people=plan.people) if plan else needed(reversible=True)
    )


def _taken(incident: Incident, approvals: Iterable[Approval]) -> Iterator[Owed]:
    """Return the acknowledgement of whoever decided about a change: they are looking at it."""
    if incident.acknowledged_by is not None or incident.status is Status.RESOLVED:
        return
    for approval in approvals:
        if approval.decider is not None:
            taken = Acknowledge(by=approval.decider, via="approval")
            yield _to(incident_stream(incident.number), taken)
            return


def _to(stream: str, command: object) -> Owed:
    return Owed(stream=stream, command=command)
