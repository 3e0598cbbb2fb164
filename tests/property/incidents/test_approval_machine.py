"""No change without a live approval of its own, and never two at once: people, clocks and luck."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from incidents.commands import approval as approvals
from incidents.commands import run as runs
from incidents.commands.desk import Freeze, Thaw
from incidents.desk import entries
from incidents.errors import Conflict, Rejected
from incidents.events.run import StepStarted
from incidents.journal import Budget
from incidents.run import StepStatus
from tests.builders import claim, desk, later, plan, requested, started

RUNS = ("run-1-1", "run-1-2")
STEPS = ("scale", "more")
PEOPLE = ("ann", "ben", "eve")
DIGESTS = ("sha256:a", "sha256:b")
TARGETS = ("uid-decode", "uid-prefill")
BUDGET = Budget(key="uid-decode", limit=100, window=timedelta(hours=1))
HOLDING = {StepStatus.STARTED, StepStatus.IN_DOUBT, StepStatus.APPLIED}

# Few names, so that what is drawn at random meets.
a_run, a_step = st.sampled_from(RUNS), st.sampled_from(STEPS)
a_target = st.sampled_from(TARGETS)
a_number = st.integers(min_value=1, max_value=3)
an_approval = st.builds(lambda run, n: f"approval-{run[4:]}-{n}", a_run, a_number)
a_person, a_digest = st.sampled_from(PEOPLE), st.sampled_from(DIGESTS)


@dataclass(frozen=True)
class Change:
    """A change that is planned, asked about, answered and claimed; most of them as it should be."""

    run: str
    step: str
    uid: str
    asked: str
    people: tuple[str, ...]
    wait: float
    guess: str | None
    frozen: bool
    first: tuple[str, ...]


a_change = st.builds(
    Change,
    run=a_run,
    step=a_step,
    uid=a_target,
    asked=st.sampled_from((DIGESTS[0],) * 3 + DIGESTS),
    people=st.sampled_from((("ann", "ben"),) * 4 + (("ann", "ann"), ("eve",), ("eve", "ann"))),
    wait=st.sampled_from((0, 0, 0, 0, 4.9, 5, 5.1)),
    guess=st.sampled_from((None,) * 5 + ("approval-1-1-1", "approval-1-2-1")),
    frozen=st.sampled_from((False,) * 5 + (True,)),
    first=st.sampled_from((("finish", "verify", "retry"),) * 3 + ((), ("lost",))),
)


@dataclass
class Question:
    """What the model knows of an approval: who said yes in time, and whether it still stands."""

    digest: str
    needed: int
    expires_at: datetime
    yes: set[str] = field(default_factory=set)
    dead: bool = False

    def granted(self, now: datetime) -> bool:
        """Return whether a plan may be claimed with it."""
        return not self.dead and len(self.yes) >= self.needed and now <= self.expires_at


class Approving(RuleBasedStateMachine):
    """Two runs that want to change the same targets, and three people, one of them a stranger."""

    @initialize(needed=st.integers(min_value=1, max_value=2))
    def begin(self, needed: int) -> None:
        self.minutes = 0.0
        self.needed = needed
        self.frozen = False
        self.desk = desk(clock=lambda: later(self.minutes))
        self.questions: dict[str, Question] = {}
        self.plans: dict[tuple[str, str], tuple[str, str, str]] = {}
        self.used = set[str]()
        for name in RUNS:
            self.desk.tell(name, runs.StartRun(started=started(runbook=f"runbook-of-{name}")))

    def told(self, stream: str, command: object) -> bool:
        """Tell it; return whether anything followed."""
        try:
            return bool(self.desk.tell(stream, command).events)
        except (Rejected, Conflict):
            return False

    @property
    def now(self) -> datetime:
        return later(self.minutes)

    @rule(minutes=st.sampled_from((0.5, 3, 10)))
    def time_passes(self, minutes: float) -> None:
        self.minutes += minutes

    def freeze(self, wanted: bool) -> None:
        if wanted is not self.frozen:
            word = Freeze if wanted else Thaw
            assert self.told("desk", word(scope="all", by="ann", reason="a migration"))
            self.frozen = wanted

    def asked(self, approval: str, run: str, step: str, digest: str) -> None:
        until = self.now + timedelta(minutes=5)
        question = requested(
            run=run, step=step, digest=digest, needed=self.needed, expires_at=until
        )
        assert self.told(approval, approvals.RequestApproval(requested=question))
        self.questions[approval] = Question(digest=digest, needed=self.needed, expires_at=until)

    @rule(changes=st.lists(a_change, min_size=1, max_size=3))
    def changes_go_all_the_way(self, changes: list[Change]) -> None:
        for change in changes:
            self.go(change)

    def go(self, one: Change) -> None:
        for word in one.first:
            self.every_change_goes_on(word)
        self.told(one.run, runs.VoidPlan(step=one.step, because="the world changed"))
        planned = runs.RecordPlan(step=one.step, plan=plan(digest=DIGESTS[0], uid=one.uid))
        if not self.told(one.run, planned):
            return
        approval = self.desk.run(one.run).step(one.step).approval or ""
        self.plans[one.run, one.step] = (approval, DIGESTS[0], one.uid)
        self.asked(approval, one.run, one.step, one.asked)
        for person in one.people:
            self.somebody_says_yes(approval, person, one.asked)
        self.minutes += one.wait
        self.freeze(one.frozen)
        self.claimed(one.run, one.step, one.guess or approval, one.asked)
        self.freeze(False)

    @rule(approval=an_approval, person=a_person, digest=a_digest)
    def somebody_says_yes(self, approval: str, person: str, digest: str) -> None:
        yes = approvals.Approve(by=person, via="slack", digest=digest)
        if not self.told(approval, yes):
            return
        question = self.questions[approval]
        assert (question.digest, question.dead) == (digest, False)
        assert self.now < question.expires_at
        if person != "eve":
            question.yes.add(person)

    @rule(approval=an_approval, person=a_person, digest=a_digest)
    def somebody_says_no(self, approval: str, person: str, digest: str) -> None:
        said = approvals.Refuse(by=person, via="slack", digest=digest, reason="no")
        if self.told(approval, said) and person != "eve":
            self.questions[approval].dead = True

    @rule(approval=an_approval)
    def the_clock_looks(self, approval: str) -> None:
        if self.told(approval, approvals.ExpireApproval()):
            self.questions[approval].dead = True

    @rule(approval=an_approval)
    def a_question_no_longer_stands(self, approval: str) -> None:
        if self.told(approval, approvals.VoidApproval(because="the plan changed")):
            self.questions[approval].dead = True

    @rule(run=a_run, step=a_step)
    def the_runner_claims(self, run: str, step: str) -> None:
        approval, digest, _ = self.plans.get((run, step), ("approval-1-1-1", DIGESTS[0], ""))
        self.claimed(run, step, approval, digest)

    def claimed(self, run: str, step: str, approval: str, digest: str) -> None:
        held = self.held()
        command = claim(
            step,
            approval=approval,
            digest=digest,
            not_after=later(self.minutes + 60),
            scopes=("all",),
            budget=BUDGET,
        )
        if not self.told(run, command):
            return
        question = self.questions[approval]
        assert self.plans[run, step][:2] == (approval, digest)
        assert question.digest == digest
        assert question.granted(self.now)
        assert approval not in self.used
        assert not self.frozen
        assert self.plans[run, step][2] not in held
        self.used.add(approval)

    @rule(word=st.sampled_from(("finish", "lost", "verify", "undone", "yes", "no", "retry")))
    def every_change_goes_on(self, word: str) -> None:
        for run in RUNS:
            for step in STEPS:
                self.told(run, self.going_on(word, run, step))

    def going_on(self, word: str, run: str, step: str) -> object:
        approval = self.desk.run(run).step(step).approval or ""
        commands: Mapping[str, object] = {
            "finish": runs.FinishStep(step=step, approval=approval, detail="replicas 6"),
            "lost": runs.RaiseDoubt(step=step, approval=approval, because="the answer was lost"),
            "verify": runs.RecordVerification(
                step=step,
                approval=approval,
                verdict="verified",
                because="it helped",
                comparisons=(),
            ),
            "undone": runs.RecordNotApplied(step=step, approval=approval, because="409"),
            "yes": runs.SettleDoubt(step=step, applied=True, by="ann", reason="looked"),
            "no": runs.SettleDoubt(step=step, applied=False, by="ann", reason="looked"),
            "retry": runs.RetryStep(step=step, by="ann", because="once more"),
        }
        return commands[word]

    @rule(run=a_run)
    def the_use_is_noted(self, run: str) -> None:
        for step in self.desk.run(run).steps.values():
            if step.status is StepStatus.STARTED and step.approval:
                self.told(step.approval, approvals.ConsumeApproval(step=step.id))
                self.questions[step.approval].dead = True

    def held(self) -> list[str]:
        """Return the targets of every step that may be changing the world now."""
        states = (self.desk.run(name) for name in RUNS)
        steps = (step for state in states for step in state.steps.values())
        return [step.plan.uid for step in steps if step.plan and step.status in HOLDING]

    @invariant()
    def a_target_is_claimed_once_at_most(self) -> None:
        held = self.held()
        assert len(held) == len(set(held))

    @invariant()
    def a_run_has_one_claim_at_most(self) -> None:
        for name in RUNS:
            steps = self.desk.run(name).steps.values()
            assert sum(step.status in HOLDING for step in steps) <= 1

    @invariant()
    def a_claim_was_recorded_once_for_each_use(self) -> None:
        events = [event for stream in RUNS for event in self.events(stream)]
        claims = [event.approval for event in events if isinstance(event, StepStarted)]
        assert sorted(claims) == sorted(self.used)

    def events(self, stream: str) -> list[object]:
        return [one.event for one in entries(self.desk.journal.read(stream))]


Approving.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestApproving = Approving.TestCase
