"""`triaged incident`: acknowledge, resolve or judge an incident without Slack."""

from cyclopts import App

from bot.app.cli.output import Json, show
from bot.app.cli.person import known
from bot.app.cli.reason import Reason
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.aggregates import incident_stream
from incidents.commands.incident import Acknowledge, ComeForward, Resolve, SetSeverity
from incidents.policy import Severity
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


def _who(desk: Opened) -> str:
    return known(desk.configuration.people).id


def _tell(desk: Opened, number: int, command: object, *, as_json: bool) -> None:
    told = desk.desk.tell(incident_stream(number), command)
    lines = [tell(event) for event in told.events]
    show({"incident": number, "happened": lines}, lines or ["nothing changed"], as_json=as_json)
