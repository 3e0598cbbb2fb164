"""What people press and type in chat, from kept deliveries to commands."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from bot.app.channels import Channels
from bot.app.redaction import without_secrets
from bot.chat import replies
from bot.chat.card import APPROVE, REJECT, read_value
from bot.chat.left import NORMAL, UNDO
from bot.chat.situation import APPROVAL, RUN, look
from bot.chat.slack.payloads import Click, Garbled, Heard, Typed, read
from bot.chat.wanted import reply
from bot.chat.which import TARGET
from incidents.approval import ApprovalState, barred
from incidents.commands.approval import Approve, Refuse
from incidents.commands.desk import Freeze, Thaw
from incidents.commands.incident import Acknowledge, ChooseTarget, Resolve
from incidents.commands.run import AskUndo
from incidents.desk import Desk
from incidents.errors import NotAllowed, Rejected
from incidents.followups import refuse_done
from incidents.freeze import ALL
from incidents.incident import Incident
from incidents.journal import Aggregate, Delivery
from incidents.people import People, Person
from incidents.ports import Inbox, Outbox

log = structlog.get_logger()

VIA = "slack"
DESK = "desk"
INCIDENT = "incident-"
# Apple's keyboards turn two hyphens into a dash.
FALSE_POSITIVE = frozenset({"--false-positive", "\N{EM DASH}false-positive"})
REASON = "said in Slack"
MOST = 10
"""So many incidents are named at once: the answer must come within three seconds."""
READS = frozenset({"", "help", "status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """A command that a person typed: who, where, and the words after the verb."""

    person: Person
    channel: str
    words: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Return the words without the flags, and without secrets."""
        said = " ".join(word for word in self.words if word not in FALSE_POSITIVE)
        return without_secrets(said) or REASON


