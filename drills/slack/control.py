"""The door for scripts and checkers: read everything, press, command, plan faults, begin again."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from drills.slack import bodies, interactions
from drills.slack.bodies import Body
from drills.slack.channels import Channel
from drills.slack.deliveries import Envelope, State
from drills.slack.errors import Impossible
from drills.slack.faults import read_fault
from drills.slack.messages import Message
from drills.slack.sockets import Hub
from drills.slack.workspace import Group, Workspace

POLL_SECONDS = 0.02
BAD = 400
NOT_THERE = 404


async def state(request: Request) -> Response:
    """Return the whole workspace."""
    workspace = _workspace(request)
    hub: Hub = request.app.state.hub
    with workspace.lock:
        return JSONResponse(
            {
                "team": workspace.identity.team,
                "bot": workspace.bot.id,
                "people": {user.name: user.id for user in workspace.people.values()},
                "groups": {g.handle: {"id": g.id, "users": g.users} for g in _groups(workspace)},
                "connections": len(hub.connections),
                "version": workspace.version,
                "channels": [_channel(workspace, c) for c in workspace.channels.values()],
                "views": [view.json(workspace.identity) for view in workspace.views.values()],
                "envelopes": [e.body() for e in workspace.deliveries.all()],
            }
        )


async def calls(request: Request) -> Response:
    """Return the record of calls, from number `since` on."""
    workspace = _workspace(request)
    since = int(request.query_params.get("since", "0"))
    with workspace.lock:
        return JSONResponse([call.body() for call in workspace.calls if call.number > since])


async def faults(request: Request) -> Response:
    """Show the planned faults; add those that are posted; forget them all on DELETE."""
    workspace = _workspace(request)
    if request.method == "DELETE":
        workspace.faults.clear()
    if request.method == "POST":
        given = await _given(request)
        listed = given.get("faults", [given])
        workspace.faults.plan(*[read_fault(fault) for fault in _list(listed)])
    return JSONResponse([fault.body() for fault in workspace.faults.planned()])


async def switches(request: Request) -> Response:
    """Set what may be switched: limits, scopes, tokens, the race of two creations."""
    workspace = _workspace(request)
    for name, value in (await _given(request)).items():
        setter = _SWITCHES.get(name)
        if setter is None:
            return _refusal(f"there is no switch {name!r}: {', '.join(_SWITCHES)}", BAD)
        setter(workspace, value)
    return JSONResponse({"ok": True})


async def press(request: Request) -> Response:
    """Press a button as a person, and wait until the app has answered or failed to."""
    workspace, given = _workspace(request), await _given(request)
    choice = given.get("value")
    envelope = interactions.press(
        workspace,
        user=str(given.get("user")),
        channel=str(given.get("channel")),
        ts=str(given.get("ts")),
        action_id=str(given.get("action_id")),
        choice=None if choice is None else str(choice),
        stale=bool(given.get("stale", False)),
    )
    return await _outcome(workspace, envelope)


async def command(request: Request) -> Response:
    """Type a slash command as a person, and wait for the answer."""
    workspace, given = _workspace(request), await _given(request)
    envelope = interactions.command(
        workspace,
        user=str(given.get("user")),
        channel=str(given.get("channel")),
        command=str(given.get("command")),
        text=str(given.get("text", "")),
    )
    return await _outcome(workspace, envelope)


async def say(request: Request) -> Response:
    """Write a message as a person."""
    workspace, given = _workspace(request), await _given(request)
    thread = given.get("thread_ts")
    message = interactions.say(
        workspace,
        user=str(given.get("user")),
        channel=str(given.get("channel")),
        text=str(given.get("text", "")),
        thread_ts=None if thread is None else str(thread),
    )
    return JSONResponse({"ok": True, "ts": message.ts})


async def submit(request: Request) -> Response:
    """Send a modal off as a person, and wait for the answer."""
    workspace, given = _workspace(request), await _given(request)
    values = given.get("values")
    envelope = interactions.submit(
        workspace,
        user=str(given.get("user")),
        view=str(given.get("view")),
        values=values if isinstance(values, Mapping) else {},
    )
    return await _outcome(workspace, envelope)


async def disconnect(request: Request) -> Response:
    """Make Slack end its connections, for the posted `reason`."""
    hub: Hub = request.app.state.hub
    reason = str((await _given(request)).get("reason", "refresh_requested"))
    return JSONResponse({"ok": True, "connections": await hub.disconnect(reason)})


async def reset(request: Request) -> Response:
    """Begin again with an empty workspace."""
    _workspace(request).reset()
    return JSONResponse({"ok": True})


def routes() -> list[Route]:
    """Return the routes under `/control`."""
    posts = [press, command, say, submit, switches, disconnect, reset]
    return [
        Route("/control/state", state),
        Route("/control/calls", calls),
        Route("/control/faults", faults, methods=["GET", "POST", "DELETE"]),
        *[Route(f"/control/{post.__name__}", post, methods=["POST"]) for post in posts],
    ]


async def refused(_request: Request, error: Exception) -> Response:
    """Answer what is impossible with 404, and what makes no sense with 400."""
    return _refusal(str(error), NOT_THERE if isinstance(error, Impossible) else BAD)


async def settled(workspace: Workspace, envelope: Envelope) -> Envelope:
    """Wait until an envelope was acknowledged or given up, and return it as it is then."""
    while True:
        found = workspace.deliveries.get(envelope.id)
        if found is None or found.state in {State.ACKNOWLEDGED, State.FAILED}:
            return found or envelope
        await asyncio.sleep(POLL_SECONDS)


async def _outcome(workspace: Workspace, envelope: Envelope) -> Response:
    found = await settled(workspace, envelope)
    return JSONResponse(
        {
            "ok": found.state is State.ACKNOWLEDGED,
            "envelope_id": found.id,
            "state": found.state.value,
            "error": found.failure,
            "answer": found.answer,
        }
    )


def _workspace(request: Request) -> Workspace:
    workspace: Workspace = request.app.state.workspace
    return workspace


async def _given(request: Request) -> Mapping[str, object]:
    body = await request.body()
    found = json.loads(body) if body else {}
    if not isinstance(found, dict):
        message = "the body must be a JSON object"
        raise ValueError(message)  # noqa: TRY004 (the door answers 400 to ValueError)
    return found


def _list(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _refusal(why: str, status: int) -> Response:
    return JSONResponse({"ok": False, "error": why}, status_code=status)


def _groups(workspace: Workspace) -> list[Group]:
    return list(workspace.groups.values())


def _channel(workspace: Workspace, channel: Channel) -> Body:
    board = workspace.boards[channel.id]
    return channel.body(workspace.identity.team, reader=workspace.bot.id) | {
        "members": list(channel.members),
        "messages": [_message(workspace, m) for m in board.messages.values()],
        "ephemeral": [_message(workspace, m) for m in board.ephemeral.values()],
        "pins": list(board.pins),
        "bookmarks": [{"title": b.title, "link": b.link} for b in board.bookmarks],
    }


def _message(workspace: Workspace, message: Message) -> Body:
    body = bodies.message_body(message, identity=workspace.identity)
    seen = {"seen_by": message.seen_by} if message.seen_by else {}
    return bodies.with_metadata(body, message) | {"pings": list(message.pings)} | seen


def _set_create_race(workspace: Workspace, value: object) -> None:
    workspace.create_race = timedelta(seconds=float(str(value)))


def _set_ack_seconds(workspace: Workspace, value: object) -> None:
    workspace.deliveries.ack_within = timedelta(seconds=float(str(value)))


def _set_tiers(workspace: Workspace, value: object) -> None:
    workspace.limits.tiers = bool(value)


def _set_pacing(workspace: Workspace, value: object) -> None:
    workspace.limits.pacing = bool(value)


def _set_scopes(workspace: Workspace, value: object) -> None:
    names = value if isinstance(value, list) else []
    workspace.scopes = frozenset(str(name) for name in names)


def _set_revoked(workspace: Workspace, value: object) -> None:
    workspace.revoked = bool(value)


_SWITCHES: Mapping[str, Callable[[Workspace, object], None]] = {
    "tier_limits": _set_tiers,
    "post_pacing": _set_pacing,
    "create_race_seconds": _set_create_race,
    "ack_seconds": _set_ack_seconds,
    "scopes": _set_scopes,
    "revoked": _set_revoked,
}
