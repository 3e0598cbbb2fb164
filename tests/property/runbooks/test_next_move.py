"""Whatever people and the world do: a run ends, and nothing is claimed unapproved."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.approval import Approval, ApprovalState
from incidents.commands import run as commands
from incidents.errors import Rejected
from incidents.events.approval import ApprovalRequested
from incidents.events.run import PlanRecord, RunStarted
from incidents.journal import Budget
from incidents.run import Run, StepStatus, evolve
from incidents.run_rules import decide
from runbooks.engine import moves
from runbooks.engine.next_move import next_move
from runbooks.language import loader, registry
from tests import builders

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = """
title: All kinds of steps
steps:
  - {id: look, title: Look, do: signal, with: {signal: waiting, at_most: 5}, on_failure: continue}
  - id: more
    title: More
    do: scale
    when: {look: [beyond]}
    with: {replicas: "+1", at_most: 9}
    on_failure: ON_FAILURE
    verify: {settle: 10m, window: 5m, expect: [{signal: waiting, at_most: 5}]}
  - {id: pause, title: Pause, do: wait, with: {for: 5m}}
  - id: person
    title: Person
    do: ask
    with: {question: Well?}
    timeout: 20m
    on_failure: continue
  - id: again
    title: More again
    do: scale
    when: {person: [done]}
    with: {replicas: "+1", at_most: 9}
    verify: {settle: 10m, window: 5m, expect: [{signal: waiting, at_most: 5}]}
"""
VERBS = registry.verbs()
BOOKS = [
    loader.load_text(TEXT.replace("ON_FAILURE", word), name="example", verbs=VERBS)
    for word in ("stop", "continue")
]
STEPS = [step.id for step in BOOKS[0].steps]
HOLDING = {StepStatus.STARTED, StepStatus.IN_DOUBT, StepStatus.APPLIED}


class History:
    """A run under random luck: the drawn numbers decide what the world and people do."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.book = data.draw(st.sampled_from(BOOKS))
        self.now = START
        self.run = Run(id="run-1-1")
        self.approvals: dict[str, Approval] = {}
        self.plans = 0
        self.tell(commands.StartRun(started=started()))

    def draw(self, *choices):
        return self.data.draw(st.sampled_from(choices))

    def tell(self, command: object) -> None:
        for event in decide(self.run, command, self.now).events:
            self.run = evolve(self.run, event, self.now)

    def attempt(self, command: object) -> None:
        """Send what people send: where it does not fit it is refused and nothing happens."""
        try:
            self.tell(command)
        except Rejected:
            return

    def move(self) -> moves.Move:
        return next_move(self.run, self.book, self.approvals, self.now)

    def make(self, move: moves.Move) -> bool:
        """Make the move as the runner would; tell whether the run stands still."""
        if isinstance(move, moves.Blocked) or move == moves.Nothing(until=None):
            return True
        if type(move) in NOTES:
            self.tell(NOTES[type(move)](move))
        elif isinstance(move, moves.Nothing):
            self.now = move.until
        else:
            LUCK[type(move)](self, move.step)
        return False

    def check(self, step: str) -> None:
        verdict = self.draw("within", "beyond", "cannot_tell")
        self.tell(commands.RecordCheck(step=step, verdict=verdict, because="", evidence=()))

    def pose(self, step: str) -> None:
        self.tell(commands.PoseAsk(step=step, question="", choices=("done", "not_done")))

    def wait(self, step: str) -> None:
        self.tell(commands.StartWait(step=step, until=self.now + timedelta(minutes=5)))

    def observe(self, step: str) -> None:
        self.now += timedelta(minutes=2)
        self.tell(
            commands.ObserveSettle(
                step=step, approval=self.asked(step), ready=self.draw(4, 5), wanted=5
            )
        )

    def verify(self, step: str) -> None:
        verdict = self.draw("verified", "no effect", "worse", "reverted", "cannot tell")
        self.tell(
            commands.RecordVerification(
                step=step,
                approval=self.asked(step),
                verdict=verdict,
                because="",
                comparisons=(),
            )
        )

    def plan(self, step: str) -> None:
        if self.draw(True, True, True, False):
            digest = f"d{self.draw(1, 2)}"
            self.tell(commands.RecordPlan(step=step, plan=plan(digest)))
        else:
            self.tell(commands.RecordRefusal(step=step, because="no room"))

    def decide(self, step: str) -> None:
        state = self.run.step(step)
        name = state.approval or ""
        if name not in self.approvals:
            digest = state.plan.digest
            self.approvals[name] = approval(
                name, self.draw(digest, digest, digest, "other"), self.now
            )
            return
        known = self.approvals[name]
        if known.state is ApprovalState.GRANTED:
            answer = ApprovalState.EXPIRED  # nobody used it in time
        else:
            self.now += timedelta(minutes=self.draw(1, 1, 1, 12))
            answer = self.draw(*set(ApprovalState) - {ApprovalState.REQUESTED})
        self.approvals[name] = replaced(known, answer)

    def claim(self, step: str) -> None:
        state = self.run.step(step)
        granted = self.approvals[state.approval]
        assert granted.state is ApprovalState.GRANTED
        assert granted.digest == state.plan.digest
        assert self.now < granted.expires_at
        if self.draw(True, True, False):
            self.tell(claimed(step, granted))
            self.approvals[state.approval] = replaced(granted, ApprovalState.CONSUMED)
        else:
            self.tell(commands.VoidPlan(step=step, because="meanwhile it changed"))

    def found(self, step: str) -> None:
        approval = self.asked(step)
        made = self.draw("finished", "not applied", "doubt")
        if made == "finished":
            self.tell(commands.FinishStep(step=step, approval=approval, detail=""))
        elif made == "not applied":
            self.tell(commands.RecordNotApplied(step=step, approval=approval, because="quota"))
        else:
            self.tell(commands.RaiseDoubt(step=step, approval=approval, because="cut off"))

    def asked(self, step: str) -> str:
        return self.run.step(step).approval or ""

    def meddle(self) -> None:
        """Let a person send something, fitting or not."""
        step, word = self.draw(*STEPS), {"by": "bob", "because": "so"}
        self.attempt(
            self.draw(
                commands.RetryStep(step=step, **word),
                commands.SkipStep(step=step, **word),
                commands.ContinueFrom(step=step, **word),
                commands.AskUndo(step=step, **word),
                commands.AnswerAsk(step=step, answer="done", by="bob"),
                commands.SettleDoubt(step=step, applied=True, by="bob", reason="seen"),
                commands.SettleDoubt(step=step, applied=False, by="bob", reason="seen"),
            )
        )


