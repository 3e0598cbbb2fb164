"""Foreign text made harmless for Slack: the one place where it is escaped."""

import unicodedata
from collections.abc import Mapping

MARK = " … (cut)"
_ENTITIES: Mapping[str, str] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_NEVER = frozenset({"Cf", "Cc", "Cs", "Co", "Cn"})
_KEPT = frozenset({"\n", "\t"})


def visible(text: str) -> str:
    """Return the text without what cannot be seen: controls, bidi marks, zero widths."""
    return "".join(one for one in text if one in _KEPT or unicodedata.category(one) not in _NEVER)


def plain(text: str, most: int) -> str:
    """Return text for a `plain_text` object of at most `most` characters."""
    return cut(visible(text), most)


def mrkdwn(text: str, most: int) -> str:
    """Return text for a `mrkdwn` object: escaped, then cut so that no entity is halved.

    With `verbatim` set on the object nothing in it pings, links or formats but our own marks.
    """
    seen = visible(text)
    escaped = [_ENTITIES.get(one, _harmless(one)) for one in seen]
    if sum(map(len, escaped)) <= most:
        return "".join(escaped)
    kept, room = list[str](), most - len(MARK)
    for one in escaped:
        room -= len(one)
        if room < 0:
            break
        kept.append(one)
    return "".join(kept) + MARK


def code(text: str, most: int) -> str:
    """Return text for a code block: escaped, and unable to end it."""
    return mrkdwn(text.replace("`", "\N{MODIFIER LETTER GRAVE ACCENT}"), most)


def cut(text: str, most: int) -> str:
    """Return the text, cut with a visible mark where it is longer than `most`."""
    return text if len(text) <= most else text[: most - len(MARK)] + MARK


def _harmless(one: str) -> str:
    # Formatting marks of foreign text would only mislead; the look-alikes read the same.
    return _LOOK_ALIKES.get(one, one)


_LOOK_ALIKES: Mapping[str, str] = {
    "*": "\N{ASTERISK OPERATOR}",
    "_": "_",
    "~": "\N{TILDE OPERATOR}",
    "`": "\N{MODIFIER LETTER GRAVE ACCENT}",
}
