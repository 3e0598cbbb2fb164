"""A run brought to where a test begins."""

from datetime import datetime

from incidents.commands import run as commands
from incidents.commands.run import RunCommand
from incidents.decision import Decision
from incidents.events.run import RunEvent
from incidents.run import Run, evolve
from incidents.run_rules import decide
from tests.builders import APPROVAL, NOON, RUN, claim, later, plan, started

STEP = "scale-decode"
BEGIN = commands.StartRun(started=started())
PLAN = commands.RecordPlan(step=STEP, plan=plan())
CLAIM = claim()
FINISH = commands.FinishStep(step=STEP, approval=APPROVAL, detail="replicas 6")
DOUBT = commands.RaiseDoubt(step=STEP, approval=APPROVAL, because="the answer was lost")
VERIFY = commands.RecordVerification(
    step=STEP,
    approval=APPROVAL,
    verdict="verified",
    because="preemptions stopped",
    comparisons=(),
)
UNDO = commands.AskUndo(step=STEP, by="ann", because="traffic is gone")
END = commands.EndRun(outcome="completed", because="every step is done or left out")
CHECK = commands.RecordCheck(step="look", verdict="exhausted", because="97 %", evidence=())
ASK = commands.PoseAsk(step="ask", question="Well?", choices=("yes", "no"))
CRITERION_ASK = commands.PoseAsk(step="criterion-full", question="Well?", choices=("yes", "no"))
WAIT = commands.StartWait(step="pause", until=later(5))
NOT_APPLIED = commands.RecordNotApplied(step=STEP, approval=APPROVAL, because="409")
SETTLE = commands.SettleDoubt(step=STEP, applied=True, by="ann", reason="kubectl says 6")
VOID = commands.VoidPlan(step=STEP, because="replicas changed")
FAIL = commands.RecordFailure(step=STEP, because="no such workload")
REFUSE = commands.RecordRefusal(step=STEP, because="an autoscaler owns it")
SKIP = commands.SkipStep(step=STEP, by="ann", because="not now")
RETRY = commands.RetryStep(step=STEP, by="ann", because="once more")
GO_ON = commands.ContinueFrom(step="pause", by="ann", because="looked at it")
READY = commands.ObserveSettle(step=STEP, approval=APPROVAL, ready=5, wanted=6)
MET = commands.MeetCriterion(criterion="full", because="still full")
ANSWER = commands.AnswerAsk(step="ask", answer="yes", by="ann")
VERIFIED = (PLAN, CLAIM, FINISH, VERIFY)


def decided(run: Run, command: RunCommand, *, at: datetime = NOON) -> Decision[RunEvent]:
    """Return what follows from the command at noon."""
    return decide(run, command, at)


def after(run: Run, *told: RunCommand, at: datetime = NOON) -> Run:
    """Return the run after the commands."""
    for command in told:
        for event in decided(run, command, at=at).events:
            run = evolve(run, event, at)
    return run


def through(*told: RunCommand) -> Run:
    """Return a run that began at noon, after these commands."""
    return after(Run(id=RUN), BEGIN, *told)