NOTES = {
    moves.Void: lambda m: commands.VoidPlan(step=m.step, because=m.because),
    moves.Fail: lambda m: commands.RecordFailure(step=m.step, because=m.because),
    moves.EndWait: lambda m: commands.EndWait(step=m.step),
    moves.Skip: lambda m: commands.SkipStep(step=m.step, by="triaged", because=m.because),
    moves.Finish: lambda m: commands.EndRun(outcome=m.outcome, because=m.because),
}
LUCK = {
    moves.Check: History.check,
    moves.MakePlan: History.plan,
    moves.AwaitApproval: History.decide,
    moves.Claim: History.claim,
    moves.LookBack: History.found,
    moves.Observe: History.observe,
    moves.Verify: History.verify,
    moves.Pose: History.pose,
    moves.BeginWait: History.wait,
}


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_every_run_stands_still_or_ends_within_its_bounds(data: st.DataObject) -> None:
    """A run that never ends asks people for ever; a state without a move stops the desk."""
    history = History(data)
    for _ in range(data.draw(st.integers(0, 6))):
        for _ in range(data.draw(st.integers(0, 12))):
            history.make(history.move())
        history.now += timedelta(seconds=1)
        history.meddle()

    still = False
    for _ in range(250):
        still = history.make(history.move())
        if still:
            break

    assert still, history.run


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_no_run_ever_holds_two_claims(data: st.DataObject) -> None:
    """Two open changes of one target cannot be told apart afterwards."""
    history = History(data)
    for _ in range(60):
        history.make(history.move())
        if history.draw(False, False, False, True):
            history.now += timedelta(seconds=1)
            history.meddle()

        assert len([s for s in history.run.steps.values() if s.status in HOLDING]) <= 1


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_blocked_run_goes_on_when_a_person_lets_it(data: st.DataObject) -> None:
    """Blocked means that a person can do something about it."""
    history = History(data)
    move = history.move()
    for _ in range(100):
        if isinstance(move, moves.Blocked):
            break
        history.make(move)
        move = history.move()
    if not isinstance(move, moves.Blocked):
        return
    history.now += timedelta(seconds=1)
    if history.run.claimed is not None:
        step = history.run.claimed.id
        history.tell(commands.SettleDoubt(step=step, applied=False, by="bob", reason="seen"))
    else:
        step = next(s.id for s in history.run.steps.values() if s.status is StepStatus.PLANNED)
        history.tell(commands.SkipStep(step=step, by="bob", because="by hand"))

    assert not isinstance(history.move(), moves.Blocked)


def started() -> RunStarted:
    return RunStarted(
        incident=1,
        runbook="example",
        title="",
        runbook_digest="",
        runbook_text="",
        policy_digest="",
        parameters=(),
        namespace="llm-d",
        model="llama",
        role="decode",
        mode="apply",
        by="triaged",
        because="",
    )


def plan(digest: str) -> PlanRecord:
    return PlanRecord(
        action="scale",
        cluster="local",
        namespace="llm-d",
        kind="Deployment",
        name="decode",
        model="llama",
        role="decode",
        pods=(),
        uid="uid",
        resource_version="1",
        parameters=(),
        owner_path=(),
        before=(),
        after=(),
        inverse=(("action", "scale"),),
        kubectl="",
        dry_run="",
        warnings=(),
        reversible=True,
        digest=digest,
        write=builders.plan().write,
    )


def approval(name: str, digest: str, now: datetime) -> Approval:
    asked = ApprovalRequested(
        incident=1,
        run="run-1-1",
        step="more",
        title="",
        digest=digest,
        requested_by="triaged",
        approvers=("alice",),
        needed=1,
        requester_may_approve=True,
        expires_at=now + timedelta(minutes=10),
    )
    return Approval(id=name, asked=asked)


def replaced(known: Approval, state: ApprovalState) -> Approval:
    return Approval(id=known.id, asked=known.asked, state=state, decided_by="alice", because="so")


def claimed(step: str, granted: Approval) -> commands.ClaimStep:
    return commands.ClaimStep(
        step=step,
        approval=granted.id,
        digest=granted.digest,
        not_after=granted.expires_at,
        before=(),
        scopes=(),
        open_incident="",
        budget=Budget(key="", limit=1, window=timedelta(hours=1)),
    )


def test_the_example_has_every_kind_of_step() -> None:
    """A property over half of the language proves half."""
    kinds: Mapping[str, int] = {type(step).__name__: 1 for step in BOOKS[0].steps}

    assert set(kinds) == {"Check", "Action", "Ask", "Wait"}
