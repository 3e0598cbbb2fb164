"""The watch over people while a runbook is in shadow: it begins, it sees, and it always ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.app.loops.pause import Pause
from bot.app.loops.shadow import AT_ONCE, BACK, ShadowLoop
from cluster.actions.plan import Applied, Done, Plan, Settled
from cluster.clients import parse
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.refusals import Missing
from cluster.clients.things import Thing
from cluster.signals.reading import NoData, NotApplicable, Why
from cluster.signals.signals import Samples, Signals
from cluster.targets.target import Selector, Target
from cluster.tools import Tools
from incidents.commands.incident import Resolve
from incidents.commands.run import RecordWouldHave, RetryStep, StartRun
from incidents.commands.shadow import BeginWatch
from incidents.desk import Desk
from incidents.errors import Rejected, Unavailable
from incidents.events.run import APPLY, SHADOW, RunStarted
from incidents.events.shadow import Better, Did
from incidents.shadow import AFTER_END, Watch
from runbooks.engine import records
from runbooks.language import loader
from runbooks.language.model import Action, Runbook
from runbooks.shadow.looking import Sights, sights
from storage.memory import MemoryStore
from tests import builders
from tests.builders import INCIDENT, NOON, RUN, later, report, started

STEP = "add-decode"
STREAM = "shadow-1-1-2"
BOOK = loader.load()["cache-evictions"]
SETTLE, LAG, WINDOW = 15, 8, 3
"""Minutes, as the shipped runbook says."""


@dataclass
class Cluster:
    """A Deployment that people scale and restart; `error` is what every read of it raises."""

    replicas: int = 4
    image: str = "vllm:1"
    pods: dict[str, str] = field(default_factory=lambda: {"decode-a": "a", "decode-b": "b"})
    writer: str = "kubectl-scale"
    wrote_at: datetime | None = None
    gone: bool = False
    error: Exception | None = None

    def thing(self, _: str, reference: OwnerReference) -> Thing:
        if self.error is not None:
            raise self.error
        if self.gone:
            message = f"{reference}: gone"
            raise Missing(message)
        return parse.thing(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {
                    "name": "decode",
                    "namespace": "llm-d",
                    "uid": "uid-decode",
                    "managedFields": self._writers(),
                },
                "spec": {
                    "replicas": self.replicas,
                    "selector": {"matchLabels": {"app": "decode"}},
                    "template": {"image": self.image},
                },
            }
        )

    def things(self, _: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        if self.error is not None:
            raise self.error
        assert selector == "app=decode"
        role = {"llm-d.ai/role": "decode"}
        named = [{"name": n, "uid": uid, "labels": role} for n, uid in self.pods.items()]
        return [parse.thing({"metadata": meta}, kind=kind) for meta in named]

    def _writers(self) -> list[Mapping[str, object]]:
        if self.wrote_at is None:
            return []
        fields = {"f:spec": {"f:replicas": {}, "f:template": {"f:image": {}}}}
        at = f"{self.wrote_at:%Y-%m-%dT%H:%M:%SZ}"
        return [{"manager": self.writer, "time": at, "fieldsV1": fields}]


@dataclass
class Prometheus:
    """Signals by name; `missing` has none at all, and what hurts does so until `well_at`."""

    well_at: datetime | None = None
    missing: bool = False

    def read_range(
        self, name: str, _: Target, *, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData | NotApplicable:
        if self.missing:
            return NoData(signal=name, why=Why.UNREACHABLE, detail="away")
        moments = [start + step * n for n in range(int((end - start) / step) + 1)]
        points = tuple((at, self._value(name, at)) for at in moments)
        return Samples(signal=name, unit="u", query=f"q({name})", points=points)

    def _value(self, name: str, at: datetime) -> float:
        well = self.well_at is not None and at >= self.well_at
        return 0.0 if well else {"preemptions": 2.0, "waiting": 40.0}[name]


@dataclass
class Targets:
    """Finds the one workload."""

    error: Exception | None = None

    def find(self, selector: Selector) -> Target:
        if self.error is not None:
            raise self.error
        assert (selector.cluster, selector.namespace) == ("local", "llm-d")
        return Target(
            cluster="local",
            namespace=selector.namespace,
            kind="Deployment",
            name="decode",
            uid="uid-decode",
            model=selector.model,
            role=selector.role,
            pods=(),
        )


class Books:
    """Has the shipped runbook, unless it is lost."""

    def __init__(self) -> None:
        self.lost = False
        self.book: Runbook = BOOK

    def pinned(self, _: RunStarted) -> Runbook:
        if self.lost:
            message = "its text is gone"
            raise Rejected(message)
        return self.book


class Room:
    """A run in shadow that has planned, its incident, its cluster and the loop that watches."""

    def __init__(self, *, mode: str = SHADOW) -> None:
        self.now = NOON
        self.store = MemoryStore(clock=lambda: self.now)
        self.desk = Desk(
            journal=self.store.journal, policy=builders.policy(), clock=lambda: self.now
        )
        self.cluster, self.prometheus, self.targets = Cluster(), Prometheus(), Targets()
        self.books = Books()
        self.settled = Settled(ready=6, wanted=6, since=None)
        self.asked: list[Plan] = []
        self.trouble: Exception | None = None
        self.desk.tell(INCIDENT, report())
        self.desk.tell(RUN, StartRun(started=started(mode=mode)))
        self.loop = self.restarted()

    def restarted(self) -> ShadowLoop:
        """Return a loop that remembers nothing, as after a crash."""
        self.loop = ShadowLoop(
            desk=self.desk,
            runbooks=self.books,
            sights=Sights(
                objects=self.cluster,
                signals=cast("Signals", self.prometheus),
                targets=self.targets,
                settled=self._settled,
            ),
            pause=Pause(journal=self.store.journal, seconds=0),
        )
        return self.loop

    def plans(self, step: str = STEP, run: str = RUN) -> None:
        """Let the run say what it would have done, and be watched."""
        would = RecordWouldHave(step=step, plan=builders.plan(), approvers=("ann",), needed=1)
        self.desk.tell(run, would)
        self.turn()

    def turn(self) -> None:
        """Turn until nothing more happens."""
        for _ in range(9):
            if not self.loop.once():
                return
        raise AssertionError(self.told())

    def at(self, minutes: float) -> None:
        """Let time pass in steps of a minute, and look."""
        while self.now < later(minutes):
            self.now += timedelta(minutes=1)
            self.turn()

    def scale(self, replicas: int, *, by: str = "kubectl-scale") -> None:
        """Let a colleague scale, whose pods are ready two minutes later."""
        self.cluster.replicas, self.cluster.writer = replicas, by
        self.cluster.wrote_at = self.now
        ready = self.now + timedelta(minutes=2)
        self.settled = Settled(ready=replicas, wanted=replicas, since=ready)

    def away(self, error: Exception | None) -> None:
        """Let the cluster not answer, or answer again."""
        self.cluster.error = self.trouble = error

    @property
    def watch(self) -> Watch:
        return self.desk.watch(STREAM)

    def told(self) -> list[str]:
        return [one.kind for one in self.store.journal.read(STREAM)]

    def _settled(self, plan: Plan) -> Settled:
        if self.trouble is not None:
            raise self.trouble
        self.asked.append(plan)
        return self.settled


@pytest.fixture
def room() -> Room:
    """Return a room in which the plan was made at noon."""
    made = Room()
    made.plans()
    return made


def test_a_watch_begins_with_what_stands_there_and_the_windows_from_before(room: Room) -> None:
    """What people do is compared with it, an hour later and after a restart."""
    began = room.watch.began

    assert began is not None
    assert (began.run, began.would, began.step) == (RUN, 2, STEP)
    assert (began.until, began.unseen) == (later(60), "")
    assert {one.name: one.value for one in began.before} == {"preemptions": 2.0, "waiting": 40.0}
    assert "Deployment decode spec.template" in dict(began.marks)
    assert dict(began.pods) == {"decode-a": "a", "decode-b": "b"}


def test_nothing_of_a_run_that_acts_is_watched() -> None:
    """What becomes of its changes its own verification says."""
    acting = Room(mode=APPLY)
    acting.turn()

    assert acting.watch.began is None
    assert not acting.loop.once()


def test_people_did_the_same_and_it_helped(room: Room) -> None:
    """The two numbers for which shadow mode is there."""
    room.at(10)
    room.scale(6)
    room.prometheus.well_at = later(14)
    room.at(10 + SETTLE + LAG + WINDOW)

    watch = room.watch
    assert room.told() == ["ShadowBegan", "PeopleActed", "ActJudged", "ShadowEnded"]
    assert watch.act is not None
    assert watch.proof is not None
    assert watch.ended is not None
    assert (watch.act.did, watch.act.who, watch.act.at) == (
        Did.SAME,
        ("kubectl-scale",),
        later(10),
    )
    assert (watch.proof.verdict, watch.ended.did, watch.ended.better) == (
        "verified",
        Did.SAME,
        None,
    )
    assert [one.before for one in watch.proof.comparisons] == [2.0, 40.0]


def test_the_windows_begin_when_the_pods_of_the_colleague_are_ready(room: Room) -> None:
    """Compared too early, nothing ever helped."""
    room.at(10)
    room.scale(6)
    room.at(12 + LAG + WINDOW - 1)
    early = room.watch.proof
    room.at(12 + LAG + WINDOW)

    assert (early, room.watch.proof is not None) == (None, True)


def test_no_window_begins_before_the_act(room: Room) -> None:
    """Where pods are taken away those that stay have been ready for long."""
    room.at(10)
    room.scale(6)
    room.settled = Settled(ready=6, wanted=6, since=NOON)
    room.at(10 + LAG + WINDOW - 1)
    early = room.watch.proof
    room.at(10 + LAG + WINDOW)

    assert (early, room.watch.proof is not None) == (None, True)


def test_the_same_without_effect_is_said(room: Room) -> None:
    """Then the runbook would not have helped either."""
    room.at(10)
    room.scale(6)
    room.at(40)

    assert room.watch.proof is not None
    assert room.watch.proof.verdict == "no effect"


def test_another_amount_is_judged_by_what_was_done(room: Room) -> None:
    """Five pods are ready when five are: nobody waits for the sixth."""
    room.at(10)
    room.scale(5)
    room.prometheus.well_at = later(14)
    room.at(30)
    judged = room.watch.proof
    room.at(60)

    assert judged is not None
    assert (room.watch.did, judged.verdict) == (Did.AMOUNT, "verified")
    assert (room.asked[-1].after, room.asked[-1].write.fields) == (
        (("replicas", "5"),),
        (("/spec/replicas", "5"),),
    )
    assert room.told()[-1] == "ShadowEnded"


def test_who_comes_nearer_later_counts_and_is_judged_anew(room: Room) -> None:
    """A colleague tries five first, and six a quarter of an hour later."""
    room.at(5)
    room.scale(5)
    room.at(30)
    room.scale(6)
    room.at(60)

    assert room.told() == [
        *("ShadowBegan", "PeopleActed", "ActJudged"),
        *("PeopleActed", "ActJudged", "ShadowEnded"),
    ]
    assert room.watch.did is Did.SAME


def test_another_act_is_told_and_whether_it_got_better_without(room: Room) -> None:
    """A restart that helped is worth knowing as well."""
    room.at(10)
    room.cluster.image, room.cluster.wrote_at = "vllm:2", room.now
    room.prometheus.well_at = later(30)
    room.at(60)

    ended = room.watch.ended
    assert room.told() == ["ShadowBegan", "PeopleActed", "ShadowEnded"]
    assert ended is not None
    assert (ended.did, ended.better) == (Did.OTHERWISE, Better.YES)
    assert ended.because.startswith("Deployment decode spec.template changed; preemptions 2 → 0")


@pytest.mark.parametrize(
    ("well", "missing", "better", "because"),
    [
        pytest.param(later(30), False, Better.YES, "preemptions 2 → 0 u", id="better"),
        pytest.param(None, False, Better.NO, "preemptions 2 → 2 u", id="no-better"),
        pytest.param(None, True, Better.CANNOT_TELL, "cannot be reached", id="nobody-knows"),
    ],
)
def test_nothing_is_said_with_whether_it_got_better_by_itself(
    room: Room, well: datetime | None, missing: bool, better: Better, because: str
) -> None:
    """A runbook for what passes by itself need not be switched on."""
    room.prometheus.well_at = well
    room.at(50)
    room.prometheus.missing = missing
    room.at(60)

    ended = room.watch.ended
    assert ended is not None
    assert (ended.did, ended.better) == (Did.NOTHING, better)
    assert ended.because.startswith("everything stands as it did; ")
    assert because in ended.because


def test_an_incident_that_ends_takes_its_watch_along_a_while_later(room: Room) -> None:
    """The desk forgets the incident, and the watch still ends by itself."""
    room.at(10)
    room.desk.tell(INCIDENT, Resolve(by="ann", because="it is over"))
    room.at(19)
    before = room.watch.ended
    room.at(20)

    assert before is None
    assert room.watch.ended is not None
    assert later(10) + AFTER_END == later(20)


def test_what_comes_after_the_window_does_not_count(room: Room) -> None:
    """At the next deployment somebody sets six anyway."""
    room.at(58)
    room.now = later(61)
    room.scale(6)
    room.turn()

    assert room.watch.did is Did.NOTHING
    assert room.watch.ended is not None
    assert room.watch.ended.because.startswith("it came later: replicas is 6 now")


def test_a_watch_survives_a_restart(room: Room) -> None:
    """Its row is in the journal, and so is what stood there."""
    room.at(10)
    room.restarted()
    room.scale(6)
    room.turn()

    assert room.watch.did is Did.SAME


def test_what_nobody_watched_before_a_restart_is_found_by_the_next_process() -> None:
    """A crash between the plan and its watch loses none; what stood there is not known then."""
    room = Room()
    room.desk.tell(
        RUN, RecordWouldHave(step=STEP, plan=builders.plan(), approvers=("ann",), needed=1)
    )
    room.now = later(5)
    room.cluster.image = "vllm:2"
    room.turn()
    room.at(61)

    assert room.watch.began is not None
    assert (room.watch.began.marks, room.watch.began.until) == ((), later(60))
    assert room.watch.began.unseen == "nobody looked at that time"
    assert (room.watch.did, room.watch.act) == (Did.CANNOT_TELL, None)


def test_what_is_older_than_a_day_is_left_alone() -> None:
    """Whoever upgrades must not have a month of plans watched at once."""
    room = Room()
    room.desk.tell(
        RUN, RecordWouldHave(step=STEP, plan=builders.plan(), approvers=("ann",), needed=1)
    )
    room.now = NOON + BACK + timedelta(minutes=1)
    room.turn()

    assert room.watch.began is None


def test_a_cluster_that_was_away_at_the_end_is_no_proof_of_nothing(room: Room) -> None:
    """Absent data is "cannot tell", and is never counted against people."""
    room.at(50)
    room.cluster.error = Unavailable("the API server is away")
    room.at(60)

    ended = room.watch.ended
    assert ended is not None
    assert (ended.did, ended.because, ended.better) == (
        Did.CANNOT_TELL,
        "the API server is away",
        None,
    )


def test_a_look_that_comes_hours_late_does_not_guess(room: Room) -> None:
    """A pod that went has no date: it may have gone in the night after."""
    room.now = later(300)
    del room.cluster.pods["decode-a"]
    room.turn()

    ended = room.watch.ended
    assert ended is not None
    assert (ended.did, ended.because) == (Did.CANNOT_TELL, "nobody looked at that time")


@pytest.mark.parametrize(
    ("error", "minutes", "because"),
    [
        pytest.param(Rejected("it is gone"), 11, "it is gone", id="for-ever"),
        pytest.param(
            Unavailable("away"), 10 + SETTLE + LAG + WINDOW + 5, "away", id="for-too-long"
        ),
    ],
)
def test_an_act_that_cannot_be_judged_is_said_so(
    room: Room, error: Exception, minutes: int, because: str
) -> None:
    """It ends, whatever the cluster does."""
    room.at(10)
    room.scale(6)
    room.trouble = error
    room.at(minutes - 1)
    early = room.watch.proof
    room.at(minutes)

    proof = room.watch.proof
    assert proof is not None
    assert (proof.verdict, proof.because) == ("cannot tell", because)
    assert early is None or isinstance(error, Rejected)
    assert room.watch.ended is not None


def test_a_target_that_cannot_be_found_is_no_verdict(room: Room) -> None:
    """The windows are its pods', so that nothing can be compared."""
    room.at(10)
    room.scale(6)
    room.targets.error = Rejected("several fit")
    room.at(30)

    assert room.watch.proof is not None
    assert (room.watch.proof.verdict, room.watch.proof.because) == ("cannot tell", "several fit")


