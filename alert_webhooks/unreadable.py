"""Why a body could not be read, and where."""

from enum import Enum

from incidents.errors import Rejected

LONGEST = 300


class Reason(Enum):
    """Why, in words that hold for every such body: one incident is opened per source and reason."""

    COMPRESSED = "it is compressed"
    NOT_UTF8 = "it is not UTF-8"
    NOT_JSON = "it is not JSON"
    TOO_DEEP = "it is nested too deep"
    VERSION = "its version is unknown"
    SHAPE = "a field is missing or of another type"


class Unreadable(Rejected):
    """The body cannot be read.

    `at` is a JSON pointer (RFC 6901), empty for the whole body. The message is ASCII and short,
    whatever stood in the body.
    """

    def __init__(self, why: str, *, reason: Reason, at: str = "") -> None:
        super().__init__(_plain(f"{at}: {why}" if at else why))
        self.reason = reason
        self.at = _plain(at)


def _plain(text: str) -> str:
    ascii_only = text.encode("ascii", "backslashreplace").decode("ascii")
    return ascii_only if len(ascii_only) <= LONGEST else f"{ascii_only[:LONGEST]}..."
