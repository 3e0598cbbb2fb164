"""The HTTP session of the Prometheus client: an answer is complete, or it is said why not."""

import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import requests
import urllib3

from cluster.clients.bounded import Limits, Unfinished, read_all
from cluster.signals.answers import Trouble
from cluster.signals.reading import Why

# Hints on the form of a query, such as a counter of old vLLM whose name lacks `_total`; nothing is
# missing from such an answer. Prometheus before 3.0 lists them among the warnings.
HINT: Final = "PromQL info:"
# How servers other than Prometheus say that a store did not answer: Thanos also lists a warning,
# VictoriaMetrics says nothing else.
PARTIAL: Final = ("partial_response", "partialResponse", "isPartial")
OK: Final = 200
GATEWAY_TIMEOUT: Final = 504
TIMEOUTS: Final = frozenset({"timeout", "canceled"})
REFUSALS: Final = frozenset({400, 401, 403, 404, 405, 413, 422, 429})
SHOWN: Final = 200


class Unanswered(Exception):
    """Prometheus gave no complete answer."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)
        self.trouble = Trouble(why=why, detail=detail)


class PrometheusSession(requests.Session):
    """Sends each request once, within its limits, and raises Unanswered for half an answer.

    Proxies and credentials of the environment are ignored. `token_file` holds a bearer token and is
    read for every request, since tokens rotate; `ca_file` holds the certificates to trust.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        token_file: Path | None = None,
        ca_file: Path | None = None,
    ) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = str(ca_file) if ca_file else True
        self.headers["Accept-Encoding"] = "identity"
        self._limits = limits or Limits()
        self._token_file = token_file

    def request(  # type: ignore[override]  # the official client passes these and no others
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        **_: object,
    ) -> requests.Response:
        """Send a request; POST parameters go into the body. Raises Unanswered."""
        started = time.monotonic()
        posted = method == "POST"
        try:
            response = super().request(
                method,
                url,
                params=None if posted else params,
                data=params if posted else None,
                headers=self._authorization(),
                timeout=self._limits.timeout,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException:
            raise
        except OSError as error:
            # What requests says when the CA file is not there; it names no reason of its own.
            raise Unanswered(Why.REFUSED, "the CA file cannot be read") from error
        body = self._read(response, started)
        judge(response.status_code, body)
        response.raw = io.BytesIO(body)
        return response

    def _authorization(self) -> dict[str, str]:
        if self._token_file is None:
            return {}
        try:
            token = self._token_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            message = f"the token file cannot be read: {type(error).__name__}"
            raise Unanswered(Why.REFUSED, message) from error
        return {"Authorization": f"Bearer {token}"}

    def _read(self, response: requests.Response, started: float) -> bytes:
        try:
            return read_all(response.raw, started=started, limits=self._limits)
        except (urllib3.exceptions.ReadTimeoutError, Unfinished) as error:
            raise Unanswered(Why.TIMEOUT, _told(error)) from error
        except urllib3.exceptions.HTTPError as error:
            raise Unanswered(Why.UNREACHABLE, type(error).__name__) from error


def judge(status: int, body: bytes) -> None:
    """Raise Unanswered unless this is a complete answer.

    Source: prometheus.io/docs/prometheus/latest/querying/api, "Format overview".
    """
    envelope = _envelope(body)
    if envelope is None:
        raise Unanswered(_why(status, ""), f"HTTP {status}, and not Prometheus' JSON")
    if status != OK or envelope.get("status") != "success":
        kind, told = str(envelope.get("errorType", "")), str(envelope.get("error", ""))
        detail = f"HTTP {status} {kind}: {told[:SHOWN]}"
        raise Unanswered(_why(status, kind), detail)
    missing = [text for text in _annotations(envelope) if not text.startswith(HINT)]
    missing += [f"{flag} is set" for flag in PARTIAL if envelope.get(flag) is True]
    if missing:
        raise Unanswered(Why.PARTIAL, "; ".join(missing)[:SHOWN])


def _envelope(body: bytes) -> Mapping[str, object] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "status" in found else None


def _annotations(envelope: Mapping[str, object]) -> Sequence[str]:
    listed = (envelope.get("warnings"), envelope.get("infos"))
    return [str(text) for texts in listed if isinstance(texts, list) for text in texts]


def _why(status: int, kind: str) -> Why:
    if kind in TIMEOUTS or status == GATEWAY_TIMEOUT:
        return Why.TIMEOUT
    return Why.REFUSED if status in REFUSALS else Why.UNREACHABLE


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, Unfinished) else "no bytes came in time"
