"""The door as an ASGI application, posted to without a server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from alert_webhooks import door
from alert_webhooks.door import Limits
from alert_webhooks.outcome import Outcome
from alert_webhooks.tokens import Tokens
from incidents.ports import Inbox

TOKEN = "a-token-of-prod"
TOKENS = Tokens({"prod": (TOKEN,)})
PATH = "/webhooks/alertmanager"


@dataclass(kw_only=True)
class Door:
    """A door with its inbox; `seen` collects what it counted."""

    inbox: Inbox
    tokens: Tokens = field(default_factory=lambda: TOKENS)
    limits: Limits = field(default_factory=Limits)
    seen: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = FastAPI()
        self.app.include_router(
            door.build(
                inbox=self.inbox,
                tokens=self.tokens,
                limits=self.limits,
                observe=self.seen.append,
            )
        )

    def post(self, body: bytes, **headers: str) -> httpx.Response:
        """Post one body."""
        return self.post_all([body], **headers)[0]

    def post_all(self, bodies: Sequence[bytes], **headers: str) -> list[httpx.Response]:
        """Post bodies at the same time."""
        return asyncio.run(self._together([whole(one) for one in bodies], headers))

    def post_pieces(self, pieces: AsyncIterator[bytes]) -> httpx.Response:
        """Post one body that arrives in pieces."""
        return asyncio.run(self._together([pieces], {}))[0]

    async def _together(self, bodies: Sequence[Any], headers: dict[str, str]) -> list[Any]:
        said = {"Authorization": f"Bearer {TOKEN}", **headers}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://door"
        ) as client:
            posts = [client.post(PATH, content=one, headers=said) for one in bodies]
            return await asyncio.gather(*posts)


async def whole(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body in pieces of 64 KiB, as a server does."""
    for start in range(0, max(len(body), 1), 64 << 10):
        yield body[start : start + (64 << 10)]
