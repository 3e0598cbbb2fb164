"""Health: alive, ready, and the metrics."""

from collections.abc import Callable

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from incidents.errors import Unavailable

STARTING, STOPPING = "triaged is starting", "triaged is stopping"
AT_ONCE = 4

Ready = Callable[[], None]


class Readiness:
    """Whether this process should get traffic: it runs, and its store can commit.

    Slack has no say: without a ready pod Alertmanager could not deliver, and an incident goes on
    without Slack. `triaged_slack_connected` in the metrics tells of it.
    """

    def __init__(self, store: Ready) -> None:
        self._store = store
        self._because = STARTING

    def begin(self) -> None:
        """Say from now on what the store says."""
        self._because = ""

    def end(self) -> None:
        """Be ready no more."""
        self._because = STOPPING

    def check(self) -> None:
        """Raise Unavailable with the reason while this process must get no traffic."""
        if self._because:
            raise Unavailable(self._because)
        self._store()


def build(*, ready: Ready, registry: CollectorRegistry) -> APIRouter:
    """Return the routes; `ready` raises Unavailable with the reason while it is not.

    They are async and have threads of their own, so that pages which fill the others cannot make
    the process look dead.
    """
    router = APIRouter()
    threads = CapacityLimiter(AT_ONCE)

    @router.get("/healthz")
    async def healthz() -> Response:
        return Response("ok\n", media_type="text/plain")

    @router.get("/readyz")
    async def readyz() -> Response:
        try:
            await to_thread.run_sync(ready, limiter=threads)
        except Unavailable as error:
            return Response(f"{error}\n", status_code=503, media_type="text/plain")
        return Response("ready\n", media_type="text/plain")

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
