"""Ids, timestamps and secrets in the shapes that Slack gives them."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BASE = 36


class Mint:
    """Makes ids that never repeat: `C07A0000001`, `U07A0000002`, and so on."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count(1)

    def make(self, prefix: str) -> str:
        """Return a new id of eleven characters with this prefix, such as `C` or `U`."""
        return f"{prefix}07A{_base36(next(self._numbers)).rjust(7, '0')}"

    def number(self) -> int:
        """Return a number that no other call returns."""
        return next(self._numbers)


def stamp(moment: datetime, *, after: str | None) -> str:
    """Return a `ts` with six decimals for this moment, always later than `after`."""
    micros = int(moment.timestamp()) * 1_000_000 + moment.microsecond
    if after is not None:
        micros = max(micros, in_micros(after) + 1)
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def in_micros(ts: str) -> int:
    """Return a `ts` as whole microseconds; raises ValueError when it is none."""
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1_000_000 + int(fraction.ljust(6, "0")[:6] or 0)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, _BASE)
        digits = _DIGITS[rest] + digits
    return digits or "0"
