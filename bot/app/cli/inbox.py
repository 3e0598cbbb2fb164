"""`triaged inbox`: deliveries that could not be read, and how they come back."""

from cyclopts import App

from bot.app.cli.output import Json, show
from bot.app.opening import opened
from bot.app.settings import load

inbox = App(name="inbox", help="Deliveries that were set aside.")


@inbox.command
def aside(*, as_json: Json = False) -> None:
    """List the deliveries that were set aside, and why."""
    with opened(load(), needed=()) as desk:
        found = desk.store.inbox.aside()
        lines = [f"{one.inbox_id}  {one.source}  {one.set_aside}" for one in found]
        rows = [
            {"id": one.inbox_id, "source": one.source, "because": one.set_aside} for one in found
        ]
        show(rows, lines or ["nothing was set aside"], as_json=as_json)


@inbox.command
def replay(delivery: int, /, *, as_json: Json = False) -> None:
    """Put a delivery back into the line."""
    with opened(load(), needed=()) as desk:
        desk.store.inbox.replay(delivery)
        show({"replayed": delivery}, [f"{delivery} is in the line again"], as_json=as_json)