def test_a_cluster_whose_answer_makes_no_sense_ends_no_loop() -> None:
    """A watch begins and ends, and says that it cannot tell."""
    room = Room()
    room.targets.error = parse.Malformed("spec is no object")
    room.plans()
    began = room.watch.began
    room.at(60)

    ended = room.watch.ended
    assert began is not None
    assert ended is not None
    assert (began.before, ended.did, ended.better) == ((), Did.NOTHING, Better.CANNOT_TELL)
    assert "spec is no object" in ended.because


def test_an_act_that_was_taken_back_is_told_with_who_did(room: Room) -> None:
    """An owner that fights people would have fought us."""
    room.at(10)
    room.scale(6)
    room.at(11)
    room.now = later(12)
    room.scale(4, by="argocd")
    room.settled = Settled(ready=4, wanted=6, since=None, reverted_by="argocd")
    room.turn()

    assert room.watch.proof is not None
    assert (room.watch.proof.verdict, room.watch.proof.because) == ("reverted", "by argocd")


def test_pods_that_never_become_ready_are_no_effect(room: Room) -> None:
    """As of a change of our own, when its time to settle is over."""
    room.at(10)
    room.scale(6)
    room.settled = Settled(ready=5, wanted=6, since=None)
    room.at(60)

    assert room.watch.proof is not None
    assert (room.watch.proof.verdict, room.watch.proof.because) == (
        "no effect",
        "5 of 6 pods ready",
    )


