"""Makes foreign text legible: what cannot be seen or reorders its neighbours is spelled out."""

import re

MOST = 12_000
"""Characters of one text that are shown; a bound against floods, far above what people write."""

# C0 and C1 controls but tab and line feed, soft hyphen, zero-width and bidirectional controls,
# byte-order marks, lone surrogates, tags and noncharacters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff]"
)


def legible(text: str, *, most: int = MOST) -> str:
    r"""Return the text with what is unseen spelled as `\u202e`, cut at `most` with a mark.

    The answer always has a UTF-8 form.
    """
    spelled = _UNSEEN.sub(_spelled, text.replace("\r\n", "\n"))
    if len(spelled) <= most:
        return spelled
    return f"{spelled[:most]}… ({len(spelled) - most} more characters)"


def one_line(text: str, *, most: int = MOST) -> str:
    """Return the legible text in one line."""
    return legible(" ".join(text.split()), most=most)


def _spelled(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
