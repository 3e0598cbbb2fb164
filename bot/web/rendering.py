"""Turns values into answers: templates that escape everything, and headers that allow nothing."""

import base64
import hashlib
import json
from http import HTTPStatus
from importlib import resources

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.postmortem.legible import legible

STYLE = "style.css"
SCRIPT = "refresh.js"


class Pages:
    """The templates, read once, and the headers of every answer."""

    def __init__(self) -> None:
        self._style, self._script = _asset(STYLE), _asset(SCRIPT)
        self._templates = Environment(
            loader=PackageLoader("bot.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            # What cannot be seen is spelled out wherever a value enters a page.
            finalize=lambda value: legible(value) if type(value) is str else value,
        )
        self._headers = _headers(self._style, self._script)

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        **values: object,
    ) -> Response:
        """Return an HTML page; one that has not changed is 304 without a body."""
        text = self._templates.get_template(template).render(
            style=self._style, script=self._script, **values
        )
        return self._answer(request, text, "text/html; charset=utf-8", status)

    def json(
        self, request: Request, value: object, *, status: HTTPStatus = HTTPStatus.OK
    ) -> Response:
        """Return JSON; characters beyond ASCII are escaped, so that every text has bytes."""
        return self._answer(request, json.dumps(value), "application/json", status)

    def text(self, request: Request, text: str | None) -> Response:
        """Return plain text, in which nothing is obeyed; what cannot be seen is spelled out."""
        if text is None:
            return self.page(request, "missing.html.j2", status=HTTPStatus.NOT_FOUND)
        shown = "\n".join(map(legible, text.split("\n")))
        return self._answer(request, shown, "text/plain; charset=utf-8", HTTPStatus.OK)

    def _answer(self, request: Request, text: str, kind: str, status: HTTPStatus) -> Response:
        body = text.encode("utf-8", "backslashreplace")
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {**self._headers, "ETag": tag}
        if status is HTTPStatus.OK and request.headers.get("if-none-match") == tag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body, status_code=status, media_type=kind, headers=headers)


def _headers(style: str, script: str) -> dict[str, str]:
    policy = (
        "default-src 'none'",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(script)}'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
    }


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _asset(name: str) -> str:
    return (resources.files("bot.web") / "templates" / name).read_text(encoding="utf-8")
