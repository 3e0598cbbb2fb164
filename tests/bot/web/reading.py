"""The pages as an ASGI application, read without a server."""

import asyncio
from collections.abc import Mapping

import httpx
from fastapi import FastAPI

from bot.web.access import Access
from bot.web.pages import build
from tests.bot.postmortem.tale import PEOPLE, Tale

HERE = ("127.0.0.1", 50000)
ELSEWHERE = ("10.1.2.3", 50000)


class Reader:
    """A client of the pages of a tale; `client` is the address that it comes from."""

    def __init__(self, tale: Tale, *, token: str = "", notice: str = "") -> None:
        self.app = FastAPI()
        self.app.include_router(
            build(
                desk=tale.desk,
                texts=tale.store.texts,
                people=PEOPLE,
                access=Access(token=token),
                notice=lambda: notice,
            )
        )

    def get(self, path: str, **options: object) -> httpx.Response:
        """Read one page."""
        return self.ask("GET", path, **options)

    def ask(
        self,
        method: str,
        path: str,
        *,
        client: tuple[str, int] = HERE,
        host: str = "http://127.0.0.1:8080",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Ask once; nothing is followed and no cookie is remembered."""

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=client)
            async with httpx.AsyncClient(transport=transport, base_url=host) as asking:
                return await asking.request(method, path, headers=dict(headers or {}))

        return asyncio.run(once())
