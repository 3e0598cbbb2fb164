"""Translates what the API server and the line say into our four errors."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

import urllib3
from kubernetes.client import ApiException

from cluster.clients.bounded import Unfinished
from incidents.errors import Conflict, NotDone, Rejected, TriagedError, Unavailable


class Forbidden(Rejected):
    """The API server does not let us see or do this."""


class Missing(Rejected):
    """The object, or its kind, is not there."""


SHOWN: Final = 300
WHOLE: Final = re.compile(r"(Invalid value: )(?:\{|\[|map\[|&?[a-z]\w*\.\w+\{).*", re.DOTALL)
"""An object that the API server shows in its message: it may hold the secrets of a template."""
GONE: Final = 410
FORBIDDEN: Final = 403
INVALID: Final = 422
TOO_MANY: Final = 429
SERVER_ERRORS: Final = 500
# Answers whose meaning is more than their text.
MEANINGS: Final = {
    401: "the API server does not accept our token",
    FORBIDDEN: "no permission",
    404: "gone",
}
LEAVES: Final[Mapping[int, type[TriagedError]]] = {
    FORBIDDEN: Forbidden,
    404: Missing,
    409: Conflict,
    # Only a list's continue token grows too old: asked anew it is answered.
    GONE: Unavailable,
}
NEVER_SENT: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
)
LINE: Final = (urllib3.exceptions.HTTPError, Unfinished, OSError)
"""What breaks on the way; whether a write arrived depends on which."""


def of_answer(error: ApiException, *, what: str, write: bool) -> TriagedError:
    """Return the error that a status stands for; 429 refuses before anything is done.

    Source: the Kubernetes API conventions, "HTTP Status codes" and "Response Status Kind".
    """
    status, told = error.status or 0, _message(error)
    if status == FORBIDDEN and _denied(error):
        return Rejected(f"{what}: {told}")
    message = f"{what}: {MEANINGS[status]}: {told}" if status in MEANINGS else f"{what}: {told}"
    match status:
        case 403 | 404 | 409 | 410 if not _owned(error):
            return LEAVES[status](message)
        case _ if status == INVALID and _of_another_object(error):
            return Conflict(message)
        case _ if status == TOO_MANY:
            return NotDone(message) if write else Unavailable(message)
        case _ if 0 < status < SERVER_ERRORS:
            return Rejected(message)
        case _:
            return Unavailable(f"{message}{UNKNOWN if write else ''}")


def of_line(error: Exception, *, what: str, write: bool) -> TriagedError:
    """Return the error that a broken line stands for."""
    message = f"{what}: {_named(error)}"
    if write and isinstance(error, NEVER_SENT):
        return NotDone(message)
    return Unavailable(f"{message}{UNKNOWN if write else ''}")


UNKNOWN: Final = "; it is not known whether the write took place"


def _denied(error: ApiException) -> bool:
    """Tell whether a 403 is an admission webhook's, a quota's or a policy's: no right would help.

    Whoever lacks a right is told that they "cannot" do it.
    """
    told = str(_status(error).get("message", ""))
    return bool(told) and " cannot " not in told


def _of_another_object(error: ApiException) -> bool:
    """Tell whether a patch was refused because the object of that name has another uid.

    Only `/scale` and deletions answer that with 409; anywhere else a uid "is immutable".
    """
    return any(each.get("field") == "metadata.uid" for each in _causes(_status(error)))


def _owned(error: ApiException) -> bool:
    """Tell whether what is applied is owned by others, which the message names with the fields."""
    return any(each.get("reason") == "FieldManagerConflict" for each in _causes(_status(error)))


def _causes(status: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    details = status.get("details")
    told = details.get("causes") if isinstance(details, dict) else None
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def _status(error: ApiException) -> Mapping[str, object]:
    """Return the `Status` object, empty where there is none."""
    try:
        status = json.loads(error.body or "")
    except (ValueError, RecursionError):
        return {}
    return status if isinstance(status, dict) else {}


def _message(error: ApiException) -> str:
    """Return the message of the `Status` object; a proxy's page is not shown.

    Which budget forbids an eviction, and by how much, stands in its causes alone.
    """
    status = _status(error)
    causes = [each for each in _causes(status) if each.get("reason") == "DisruptionBudget"]
    if told := status.get("message"):
        said = " ".join([str(told), *(str(each.get("message", "")) for each in causes)])
        return WHOLE.sub(r"\1…", said)[:SHOWN]
    # Without a status there was no answer: the client says what went wrong with TLS.
    return f"HTTP {error.status}" if error.status else str(error.reason)[:SHOWN]


def _named(error: Exception) -> str:
    match error:
        case urllib3.exceptions.ConnectTimeoutError():
            return "the API server cannot be reached in time"
        case urllib3.exceptions.TimeoutError():
            return "the API server did not answer in time"
        case urllib3.exceptions.NewConnectionError():
            return "the API server cannot be reached"
        case Unfinished():
            return str(error)
        case _:
            return f"the connection broke ({type(error).__name__})"
