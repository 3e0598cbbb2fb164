"""The door on loopback, served as in production, with a desk behind it, over each store."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from alert_webhooks import door
from alert_webhooks.tokens import Tokens
from bot.app.server import Server
from incidents.ports import Store
from tests.bot.intake.desks import Office

TOKEN = "a-token-of-prod"


@dataclass(frozen=True, kw_only=True)
class Served:
    """A door that listens, a client that may deliver, and the desk behind it."""

    client: httpx.Client
    office: Office


@pytest.fixture
def served(store: Store) -> Iterator[Served]:
    """Serve a door; its desk works when the test says so."""
    app = FastAPI()
    tokens = Tokens({"prod": (TOKEN,)})
    app.include_router(door.build(inbox=store.inbox, tokens=tokens))
    server = Server(app, host="127.0.0.1", port=0)
    url = f"http://127.0.0.1:{server.start()}"
    said = {"Authorization": f"Bearer {TOKEN}"}
    try:
        with httpx.Client(base_url=url, headers=said, timeout=30, trust_env=False) as client:
            yield Served(client=client, office=Office(store=store))
    finally:
        server.stop()
