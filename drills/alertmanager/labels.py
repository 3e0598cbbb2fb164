"""Label sets: fingerprint, order and text as in Prometheus' common library."""

from collections.abc import Mapping
from typing import TypeAlias

Labels: TypeAlias = Mapping[str, str]

_OFFSET = 14695981039346656037  # FNV-1a, 64 bits
_PRIME = 1099511628211
_SEPARATOR = b"\xff"  # occurs in no UTF-8 text, so no two label sets write the same bytes
_ESCAPES = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    '"': r"\"",
}
_ASCII = 0x80
_BASIC_PLANE = 0x10000


def fingerprint(labels: Labels) -> str:
    """Return 16 hex digits over sorted names and values (common/model labelSetToFingerprint)."""
    hashed = _OFFSET
    for name in sorted(labels):
        for byte in name.encode() + _SEPARATOR + labels[name].encode() + _SEPARATOR:
            hashed = ((hashed ^ byte) * _PRIME) & 0xFFFFFFFFFFFFFFFF
    return f"{hashed:016x}"


def text(labels: Labels) -> str:
    """Write a label set as in a groupKey: `{alertname="KVCacheFull", model="m"}`."""
    return "{" + ", ".join(f"{name}={quoted(labels[name])}" for name in sorted(labels)) + "}"


def compare(one: Labels, other: Labels) -> int:
    """Order label sets as notifications do: negative when `one` comes first.

    Source: alertmanager types.AlertSlice (job, then instance, those without come last), then
    common/model LabelSet.Before (smaller sets first; of two sets the one that lacks a name first).
    """
    for name in ("job", "instance"):
        if one.get(name) != other.get(name):
            return _before(
                (name not in one, one.get(name, "")), (name not in other, other.get(name, ""))
            )
    if len(one) != len(other):
        return len(one) - len(other)
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            return _before((name in one, one.get(name, "")), (name in other, other.get(name, "")))
    return 0


def quoted(value: str) -> str:
    """Quote a value as Go's %q."""
    return '"' + "".join(_escaped(letter) for letter in value) + '"'


def _before(one: tuple[bool, str], other: tuple[bool, str]) -> int:
    return -1 if one < other else 1


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isprintable():
        return letter
    code = ord(letter)
    if code < _ASCII:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _BASIC_PLANE else f"\\U{code:08x}"
