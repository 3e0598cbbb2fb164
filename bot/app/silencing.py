"""Silences at the Alertmanagers: what is wanted is written first, and what came of it after."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from bot.app.settings import PREFIX, Settings
from cluster.clients.alertmanager import EXPIRED, AlertmanagerClient, Found, Wanted
from incidents import matchers
from incidents.commands.silence import AskEnd, AskSilence, NoteFailure, NoteGone, NoteSilence
from incidents.desk import Desk
from incidents.errors import Conflict, NotDone, Rejected, TriagedError, Unavailable
from incidents.incident import Incident, Status
from incidents.journal import Aggregate
from incidents.matchers import Matcher
from incidents.silence import Silence, silence_stream

TRIES = 16
NOT_CONFIGURED = "it is not among the configured Alertmanagers any more"
Clients = Mapping[str, AlertmanagerClient]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A silence that a person wants; `name` is what the Alertmanagers show of them."""

    incident: int
    matchers: tuple[Matcher, ...]
    until: datetime
    by: str
    name: str
    because: str


def clients(settings: Settings, *, closing: ExitStack) -> Clients:
    """Return a client of every configured Alertmanager, by address; closed with `closing`."""
    if not settings.alertmanager_urls:
        message = f"no Alertmanager: set {PREFIX}ALERTMANAGER_URLS"
        raise Rejected(message)
    made = dict[str, AlertmanagerClient]()
    for address in settings.alertmanager_urls:
        client = AlertmanagerClient(
            address,
            token_file=settings.alertmanager_token_file,
            ca_file=settings.alertmanager_ca_file,
        )
        closing.callback(client.close)
        made[client.address] = client
    return made


def create(desk: Desk, order: Order, *, at: Clients) -> Silence:
    """Silence at every Alertmanager and return what came of it.

    Raises Rejected where it fits no alert of the incident, has no end, lasts too long or takes
    everything.
    """
    matchers.checked(order.matchers)
    _concerns(desk.incident(order.incident), order)
    stream = _ask(desk, order, tuple(at))
    silence: Silence = desk.state(stream)
    wanted = _wanted(silence, order, desk.clock())
    for address, client in at.items():
        desk.tell(stream, _made(client, address, wanted, silence))
    made: Silence = desk.state(stream)
    return made


def expire(desk: Desk, name: str, *, by: str, because: str, at: Clients) -> Silence:
    """End a silence at every Alertmanager that has it or may have it; return what came of it."""
    if not name.startswith(f"{Aggregate.SILENCE.value}-"):
        message = f"{name!r} is no silence: they are called as in silence-7-1"
        raise Rejected(message)
    desk.tell(name, AskEnd(by=by, because=because))
    silence: Silence = desk.state(name)
    for address in sorted({*silence.stands, *silence.doubtful}):
        desk.tell(name, _ended(at.get(address), address, silence))
    left: Silence = desk.state(name)
    return left


def mark(silence: Silence) -> str:
    """Return how the silence's comment begins, by which it is known again after a lost answer."""
    number = silence.asked.incident if silence.asked else 0
    return f"INC-{number} {silence.id}:"


def _concerns(incident: Incident, order: Order) -> None:
    if incident.opened is None:
        message = f"there is no INC-{order.incident}"
        raise Rejected(message)
    if incident.status is Status.RESOLVED:
        message = f"{incident.label} was resolved by {incident.resolved_by}"
        raise Rejected(message)
    labels = [dict(one.fired.labels) for one in incident.alerts.values()]
    if not any(matchers.fits(order.matchers, one) for one in labels):
        told = ", ".join(map(str, order.matchers))
        message = f"{told}: no alert of {incident.label} is like this"
        raise Rejected(message)


def _ask(desk: Desk, order: Order, addresses: tuple[str, ...]) -> str:
    """Write what is wanted under the incident's next number; two at once get two numbers."""
    known = desk.journal.summaries(aggregate=Aggregate.SILENCE, incident=order.incident)
    command = AskSilence(
        incident=order.incident,
        matchers=order.matchers,
        until=order.until,
        by=order.by,
        because=order.because,
        at=addresses,
    )
    for number in range(len(known) + 1, len(known) + 1 + TRIES):
        stream = silence_stream(order.incident, number)
        try:
            desk.tell(stream, command)
        except Conflict:
            continue
        return stream
    message = f"INC-{order.incident}: others were first {TRIES} times"
    raise Conflict(message)


def _wanted(silence: Silence, order: Order, now: datetime) -> Wanted:
    return Wanted(
        matchers=order.matchers,
        starts_at=now,
        ends_at=order.until,
        created_by=order.name,
        comment=f"{mark(silence)} {order.because} ({order.name}, through triaged)",
    )


def _made(
    client: AlertmanagerClient, address: str, wanted: Wanted, silence: Silence
) -> NoteSilence | NoteFailure:
    try:
        # Alertmanagers gossip: the silence that another one took may be here already.
        there = _standing(client.silences(), silence)
    except TriagedError as error:
        return NoteFailure(address=address, because=str(error), certain=True)
    if there:
        return NoteSilence(address=address, silence=there[0].id)
    try:
        return NoteSilence(address=address, silence=client.create(wanted))
    except TriagedError as error:
        return _failure(address, error)


def _ended(
    client: AlertmanagerClient | None, address: str, silence: Silence
) -> NoteGone | NoteFailure:
    if client is None:
        return NoteFailure(address=address, because=NOT_CONFIGURED, certain=False)
    try:
        for one in _standing(client.silences(), silence):
            client.expire(one.id)
    except Unavailable as error:
        # Whether it stands is not known better than before.
        return NoteFailure(address=address, because=str(error), certain=False)
    except TriagedError as error:
        return _failure(address, error)
    return NoteGone(address=address)


def _standing(found: Sequence[Found], silence: Silence) -> list[Found]:
    """Return those that are this silence and have not ended, by id or by mark."""
    ids = set(silence.stands.values())
    mine = [one for one in found if one.id in ids or one.comment.startswith(mark(silence))]
    return [one for one in mine if one.state != EXPIRED]


def _failure(address: str, error: TriagedError) -> NoteFailure:
    certain = isinstance(error, (NotDone, Rejected))
    return NoteFailure(address=address, because=str(error), certain=certain)
