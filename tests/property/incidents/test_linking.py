"""What streams owe each other is paid in the end, wherever a crash falls."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.commands import run as runs
from incidents.commands.approval import Approve, ExpireApproval, Refuse
from incidents.commands.incident import AskTarget, ChooseTarget, Mitigate, Relapse, Resolve
from incidents.desk import Desk
from incidents.errors import Conflict, Rejected
from incidents.events.incident import Workload
from incidents.incident import Status
from incidents.linking import Owed, owed
from incidents.run import SETTLED, StepStatus
from tests.builders import (
    DIGEST,
    INCIDENT,
    RUN,
    claim,
    desk,
    judgement,
    later,
    plan,
    report,
    started,
)

STEPS = ("scale", "undo-scale", "more")
WORDS = (
    *("plan", "yes", "claim", "finish", "verify") * 3,
    *("no", "expire", "void", "lost", "undone", "retry", "undo", "met", "end", "go on"),
    *("fires", "by hand", "relapse", "resolve", "which", "this", "that"),
)
ROUNDS = 12
CANDIDATES = tuple(
    Workload(kind="Deployment", name=name, words="pod") for name in ("canary", "decode")
)

words = st.tuples(
    st.sampled_from(WORDS), st.sampled_from(STEPS), st.integers(min_value=0, max_value=3)
)
stories = st.lists(words, max_size=40)


class Luck:
    """An incident with a run, to which anything may happen between two looks at what is owed."""

    def __init__(self) -> None:
        self.minutes = 0.0
        self.desk: Desk = desk(clock=lambda: later(self.minutes))
        self.desk.tell(INCIDENT, report())
        self.desk.tell(RUN, runs.StartRun(started=started()))

    def restart(self) -> None:
        """Forget everything that only memory holds."""
        self.desk = desk(self.desk.journal, clock=lambda: later(self.minutes))

    def tell(self, stream: str, command: object) -> bool:
        """Tell it; what does not fit is refused."""
        try:
            return bool(self.desk.tell(stream, command).events)
        except (Rejected, Conflict):
            return False

    def owed(self) -> Sequence[Owed]:
        """Return what is owed now, read from the journal alone."""
        names = self.desk.streams(1)
        approvals = {one: self.desk.approval(one) for one in names if one.startswith("approval-")}
        states = [self.desk.run(one) for one in names if one.startswith("run-")]
        now = later(self.minutes)
        return owed(self.desk.incident(1), states, approvals, self.desk.policy, now)

    def settle(self) -> int:
        """Pay until nothing more follows; return how many looks it took."""
        for look in range(ROUNDS):
            told = [self.tell(one.stream, one.command) for one in self.owed()]
            if not any(told):
                return look
        return ROUNDS

    def happen(self, word: str, step: str) -> None:
        """Let one thing happen."""
        self.minutes += 0.5
        approval = self.desk.run(RUN).step(step).approval or "approval-1-1-1"
        told = {
            "plan": (RUN, runs.RecordPlan(step=step, plan=plan())),
            "yes": (approval, Approve(by="ann", via="slack", digest=DIGEST)),
            "no": (approval, Refuse(by="ben", via="cli", digest=DIGEST, reason="no")),
            "expire": (approval, ExpireApproval()),
            "claim": (RUN, claim(step, approval=approval, not_after=later(self.minutes + 9))),
            "finish": (RUN, runs.FinishStep(step=step, approval=approval, detail="replicas 6")),
            "verify": (
                RUN,
                runs.RecordVerification(
                    step=step,
                    approval=approval,
                    verdict="verified",
                    because="it helped",
                    comparisons=(),
                ),
            ),
            "void": (RUN, runs.VoidPlan(step=step, because="the world changed")),
            "lost": (RUN, runs.RaiseDoubt(step=step, approval=approval, because="lost")),
            "undone": (RUN, runs.RecordNotApplied(step=step, approval=approval, because="409")),
            "retry": (RUN, runs.RetryStep(step=step, by="ann", because="once more")),
            "undo": (RUN, runs.AskUndo(step=step, by="ann", because="traffic is gone")),
            "met": (RUN, runs.MeetCriterion(criterion="full", because="still full")),
            "end": (RUN, runs.EndRun(outcome="completed", because="done")),
            "go on": (RUN, runs.ContinueFrom(step=step, by="ann", because="looked")),
            "fires": (INCIDENT, report(judgement(starts_at=later(self.minutes)))),
            "by hand": (INCIDENT, Mitigate(by="ann", because="rolled back")),
            "relapse": (INCIDENT, Relapse(because="users call")),
            "resolve": (INCIDENT, Resolve(by="ann", because="over")),
            "which": (INCIDENT, AskTarget(candidates=CANDIDATES)),
            "this": (INCIDENT, ChooseTarget(chosen="Deployment decode", by="ann", via="slack")),
            "that": (INCIDENT, ChooseTarget(chosen="Deployment canary", by="ben", via="cli")),
        }
        self.tell(*told[word])


@given(stories)
@settings(max_examples=150)
def test_what_is_owed_is_paid_after_any_story_and_any_crash(
    story: Sequence[tuple[str, str, int]],
) -> None:
    """Telling it ends, and then nothing is owed; a restart between two appends changes nothing."""
    luck = Luck()
    for word, step, paid in story:
        luck.happen(word, step)
        for debt in luck.owed()[:paid]:
            luck.tell(debt.stream, debt.command)
        luck.restart()

    assert luck.settle() < ROUNDS
    assert luck.owed() == ()


@given(stories)
@settings(max_examples=100)
def test_when_all_is_paid_the_streams_agree(story: Sequence[tuple[str, str, int]]) -> None:
    """No question stands for a plan that is gone, and no used approval looks unused."""
    luck = Luck()
    for word, step, paid in story:
        luck.happen(word, step)
        if paid:
            luck.settle()
    luck.settle()

    incident, run = luck.desk.incident(1), luck.desk.run(RUN)
    steps = run.steps.values()
    over = run.outcome is not None
    planned = {s.approval for s in steps if s.status is StepStatus.PLANNED and not over}
    names = [one for one in luck.desk.streams(1) if one.startswith("approval-")]
    states = {name: luck.desk.approval(name).state.value for name in names}
    assert {name for name, said in states.items() if said in {"requested", "granted"}} <= planned
    assert {states[s.approval] for s in steps if s.claimed_at and s.approval} <= {"consumed"}
    assert incident.runs == {RUN: run.outcome}
    undoing = any(s.id.startswith("undo-") and s.status not in SETTLED for s in steps)
    going_on = over or run.claimed is not None or undoing
    assert incident.status is not Status.RESOLVED or going_on


def test_a_whole_story_is_paid_in_a_few_looks() -> None:
    """The loop looks once a turn: a debt must not take many turns to travel."""
    luck = Luck()
    for word in ("plan", "yes", "claim", "finish", "verify"):
        luck.happen(word, "scale")
        assert luck.settle() <= 2

    assert luck.desk.incident(1).status is Status.MITIGATED
    assert luck.desk.incident(1).acknowledged_by == "ann"
    assert luck.desk.approval("approval-1-1-1").state.value == "consumed"
