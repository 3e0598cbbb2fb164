"""`triaged incident`: what people say of an incident, without Slack."""

from dataclasses import asdict

from cyclopts import App

from bot.app.cli.output import Json, show
from bot.app.cli.person import known
from bot.app.cli.reason import Reason
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.aggregates import incident_stream
from incidents.commands.incident import (
    Acknowledge,
    ChooseTarget,
    ComeForward,
    Resolve,
    SetSeverity,
)
from incidents.errors import Rejected
from incidents.incident import Incident
from incidents.policy import Severity
from incidents.targeting import answer, called, unlisted
from incidents.telling import tell

VIA = "cli"

incident = App(name="incident", help="Acknowledge, resolve or judge an incident.")


@incident.command
def ack(number: int, /, *, as_json: Json = False) -> None:
    """Take an incident."""
    with opened(load()) as desk:
        _tell(desk, number, Acknowledge(by=_who(desk), via=VIA), as_json=as_json)


@incident.command
def resolve(
    number: int, /, *, because: Reason, false_positive: bool = False, as_json: Json = False
) -> None:
    """End an incident, with the reason."""
    with opened(load()) as desk:
        command = Resolve(by=_who(desk), because=because, false_positive=false_positive)
        _tell(desk, number, command, as_json=as_json)


@incident.command
def severity(number: int, severity: Severity, /, *, because: Reason, as_json: Json = False) -> None:
    """Say how bad it is, with the reason; it beats every rule."""
    with opened(load()) as desk:
        command = SetSeverity(severity=severity, by=_who(desk), because=because)
        _tell(desk, number, command, as_json=as_json)


@incident.command
def forward(number: int, /, *, because: Reason, as_json: Json = False) -> None:
    """Let an incident that is listed under another one stand for itself, with the reason."""
    with opened(load()) as desk:
        _tell(desk, number, ComeForward(by=_who(desk), because=because), as_json=as_json)


@incident.command
def target(
    number: int, chosen: str = "", /, *, because: Reason = "", as_json: Json = False
) -> None:
    """Say which workload is meant where several fit, as in "Deployment decode"; without one, list.

    What was looked at before is looked at again, for that one.
    """
    with opened(load()) as desk:
        if chosen:
            command = ChooseTarget(chosen=chosen, by=_who(desk), via=VIA, because=because)
            _tell(desk, number, command, as_json=as_json)
        else:
            _list(desk.desk.incident(number), as_json=as_json)


def _list(found: Incident, *, as_json: bool) -> None:
    if found.opened is None:
        message = f"there is no {found.id}"
        raise Rejected(message)
    candidates = [asdict(one) for one in found.candidates]
    lines = [f"{called(one)}: {one.words}" for one in found.candidates]
    chosen = [answer(found)] if found.choice else []
    shown = [*lines, *filter(None, [unlisted(found)]), *chosen] or [
        "nobody asked which workload is meant"
    ]
    told = {
        "incident": found.number,
        "candidates": candidates,
        "more": found.unnamed,
        "chosen": found.target_chosen,
    }
    show(told, shown, as_json=as_json)


def _who(desk: Opened) -> str:
    return known(desk.configuration.people).id


def _tell(desk: Opened, number: int, command: object, *, as_json: bool) -> None:
    told = desk.desk.tell(incident_stream(number), command)
    lines = [tell(event) for event in told.events]
    show({"incident": number, "happened": lines}, lines or ["nothing changed"], as_json=as_json)
