"""`triaged freeze` and `triaged thaw`: stop every change, also of a plan that is approved."""

from bot.app.cli.output import Json, show
from bot.app.cli.person import known, person
from bot.app.cli.reason import Reason
from bot.app.configuration_shapes import PEOPLE
from bot.app.opening import opened
from bot.app.settings import load
from incidents.commands.desk import Freeze, Thaw
from incidents.freeze import ALL


def freeze(reason: Reason, /, *, scope: str = ALL, as_json: Json = False) -> None:
    """Let nothing be claimed any more, in everything or in one namespace; anybody here may."""
    with opened(load(), needed=()) as desk:
        who = person(desk.configuration.people).id
        desk.desk.tell("desk", Freeze(scope=scope, by=who, reason=reason))
        show({"frozen": scope, "by": who}, [f"{scope} is frozen"], as_json=as_json)


def thaw(reason: Reason, /, *, scope: str = ALL, as_json: Json = False) -> None:
    """Let changes be claimed again; only somebody who is in people.yaml may."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        who = known(desk.configuration.people).id
        desk.desk.tell("desk", Thaw(scope=scope, by=who, reason=reason))
        show({"thawed": scope, "by": who}, [f"{scope} is thawed"], as_json=as_json)
