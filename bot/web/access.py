"""Who may read the pages: this machine, or whoever has the token; until there is a sign-in."""

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

from fastapi import HTTPException, Request

COOKIE = "triaged_pages"
DAYS = 7
# Read here and not by urlsplit, which raises for what is no address.
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]+)(?::[0-9]{1,5})?")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The rule of the pages: direct requests of this machine, and those that carry the token.

    `token` is empty where there is none: then nobody else gets in.
    """

    token: str = field(default="", repr=False)

    def check(self, request: Request) -> None:
        """Let the request through, or raise HTTPException 401.

        A right `?token=` in the address is answered with 303 to the same address without it,
        and a cookie, so that the token does not stay in the browser's history.
        """
        asked = request.query_params.get("token")
        if asked is not None and self._right(asked, self.token):
            raise self._remembered(request)
        if _direct(request) or self._carries_token(request):
            return
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            detail="These pages answer this machine, or whoever brings the token of the pages.",
            headers={"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"},
        )

    def _carries_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._right(given.strip(), self.token):
            return True
        return self._right(request.cookies.get(COOKIE, ""), self._pass())

    def _right(self, given: str, expected: str) -> bool:
        if not self.token:
            return False
        return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())

    def _pass(self) -> str:
        """Return the cookie's value: whoever steals it has not got the token."""
        return hmac.new(self.token.encode(), b"triaged pages", hashlib.sha256).hexdigest()

    def _remembered(self, request: Request) -> HTTPException:
        # Lax: a link in the chat must open the page, and nothing here changes anything.
        secure = "; Secure" if request.scope["scheme"] == "https" else ""
        age = DAYS * 24 * 3600
        cookie = f"{COOKIE}={self._pass()}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"
        place = quote(request.scope["path"])
        headers = {"Location": place, "Set-Cookie": cookie, "Cache-Control": "no-store"}
        return HTTPException(HTTPStatus.SEE_OTHER, headers=headers)


def _direct(request: Request) -> bool:
    """Return whether a program of this machine asks, for itself.

    A proxy on this machine is near too, but asks for others; a foreign host name that leads here
    is another site's script (DNS rebinding).
    """
    if not _near(request) or any(name in request.headers for name in _FORWARDED):
        return False
    name = _HOST.fullmatch(request.headers.get("host", ""))
    if name is None:
        return False
    return name["name"].lower() == "localhost" or _loopback(name["name"].strip("[]"))


def _near(request: Request) -> bool:
    return request.client is not None and _loopback(request.client.host)


def _loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
