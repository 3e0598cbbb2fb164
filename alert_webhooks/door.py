"""The door: authenticate, cap, keep, then read and answer.

The server in front of it bounds what comes before the body: uvicorn holds at most 64 KiB of
headers, `timeout_keep_alive` ends idle connections and `limit_concurrency` bounds them all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from alert_webhooks.arrival import OVERSIZED, Arrival, TooLarge
from alert_webhooks.landing import Landing
from alert_webhooks.notification import Notification, Source
from alert_webhooks.outcome import STATUS, Outcome
from alert_webhooks.registry import sources
from alert_webhooks.tokens import Tokens
from alert_webhooks.unreadable import Reason, Unreadable
from incidents.errors import Unavailable
from incidents.journal import Kept
from incidents.ports import Inbox

MIB = 1 << 20
CAP = 16 * MIB
SMALL = 8 << 10
"""Bytes that are read within half a millisecond; handing them to a thread doubled that."""

LOOPBACK = "loopback"
"""The source of whoever delivers from this machine, where no token was ever given out."""

Observe = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a request may take; sizes in bytes, times in real seconds.

    `cap` is of one body and `in_memory` of all bodies at once; of a body above the cap `head`
    bytes are kept. The body must be there within `arrive_within`, and on disk within
    `keep_within`: Alertmanager is answered before two seconds are over.
    """

    cap: int = CAP
    head: int = 64 << 10
    in_memory: int = 192 * MIB
    arrive_within: float = 20.0
    keep_within: float = 1.5


def build(
    *,
    inbox: Inbox,
    tokens: Tokens,
    limits: Limits | None = None,
    observe: Observe = lambda _: None,
) -> APIRouter:
    """Return the routes: POST /webhooks/<source> for every source that there is.

    Answers 200 when the bytes are on disk and were read, 400 when they are on disk and cannot be
    read (415 when they are compressed), 413 above the cap, 401 without a valid token, and 503
    for whatever passes: Alertmanager repeats 5xx only. Without any token only this machine is let
    in.
    """
    door = _Door(inbox=inbox, tokens=tokens, limits=limits or Limits(), observe=observe)
    return APIRouter(
        routes=[
            Route(f"/webhooks/{source.name}", _Endpoint(door.route(source)), methods=["POST"])
            for source in sources().values()
        ]
    )


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """One route as a bare ASGI application: a webhook has no parameters that FastAPI could read.

    Its machinery for them cost a fifth of the time of a webhook with one alert.
    """

    deliver: Callable[[Request], Awaitable[Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self.deliver(Request(scope, receive, send))
        await response(scope, receive, send)


class _Busy(Unavailable):
    """Too many bodies are arriving at once."""


class _Door:
    """What all routes share: the inbox, the tokens, and how much is in memory."""

    def __init__(self, *, inbox: Inbox, tokens: Tokens, limits: Limits, observe: Observe) -> None:
        self._inbox, self._tokens = inbox, tokens
        self._limits, self._observe = limits, observe
        self._in_memory = 0
        self._landing: Landing[Kept] = Landing()

    def route(self, source: Source) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of a source."""

        async def deliver(request: Request) -> Response:
            name = self._sender(request)
            if name is None:
                return self._answer(Outcome.NOT_ALLOWED, error="no valid token")
            return await self._receive(request, source, name)

        return deliver

    def _sender(self, request: Request) -> str | None:
        if self._tokens:
            return self._tokens.source_of(request.headers.get("authorization"))
        here = request.client is not None and request.client.host in {"127.0.0.1", "::1"}
        return LOOPBACK if here else None

    async def _receive(self, request: Request, source: Source, name: str) -> Response:
        arrival = Arrival(cap=self._limits.cap, head=self._limits.head)
        try:
            async with asyncio.timeout(self._limits.arrive_within):
                await self._collect(request, arrival)
            return await self._kept(arrival, source, f"{source.name}:{name}")
        except (TimeoutError, ClientDisconnect):
            return self._answer(Outcome.TOO_SLOW, error="the body did not arrive in time")
        except _Busy as error:
            return self._answer(Outcome.BUSY, error=str(error))
        except Unavailable as error:
            return self._answer(Outcome.UNAVAILABLE, error=str(error))
        finally:
            self._in_memory -= arrival.holds

    async def _collect(self, request: Request, arrival: Arrival) -> None:
        async for chunk in request.stream():
            before = arrival.holds
            arrival.add(chunk)
            self._in_memory += arrival.holds - before
            if self._in_memory > self._limits.in_memory:
                message = "too many bodies are arriving at once"
                raise _Busy(message)
            # A sender that is cut off in the middle would not see the answer, and send it again.
            if arrival.size > 2 * self._limits.cap:
                return

    async def _kept(self, arrival: Arrival, source: Source, sender: str) -> Response:
        body = arrival.end()
        if isinstance(body, TooLarge):
            return await self._too_large(body, sender)
        kept = await self._keep(sender, body)
        try:
            read = await _parsed(source, body, sender)
        except Unreadable as error:
            status = 415 if error.reason is Reason.COMPRESSED else STATUS[Outcome.UNREADABLE]
            said = {"kept": kept.inbox_id, "error": str(error), "at": error.at}
            return self._answer(Outcome.UNREADABLE, status=status, **said)
        return self._answer(Outcome.KEPT, kept=kept.inbox_id, alerts=len(read.alerts))

    async def _too_large(self, body: TooLarge, sender: str) -> Response:
        kept = await self._keep(f"{OVERSIZED}:{sender}", body.beginning, key=body.digest)
        outcome = Outcome.REPEATED_TOO_LARGE if kept.repeated else Outcome.TOO_LARGE
        error = f"more than {self._limits.cap} bytes; only the first {len(body.beginning)} are kept"
        return self._answer(outcome, kept=kept.inbox_id, error=error)

    async def _keep(self, source: str, body: bytes, key: str | None = None) -> Kept:
        future = self._inbox.submit(source=source, body=body, key=key)
        try:
            async with asyncio.timeout(self._limits.keep_within):
                # Cancelled with the timeout: what still waits is then not written any more.
                return await self._landing.of(future)
        except TimeoutError as error:
            message = f"not on disk within {self._limits.keep_within} s"
            raise Unavailable(message) from error

    def _answer(self, outcome: Outcome, *, status: int | None = None, **said: object) -> Response:
        self._observe(outcome)
        headers = {"WWW-Authenticate": "Bearer"} if outcome is Outcome.NOT_ALLOWED else None
        return JSONResponse(said, status_code=status or STATUS[outcome], headers=headers)


async def _parsed(source: Source, body: bytes, sender: str) -> Notification:
    """Read a body; in a thread, except for one so small that the thread would cost more ."""
    if len(body) <= SMALL:
        return source.parse(body, source=sender)
    return await asyncio.to_thread(source.parse, body, source=sender)
