"""The door alone in a process of its own, with nothing behind it: what storing adds to."""

import itertools
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast  # the door needs `submit` of the inbox and nothing else

from fastapi import FastAPI

from alert_webhooks.door import build
from alert_webhooks.tokens import read_tokens
from bot.app.server import Server
from incidents.journal import Kept


class Nowhere:
    """An inbox that keeps nothing and says at once that it did."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    def submit(
        self, *, source: str, body: bytes, key: str | None = None, done: bool = False
    ) -> Future[Kept]:
        """Answer without storing anything."""
        future: Future[Kept] = Future()
        future.set_result(Kept(inbox_id=next(self._ids)))
        return future


def main(tokens: str) -> None:
    """Serve until killed; the port stands in the first line."""
    silent = {"tracing": False, "metrics": False, "logs": False}
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, telemetry=silent)
    inbox = cast("Any", Nowhere())
    app.include_router(build(inbox=inbox, tokens=read_tokens(Path(tokens).read_text())))
    port = Server(app, host="127.0.0.1", port=0).start()
    sys.stdout.write(f"the door alone serves on port {port}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
