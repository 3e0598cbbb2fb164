"""A story for tests of the voice: a desk over memory that goes through an incident step by step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.app.chat_intake import ChatIntake
from bot.app.loops.outbox import OutboxLoop, Voice
from bot.app.loops.pause import Pause
from bot.chat.situation import Situation, look
from bot.delivery.deliverer import Deliverer
from bot.delivery.sender import Pace, Sender
from incidents.commands.approval import Approve
from incidents.commands.incident import NotePostmortem, Resolve
from incidents.commands.run import (
    FinishStep,
    ObserveSettle,
    RecordCheck,
    RecordPlan,
    RecordVerification,
    StartRun,
)
from incidents.desk import Desk
from incidents.events.run import Comparison
from incidents.linking import owed
from incidents.people import People, Person
from incidents.policy import Policy
from incidents.ports import Store
from storage.memory import MemoryStore
from tests import builders
from tests.builders import APPROVAL, DIGEST, INCIDENT, NOON, RUN

PEOPLE = (
    Person(id="ann", name="Ann Ode", slack="U0ANN"),
    Person(id="ben", name="Ben Iso", slack="U0BEN"),
    Person(id="cay", name="Cay Lux", slack="U0CAY"),
)
PAGE = "http://127.0.0.1:8080/incidents/1"
COMPARISON = Comparison(
    signal="preemptions", unit="1/s", before=4.0, after=0.0, expected="below 0.1", met=True
)


@dataclass(kw_only=True)
class Story:
    """The desk, its memory and its people; `now` moves by hand."""

    store: Store = field(default_factory=MemoryStore)
    people: People = field(default_factory=lambda: People(PEOPLE))
    policy: Policy = field(default_factory=builders.policy)
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything that only memory holds, as a new process does."""
        self.desk = Desk(journal=self.store.journal, policy=self.policy, clock=lambda: self.now)
        self.chat = ChatIntake(
            desk=self.desk,
            inbox=self.store.inbox,
            outbox=self.store.outbox,
            people=self.people,
        )

    def loop(
        self,
        deliverers: Mapping[str, Deliverer],
        *,
        gap: float = 0.0,
        page: Callable[[int], str] = lambda _: PAGE,
    ) -> OutboxLoop:
        """Return an outbox loop of a new process."""
        sender = Sender(
            outbox=self.store.outbox,
            deliverers=deliverers,
            now=self.store.now,
            pace=Pace(gap=gap, kinds=frozenset({"message"})),
        )
        return OutboxLoop(
            desk=self.desk,
            outbox=self.store.outbox,
            sender=sender,
            voice=Voice(people=self.people, page=page),
            pause=Pause(journal=self.store.journal, seconds=0.0),
        )

    def situation(self) -> Situation:
        """Return what the views look at."""
        return look(self.desk, 1, people=self.people, page=PAGE)

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def open(self) -> "Story":
        """Open the incident and begin its run."""
        self.desk.tell(INCIDENT, builders.report())
        self.desk.tell(RUN, StartRun(started=builders.started()))
        return self.link()

    def check(self) -> "Story":
        """Let the check find the KV cache exhausted."""
        found = RecordCheck(
            step="check",
            verdict="exhausted",
            because="97 % of the blocks are in use",
            evidence=(builders.evidence(),),
        )
        self.desk.tell(RUN, found)
        return self

    def ask(self) -> "Story":
        """Plan the scale and ask people."""
        self.desk.tell(RUN, RecordPlan(step="scale-decode", plan=builders.plan()))
        return self.link()

    def approve(self, by: str = "ann") -> "Story":
        """Let a person say yes."""
        self.desk.tell(APPROVAL, Approve(by=by, via="cli", digest=DIGEST))
        return self.link()

    def apply(self) -> "Story":
        """Claim and apply the scale."""
        self.desk.tell(RUN, builders.claim())
        self.desk.tell(RUN, FinishStep(step="scale-decode", approval=APPROVAL, detail="replicas 6"))
        return self.link()

    def settle(self, ready: int, words: str = "") -> "Story":
        """Let so many of six pods be ready, or a change without pods stand as `words` say."""
        pods = ObserveSettle(
            step="scale-decode", approval=APPROVAL, ready=ready, wanted=6, words=words
        )
        self.desk.tell(RUN, pods)
        return self

    def verify(self) -> "Story":
        """Let the change be verified."""
        verified = RecordVerification(
            step="scale-decode",
            approval=APPROVAL,
            verdict="verified",
            because="preemptions stopped",
            comparisons=(COMPARISON,),
        )
        self.desk.tell(RUN, verified)
        return self.link()

    def resolve(self) -> "Story":
        """End the incident and write its postmortem."""
        self.desk.tell(INCIDENT, Resolve(by="ann", because="traffic is gone"))
        self.desk.tell(INCIDENT, NotePostmortem(name="INC-1", digest="d"))
        return self.link()

    def link(self) -> "Story":
        """Bring the streams in step, as the runs' loop does."""
        runs = [self.desk.run(one) for one in self.desk.streams(1) if one.startswith("run-")]
        names = [one for one in self.desk.streams(1) if one.startswith("approval-")]
        approvals = {name: self.desk.approval(name) for name in names}
        debts = owed(self.desk.incident(1), runs, approvals, self.policy, self.now)
        for one in debts:
            self.desk.tell(one.stream, one.command)
        return self
