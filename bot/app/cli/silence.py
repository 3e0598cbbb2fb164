"""`triaged silence`: silence alerts of an incident at the Alertmanagers, and end that."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Annotated

from cyclopts import App, Parameter

from bot.app import silencing
from bot.app.cli import asked
from bot.app.cli.output import Json, show
from bot.app.cli.person import known
from bot.app.cli.reason import Reason
from bot.app.configuration_shapes import PEOPLE
from bot.app.opening import Opened, opened
from bot.app.settings import load
from bot.app.silencing import Clients, Order
from cluster.clients.alertmanager import Found
from incidents.errors import TriagedError, Unavailable
from incidents.journal import Aggregate
from incidents.matchers import parse
from incidents.silence import Silence, title

UNKNOWN = "cannot tell"

Matchers = Annotated[
    list[str],
    Parameter(
        name="--matcher",
        help='As `alertname=KVCacheFull` or `pod=~"decode-.*"`; several must all fit.',
        negative="",
    ),
]
Lasting = Annotated[str, Parameter(name="--for", help="How long, as 30m, 2h or 1h30m.")]
Because = Annotated[Reason, Parameter(help="Why; it stands on the timeline and in the silence.")]
OfIncident = Annotated[int | None, Parameter(name="--incident", help="Of this incident only.")]

silence = App(name="silence", help="Silence an incident's alerts at the Alertmanagers.")


@silence.command
def create(
    number: int,
    /,
    *,
    matcher: Matchers,
    lasting: Lasting,
    because: Because,
    as_json: Json = False,
) -> None:
    """Silence alerts of an incident for a while; the timeline says who, why and until when.

    Refused: a silence without an end, one that is longer than the policy's longest snooze, one
    that fits no alert of the incident, one that would silence nearly everything.
    """
    wanted = tuple(parse(one) for one in matcher)
    length = asked.lasting(lasting)
    with opened(load()) as desk, ExitStack() as closing:
        person = known(desk.configuration.people)
        made = silencing.create(
            desk.desk,
            Order(
                incident=number,
                matchers=wanted,
                until=desk.clock() + length,
                by=person.id,
                name=person.name,
                because=because,
            ),
            at=silencing.clients(desk.settings, closing=closing),
        )
        show(_plain(made), _lines(made), as_json=as_json)
    if not made.stands:
        message = f"{made.id}: no Alertmanager is known to have it"
        raise Unavailable(message)


@silence.command(name="list")
def listed(*, incident: OfIncident = None, as_json: Json = False) -> None:
    """List the silences that were made from here, and what the Alertmanagers say of them."""
    with opened(load(), needed=()) as desk, ExitStack() as closing:
        there = _there(silencing.clients(desk.settings, closing=closing))
        found = [(one, _seen(one, there)) for one in _all(desk, incident)]
    plain = [{**_plain(one), "there": seen} for one, seen in found]
    lines = [line for one, seen in found for line in _lines(one, seen)]
    show(plain, lines or ["no silence was made from here"], as_json=as_json)


@silence.command
def expire(name: str, /, *, because: Because, as_json: Json = False) -> None:
    """End a silence before its time, as `triaged silence expire silence-7-1`."""
    with opened(load(), needed=(PEOPLE,)) as desk, ExitStack() as closing:
        left = silencing.expire(
            desk.desk,
            name,
            by=known(desk.configuration.people).id,
            because=because,
            at=silencing.clients(desk.settings, closing=closing),
        )
        show(_plain(left), _lines(left), as_json=as_json)
    if left.open:
        message = f"{left.id}: an Alertmanager has it, or may have it"
        raise Unavailable(message)


def _all(desk: Opened, incident: int | None) -> list[Silence]:
    rows = desk.store.journal.summaries(aggregate=Aggregate.SILENCE, incident=incident)
    return [desk.desk.state(row.stream) for row in rows]


def _there(at: Clients) -> Mapping[str, tuple[Found, ...] | str]:
    """Return the silences of each Alertmanager, or why they cannot be told."""
    found = dict[str, tuple[Found, ...] | str]()
    for address, client in at.items():
        try:
            found[address] = client.silences()
        except TriagedError as error:
            found[address] = str(error)
    return found


def _seen(one: Silence, there: Mapping[str, tuple[Found, ...] | str]) -> dict[str, str]:
    """Return what each Alertmanager that was asked for it says of it now."""
    asked = one.asked.at if one.asked else ()
    return {address: _said(one, there.get(address)) for address in asked}


def _said(one: Silence, found: tuple[Found, ...] | str | None) -> str:
    if found is None:
        return f"{UNKNOWN}: {silencing.NOT_CONFIGURED}"
    if isinstance(found, str):
        return f"{UNKNOWN}: {found}"
    ids = set(one.stands.values())
    mine = [x for x in found if x.id in ids or x.comment.startswith(silencing.mark(one))]
    return ", ".join(sorted({x.state for x in mine})) or "not there"


def _plain(one: Silence) -> dict[str, object]:
    return {
        "silence": one.id,
        "incident": one.asked.incident if one.asked else None,
        "state": one.state,
        "matchers": list(one.asked.matchers) if one.asked else [],
        "until": one.asked.until if one.asked else None,
        "by": one.asked.by if one.asked else None,
        "because": one.asked.because if one.asked else None,
        "ids": dict(one.stands),
        "failed": dict(one.failed),
        "in_doubt": dict(one.doubtful),
        "ended_at": sorted(one.gone),
    }


def _lines(one: Silence, seen: Mapping[str, str] | None = None) -> Iterator[str]:
    asked = one.asked
    if asked is None:
        return
    yield f"{one.id}  INC-{asked.incident}  {one.state}  {title(one)}"
    yield f"    until      {_moment(asked.until)}"
    yield f"    by         {asked.by}: {asked.because}"
    for word, found in (("id", one.stands), ("not made", one.failed), ("in doubt", one.doubtful)):
        for address, told in found.items():
            yield f"    {word:<9}  {address}  {told}"
    for address in sorted(one.gone):
        yield f"    ended      {address}"
    for address, told in (seen or {}).items():
        yield f"    now        {address}  {told}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
