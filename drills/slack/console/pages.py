"""The console's page, its live part, and what its forms send."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from drills.slack import interactions
from drills.slack.console import mrkdwn
from drills.slack.console.desk import Desk, desk
from drills.slack.control import settled
from drills.slack.deliveries import Envelope, State
from drills.slack.workspace import Workspace

HERE = Path(__file__).parent
TYPES = {"console.css": "text/css", "console.js": "text/javascript"}
# Nothing but our own two files may run or be loaded, whatever a message says.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"content-security-policy": POLICY, "x-content-type-options": "nosniff"}


class Console:
    """The pages of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        loader = FileSystemLoader(HERE)
        self._jinja = Environment(loader=loader, autoescape=True)
        self._jinja.trim_blocks = True
        self._jinja.lstrip_blocks = True
        self._jinja.filters["text_object"] = text_object
        self._jinja.filters["mrkdwn"] = mrkdwn.mrkdwn
        self._jinja.filters["plain"] = mrkdwn.plain

    def routes(self) -> list[Route]:
        """Return the routes of the console."""
        return [
            Route("/", self.page),
            Route("/console/desk", self.live),
            Route("/console/press", self.press, methods=["POST"]),
            Route("/console/say", self.say, methods=["POST"]),
            Route("/console/submit", self.submit, methods=["POST"]),
            Route("/console/close", self.close, methods=["POST"]),
            Route("/console/{name}", self.file),
            Route("/archives/{channel}/{place}", self.permalink),
        ]

    async def page(self, request: Request) -> Response:
        """Return the whole page."""
        html = self._render("page.html", self._desk(request.query_params))
        return HTMLResponse(html, headers=HEADERS)

    async def live(self, request: Request) -> Response:
        """Return the parts of the page that change, or 304 when none has."""
        shown = self._desk(request.query_params)
        tag = f'"{shown.version}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"etag": tag})
        html = self._render("desk.html", shown)
        return HTMLResponse(html, headers={**HEADERS, "etag": tag})

    async def file(self, request: Request) -> Response:
        """Return the style or the script."""
        name = request.path_params["name"]
        if name not in TYPES:
            return Response("no such file", status_code=404)
        text = (HERE / name).read_text()
        return Response(text, media_type=TYPES[name], headers={"cache-control": "no-cache"})

    async def permalink(self, request: Request) -> Response:
        """Lead from the address of a message to its place on the page."""
        channel, place = request.path_params["channel"], request.path_params["place"]
        ts = f"{place[1:-6]}.{place[-6:]}"
        return RedirectResponse(f"/?{urlencode({'channel': channel})}#m-{ts}")

    async def press(self, request: Request) -> Response:
        """Press a button, or choose from a select."""
        form = await _form(request)
        envelope = interactions.press(
            self._workspace,
            user=form.get("as", ""),
            channel=form.get("channel", ""),
            ts=form.get("ts", ""),
            action_id=form.get("action_id", ""),
            choice=form.get("value"),
        )
        return await self._answered(request, form, envelope)

    async def say(self, request: Request) -> Response:
        """Send what was typed: a message, or a slash command."""
        form = await _form(request)
        text = form.get("text", "").strip()
        place = {"user": form.get("as", ""), "channel": form.get("channel", "")}
        if text.startswith("/"):
            name, _, rest = text.partition(" ")
            envelope = interactions.command(
                self._workspace, **place, command=name, text=rest.strip()
            )
            return await self._answered(request, form, envelope)
        if text:
            thread = form.get("thread") or None
            interactions.say(self._workspace, **place, text=text, thread_ts=thread)
        return _back(request, form, error=None)

    async def submit(self, request: Request) -> Response:
        """Send a modal off."""
        form = await _form(request)
        envelope = interactions.submit(
            self._workspace,
            user=form.get("as", ""),
            view=form.get("view", ""),
            values=self._values(form),
        )
        return await self._answered(request, form, envelope)

    async def close(self, request: Request) -> Response:
        """Close a modal."""
        form = await _form(request)
        user, view = form.get("as", ""), form.get("view", "")
        interactions.close(self._workspace, user=user, view=view)
        return _back(request, form, error=None)

    def _desk(self, query: Mapping[str, str]) -> Desk:
        return desk(
            self._workspace,
            person=query.get("as", "alice"),
            channel=query.get("channel", ""),
            thread=query.get("thread", ""),
        )

    def _render(self, template: str, shown: Desk) -> str:
        return self._jinja.get_template(template).render(desk=shown)

    async def _answered(
        self, request: Request, form: Mapping[str, str], envelope: Envelope
    ) -> Response:
        found = await settled(self._workspace, envelope)
        error = found.failure if found.state is State.FAILED else None
        return _back(request, form, error=error)

    def _values(self, form: Mapping[str, str]) -> dict[str, dict[str, object]]:
        """Return the fields named `value|<block>|<action>|<type>` as `state.values`."""
        values: dict[str, dict[str, object]] = {}
        for name, value in form.items():
            if name.startswith("value|"):
                _, block, action, kind = name.split("|", 3)
                values.setdefault(block, {})[action] = _value(kind, value)
        return values


def text_object(value: Mapping[str, object], names: Mapping[str, str], now: datetime) -> Markup:
    """Return a text object of Block Kit as HTML."""
    text = str(value.get("text", ""))
    return mrkdwn.mrkdwn(text, names, now) if value["type"] == "mrkdwn" else mrkdwn.plain(text)


def _value(kind: str, value: str) -> dict[str, object]:
    if kind == "static_select":
        return {"type": kind, "selected_option": {"value": value} if value else None}
    return {"type": kind, "value": value or None}


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _back(request: Request, form: Mapping[str, str], *, error: str | None) -> Response:
    """Answer the script with JSON, and a browser without it with the page again."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"ok": error is None, "error": error})
    query = {name: form[name] for name in ("as", "channel", "thread") if form.get(name)}
    return RedirectResponse(f"/?{urlencode(query)}", status_code=303)
