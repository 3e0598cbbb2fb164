"""Bytes to JSON values, guarded against what hostile bodies do to a parser."""

import json
from itertools import accumulate

from alert_webhooks.unreadable import Reason, Unreadable

DEEPEST = 32
"""Levels of nesting; version 4 of Alertmanager has four."""

GZIP = b"\x1f\x8b"

_LONGEST_NUMBER = 18
_BRACKETS = b'[]{}"'
_ALL_BUT_BRACKETS = bytes(byte for byte in range(256) if byte not in _BRACKETS)
_AS_BRACKETS = bytes.maketrans(b"{}", b"[]")
_STEP = {ord("["): 1, ord("]"): -1}
_MOST_BRACKETS = 1 << 20


def read_json(body: bytes) -> object:
    """Return the JSON value; raises Unreadable and nothing else.

    Of a key that stands twice the last one counts (RFC 8259 leaves it open; Alertmanager never
    sends one). NUL and lone surrogates, written as escapes, stay in the texts. Numbers too big
    for 64 bits and `NaN` become floats: they must not make the rest of a delivery unreadable.
    """
    if body.startswith(GZIP):
        raise Unreadable(Reason.COMPRESSED.value, reason=Reason.COMPRESSED)
    if nested_deeper(body, DEEPEST):
        message = f"nested deeper than {DEEPEST} levels"
        raise Unreadable(message, reason=Reason.TOO_DEEP)
    try:
        value: object = json.loads(body.decode("utf-8"), parse_int=_number)
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is no UTF-8"
        raise Unreadable(message, reason=Reason.NOT_UTF8) from error
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} (character {error.pos})"
        raise Unreadable(message, reason=Reason.NOT_JSON) from error
    return value


def nested_deeper(body: bytes, levels: int) -> bool:
    """Tell whether brackets are nested deeper; mostly in C, so that 16 MiB take no second."""
    if body.count(b"[") + body.count(b"{") <= levels:
        return False
    brackets = left = _outer_brackets(body)
    for _ in range(levels):
        # Every round takes the innermost level away; where nothing closes there is none.
        before, left = left, left.replace(b"[]", b"")
        if len(left) == len(before):
            break
    if not left:
        return False
    # What is left is deeper, or does not match; that the parser says better, unless it is huge.
    if len(brackets) > _MOST_BRACKETS:
        return True
    return max(accumulate(map(_STEP.__getitem__, brackets))) > levels


def _outer_brackets(body: bytes) -> bytes:
    """Return the brackets that stand outside of texts, in their order, braces written as such."""
    # An escape is two bytes that never open or close anything; only then quotes alternate.
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in body else body
    # Two neighbouring quotes are an empty text, or the seam of two: what is outside stays outside.
    bare = plain.translate(_AS_BRACKETS, _ALL_BUT_BRACKETS).replace(b'""', b"")
    return b"".join(bare.split(b'"')[::2])


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float(digits)
