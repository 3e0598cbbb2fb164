"""Slack's stand-in with a stop-watch: when each call came in, and a delay of our choice."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from drills.slack import app, serving
from drills.slack.workspace import APP_TOKEN, BOT_TOKEN, Workspace

START_SECONDS = 10.0
WAIT_SECONDS = 15.0
API = "/api/"


@dataclass(slots=True, kw_only=True)
class Seen:
    """A call: its method, when it came in and when it was answered, in `perf_counter` seconds."""

    method: str
    came: float
    answered: float | None = None


class WatchedSlack:
    """An ASGI application around the stand-in; `delay` seconds pass before each call is taken."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner
        self._changed = threading.Condition()
        self.calls: list[Seen] = []
        self.delay = 0.0
        self.port = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the call and pass it on."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._inner(scope, receive, send)
            return
        seen = Seen(method=scope["path"].removeprefix(API), came=time.perf_counter())
        with self._changed:
            self.calls.append(seen)
            self._changed.notify_all()
        if self.delay:
            await asyncio.sleep(self.delay)
        await self._inner(scope, receive, send)
        with self._changed:
            seen.answered = time.perf_counter()
            self._changed.notify_all()

    def settings(self, room: Path) -> dict[str, str]:
        """Write the tokens into a folder; return what a desk has to know of this Slack."""
        tokens = {"slack_bot_token_file": BOT_TOKEN, "slack_app_token_file": APP_TOKEN}
        for name, token in tokens.items():
            (room / name).write_text(token)
        places = {name: str(room / name) for name in tokens}
        address = f"http://127.0.0.1:{self.port}{API}"
        return {"slack_api_url": address, "slack_post_gap": "0", "slack_calls": "0", **places}

    def after(self, place: int, method: str) -> tuple[int, Seen]:
        """Wait for the first answered call of a method from a place on; return it and its place."""
        until = time.monotonic() + WAIT_SECONDS
        with self._changed:
            while time.monotonic() < until:
                for number, seen in enumerate(self.calls[place:], start=place):
                    if method in (seen.method, "") and seen.answered:
                        return number, seen
                self._changed.wait(0.5)
        message = f"Slack was not asked for {method or 'anything'} within {WAIT_SECONDS} s"
        raise RuntimeError(message)

    def until_quiet(self, seconds: float) -> None:
        """Wait until nothing is under way and nothing came for so long."""
        until = time.monotonic() + WAIT_SECONDS
        with self._changed:
            while time.monotonic() < until:
                before = len(self.calls)
                self._changed.wait_for(lambda: len(self.calls) > before, timeout=seconds)  # noqa: B023 - called before it changes
                if len(self.calls) == before and all(seen.answered for seen in self.calls):
                    return
        message = "Slack's stand-in is called without an end"
        raise RuntimeError(message)


@contextmanager
def watched_slack() -> Iterator[WatchedSlack]:
    """Serve the stand-in without its rate limits, which are not what is measured."""
    workspace = Workspace(now=lambda: datetime.now(UTC))
    workspace.limits.tiers = workspace.limits.pacing = False
    watched = WatchedSlack(app.build(workspace))
    server = serving.server(watched)
    # A desk that is told to stop, or killed, breaks calls off: that is no error here.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    thread = threading.Thread(target=server.run, name="slack", daemon=True)
    thread.start()
    until = time.monotonic() + START_SECONDS
    while not server.started and time.monotonic() < until:
        time.sleep(0.005)
    watched.port = server.servers[0].sockets[0].getsockname()[1]
    workspace.address = f"http://127.0.0.1:{watched.port}"
    try:
        yield watched
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