def test_a_change_that_is_not_about_pods_stands_when_it_is_written(room: Room) -> None:
    """Who wrote it was not us, so that its own moment counts."""
    room.at(10)
    room.scale(6)
    room.settled = Settled(ready=1, wanted=1, since=None, words="it stands as it was written")
    room.prometheus.well_at = later(11)
    room.at(10 + LAG + WINDOW)

    assert room.watch.proof is not None
    assert room.watch.proof.verdict == "verified"


@pytest.mark.parametrize(
    ("since", "verdict"),
    [pytest.param(later(12), "verified", id="there"), pytest.param(None, "no effect", id="not")],
)
def test_what_is_to_change_no_signal_has_only_to_come_about(
    room: Room, since: datetime | None, verdict: str
) -> None:
    """A cordon is proven by standing."""
    nothing = Room()
    action = BOOK.step(STEP)
    assert isinstance(action, Action)
    bare = replace(action, verify=replace(action.verify, expect=()))
    steps = tuple(bare if one.id == STEP else one for one in BOOK.steps)
    nothing.books.book = replace(BOOK, steps=steps)
    nothing.plans()
    nothing.at(10)
    nothing.scale(6)
    nothing.settled = Settled(ready=5, wanted=6, since=since)
    nothing.at(60)

    assert nothing.watch.proof is not None
    assert nothing.watch.proof.verdict == verdict


