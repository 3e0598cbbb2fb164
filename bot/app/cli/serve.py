"""`triaged serve`: the desk itself."""

import sys
from typing import Annotated

from cyclopts import Parameter

from bot.app.stopping import Stopping

EndWith = Annotated[
    int | None,
    Parameter(
        name="--end-with",
        help="Id of the starting process: stop, as at SIGTERM, when that is gone, however it went.",
    ),
]
Roles = Annotated[
    str | None,
    Parameter(
        name="--roles",
        help="Which parts run here, of door,slack,desk,hands; else what TRIAGED_ROLES says.",
    ),
]


def serve(*, roles: Roles = None, end_with: EndWith = None) -> None:
    """Serve until SIGTERM or SIGINT: door, Slack, loops, hands, as the roles say."""
    stopping = Stopping(parent=end_with)
    stopping.hear()
    # Imported here: that takes seconds, in which the signals are to be heard already.
    from bot.app import serving, telemetry  # noqa: PLC0415  # see above
    from bot.app.main import built  # noqa: PLC0415  # see above
    from bot.app.settings import load, with_roles  # noqa: PLC0415  # see above

    settings = load() if roles is None else with_roles(load(), roles)
    telemetry.configure(form=settings.log_format)
    with built(settings) as app:
        serving.serve(app, stopping=stopping, started=_say)
    stopping.leave()


def _say(port: int) -> None:
    sys.stdout.write(f"triaged serves on port {port}\n")
    sys.stdout.flush()
