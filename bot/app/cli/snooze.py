"""`triaged snooze`: for a while some alerts open no incident; they are kept and listed."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter

from bot.app.cli import asked
from bot.app.cli.output import Json, show
from bot.app.cli.person import known
from bot.app.cli.reason import Reason
from bot.app.configuration_shapes import PEOPLE
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.commands.snooze import EndSnooze, Snooze
from incidents.errors import Rejected
from incidents.journal import Aggregate
from incidents.patterns import Which
from incidents.snooze import snooze_stream
from incidents.telling import tell

snooze = App(name="snooze", help="Let some alerts open nothing for a while; they are listed.")

Names = Annotated[list[str] | None, Parameter(name="--alert", help="Name; * is any text.")]
Labels = Annotated[
    list[str] | None,
    Parameter(name="--label", help="label=pattern; also namespace, model, pool, role, cluster."),
]


@snooze.command
def add(
    reason: Reason,
    /,
    *,
    span: Annotated[str, Parameter(name="--for", help="As in 30m, 2h or 1d.")],
    alerts: Names = None,
    labels: Labels = None,
    key: Annotated[str, Parameter(help="The key of an incident.")] = "",
    as_json: Json = False,
) -> None:
    """Let alerts open nothing until the time is over; only somebody in people.yaml may."""
    which = _which(alerts or (), labels or (), key)
    with opened(load()) as desk:
        by, number = known(desk.configuration.people).id, _next(desk)
        until = desk.clock() + asked.lasting(span)
        command = Snooze(number=number, which=which, until=until, by=by, reason=reason)
        told = desk.desk.tell(snooze_stream(number), command)
        found = {"snooze": number, "which": str(which), "until": until, "by": by}
        lines = [f"snooze {number}: {tell(one)}" for one in told.events]
        show(found, lines, as_json=as_json)


@snooze.command
def end(number: int, /, *, because: Reason, as_json: Json = False) -> None:
    """End a snooze before its time: what still fires opens an incident at once."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        by = known(desk.configuration.people).id
        told = desk.desk.tell(snooze_stream(number), EndSnooze(by=by, because=because))
        lines = [tell(one) for one in told.events]
        show({"snooze": number, "ended_by": by}, lines, as_json=as_json)


@snooze.command(name="list")
def list_(*, as_json: Json = False) -> None:
    """List the snoozes that stand."""
    with opened(load(), needed=()) as desk:
        found = standing(desk)
        lines = [f"snooze {one['snooze']}: {one['told']}" for one in found]
        show(found, lines or ["nothing is snoozed"], as_json=as_json)


def standing(desk: Opened) -> list[dict[str, object]]:
    """Return the snoozes that stand, the oldest first."""
    rows = desk.store.journal.summaries(aggregate=Aggregate.SNOOZE, open_only=True)
    states = (desk.desk.snooze(row.stream) for row in reversed(rows))
    return [
        {
            "snooze": one.began.number,
            "which": str(one.began.which),
            "until": one.began.until,
            "by": one.began.by,
            "reason": one.began.reason,
            "told": tell(one.began),
        }
        for one in states
        if one.began is not None and one.holds(desk.clock())
    ]


def _next(desk: Opened) -> int:
    rows = desk.store.journal.summaries(aggregate=Aggregate.SNOOZE, limit=1)
    return max((int(row.stream.partition("-")[2]) for row in rows), default=0) + 1


def _which(alerts: Sequence[str], labels: Sequence[str], key: str) -> Which:
    said = [_label(one) for one in labels] + ([("key", key)] if key else [])
    return Which(alerts=tuple(alerts), labels=tuple(sorted(said)))


def _label(text: str) -> tuple[str, str]:
    label, sign, pattern = text.partition("=")
    if not label or not sign:
        message = f"--label {text!r}: say label=pattern"
        raise Rejected(message)
    return label, pattern
