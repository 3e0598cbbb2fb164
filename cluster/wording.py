"""Texts from outside, as they may stand in a sentence of ours."""

import re
from typing import Final

SHOWN: Final = 120
"""So many characters of a text from outside; a scheduler's sentence is about as long."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def short(text: str, longest: int = SHOWN) -> str:
    """Return a text from outside in one line, cut with a mark."""
    line = _CONTROL.sub(" ", text[: 4 * longest]).strip()
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
