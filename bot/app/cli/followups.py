"""`triaged followups`: what is left to be done, by whom and until when; and saying that it is."""

import re
from typing import Annotated

from cyclopts import App, Parameter

from bot.app.cli import asked
from bot.app.cli import run as runs
from bot.app.cli.output import Json, show
from bot.app.cli.person import known
from bot.app.cli.reason import Reason
from bot.app.configuration_shapes import PEOPLE
from bot.app.follow_ups_listing import lines, listing
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.commands import followups as commands
from incidents.errors import Rejected
from incidents.events.followups import FollowUpMade
from incidents.followups import followups_stream, newest
from incidents.people import People
from incidents.telling import tell

followups = App(name="followups", help="What is left to be done, by whom and until when.")

_NAME = re.compile(r"(?:INC-)?([1-9][0-9]{0,8})/([1-9][0-9]{0,5})", re.IGNORECASE)

Incident = Annotated[
    int | None, Parameter(name="--incident", help="Only of this one, also what is done.")
]


@followups.default
def list_(*, incident: Incident = None, as_json: Json = False) -> None:
    """List what is open: changes that were left on purpose, and what runbooks leave to do."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        found = listing(desk.desk, people=desk.configuration.people, incident=incident)
        show(found, list(lines(found)) or ["nothing is left to be done"], as_json=as_json)


followups.command(list_, name="list")


@followups.command
def done(follow_up: str, /, *, because: Reason, as_json: Json = False) -> None:
    """Say that it is done, and how; a change that stands all the same is not looked at again."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        incident, number = _name(follow_up)
        command = commands.FinishFollowUp(number=number, by=_who(desk), because=because)
        _tell(desk, incident, command, as_json=as_json)


@followups.command
def give(follow_up: str, owner: str, /, *, because: Reason = "", as_json: Json = False) -> None:
    """Give it to a person of people.yaml, or to a role that somebody has."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        incident, number = _name(follow_up)
        command = commands.GiveFollowUp(
            number=number,
            owner=_owner(owner, desk.configuration.people),
            by=_who(desk),
            because=because,
        )
        _tell(desk, incident, command, as_json=as_json)


@followups.command
def later(
    follow_up: str,
    /,
    *,
    span: Annotated[str, Parameter(name="--for", help="From now on, as in 4h or 2d.")],
    because: Reason,
    as_json: Json = False,
) -> None:
    """Let it stay for longer; nobody is reminded until then."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        incident, number = _name(follow_up)
        command = commands.PutOffFollowUp(
            number=number,
            until=desk.clock() + asked.lasting(span),
            by=_who(desk),
            because=because,
        )
        _tell(desk, incident, command, as_json=as_json)


@followups.command
def undo(follow_up: str, /, *, because: Reason, as_json: Json = False) -> None:
    """Ask for the undo of the change that was left; it is planned and approved like any."""
    made = _change(follow_up)
    runs.undo(made.run, made.step, because=because, as_json=as_json)


@followups.command
def normal(follow_up: str, /, *, because: Reason, as_json: Json = False) -> None:
    """Ask to go back to the normal size of environments.yaml; planned and approved like any."""
    made = _change(follow_up)
    runs.normal(made.run, made.step, because=because, as_json=as_json)


def _change(follow_up: str) -> FollowUpMade:
    """Return the change that was left; raises Rejected where there is none to take back."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        incident, number = _name(follow_up)
        everything = desk.desk.follow_ups(incident)
    found = everything.all.get(number)
    if found is None or not found.left:
        message = f"{follow_up}: no change was left there that could be taken back"
        raise Rejected(message)
    if not newest(everything, found):
        message = (
            f"{follow_up}: {found.made.step} was applied again since; "
            "only its last change can be taken back"
        )
        raise Rejected(message)
    return found.made


def _tell(desk: Opened, incident: int, command: commands.FollowUpCommand, *, as_json: bool) -> None:
    told = desk.desk.tell(followups_stream(incident), command)
    happened = [tell(event) for event in told.events]
    show({"happened": happened}, happened or ["nothing changed"], as_json=as_json)


def _name(text: str) -> tuple[int, int]:
    found = _NAME.fullmatch(text)
    if found is None:
        message = f"{text!r} is no follow-up: say it as in INC-12/1"
        raise Rejected(message)
    return int(found[1]), int(found[2])


def _owner(text: str, people: People) -> str:
    if people.get(text) is None and not people.with_role(text):
        message = f"{text}: nobody in people.yaml is called so or has that role"
        raise Rejected(message)
    return text


def _who(desk: Opened) -> str:
    return known(desk.configuration.people).id
