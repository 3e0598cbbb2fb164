"""The stand-in as one web application: Web API, Socket Mode, console, control."""

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from drills.slack import api, control
from drills.slack.console.pages import Console
from drills.slack.errors import Impossible
from drills.slack.sockets import Hub
from drills.slack.workspace import Workspace


def build(workspace: Workspace) -> Starlette:
    """Return the application that serves this workspace; run it with `serving.server`.

    `/api/<method>` and `/response/<token>` are Slack's, `/socket` is Socket Mode, `/` is the
    console, `/control/…` is for scripts and checkers.
    """
    hub = Hub(workspace)
    app = Starlette(
        routes=[
            Route("/api/{method}", api.call, methods=["GET", "POST"]),
            Route("/response/{token}", api.respond, methods=["POST"]),
            WebSocketRoute("/socket", hub.serve),
            *control.routes(),
            *Console(workspace).routes(),
        ],
        exception_handlers={Impossible: control.refused, ValueError: control.refused},
        lifespan=hub.running,
    )
    app.state.workspace = workspace
    app.state.hub = hub
    return app
