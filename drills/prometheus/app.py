"""The HTTP API of the stand-in, over a store and rule groups; evaluation runs in a thread."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from drills.kubernetes.connections import Closed, Hanging
from drills.prometheus import answers, evaluate, parameters
from drills.prometheus.answers import Json
from drills.prometheus.errors import BadQuery, QueryError
from drills.prometheus.faults import Down, Faults
from drills.prometheus.labels import Labels
from drills.prometheus.parameters import TIMEOUT, Parameters
from drills.prometheus.rules import RuleGroups
from drills.prometheus.store import Store, milliseconds
from drills.prometheus.values import Matrix, Vector
from drills.prometheus.windows import Release

READ: Final = ["GET", "POST"]
LOOK_UP: Final = frozenset({"match[]", "start", "end"})

# The version whose meaning is built; `revision` says that it is not that program.
BUILD: Final[dict[Release, Json]] = {
    Release.V2: {"version": "2.42.0", "revision": "stand-in", "goVersion": "none"},
    Release.V3: {"version": "3.15.0", "revision": "stand-in", "goVersion": "none"},
}

Read = Callable[[Parameters, Request], Json]
Endpoint = Callable[[Request], Awaitable[Response]]


def build(
    store: Store,
    groups: RuleGroups,
    now: Callable[[], datetime],
    *,
    release: Release = Release.V3,
) -> Starlette:
    """Return the application; its faults are `app.state.faults`.

    now: the world's clock, the default of `time=`. What is not served answers 404 and says so.
    """
    faults = Faults()
    api = _Api(store=store, groups=groups, now=now, release=release, faults=faults)
    app = Starlette(routes=_routes(api), exception_handlers={HTTPException: _not_served})
    app.state.faults = faults
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class _Api:
    """What the endpoints read; each method is one endpoint and raises QueryError."""

    store: Store
    groups: RuleGroups
    now: Callable[[], datetime]
    release: Release
    faults: Faults

    def query(self, given: Parameters, _: Request) -> Json:
        at = given.moment("time", self.now())
        found = evaluate.instant(self.store, given.text("query"), at, release=self.release)
        return answers.query(Vector() if self.faults.empty else found, milliseconds(at))

    def query_range(self, given: Parameters, _: Request) -> Json:
        start, end, step = given.span()
        expr = given.text("query")
        found = evaluate.over_range(self.store, expr, start, end, step, release=self.release)
        return answers.query(Matrix() if self.faults.empty else found, milliseconds(end))

    def series(self, given: Parameters, _: Request) -> Json:
        if not given.matchers():
            message = "no match[] parameter provided"
            raise BadQuery(message)
        return [dict(labels) for labels in self._found(given)]

    def labels(self, given: Parameters, _: Request) -> Json:
        return [*sorted({name for labels in self._found(given) for name, _ in labels})]

    def label_values(self, given: Parameters, request: Request) -> Json:
        wanted = request.path_params["name"]
        found = {text for labels in self._found(given) for name, text in labels if name == wanted}
        return [*sorted(found)]

    def alerts(self, _: Parameters, __: Request) -> Json:
        return answers.alerts(self.groups.states())

    def rules(self, given: Parameters, _: Request) -> Json:
        if (wanted := given.text("type")) not in {"", "alert", "record"}:
            message = f'invalid parameter "type": not supported value "{wanted}"'
            raise BadQuery(message)
        return answers.rules(self.groups.states(), wanted)

    def metadata(self, _: Parameters, __: Request) -> Json:
        # Metadata comes from scraping; samples that are put into the store have none.
        return {}

    def build_information(self, _: Parameters, __: Request) -> Json:
        return BUILD[self.release]

    def _found(self, given: Parameters) -> list[Labels]:
        if self.faults.empty:
            return []
        sets = given.matchers() or [()]
        found = {
            labels for each in sets for labels in self.store.label_sets(each, *given.borders())
        }
        return sorted(found)


def _routes(api: _Api) -> list[Route]:
    def route(path: str, read: Read, *allowed: str, methods: list[str] | None = None) -> Route:
        served = _endpoint(api.faults, read, frozenset(allowed))
        return Route(f"/api/v1/{path}", served, methods=methods or ["GET"])

    span = ("start", "end", "step")
    return [
        route("query", api.query, "query", "time", "timeout", methods=READ),
        route("query_range", api.query_range, "query", *span, "timeout", methods=READ),
        route("series", api.series, *LOOK_UP, methods=READ),
        route("labels", api.labels, *LOOK_UP, methods=READ),
        route("label/{name}/values", api.label_values, *LOOK_UP),
        route("alerts", api.alerts),
        route("rules", api.rules, "type"),
        route("metadata", api.metadata, "metric", "limit"),
        route("status/buildinfo", api.build_information),
        # Clients take an answer here for "there is a Prometheus"; the real one shows its pages.
        Route("/", _page(api.faults, "Prometheus stand-in.\n")),
        Route("/-/ready", _page(api.faults, "Prometheus Server is Ready.\n")),
        Route("/-/healthy", _page(api.faults, "Prometheus Server is Healthy.\n")),
    ]


def _endpoint(faults: Faults, read: Read, allowed: frozenset[str]) -> Endpoint:
    async def serve(request: Request) -> Response:
        if faults.down is not None:
            return _away(faults.down)
        try:
            given = await parameters.read(request, allowed)
            timeout = given.duration("timeout", TIMEOUT)
            async with asyncio.timeout(timeout.total_seconds()):
                await asyncio.sleep(faults.slow.total_seconds())
                # A thread: a long range must not stop the other requests.
                data = await asyncio.to_thread(read, given, request)
        except QueryError as error:
            return answers.refusal(error)
        except TimeoutError:
            message = "query timed out in expression evaluation"
            return answers.failure(HTTPStatus.SERVICE_UNAVAILABLE, "timeout", message)
        return answers.success(data, faults.warnings)

    return serve


def _page(faults: Faults, text: str) -> Endpoint:
    async def serve(_: Request) -> Response:
        return PlainTextResponse(text) if faults.down is None else _away(faults.down)

    return serve


def _away(down: Down) -> Response:
    match down:
        case Down.UNAVAILABLE:
            return PlainTextResponse("Service Unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
        case Down.CLOSED:
            return Closed()
        case Down.HANGING:
            return Hanging()


async def _not_served(request: Request, error: Exception) -> JSONResponse:
    status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else 500)
    message = f"{request.method} {request.url.path} is not served by the Prometheus stand-in"
    return answers.failure(status, "not_found", message)
