"""`triaged postmortem`: write an incident's postmortem again, from the journal."""

from bot.app.cli.output import Json, show
from bot.app.configuration_shapes import PEOPLE
from bot.app.opening import opened
from bot.app.settings import load
from bot.app.writing import writer


def postmortem(incident: int, /, *, as_json: Json = False) -> None:
    """Write INC-<n>.md and INC-<n>.html into the folder of postmortems."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        written = writer(desk).write(incident)
        place = desk.settings.postmortems / written.name
        show({"file": str(place), "digest": written.digest}, [str(place)], as_json=as_json)
