"""Health: alive, ready, and the metrics."""

from collections.abc import Callable

from anyio import to_thread
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from incidents.errors import Unavailable

Ready = Callable[[], None]


def build(*, ready: Ready, registry: CollectorRegistry) -> APIRouter:
    """Return the routes; `ready` raises Unavailable with the reason while it is not.

    They are async so that pages which fill the threads cannot make the process look dead.
    """
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> Response:
        return Response("ok\n", media_type="text/plain")

    @router.get("/readyz")
    async def readyz() -> Response:
        try:
            await to_thread.run_sync(ready)
        except Unavailable as error:
            return Response(f"{error}\n", status_code=503, media_type="text/plain")
        return Response("ready\n", media_type="text/plain")

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
