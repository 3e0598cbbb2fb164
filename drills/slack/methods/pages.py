"""Pages of a long answer, with an opaque cursor."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from drills.slack.arguments import Arguments
from drills.slack.bodies import Body
from drills.slack.errors import refuse

MOST = 1000

Item = TypeVar("Item")


def page(
    found: Sequence[Item], arguments: Arguments, *, default: int, code: str = "invalid_arguments"
) -> tuple[Sequence[Item], Body]:
    """Return one page and the `response_metadata` that leads to the next.

    Raises Refused with `invalid_cursor`, or with `code` for a limit that is no number.
    """
    limit = min(arguments.number("limit", default, code=code) or default, MOST)
    start = _start(arguments.text("cursor"))
    end = start + limit
    cursor = base64.b64encode(f"next:{end}".encode()).decode() if end < len(found) else ""
    return found[start:end], {"response_metadata": {"next_cursor": cursor}}


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, _, place = base64.b64decode(cursor, validate=True).decode().partition(":")
        start = int(place)
    except (ValueError, binascii.Error):
        refuse("invalid_cursor")
    if word != "next" or start < 0:
        refuse("invalid_cursor")
    return start