def test_a_runbook_that_is_lost_leaves_the_act_without_a_verdict() -> None:
    """What was expected stands in it; the act itself is still told."""
    room = Room()
    room.books.lost = True
    room.plans()
    room.at(10)
    room.scale(6)
    room.at(11)

    assert room.watch.proof is not None
    assert room.watch.proof.because == "the runbook of the run cannot be had any more"
    assert room.watch.ended is not None


def test_without_prometheus_at_noon_there_is_nothing_to_compare_with() -> None:
    """A verdict from half of the windows would be a guess."""
    room = Room()
    room.targets.error = Unavailable("away")
    room.plans()
    room.targets.error = None
    room.at(60)

    assert room.watch.ended is not None
    assert room.watch.ended.better is Better.CANNOT_TELL


def test_a_target_that_is_away_at_the_end_leaves_it_open_whether_it_got_better(
    room: Room,
) -> None:
    """What people did is known all the same."""
    room.at(59)
    room.targets.error = Unavailable("away")
    room.at(60)

    assert room.watch.ended is not None
    assert (room.watch.ended.did, room.watch.ended.better) == (Did.NOTHING, Better.CANNOT_TELL)


def test_a_step_that_is_planned_again_is_watched_again(room: Room) -> None:
    """It is another plan, with other people awake."""
    room.at(5)
    room.desk.tell(RUN, RetryStep(step=STEP, by="ann", because="look again"))
    room.plans()

    again = room.desk.watch("shadow-1-1-4").began
    assert again is not None
    assert (again.would, again.until) == (4, later(65))


