"""An incident that comes back is checked again: intake, clock and hands together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.app.beginning import Beginning
from bot.app.loops.pause import Pause
from bot.app.loops.runs import RunsLoop
from bot.app.reach import NoSignals
from cluster.targets.target import Selector, Target
from cluster.tools import Tools
from incidents.commands.approval import RequestApproval
from incidents.commands.incident import AskTarget, ChooseTarget
from incidents.commands.run import AnswerAsk, ContinueFrom, RetryStep, StartRun
from incidents.errors import HoldConflict
from incidents.events.incident import Workload
from incidents.events.run import CheckFinished
from incidents.run import CRITERION, StepStatus
from runbooks.engine.runner import Runner
from runbooks.engine.shelf import Shelf
from runbooks.language import loader, registry
from storage.memory import MemoryStore
from tests.bot.intake.gathering import SLOW, Desk
from tests.builders import DIGEST, INCIDENT, requested, started


class Somewhere:
    """Finds whatever is looked for."""

    def find(self, selector: Selector) -> Target:
        """Return a Deployment without pods."""
        return Target(
            cluster=selector.cluster,
            namespace=selector.namespace,
            kind="Deployment",
            name="decode",
            uid="uid-decode",
            model=selector.model,
            role=selector.role,
            pods=(),
        )


@dataclass(kw_only=True)
class Hands(Desk):
    """A desk whose runs go on, too; no signal says anything, so that every check is soon over."""

    def restart(self) -> None:
        """Forget everything that only memory holds."""
        super().restart()
        library, verbs, texts = loader.load(), registry.verbs(), self.store.texts
        beginning = Beginning(runbooks=library, texts=texts)
        runner = Runner(
            desk=self.desk,
            tools=Tools(signals=NoSignals(), targets=Somewhere(), verbs={}),
            runbooks=Shelf(runbooks=library, texts=texts, verbs=verbs),
            verbs=verbs,
            clock=lambda: self.now,
        )
        self.runs = RunsLoop(
            desk=self.desk,
            moves=runner,
            begin=beginning.begin,
            pause=Pause(journal=self.store.journal, seconds=0),
        )

    def hands(self, *, minutes: int = 0) -> None:
        """Let time pass, and the runs go on."""
        for _ in range(minutes + 1):
            for _ in range(50):
                self.turn()
                if not self.runs.once():
                    break
            self.turn(minutes=1 if minutes else 0)

    def answer(self, run: str) -> None:
        """Let a person say whatever the run asks first."""
        asked = next(
            step
            for step in self.desk.run(run).steps.values()
            if step.status is StepStatus.ASKED and not step.id.startswith(CRITERION)
        )
        self.desk.tell(run, AnswerAsk(step=asked.id, answer=asked.choices[0], by="ada"))

    @property
    def checks(self) -> dict[str, Sequence[str]]:
        """Return the runs of the first incident with what each has checked, in order."""
        found = dict[str, list[str]]()
        for entry in self.desk.history(1):
            if isinstance(entry.event, CheckFinished):
                found.setdefault(entry.recorded.stream, []).append(entry.event.step)
        return found

    @property
    def noted(self) -> dict[str, str | None]:
        """Return the runs of the first incident with how they ended."""
        return dict(self.desk.incident(1).runs)


@pytest.fixture
def desk() -> Hands:
    """Return a desk whose first incident was checked, and then ended by a person."""
    made = Hands(store=MemoryStore())
    known = made.fires(SLOW)
    made.hands(minutes=30)
    made.ends(known)
    made.resolve(1)
    return made


CHECKS = ["errors", "latency", "queue", "traffic", "kv-cache"]
STOPPED = "stopped"


def test_a_problem_that_comes_back_is_checked_again(desk: Hands) -> None:
    """What was read before the end says nothing of now; the earlier run stays in the history."""
    desk.hands()
    desk.fires(SLOW)
    desk.hands(minutes=30)

    assert desk.desk.incident(1).reopenings == 1
    assert desk.checks == {"run-1-1": CHECKS, "run-1-2": CHECKS}
    assert desk.noted == {"run-1-1": STOPPED, "run-1-2": None}


def test_however_often_it_comes_back_one_run_at_most_goes_on(desk: Hands) -> None:
    """Every return is checked once; repeated reports and a restart begin nothing."""
    going = []
    for _ in range(3):
        desk.hands()
        known = desk.fires(SLOW)
        desk.hands(minutes=2)
        desk.restart()
        desk.again(known)
        desk.hands(minutes=2)
        going.append([run for run in desk.noted if desk.desk.run(run).outcome is None])
        desk.ends(known)
        desk.resolve(1)
    desk.hands()

    assert going == [["run-1-2"], ["run-1-3"], ["run-1-4"]]
    assert [desk.desk.run(f"run-1-{number}").outcome for number in (1, 2, 3, 4)] == [STOPPED] * 4
    assert len(desk.noted) == 4


def test_a_run_that_was_not_stopped_goes_on_first(desk: Hands) -> None:
    """The hands were away between the end and the return: two at once would act on one target."""
    desk.fires(SLOW)
    desk.hands(minutes=2)
    before = desk.noted
    desk.answer("run-1-1")
    desk.hands(minutes=2)

    assert before == {"run-1-1": None}
    assert desk.noted == {"run-1-1": "completed", "run-1-2": None}


def test_nothing_begins_while_people_are_asked(desk: Hands) -> None:
    """They would approve a plan of a run that is not the one that they see."""
    desk.hands()
    asked = requested(run="run-1-1", digest=DIGEST, expires_at=desk.now + timedelta(hours=1))
    desk.desk.tell("approval-9", RequestApproval(requested=asked))
    desk.fires(SLOW)
    desk.runs.once()
    before = list(desk.noted)
    desk.hands()

    assert (before, list(desk.noted)) == (["run-1-1"], ["run-1-1", "run-1-2"])


@pytest.mark.parametrize(
    "command",
    [
        RetryStep(step="errors", by="ada", because="once more"),
        ContinueFrom(step="errors", by="ada", because="once more"),
        StartRun(started=started(runbook="triage")),
    ],
    ids=["retry", "continue", "start"],
)
def test_an_earlier_run_does_not_go_on_beside_a_newer_one(desk: Hands, command: object) -> None:
    """The journal itself refuses it: two processes may each believe that theirs is the only one."""
    desk.hands()
    desk.fires(SLOW)
    desk.hands()
    stream = "run-1-3" if isinstance(command, StartRun) else "run-1-1"

    with pytest.raises(HoldConflict) as refused:
        desk.desk.tell(stream, command)

    assert str(refused.value) == "going incident-1/triage is held by run-1-2"


def test_an_earlier_run_goes_on_once_the_newer_one_is_over(desk: Hands) -> None:
    """A person may still send a step round again."""
    desk.hands()
    desk.desk.tell("run-1-1", RetryStep(step="errors", by="ada", because="once more"))
    desk.desk.tell("run-1-1", RetryStep(step="latency", by="ada", because="and this"))

    assert desk.desk.run("run-1-1").outcome is None


def choose(desk: Hands, name: str) -> None:
    """Let a person say which of two workloads is meant."""
    fit = tuple(Workload(kind="Deployment", name=one, words="pod") for one in ("a", "b"))
    desk.desk.tell(INCIDENT, AskTarget(candidates=fit))
    chosen = ChooseTarget(chosen=f"Deployment {name}", by="ada", via="slack")
    desk.desk.tell(INCIDENT, chosen)


def test_every_choice_of_a_workload_is_checked_once() -> None:
    """What a run found is about the workload it began with; no choice leaves two runs behind."""
    desk = Hands(store=MemoryStore())
    desk.fires(SLOW)
    desk.hands(minutes=12)
    for name in ("a", "a", "b", "a"):
        choose(desk, name)
        desk.restart()
        desk.hands(minutes=12)

    runs = [desk.desk.run(f"run-1-{number}") for number in (1, 2, 3, 4)]
    assert [run.started.chosen for run in runs if run.started] == [
        "",
        "Deployment a",
        "Deployment b",
        "Deployment a",
    ]
    assert desk.checks == dict.fromkeys((run.id for run in runs), CHECKS)
    assert desk.noted == {**dict.fromkeys((run.id for run in runs), STOPPED), "run-1-4": None}
    assert runs[0].because == "ada chose Deployment a: it is looked at from the beginning"


def test_a_choice_made_before_the_run_is_noted_is_not_lost() -> None:
    """The hands begin a run in its own stream first: whoever chooses in between must be heard."""
    desk = Hands(store=MemoryStore())
    desk.fires(SLOW)
    desk.runs.once()
    before = dict(desk.noted)
    choose(desk, "b")
    desk.hands(minutes=2)

    assert before == {}
    assert desk.noted == {"run-1-1": STOPPED, "run-1-2": None}


def test_an_earlier_run_that_is_sent_round_again_stops_where_another_workload_is_meant() -> None:
    """Its next step would act on what nobody means any more."""
    desk = Hands(store=MemoryStore())
    desk.fires(SLOW)
    desk.hands(minutes=12)
    choose(desk, "b")
    desk.hands(minutes=12)
    desk.answer("run-1-2")
    desk.hands(minutes=2)
    desk.desk.tell("run-1-1", RetryStep(step="errors", by="ada", because="once more"))
    desk.hands(minutes=2)

    assert desk.noted == {"run-1-1": STOPPED, "run-1-2": "completed"}
    assert desk.checks["run-1-1"] == CHECKS
