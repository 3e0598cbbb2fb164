"""`triaged serve`: the desk itself."""

import sys

from bot.app import serving, telemetry
from bot.app.main import built
from bot.app.settings import load


def serve() -> None:
    """Serve until SIGTERM or SIGINT: door, Slack, loops, hands, as the roles say."""
    settings = load()
    telemetry.configure(form=settings.log_format)
    with built(settings) as app:
        serving.serve(app, started=_say)


def _say(port: int) -> None:
    sys.stdout.write(f"triaged serves on port {port}\n")
    sys.stdout.flush()