def test_a_watch_that_another_process_began_is_looked_at_here(room: Room) -> None:
    """The lead moves, and nothing is remembered in one place only."""
    other = room.desk.watch(STREAM).began
    assert other is not None
    room.desk.tell("shadow-1-1-3", BeginWatch(began=replace(other, step="more", until=later(30))))
    room.turn()
    room.at(31)

    assert room.desk.watch("shadow-1-1-3").ended is not None


def test_many_watches_take_turns() -> None:
    """A storm in shadow must not keep the cluster busy."""
    room = Room()
    room.turn()
    for number in range(AT_ONCE + 5):
        room.desk.tell(
            RUN,
            RecordWouldHave(
                step=f"step-{number}", plan=builders.plan(), approvers=("ann",), needed=1
            ),
        )
    room.loop.once()
    streams = [f"shadow-1-1-{number + 2}" for number in range(AT_ONCE + 5)]

    def ended() -> int:
        return sum(room.desk.watch(name).ended is not None for name in streams)

    room.now = later(61)
    room.loop.once()
    first = ended()
    room.loop.once()
    second = ended()

    assert (first, second) == (AT_ONCE, AT_ONCE + 5)


def test_one_that_fails_keeps_no_other_from_its_look(room: Room) -> None:
    """A bug in one comparison must not blind the desk to all the others."""
    room.at(5)
    room.desk.tell(RUN, RetryStep(step=STEP, by="ann", because="look again"))
    room.plans()
    room.trouble = ZeroDivisionError("a bug")
    room.at(9)
    room.scale(6)
    room.now = later(10)
    with pytest.raises(ZeroDivisionError):
        room.loop.once()
    with pytest.raises(ZeroDivisionError):
        room.loop.once()

    assert not room.loop.once()
    assert room.desk.watch("shadow-1-1-4").did is Did.SAME


