"""The API server over HTTP, with its control side for the rehearsal."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from drills.kubernetes import identities, options, refusals, resources, reviews, verbs, watches
from drills.kubernetes.calls import Call, Calls
from drills.kubernetes.connections import Closed, Hanging
from drills.kubernetes.faults import Fault, Faults, Kind
from drills.kubernetes.identities import User
from drills.kubernetes.objects import Object
from drills.kubernetes.refusals import Refusal
from drills.kubernetes.state import Cluster
from drills.kubernetes.verbs import Request

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build(cluster: Cluster, *, tokens: Mapping[str, User] | None = None) -> Starlette:
    """Return the API server of a cluster as an ASGI app.

    With `tokens` (token → user) every request needs one (401) that may do what it asks (403).
    `app.state.faults` (Faults) switches faults on; `app.state.calls` (Calls) is the call log, also
    at GET /control/calls. POST /control/reset forgets calls and faults and puts the objects back
    as they were when the app was built. POST /control/faults adds a fault: `{"kind": "slow",
    "verbs": ["patch"], "times": 1, "seconds": 2.0}`; DELETE switches all of them off.
    """
    server = _Server(cluster=cluster, tokens=tokens, seed=cluster.snapshot())
    app = Starlette(
        routes=[
            Route("/control/calls", server.show_calls, methods=["GET"]),
            Route("/control/reset", server.reset, methods=["POST"]),
            Route("/control/faults", server.add_fault, methods=["POST"]),
            Route("/control/faults", server.clear_faults, methods=["DELETE"]),
            Route("/{path:path}", server.serve, methods=_METHODS),
        ]
    )
    app.state.faults = server.faults
    app.state.calls = server.calls
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What goes back, and what it did; code 0 is a connection without an answer."""

    response: Response
    code: int
    written: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """One app's parts; the endpoints are its methods."""

    cluster: Cluster
    tokens: Mapping[str, User] | None
    seed: Mapping[tuple[str, str, str], Object]
    faults: Faults = field(default_factory=Faults)
    calls: Calls = field(default_factory=Calls)

    async def serve(self, http: HttpRequest) -> Response:
        """Answer one request to the Kubernetes API, and note it."""
        body = await http.body()
        query = dict(http.query_params)
        request = None
        try:
            if (http.method, http.url.path) == ("POST", reviews.PATH):
                answer = await self._review(http, body)
            else:
                request = self._read(http, query, body)
                answer = await self._answer(request, http.url.path)
        except Refusal as refusal:
            answer = _refused(refusal)
        self.calls.add(_call(http, request, body, answer))
        return answer.response

    async def _review(self, http: HttpRequest, body: bytes) -> _Answer:
        """Answer what whoever asks may do; nobody needs a right to ask that, and it is no write."""
        user = identities.identify(http.headers.get("authorization", ""), self.tokens)
        fault = self.faults.take("create")
        if fault is not None and (early := await _suffer(fault, None)):
            return early
        return _told(201, reviews.answer(user, body))

    def _read(self, http: HttpRequest, query: Mapping[str, str], body: bytes) -> Request | None:
        """Read and allow a request; None for discovery and health."""
        user = identities.identify(http.headers.get("authorization", ""), self.tokens)
        if http.method == "GET" and _unversioned(http.url.path, self.cluster):
            return None
        address = resources.locate(http.url.path, self.cluster.installed)
        verb = verbs.verb_of(http.method, address, query)
        identities.authorize(user, verb, address)
        if not address.served:
            raise refusals.nobody_serves()
        if address.resource in resources.READ_ONLY and verb not in resources.SEEN:
            msg = f"{verb} of {address.resource.qualified}"
            raise refusals.not_implemented(msg)
        options.check(verb, query)
        return Request(
            verb=verb,
            address=address,
            query=query,
            content_type=http.headers.get("content-type", ""),
            user_agent=http.headers.get("user-agent", ""),
            body=body,
        )

    async def _answer(self, request: Request | None, path: str) -> _Answer:
        fault = self.faults.take(request.verb if request else "get")
        if fault is not None and (early := await _suffer(fault, request)):
            return early
        if request is None:
            return _Answer(
                response=_unversioned(path, self.cluster) or Response(status_code=404), code=200
            )
        if request.verb == "watch":
            lines = watches.stream(self.cluster, request.address, request.query)
            return _Answer(
                response=StreamingResponse(lines, media_type="application/json"), code=200
            )
        with self.cluster.lock:
            before = self.cluster.version
            code, body = verbs.answer(request, self.cluster)
            written = self.cluster.version != before
        return _afterwards(fault, code, body, written=written)

    async def show_calls(self, _: HttpRequest) -> Response:
        """Answer with the call log."""
        return JSONResponse(self.calls.body())

    async def reset(self, _: HttpRequest) -> Response:
        """Forget calls and faults; put the objects back."""
        self.faults.clear()
        self.calls.clear()
        self.cluster.restore(self.seed)
        return JSONResponse({"reset": True})

    async def add_fault(self, http: HttpRequest) -> Response:
        """Switch a fault on from another process."""
        given = await http.json()
        verbs_hit = frozenset(given.pop("verbs", ()))
        self.faults.add(Fault(kind=Kind(given.pop("kind")), verbs=verbs_hit, **given))
        return JSONResponse({"added": True})

    async def clear_faults(self, _: HttpRequest) -> Response:
        """Switch every fault off; the objects stay as they are."""
        self.faults.clear()
        return JSONResponse({"cleared": True})


