"""Five planted faults: variants of the program, made at its seams, that a crash must show."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from bot.app.between import NOTHING, Between
from bot.app.opening import Opened
from bot.delivery.deliverer import Deliverer, Find, Remote
from cluster.actions.plan import Applied, Done, Plan, Settled, Verb
from cluster.targets.target import Target
from cluster.tools import Tools
from incidents.desk import Desk
from incidents.events.approval import ApprovalConsumed
from incidents.events.run import StepStarted
from incidents.journal import Append, Appended, Delivery, Item, Kept
from incidents.ports import Inbox, Journal
from tests.crash.exchanged import ExchangedStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A variant of the program; `near` is a part of the point around which it must show.

    `shows` is a regular expression for the whole violation that it must be found by, in the words
    of tests/crash/history.py: a variant that only falls over has not been found.
    """

    between: Callable[[], Between]
    near: str
    shows: str


class EagerVerb:
    """Writes while the plan is made again after the approval: before the claim."""

    def __init__(self, inner: Verb) -> None:
        self.name = inner.name
        self._inner = inner
        self._plans = 0
        self._applied: Applied | None = None

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        plan = self._inner.plan(target, parameters)
        self._plans += 1
        if self._plans == 2:
            self._applied = self._inner.apply(plan, key="run-1-1/add/1")
        return plan

    def apply(self, plan: Plan, *, key: str) -> Applied:
        return self._applied or self._inner.apply(plan, key=key)

    def already_done(self, plan: Plan, *, key: str) -> Done:
        return self._inner.already_done(plan, key=key)

    def settled(self, plan: Plan) -> Settled:
        return self._inner.settled(plan)


class BlindDeliverer:
    """Sends again whatever was attempted, without a look at what is there."""

    def __init__(self, inner: Deliverer) -> None:
        self.method, self.send = inner.method, inner.send

    def look(self, item: Item, ids: Find) -> Remote | None:
        return None


class ForgetfulJournal:
    """A journal that loses a part of what it is asked to append."""

    def __init__(self, inner: Journal, forget: Callable[[Append], Append | None]) -> None:
        self._inner, self._forget = inner, forget
        self.read, self.follow, self.wait = inner.read, inner.follow, inner.wait
        self.hold, self.holds = inner.hold, inner.holds
        self.summary, self.summaries = inner.summary, inner.summaries
        self.due, self.last_incident = inner.due, inner.last_incident
        self.head, self.verify = inner.head, inner.verify

    def append(self, request: Append) -> Appended:
        kept = self._forget(request)
        if kept is None:
            version = request.expected + len(request.events)
            return Appended(stream=request.stream, version=version, position=0)
        return self._inner.append(kept)


class HastyInbox:
    """Says that bytes are kept, and keeps them when somebody asks for what is pending."""

    def __init__(self, inner: Inbox) -> None:
        self._inner = inner
        self._promised: list[tuple[str, bytes, str | None, bool]] = []
        self.get, self.done, self.failed = inner.get, inner.done, inner.failed
        self.set_aside, self.aside, self.replay = inner.set_aside, inner.aside, inner.replay
        self.count_aside, self.wait = inner.count_aside, inner.wait

    def submit(
        self, *, source: str, body: bytes, key: str | None = None, done: bool = False
    ) -> Future[Kept]:
        self._promised.append((source, body, key, done))
        answered = Future[Kept]()
        answered.set_result(Kept(inbox_id=0))
        return answered

    def pending(self, *, limit: int = 500) -> Sequence[Delivery]:
        promised, self._promised = self._promised, []
        for source, body, key, done in promised:
            self._inner.submit(source=source, body=body, key=key, done=done).result()
        return self._inner.pending(limit=limit)


def eager_tools(tools: Tools) -> Tools:
    """Let every action write before its claim."""
    verbs = {name: EagerVerb(verb) for name, verb in tools.verbs.items()}
    return replace(tools, verbs=verbs)


def without_hold(opened: Opened) -> Opened:
    """Let a step start without the holds that it takes."""
    return _with_journal(opened, lambda a: replace(a, take=()) if _has(a, StepStarted) else a)


def without_consumption(opened: Opened) -> Opened:
    """Let an approval stand after it was used."""

    def forget(append: Append) -> Append | None:
        if _has(append, ApprovalConsumed):
            return None
        return replace(append, take=tuple(take for take in append.take if take.kind != "used"))

    return _with_journal(opened, forget)


def hasty(opened: Opened) -> Opened:
    """Let the door and the sockets answer before anything is committed."""
    return replace(opened, store=ExchangedStore(opened.store, inbox=HastyInbox(opened.store.inbox)))


def _with_journal(opened: Opened, forget: Callable[[Append], Append | None]) -> Opened:
    journal = ForgetfulJournal(opened.store.journal, forget)
    desk = Desk(journal=journal, policy=opened.configuration.policy, clock=opened.clock)
    return replace(opened, store=ExchangedStore(opened.store, journal=journal), desk=desk)


def _has(append: Append, event: type) -> bool:
    return any(draft.kind == event.__name__ for draft in append.events)


NONE = Fault(between=lambda: NOTHING, near="", shows="")
FAULTS: Mapping[str, Fault] = {
    "effect-before-claim": Fault(
        between=lambda: Between(tools=eager_tools),
        near="before plan: scale #2",
        shows="the cluster was changed before the change was claimed",
    ),
    "no-look-back": Fault(
        between=lambda: Between(deliverer=BlindDeliverer),
        near="after request: chat.postMessage incident-1/headline",
        shows="incident-1/headline was posted 2 times",
    ),
    "hold-not-taken": Fault(
        between=lambda: Between(opened=without_hold),
        near="before request: PATCH",
        shows="approval-1-1-1 was used and could be used again",
    ),
    "answer-before-commit": Fault(
        between=lambda: Between(opened=hasty),
        near="before commit: keep",
        shows="[0-9]+ deliveries were answered with 2xx and are not in the inbox",
    ),
    "approval-not-consumed": Fault(
        between=lambda: Between(opened=without_consumption),
        near="commit: append approval-",
        shows="approval-1-1-1 is granted, and was used 1 times",
    ),
}
