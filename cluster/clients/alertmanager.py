"""The client of one Alertmanager: its silences, each request once and within its limits."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final  # Any: another program's JSON

import requests
import urllib3

from cluster.clients.bounded import Limits, Unfinished, read_all
from incidents.errors import NotDone, Rejected, TriagedError, Unavailable
from incidents.matchers import EQUAL, LIKE, NOT_EQUAL, NOT_LIKE, Matcher

SILENCES: Final = "/api/v2/silences"
SILENCE: Final = "/api/v2/silence/"
EXPIRED: Final = "expired"
MISSING: Final = 404
TOO_MANY: Final = 429
SERVER_ERRORS: Final = 500
SUCCESS: Final = 300
SHOWN: Final = 200
_OPERATORS: Final = {
    (True, False): EQUAL,
    (False, False): NOT_EQUAL,
    (True, True): LIKE,
    (False, True): NOT_LIKE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A silence that is to be; `comment` begins with the mark by which it is known again."""

    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A silence as an Alertmanager has it; `state` is `pending`, `active` or `expired`."""

    id: str
    state: str
    matchers: tuple[Matcher, ...]
    ends_at: datetime
    created_by: str
    comment: str


class AlertmanagerClient:
    """Speaks `/api/v2` (Alertmanager 0.22 and later) with one Alertmanager.

    Proxies and credentials of the environment are ignored. `token_file` holds a bearer token and is
    read for every request; `ca_file` holds the certificates to trust. No error shows the token.
    """

    def __init__(
        self,
        address: str,
        *,
        limits: Limits | None = None,
        token_file: Path | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self.address = address.rstrip("/")
        self._limits = limits or Limits()
        self._token_file = token_file
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(ca_file) if ca_file else True
        self._session.headers["Accept-Encoding"] = "identity"

    def silences(self) -> tuple[Found, ...]:
        """Return every silence that it knows, the expired too; raises Unavailable or Rejected."""
        answer = self._ask("GET", SILENCES)
        try:
            return tuple(_found(row) for row in _listed(answer))
        except (ValueError, TypeError, KeyError) as error:
            message = f"{self.address}: the answer is not Alertmanager's format"
            raise Unavailable(message) from error

    def create(self, wanted: Wanted) -> str:
        """Create a silence and return its id.

        Raises Rejected when it refuses, NotDone when it was certainly not made, Unavailable when
        that cannot be told.
        """
        answer = self._ask("POST", SILENCES, body=_body(wanted))
        try:
            return str(json.loads(answer)["silenceID"])
        except (ValueError, TypeError, KeyError) as error:
            message = f"{self.address}: the answer names no silence"
            raise Unavailable(message) from error

    def expire(self, silence: str) -> None:
        """End a silence; one that is not there, or has ended, needs nothing. Raises as `create`."""
        found = next((one for one in self.silences() if one.id == silence), None)
        if found is None or found.state == EXPIRED:
            return
        self._ask("DELETE", SILENCE + silence)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _ask(self, method: str, path: str, *, body: object = None) -> bytes:
        started = time.monotonic()
        try:
            response = self._session.request(
                method,
                self.address + path,
                json=body,
                headers=self._authorization(),
                timeout=self._limits.timeout,
                allow_redirects=False,
                stream=True,
            )
            answer = read_all(response.raw, started=started, limits=self._limits)
        except (OSError, urllib3.exceptions.HTTPError, Unfinished) as error:
            raise self._broken(error) from error
        if response.status_code >= SUCCESS:
            raise self._refused(response.status_code, answer)
        return answer

    def _authorization(self) -> dict[str, str]:
        if self._token_file is None:
            return {}
        try:
            token = self._token_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            message = f"{self.address}: the token file cannot be read: {type(error).__name__}"
            raise NotDone(message) from error
        return {"Authorization": f"Bearer {token}"}

    def _broken(self, error: Exception) -> TriagedError:
        message = f"{self.address}: {type(error).__name__}"
        return NotDone(message) if _never_sent(error) else Unavailable(message)

    def _refused(self, status: int, answer: bytes) -> TriagedError:
        message = f"{self.address}: HTTP {status}: {_told(answer)}"
        if status == TOO_MANY:
            return NotDone(message)
        return Rejected(message) if status < SERVER_ERRORS else Unavailable(message)


def _never_sent(error: Exception) -> bool:
    """Tell whether no byte of the request can have arrived."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.SSLError)):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _told(answer: bytes) -> str:
    """Return the reason: Alertmanager says it as a string, or as an object with a message."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return "no reason given"
    told = found.get("message") if isinstance(found, Mapping) else found
    return str(told)[:SHOWN]


def _body(wanted: Wanted) -> Mapping[str, object]:
    return {
        "matchers": [
            {
                "name": one.name,
                "value": one.value,
                "isRegex": one.operator in {LIKE, NOT_LIKE},
                "isEqual": one.operator in {EQUAL, LIKE},
            }
            for one in wanted.matchers
        ],
        "startsAt": _written(wanted.starts_at),
        "endsAt": _written(wanted.ends_at),
        "createdBy": wanted.created_by,
        "comment": wanted.comment,
    }


def _listed(answer: bytes) -> Sequence[Mapping[str, Any]]:
    found = json.loads(answer)
    if not isinstance(found, list):
        raise TypeError
    return found


def _found(row: Mapping[str, Any]) -> Found:
    return Found(
        id=str(row["id"]),
        state=str(row["status"]["state"]),
        matchers=tuple(_matcher(one) for one in row["matchers"]),
        ends_at=datetime.fromisoformat(row["endsAt"]).astimezone(UTC),
        created_by=str(row["createdBy"]),
        comment=str(row["comment"]),
    )


def _matcher(row: Mapping[str, Any]) -> Matcher:
    operator = _OPERATORS[bool(row.get("isEqual", True)), bool(row["isRegex"])]
    return Matcher(name=str(row["name"]), operator=operator, value=str(row["value"]))


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
