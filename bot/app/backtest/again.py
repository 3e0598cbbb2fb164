"""Again: everything that was delivered goes through the desk's rules once more, by another policy.

Read are the inbox and the journal; nothing is written to them, and nobody else is asked.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from alert_webhooks.arrival import OVERSIZED
from alert_webhooks.notification import Notification, Source
from alert_webhooks.registry import sources
from bot.app.backtest.hindsight import Judge
from bot.app.backtest.moments import Moments, together
from bot.app.backtest.remembered import Act, Look, Remembered
from bot.app.backtest.replay import Replay
from bot.app.backtest.stories import Stories, stories
from bot.app.intake_sight import own, worth_saying
from bot.app.intake_trouble import Trouble
from bot.app.intake_units import Choose
from bot.app.loops.growth import PAGE, followed
from bot.app.loops.sight import alert_of
from incidents.commands.incident import NoteFacts
from incidents.commands.snooze import EndSnooze, Snooze
from incidents.desk import Desk, entries
from incidents.errors import Conflict, Rejected
from incidents.events.snooze import Snoozed, SnoozeEnded
from incidents.facts_seen import facts, seen
from incidents.incident import Incident
from incidents.incident_rules import OCCURRENCE
from incidents.journal import Delivery
from incidents.policy import Policy
from incidents.ports import Inbox
from incidents.severity import judge, opens

AFTER: Final = timedelta(days=1)
"""So long after the last thing that the journal knows the replay goes on at most."""
MINUTE: Final = "%Y-%m-%d %H:%M"

Tell = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Again:
    """What there was and what there would have been.

    `delivered` are the occurrences that any delivery named, `never` those of them that may open
    nothing. `aside` are deliveries that were set aside and never done, `waiting` counts those that
    the desk has not taken up yet; `refused` says what the policy would not have let happen. `since`
    is the moment of the first delivery that is kept: of what was before nothing is complete.
    """

    was: Stories
    would: Stories = field(default_factory=Stories)
    delivered: set[str] = field(default_factory=set)
    never: set[str] = field(default_factory=set)
    since: datetime | None = None
    deliveries: int = 0
    waiting: int = 0
    aside: list[Delivery] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, order=True)
class _Later:
    """Something that happens at its own moment, not where its delivery stands in the line."""

    at: datetime
    number: int
    do: Callable[[datetime], None] = field(compare=False)


def again(desk: Desk, inbox: Inbox, *, policy: Policy, choose: Choose, tell: Tell) -> Again:
    """Replay what the desk's journal was told, by a policy; `tell` hears how far it has come."""
    return _Run(desk, inbox, policy=policy, choose=choose, tell=tell).result()


