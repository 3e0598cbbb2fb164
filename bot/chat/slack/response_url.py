"""Answers at a response URL: they reach a person wherever the app itself may not speak.

Slack sends one with every click and command; it takes five answers within thirty minutes
(docs.slack.dev, handling user interaction). Who knows it may speak in our name: it is never logged.
"""

import http.client
import json
import re
import urllib.request
from collections.abc import Mapping
from typing import Any  # Block Kit is JSON
from urllib.error import URLError
from urllib.parse import urlsplit

import structlog

from bot.delivery.deliverer import PutOff, Unknown

log = structlog.get_logger()

SLACK = "https://hooks.slack.com"
PATH = re.compile(r"/[\w/-]{1,500}", re.ASCII)
NAME = "response_url"
"""The address itself stands in no message and in no error."""
TIMEOUT = 3
"""Seconds: a network that does not let us through must not hold up other people's messages."""
FINE, SERVER_ERROR, TOO_MANY = 200, 500, 429
DEFAULT_WAIT = 5.0
LONGEST = 2000


class ResponseUrls:
    """Posts answers once each; `api` is the Web API's address, `proxy` the way to both.

    It comes from outside, so nothing but Slack is ever asked, and no redirect is followed, as the
    SDK's own webhook client would.
    """

    def __init__(self, *, api: str, proxy: str | None, timeout: int) -> None:
        self._api = api
        self._timeout = min(timeout, TIMEOUT)
        self._opener = urllib.request.OpenerDirector()
        proxies = {"http": proxy, "https": proxy} if proxy else {}
        for handler in (
            urllib.request.ProxyHandler(proxies),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
        ):
            self._opener.add_handler(handler)

    def post(self, url: str, shown: Mapping[str, Any]) -> bool:
        """Show it to the person alone; return False where it was certainly not shown.

        Raises PutOff for a limit, Unknown where nobody can tell.
        """
        if not slacks(url, api=self._api):
            if url:
                log.warning("an answer's address is not Slack's")
            return False
        answer = {"response_type": "ephemeral", "replace_original": False, **shown}
        try:
            return self._post(url, json.dumps(answer).encode())
        except URLError as error:
            # Raised only while it connects or sends: Slack does not have all of it.
            log.warning("no way to the answer's address", because=type(error.reason).__name__)
            return False
        except (OSError, http.client.HTTPException) as error:
            message = f"{NAME}: {type(error).__name__}"
            raise Unknown(message) from error

    def _post(self, url: str, body: bytes) -> bool:
        request = urllib.request.Request(  # noqa: S310  # `slacks` has looked at the scheme
            url, data=body, headers={"content-type": "application/json; charset=utf-8"}
        )
        with self._opener.open(request, timeout=self._timeout) as found:
            status, wait = found.status, found.headers.get("retry-after", "")
            refusal = _refusal(found.read(LONGEST))
        if status == TOO_MANY:
            seconds = float(wait) if wait.isdigit() else DEFAULT_WAIT
            message = f"{NAME}: limited for {seconds:g} s"
            raise PutOff(message, seconds=seconds)
        if status >= SERVER_ERROR:
            message = f"{NAME}: {status}"
            raise Unknown(message)
        if status == FINE and not refusal:
            return True
        log.info("an answer's address was refused", status=status, because=refusal)
        return False


def slacks(url: str, *, api: str) -> bool:
    """Return whether this is an address of Slack's, or in a rehearsal of the Slack that plays it.

    Compared as text before anything parses it: two parsers may see two hosts in one address.
    """
    configured = urlsplit(api)
    for place in (SLACK, f"{configured.scheme}://{configured.netloc}"):
        if url.startswith(f"{place}/") and PATH.fullmatch(url, len(place)):
            return True
    return False


def _refusal(body: bytes) -> str:
    """Return Slack's error code; empty where it is content: then it says `ok`, and no JSON."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict) or found.get("ok") is not False:
        return ""
    return str(found.get("error", "no reason"))[:80]