class ChatIntake:
    """Turns clicks and commands into decisions; used by one thread at a time."""

    def __init__(self, *, desk: Desk, inbox: Inbox, outbox: Outbox, people: People) -> None:
        self._desk, self._inbox, self._outbox = desk, inbox, outbox
        self._people = people
        self._channels = Channels(desk)
        self._orders: Mapping[str, Callable[[Delivery, _Order], str]] = {
            "ack": self._acknowledge,
            "resolve": self._resolve,
            "target": self._target,
            "freeze": self._freeze,
            "thaw": self._thaw,
        }

    def take(self, deliveries: Sequence[Delivery]) -> None:
        """Let every delivery have its effect once; each is done or set aside afterwards.

        Safe to repeat; raises what storage raises, and then some deliveries are still pending.
        """
        idle = list[int]()
        for delivery in deliveries:
            try:
                heard = read(delivery.body)
            except Garbled as error:
                log.warning("set aside", delivery=delivery.inbox_id, because=str(error))
                self._inbox.set_aside(delivery.inbox_id, because=str(error))
                continue
            if heard is None or _only_reads(heard):
                # What only reads was answered in the acknowledgement.
                idle.append(delivery.inbox_id)
            else:
                self._handle(delivery, heard)
        self._inbox.done(idle)

    def answer(self, text: str, _user: str, channel: str) -> str | None:
        """Return what a command that only reads is answered at once; None for any other."""
        verb = _verb(text)
        if verb == "status":
            return self._status(channel)
        return replies.HELP if verb in READS else None

    def _handle(self, delivery: Delivery, heard: Heard) -> None:
        match heard:
            case Click():
                self._decide(delivery, heard)
            case Typed():
                self._obey(delivery, heard)

    def _decide(self, delivery: Delivery, click: Click) -> None:
        name, digest = read_value(click.value)
        if click.action.startswith(TARGET) and name.startswith(INCIDENT):
            self._choose(delivery, click, name, digest)
            return
        if click.action in {UNDO, NORMAL} and name.startswith(RUN):
            self._take_back(delivery, click, name, digest)
            return
        if click.action not in {APPROVE, REJECT} or not name.startswith(APPROVAL):
            self._turn_away(delivery, click, replies.OLD_BUTTON)
            return
        person = self._people.by_slack(click.user)
        if _is_open(self._desk, name) and barred(self._desk.approval(name), person.id):
            # Written first: the append below marks the click done.
            said = replies.barred(self._desk.approval(name), person, self._people)
            self._say(delivery, click, said)
        try:
            told = self._tell(delivery, name, _decision(click, person, digest))
        except Rejected as error:
            self._turn_away(delivery, click, self._refused(name, error))
            return
        if not told and person.id in self._desk.approval(name).votes:
            self._say(delivery, click, replies.VOTED)

    def _choose(self, delivery: Delivery, click: Click, name: str, chosen: str) -> None:
        """Let a person say which workload is meant; the message itself shows the answer."""
        person = self._people.by_slack(click.user)
        if self._people.get(person.id) is None:
            self._turn_away(delivery, click, replies.stranger(person))
            return
        try:
            told = self._tell(delivery, name, ChooseTarget(chosen=chosen, by=person.id, via=VIA))
        except Rejected as error:
            self._turn_away(delivery, click, str(error))
            return
        incident: Incident = self._desk.state(name)
        if not told and incident.choice is not None and incident.choice.by != person.id:
            self._say(delivery, click, replies.chosen_already(incident, self._people))

    def _take_back(self, delivery: Delivery, click: Click, run: str, step: str) -> None:
        """Let a person ask for the undo of what was left; others still have to approve it."""
        person = self._people.by_slack(click.user)
        if self._people.get(person.id) is None:
            self._turn_away(delivery, click, replies.stranger(person))
            return
        normal = click.action == NORMAL
        ask = AskUndo(step=step, by=person.id, because="pressed in Slack", normal=normal)
        try:
            self._refuse_done(run, step)
            told = self._tell(delivery, run, ask)
        except Rejected as error:
            self._turn_away(delivery, click, str(error))
            return
        if told:
            self._say(delivery, click, replies.taking_back(self._desk.run(run)))

    def _refuse_done(self, run: str, step: str) -> None:
        """Raise Rejected where what the step left last is done: the button is an old one."""
        started = self._desk.run(run).started
        if started is None:
            return
        known = self._desk.follow_ups(started.incident)
        left = [one for one in known.all.values() if (one.made.run, one.made.step) == (run, step)]
        if left:
            refuse_done(known, left[-1])

    def _turn_away(self, delivery: Delivery, click: Click, said: str) -> None:
        """Tell the person why nothing was done."""
        self._say(delivery, click, said)
        self._inbox.done([delivery.inbox_id])

    def _refused(self, name: str, error: Rejected) -> str:
        approval = self._desk.approval(name)
        if approval.asked is None or approval.state is ApprovalState.REQUESTED:
            return str(error)
        return replies.too_late(approval, self._people)

    def _obey(self, delivery: Delivery, typed: Typed) -> None:
        verb, person = _verb(typed.text), self._people.by_slack(typed.user)
        order = self._orders.get(verb)
        words = tuple(typed.text.split()[1:])
        try:
            if order is None:
                said = replies.unknown_command(verb)
            elif self._people.get(person.id) is None:
                said = replies.stranger(person)
            else:
                said = order(delivery, _Order(person=person, channel=typed.channel, words=words))
        except (Rejected, NotAllowed) as error:
            said = str(error)
        self._say(delivery, typed, said)
        self._inbox.done([delivery.inbox_id])

    def _acknowledge(self, delivery: Delivery, order: _Order) -> str:
        incident = self._here(order.channel)
        self._tell(delivery, incident.id, Acknowledge(by=order.person.id, via=VIA))
        return replies.acknowledged(incident)

    def _resolve(self, delivery: Delivery, order: _Order) -> str:
        incident = self._here(order.channel)
        resolve = Resolve(
            by=order.person.id,
            because=order.reason,
            false_positive=not FALSE_POSITIVE.isdisjoint(order.words),
        )
        self._tell(delivery, incident.id, resolve)
        return replies.resolved(self._desk.incident(incident.number))

    def _target(self, delivery: Delivery, order: _Order) -> str:
        incident = self._here(order.channel)
        if not order.words:
            return replies.candidates(incident)
        kind_and_name, said = order.words[:2], " ".join(order.words[2:])
        choose = ChooseTarget(
            chosen=" ".join(kind_and_name),
            by=order.person.id,
            via=VIA,
            because=without_secrets(said),
        )
        self._tell(delivery, incident.id, choose)
        return replies.target(self._desk.incident(incident.number))

    def _freeze(self, delivery: Delivery, order: _Order) -> str:
        self._tell(delivery, DESK, Freeze(scope=ALL, by=order.person.id, reason=order.reason))
        return replies.frozen(ALL)

    def _thaw(self, delivery: Delivery, order: _Order) -> str:
        self._tell(delivery, DESK, Thaw(scope=ALL, by=order.person.id, reason=order.reason))
        return replies.thawed(ALL)

    def _tell(self, delivery: Delivery, stream: str, command: object) -> bool:
        """Tell it once, however often the delivery is taken; return whether anything followed."""
        told = self._desk.tell(
            stream,
            command,
            append_id=_append_id(delivery, stream),
            inbox=(delivery.inbox_id,),
            cause=f"inbox-{delivery.inbox_id}",
        )
        if not told.events:
            self._inbox.done([delivery.inbox_id])
        return bool(told.events)

    def _here(self, channel: str) -> Incident:
        """Return the incident whose channel this is; raises Rejected where it is none's."""
        found = self._channels.incident(channel)
        if found is None:
            raise Rejected(replies.NO_INCIDENT)
        return found

    def _status(self, channel: str) -> str:
        here = self._channels.incident(channel)
        if here is not None:
            found = look(self._desk, here.number, people=self._people)
            return replies.status([found], found.frozen, self._people)
        newest = [look(self._desk, number, people=self._people) for number in self._newest()]
        return replies.status(newest, self._desk.freeze().frozen.values(), self._people)

    def _newest(self) -> list[int]:
        journal = self._desk.journal
        rows = journal.summaries(aggregate=Aggregate.INCIDENT, open_only=True, limit=MOST)
        return [row.incident for row in rows if row.incident is not None]

    def _say(self, delivery: Delivery, heard: Heard, text: str) -> None:
        """Want an answer that this person alone sees; said again it is the same row."""
        name = f"reply/{delivery.inbox_id}"
        row = reply(
            name,
            channel=heard.channel,
            user=heard.user,
            message=replies.said(without_secrets(text)),
            response_url=heard.response_url,
        )
        self._outbox.want(name, 1, (row,))


def _only_reads(heard: Heard) -> bool:
    return isinstance(heard, Typed) and _verb(heard.text) in READS


def _verb(text: str) -> str:
    return text.strip().partition(" ")[0].lower()


def _decision(click: Click, person: Person, digest: str) -> Approve | Refuse:
    if click.action == APPROVE:
        return Approve(by=person.id, via=VIA, digest=digest)
    return Refuse(by=person.id, via=VIA, digest=digest, reason="rejected in Slack")


def _is_open(desk: Desk, name: str) -> bool:
    approval = desk.approval(name)
    return approval.asked is not None and approval.state is ApprovalState.REQUESTED


def _append_id(delivery: Delivery, stream: str) -> str:
    return hashlib.sha256(f"{delivery.inbox_id}\n{stream}".encode()).hexdigest()
