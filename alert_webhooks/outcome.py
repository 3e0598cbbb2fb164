"""What became of a request at the door."""

from enum import Enum


class Outcome(Enum):
    """The ends that a request can have, as they are counted."""

    KEPT = "kept"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too large"
    REPEATED_TOO_LARGE = "too large, repeated"
    NOT_ALLOWED = "not allowed"
    TOO_SLOW = "too slow"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"


STATUS = {
    Outcome.KEPT: 200,
    Outcome.UNREADABLE: 400,
    Outcome.TOO_LARGE: 413,
    Outcome.REPEATED_TOO_LARGE: 413,
    Outcome.NOT_ALLOWED: 401,
    # Alertmanager repeats 5xx only (notify/util.go): what passes must never be a 4xx.
    Outcome.TOO_SLOW: 503,
    Outcome.BUSY: 503,
    Outcome.UNAVAILABLE: 503,
}
