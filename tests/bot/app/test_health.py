"""Health: alive is not ready, and ready says why it is not."""

import asyncio
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from bot.app import health
from bot.app.health import Readiness
from bot.app.metrics import Metrics
from incidents.errors import Unavailable


@dataclass(slots=True)
class Store:
    """What a store says of itself."""

    because: str = ""

    def ready(self) -> None:
        """Raise while it is away."""
        if self.because:
            raise Unavailable(self.because)


@pytest.fixture
def store() -> Store:
    """Make a store that works."""
    return Store()


@pytest.fixture
def readiness(store: Store) -> Readiness:
    """Make the readiness of a process that is starting."""
    return Readiness(store.ready)


def get(readiness: Readiness, path: str) -> tuple[int, str]:
    """Return status and text."""
    app = FastAPI()
    app.include_router(health.build(ready=readiness.check, registry=Metrics().registry))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return await client.get(path)

    answer = asyncio.run(ask())
    return answer.status_code, answer.text


def test_from_its_start_to_its_stop_it_says_how_it_stands(
    readiness: Readiness, store: Store
) -> None:
    """Kubernetes sends deliveries to ready pods only, and a person reads the reason."""
    said = [get(readiness, "/readyz")]
    readiness.begin()
    said.append(get(readiness, "/readyz"))
    store.because = "the database is away"
    said.append(get(readiness, "/readyz"))
    readiness.end()
    said.append(get(readiness, "/readyz"))

    assert said == [
        (503, "triaged is starting\n"),
        (200, "ready\n"),
        (503, "the database is away\n"),
        (503, "triaged is stopping\n"),
    ]


def test_whoever_is_not_ready_is_still_alive(readiness: Readiness, store: Store) -> None:
    """A restart brings no database back; it only loses what was in hand."""
    store.because = "the database is away"

    assert get(readiness, "/healthz") == (200, "ok\n")


def test_the_metrics_are_there(readiness: Readiness) -> None:
    """Alerts about triaged itself are made of them."""
    status, text = get(readiness, "/metrics")

    assert status == 200
    assert "# TYPE triaged_deliveries_total counter" in text
    assert "# TYPE triaged_slack_connected gauge" in text
