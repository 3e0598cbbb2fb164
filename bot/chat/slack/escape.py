"""Foreign text made harmless for Slack: the one place where it is escaped."""

import unicodedata
from collections.abc import Iterable, Mapping

MARK = " … (cut)"
_ENTITIES: Mapping[str, str] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Format controls (bidi, zero widths), controls, surrogates, private and unassigned code points,
# and the two separators that some clients show as line breaks.
_NEVER = frozenset({"Cf", "Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_KEPT = frozenset({"\n", "\t"})
_BACKTICK = {"`": "\N{MODIFIER LETTER GRAVE ACCENT}"}
# Formatting marks of foreign text would only mislead; the look-alikes read the same. Slack takes
# an underscore for one only at the edge of a word, and names of metrics must stay as they are.
_LOOK_ALIKES = {"*": "\N{ASTERISK OPERATOR}", "~": "\N{TILDE OPERATOR}", **_BACKTICK}


def visible(text: str) -> str:
    """Return the text without what cannot be seen: controls, bidi marks, zero widths."""
    return "".join(one for one in text if one in _KEPT or unicodedata.category(one) not in _NEVER)


def plain(text: str, most: int) -> str:
    """Return text of at most `most` characters that is shown as it is, as `plain_text` objects."""
    return _cut(visible(text).strip(), most)


def mrkdwn(text: str, most: int) -> str:
    """Return text for a `mrkdwn` object: at most `most` characters, and no entity is halved.

    With `verbatim` set on the object nothing in it pings, links or formats but our own marks.
    """
    return _cut(_replaced(text, {**_ENTITIES, **_LOOK_ALIKES}), most)


def code(text: str, most: int) -> str:
    """Return text for a code block: to be copied, and unable to end the block."""
    return _cut(_replaced(text, {**_ENTITIES, **_BACKTICK}), most)


def _replaced(text: str, by: Mapping[str, str]) -> list[str]:
    return [by.get(one, one) for one in visible(text).strip()]


def _cut(parts: Iterable[str], most: int) -> str:
    """Return the parts together, cut between two of them with a visible mark."""
    whole = "".join(parts)
    if len(whole) <= most:
        return whole
    kept, room = list[str](), most - len(MARK)
    for one in parts:
        room -= len(one)
        if room < 0:
            break
        kept.append(one)
    return "".join(kept) + MARK