class _Run:
    """One replay, from the first delivery to the last."""

    def __init__(
        self, desk: Desk, inbox: Inbox, *, policy: Policy, choose: Choose, tell: Tell
    ) -> None:
        self._desk, self._inbox, self._tell = desk, inbox, tell
        self._past = Remembered(desk.journal, policy.gathering.placing)
        self._found = Again(was=self._past.stories)
        self._parsers = _noting(self._found, policy)
        self._replay = Replay(
            policy=policy,
            choose=choose,
            start=self._start(),
            parsers=self._parsers,
            see=lambda there: Judge(there, self._past.hindsight),
            archives=self._past.archives,
        )
        self._moments = Moments(self._past.consumed)
        self._line: list[_Later] = []
        self._forbidden: set[str] = set()
        for act in self._past.acts:
            self._push(act.at, partial(self._act, act))

    def result(self) -> Again:
        """Let everything happen, and return what came of it."""
        now = self._replay.clock()
        for page in self._pages():
            self._moments.learn(page)
            for batch in together([one for one in page if self._at_once(one)]):
                now = max(now, min(map(self._moments.of, batch)))
                self._until(now)
                self._take(batch, now)
            self._tell(f"replayed {self._found.deliveries} deliveries, to {now:{MINUTE}} UTC")
        end = self._end(now)
        self._until(end)
        self._replay.finish(at=end)
        self._found.would = stories(entries(followed(self._replay.desk.journal)))
        return self._found

    def _pages(self) -> Iterator[Sequence[Delivery]]:
        kinds, after = {*self._parsers, OVERSIZED}, 0
        while page := self._inbox.past(kinds, after=after, limit=PAGE):
            yield page
            after = page[-1].inbox_id

    def _start(self) -> datetime:
        """Return a moment before everything: that of the first delivery, or of the first event."""
        first = self._desk.journal.follow(after=0, limit=1)
        page = self._inbox.past({*sources(), OVERSIZED}, limit=1)
        known = [*(one.at for one in first), *(one.received_at for one in page)]
        return min(known, default=self._desk.clock())

    def _end(self, now: datetime) -> datetime:
        """Return now, or a while after the last thing that is known: a rehearsal's clock is away.

        Time goes on behind the last delivery, since what is kept back may still open something.
        """
        last = max(now, self._past.last or now)
        return min(max(last, self._desk.clock()), last + AFTER)

    def _at_once(self, one: Delivery) -> bool:
        """Return whether the desk took it up where it stands in the line; note it otherwise."""
        told = self._past.told.get(one.inbox_id)
        if told is not None:
            self._push(told.at, partial(self._report, one, told.trouble))
        if one.done_at is None:
            if one.set_aside is None:
                self._found.waiting += 1
            else:
                # Its body is not needed any more, and there may be many.
                self._found.aside.append(_without_body(one))
            return False
        if one.source.partition(":")[0] == OVERSIZED:
            return False
        if told is None and not one.attempts:
            return True
        # Put back by a person, or tried again: others were first.
        self._push(self._moments.of(one), partial(self._late, one.inbox_id))
        return False

    def _push(self, at: datetime, do: Callable[[datetime], None]) -> None:
        heapq.heappush(self._line, _Later(at, len(self._line), do))

    def _until(self, now: datetime) -> None:
        """Let happen what is not a delivery in the line, up to a moment."""
        while self._line and self._line[0].at <= now:
            later = heapq.heappop(self._line)
            later.do(max(later.at, self._replay.clock()))

    def _take(self, batch: Sequence[Delivery], at: datetime) -> None:
        self._found.since = self._found.since or at
        self._found.deliveries += len(batch)
        try:
            self._replay.take(batch, at)
        except (Conflict, Rejected) as error:
            self._found.refused.append(f"delivery {batch[0].inbox_id}: {error}")

    def _late(self, inbox_id: int, at: datetime) -> None:
        delivery = self._inbox.get(inbox_id)
        if delivery is not None:
            self._take([delivery], at)

    def _report(self, delivery: Delivery, trouble: Trouble, at: datetime) -> None:
        self._replay.report(delivery, trouble, at)

    def _act(self, act: Act, at: datetime) -> None:
        if act.stream in self._forbidden:
            # What never began has no end.
            return
        try:
            match act.what:
                case Snoozed() as began:
                    self._replay.tell(act.stream, _snooze(began), at)
                case SnoozeEnded(by=by, because=because):
                    self._replay.tell(act.stream, EndSnooze(by=by, because=because), at)
                case Look() as look:
                    self._look(look, at)
        except (Conflict, Rejected) as error:
            self._found.refused.append(f"{act.stream}: {error}")
            if isinstance(act.what, Snoozed):
                self._forbidden.add(act.stream)

    def _look(self, look: Look, at: datetime) -> None:
        """Let what was seen later be seen later, wherever the alerts of that incident are now."""
        self._replay.until(at)
        there = self._replay.desk
        story = self._past.stories.incidents.get(look.incident)
        named = [name for name, word in story.names.items() if word == look.name] if story else []
        held = there.journal.holds(OCCURRENCE, named).values()
        for stream in sorted({hold.stream for hold in held}):
            command = _second(there.state(stream), look, there.policy)
            if command is not None:
                self._replay.tell(stream, command, at)


def _second(state: Incident, look: Look, policy: Policy) -> NoteFacts | None:
    """Return what a second look says of an incident in which such an alert still fires."""
    still = [one.fired for one in state.alerts.values() if one.ends_at is None]
    alerts = [alert_of(one) for one in still if one.name == look.name]
    if not alerts:
        return None
    known = {**worth_saying(facts(look.seen)), **own(is_open=True, pending=0)}
    verdict = judge(alerts[0], known, policy)
    return NoteFacts(
        name=look.name,
        severity=verdict.severity,
        because=verdict.because,
        rule=verdict.rule,
        facts=seen(verdict),
    )


def _snooze(began: Snoozed) -> Snooze:
    return Snooze(
        number=began.number,
        which=began.which,
        until=began.until,
        by=began.by,
        reason=began.reason,
    )


def _noting(found: Again, policy: Policy) -> Mapping[str, Source]:
    """Return the sources; what they read is noted."""

    def noting(one: Source) -> Source:
        def parse(body: bytes, *, source: str) -> Notification:
            said = one.parse(body, source=source)
            found.delivered.update(alert.occurrence for alert in said.alerts)
            found.never.update(x.occurrence for x in said.alerts if not opens(x, policy))
            return said

        return Source(name=one.name, parse=parse)

    return {name: noting(one) for name, one in sources().items()}


def _without_body(one: Delivery) -> Delivery:
    return replace(one, body=b"")
