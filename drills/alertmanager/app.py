"""The /api/v2 of one Alertmanager over HTTP."""

import re
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from drills.alertmanager import config, matchers, posted_silences, shown, silences
from drills.alertmanager.alerts import Alert
from drills.alertmanager.member import Alertmanager
from drills.alertmanager.posted import Malformed

_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
_QUERY = frozenset({"active", "silenced", "inhibited", "unprocessed", "filter", "receiver"})


def build(alertmanager: Alertmanager) -> Starlette:
    """Return the API of a member as an ASGI app; what it does not serve is 404, as in the real one.

    POST and GET /api/v2/alerts; POST and GET /api/v2/silences; GET and DELETE
    /api/v2/silence/ID; GET /api/v2/status, /-/ready, /-/healthy.
    """
    api = _Api(member=alertmanager)
    return Starlette(
        routes=[
            Route("/api/v2/alerts", api.post_alerts, methods=["POST"]),
            Route("/api/v2/alerts", api.get_alerts, methods=["GET"]),
            Route("/api/v2/silences", api.post_silence, methods=["POST"]),
            Route("/api/v2/silences", api.get_silences, methods=["GET"]),
            Route("/api/v2/silence/{id}", api.get_silence, methods=["GET"]),
            Route("/api/v2/silence/{id}", api.expire_silence, methods=["DELETE"]),
            Route("/api/v2/status", api.get_status, methods=["GET"]),
            Route("/-/ready", api.well, methods=["GET"]),
            Route("/-/healthy", api.well, methods=["GET"]),
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Api:
    """The endpoints of one member."""

    member: Alertmanager

    async def post_alerts(self, request: Request) -> Response:
        """Take alerts; valid ones are kept even when others are refused."""
        try:
            complaints = self.member.receive(await request.body())
        except Malformed as error:
            return _refusal(error.code, str(error))
        if complaints:
            return JSONResponse("; ".join(complaints), status_code=400)
        return Response(status_code=200)

    async def get_alerts(self, request: Request) -> Response:
        """List alerts that are not over, filtered by matchers and state."""
        query = request.query_params
        if unknown := sorted(set(query) - _QUERY):
            return _refusal(501, f"the rehearsal's Alertmanager does not know {unknown[0]!r}")
        try:
            wanted = [matchers.parse(text) for text in query.getlist("filter")]
        except ValueError as error:
            return _refusal(400, str(error))
        found = [
            shown.alert(one, self.member)
            for one in self.member.alerts()
            if all(it.fits(one.labels) for it in wanted) and self._visible(one, request)
        ]
        return JSONResponse(found)

    def _visible(self, alert: Alert, request: Request) -> bool:
        silenced = bool(self.member.silences.muting(alert.labels, self.member.now()))
        asked = request.query_params.get("silenced" if silenced else "active", "true")
        receiver = request.query_params.get("receiver", ".*")
        taken = config.routed(self.member.config.route, alert.labels)
        return asked == "true" and any(re.fullmatch(receiver, one.receiver) for one in taken)

    async def post_silence(self, request: Request) -> Response:
        """Create a silence, or replace one whose id is given."""
        now = self.member.now()
        try:
            given = posted_silences.fields_of(await request.body())
            new = posted_silences.silence_of(given, now)
        except Malformed as error:
            return _refusal(error.code, str(error))
        if identity := str(given.get("id") or ""):
            old = self.member.silences.find(identity)
            if old is None:
                return _refusal(404, f"silence {identity} not found")
            self.member.silence(silences.expired(old, now))
        self.member.silence(new)
        return JSONResponse({"silenceID": new.id})

    async def get_silences(self, _: Request) -> Response:
        """List all silences."""
        found = self.member.silences.all()
        return JSONResponse([shown.silence(one, self.member) for one in found])

    async def get_silence(self, request: Request) -> Response:
        """Show one silence."""
        if not _UUID.match(request.path_params["id"]):
            return _refusal(422, "silenceID in path must be of type uuid")
        found = self.member.silences.find(request.path_params["id"])
        return (
            JSONResponse(shown.silence(found, self.member)) if found else Response(status_code=404)
        )

    async def expire_silence(self, request: Request) -> Response:
        """End a silence now."""
        if not _UUID.match(request.path_params["id"]):
            return _refusal(422, "silenceID in path must be of type uuid")
        found = self.member.silences.find(request.path_params["id"])
        if found is None:
            return Response(status_code=404)
        self.member.silence(silences.expired(found, self.member.now()))
        return Response(status_code=200)

    async def get_status(self, _: Request) -> Response:
        """Show version, configuration and cluster."""
        return JSONResponse(shown.status(self.member))

    async def well(self, _: Request) -> Response:
        """Say that it is up."""
        return PlainTextResponse("OK")


def _refusal(code: int, message: str) -> Response:
    return JSONResponse({"code": code, "message": message}, status_code=code)
