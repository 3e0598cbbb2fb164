"""Posting webhooks: in threads, with a real deadline, so that a slow receiver stops nobody."""

import http.client
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol
from urllib.parse import urlsplit

from drills.alertmanager.config import Webhook

NO_ANSWER = 0
_AGENT = "Alertmanager/0.25.0"


class Post(Protocol):
    """How a webhook is delivered."""

    def __call__(self, webhook: Webhook, body: bytes) -> Future[int]:
        """Post at once and return the HTTP status to come, NO_ANSWER for a connection error."""


class HttpPost:
    """Post over HTTP (loopback, no TLS); `timeout` is in real seconds per socket operation."""

    def __init__(self, *, timeout: float = 30.0, threads: int = 8) -> None:
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="alertmanager-post")

    def __call__(self, webhook: Webhook, body: bytes) -> Future[int]:
        """Post in a thread."""
        return self._threads.submit(_post, webhook, body, self._timeout)

    def close(self) -> None:
        """Let go of what was not begun; what is under way ends by its deadline."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _post(webhook: Webhook, body: bytes, timeout: float) -> int:
    parts = urlsplit(webhook.url)
    headers = {"Content-Type": "application/json", "User-Agent": _AGENT}
    if webhook.token:
        headers["Authorization"] = f"Bearer {webhook.token}"
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request("POST", path or "/", body=body, headers=headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return NO_ANSWER
    else:
        return answer.status
    finally:
        connection.close()