async def _suffer(fault: Fault, request: Request | None) -> _Answer | None:
    """Let a fault happen that comes before the write; None when the request goes on."""
    match fault.kind:
        case Kind.DOWN | Kind.CUT_BEFORE:
            return _Answer(response=Closed(), code=0)
        case Kind.HANG:
            return _Answer(response=Hanging(), code=0)
        case Kind.ERROR_BEFORE | Kind.TOO_MANY | Kind.EXPIRED:
            raise _refusal(fault)
        case Kind.CONFLICT if request is not None:
            raise refusals.conflict(request.address.resource.qualified, request.address.name)
        case Kind.SLOW:
            await asyncio.sleep(fault.seconds)
        case Kind.CONFLICT | Kind.CUT_AFTER | Kind.ERROR_AFTER:
            pass  # discovery has no object to conflict on; the others come after the write
    return None


def _refusal(fault: Fault) -> Refusal:
    if fault.kind is Kind.TOO_MANY:
        return refusals.too_many(int(fault.seconds))
    if fault.kind is Kind.EXPIRED:
        return refusals.expired_page()
    return refusals.internal_error()


def _afterwards(fault: Fault | None, code: int, body: Object | str, *, written: bool) -> _Answer:
    """Answer, unless a fault loses or spoils the answer."""
    kind = fault.kind if fault else None
    if kind is Kind.CUT_AFTER:
        return _Answer(response=Closed(), code=0, written=written)
    if kind is Kind.ERROR_AFTER:
        return _refused(refusals.internal_error(), written=written)
    return _told(code, body, written=written)


def _refused(refusal: Refusal, *, written: bool = False) -> _Answer:
    headers = {"Retry-After": str(refusal.after)} if refusal.after is not None else None
    if refusal.plain:
        plain = PlainTextResponse(refusal.plain, status_code=refusal.code)
        return _Answer(response=plain, code=refusal.code, written=written)
    response = JSONResponse(refusal.body(), status_code=refusal.code, headers=headers)
    return _Answer(response=response, code=refusal.code, written=written)


def _told(code: int, body: Object | str, *, written: bool = False) -> _Answer:
    if isinstance(body, str):
        return _Answer(response=PlainTextResponse(body, status_code=code), code=code)
    return _Answer(response=JSONResponse(body, status_code=code), code=code, written=written)


def _unversioned(path: str, cluster: Cluster) -> Response | None:
    """Answer health and discovery."""
    if path in {"/healthz", "/livez", "/readyz"}:
        return PlainTextResponse("ok")
    found = resources.discovery(path, cluster.installed)
    return JSONResponse(found) if found is not None else None


def _call(http: HttpRequest, request: Request | None, body: bytes, answer: _Answer) -> Call:
    text = body.decode(errors="replace")
    try:
        told: object = json.loads(text) if text else None
    except ValueError:
        told = text
    inside = isinstance(told, dict) and told.get("dryRun") == ["All"]
    # The options of a deletion are read from its body, where it has one.
    asked = http.query_params.get("dryRun") == "All" and not (http.method == "DELETE" and text)
    return Call(
        verb=request.verb if request else http.method.lower(),
        path=http.url.path,
        query=http.url.query,
        body=told,
        dry_run=asked or inside,
        user_agent=http.headers.get("user-agent", ""),
        code=answer.code,
        written=answer.written,
    )