def test_it_is_watched_for_as_long_as_the_policy_says() -> None:
    """A team whose nights are slow may want two hours, and a test five minutes."""
    room = Room()
    room.desk.policy = builders.policy(shadow_watch=timedelta(minutes=5))
    room.plans()
    room.at(5)

    assert room.watch.began is not None
    assert room.watch.began.until == later(5)
    assert room.watch.ended is not None


def test_a_look_sees_of_the_tools_only_what_reads() -> None:
    """No mistake of the loop's leads to a write: it has nothing that could."""
    room = Room()
    hands = Tools(
        signals=cast("Signals", room.prometheus), targets=room.targets, verbs={"scale": NeverActs()}
    )
    seen = sights(hands)
    plan = records.plan(builders.plan())

    assert {one.name for one in fields(seen)} == {"objects", "signals", "targets", "settled"}
    assert seen.settled(plan) == Settled(ready=6, wanted=6, since=NOON)
    with pytest.raises(Rejected, match="there is no action teleport here"):
        seen.settled(replace(plan, action="teleport"))


class NeverActs:
    """An action that is only asked how far it has come."""

    name = "scale"

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        raise AssertionError(target, parameters)

    def apply(self, plan: Plan, *, key: str) -> Applied:
        raise AssertionError(plan, key)

    def already_done(self, plan: Plan, *, key: str) -> Done:
        raise AssertionError(plan, key)

    def settled(self, _: Plan) -> Settled:
        return Settled(ready=6, wanted=6, since=NOON)


DEEDS = st.sampled_from(
    ["scale", "less", "back", "image", "pod", "gone", "away", "here", "restart", "wait", "blind"]
)


@given(deeds=st.lists(DEEDS, max_size=12), resolved=st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_watch_ends_whatever_people_and_the_world_do(
    deeds: Sequence[str], resolved: bool
) -> None:
    """Folded again from its journal it is the same, and what ended is looked at no more."""
    room = Room()
    room.plans()
    for deed in deeds:
        _do(room, deed)
        room.turn()
    if resolved:
        room.desk.tell(INCIDENT, Resolve(by="ann", because="it is over"))
    room.now = max(room.now, later(60)) + timedelta(minutes=SETTLE + LAG + WINDOW + 6)
    room.turn()

    fresh = Desk(journal=room.store.journal, policy=builders.policy(), clock=lambda: room.now)
    assert room.watch.ended is not None
    assert fresh.watch(STREAM) == room.watch
    assert not room.loop.once()


SIZES = {"scale": 6, "less": 5, "back": 4}


def _do(room: Room, deed: str) -> None:
    if deed in SIZES:
        room.scale(SIZES[deed])
        return
    deeds = {
        "image": lambda: setattr(room.cluster, "image", "vllm:9"),
        "pod": lambda: room.cluster.pods.pop("decode-a", None),
        "gone": lambda: setattr(room.cluster, "gone", True),
        "away": lambda: room.away(Unavailable("away")),
        "here": lambda: room.away(None),
        "restart": room.restarted,
        "blind": lambda: setattr(room.prometheus, "missing", not room.prometheus.missing),
        "wait": lambda: setattr(room, "now", room.now + timedelta(minutes=7)),
    }
    deeds[deed]()
