"""The HTTP door of the Web API: reads a call, and does to the connection what a fault says."""

import asyncio
import json
from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from drills.slack import answers, dispatch
from drills.slack.arguments import Arguments
from drills.slack.dispatch import Reply
from drills.slack.facts import METHODS
from drills.slack.faults import FaultKind
from drills.slack.serving import CUT
from drills.slack.workspace import Workspace

HANG = {FaultKind.HANG_BEFORE, FaultKind.HANG_AFTER}


class Cut(Response):
    """No answer: the connection is closed without a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection; raises RuntimeError under a server that cannot."""
        del send
        cut: Callable[[], None] | None = scope.get("extensions", {}).get(CUT)
        if cut is None:
            message = "connections can be cut only under drills.slack.serving.server"
            raise RuntimeError(message)
        cut()
        await _gone(receive)


class Hang(Response):
    """No answer: the caller waits until it gives up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait until the caller is gone."""
        del scope, send
        await _gone(receive)


async def call(request: Request) -> Response:
    """Answer `/api/<method>`."""
    workspace: Workspace = request.app.state.workspace
    workspace.address = str(request.base_url)
    method = request.path_params["method"]
    given = await _read(request, json_body=method not in METHODS or METHODS[method].json_body)
    if given is None:
        return JSONResponse({"ok": False, "error": "invalid_post_type"})
    header = request.headers.get("authorization", "")
    token = header.removeprefix("Bearer ").strip() or str(given.get("token", ""))
    arguments = Arguments(values={k: v for k, v in given.items() if k != "token"})
    return await _send(dispatch.call(workspace, method, arguments, token=token))


async def respond(request: Request) -> Response:
    """Answer a post to `/response/<token>`, the stand-in's response URLs."""
    given = await _read(request, json_body=True)
    arguments = Arguments(values=given or {})
    token = request.path_params["token"]
    reply = answers.respond(request.app.state.workspace, token, arguments)
    if reply.fault is None and reply.status == dispatch.OK:
        return PlainTextResponse("ok")
    return await _send(reply)


async def _send(reply: Reply) -> Response:
    fault = reply.fault
    if fault is not None and fault.kind is FaultKind.SLOW:
        await asyncio.sleep(fault.seconds)
    if fault is not None and reply.status is None:
        return Hang() if fault.kind in HANG else Cut()
    status = reply.status or dispatch.OK
    return JSONResponse(reply.body, status_code=status, headers=dict(reply.headers))


async def _read(request: Request, *, json_body: bool) -> dict[str, object] | None:
    """Return the arguments from the address and the body; None for a type Slack does not take."""
    given: dict[str, object] = dict(request.query_params)
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body:
        return given
    if kind == "application/x-www-form-urlencoded":
        return given | dict(parse_qsl(body.decode(), keep_blank_values=True))
    if kind != "application/json":
        return None
    # Slack ignores a JSON body where it reads form fields only, and misses the arguments.
    return given | (_object(body) if json_body else {})


def _object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
