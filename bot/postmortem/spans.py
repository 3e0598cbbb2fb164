"""Spans of time as people say them."""

from datetime import timedelta

_MINUTE = 60
_HOUR = 3600


def span(length: timedelta) -> str:
    """Return a span in its two largest units: `48 s`, `12 min 30 s`, `26 h`, `26 h 5 min`.

    What took less than half a second is `< 1 s`: only nothing is `0 s`.
    """
    seconds = round(length.total_seconds())
    if length < timedelta():
        return f"-{span(-length)}"
    if seconds == 0 and length:
        return "< 1 s"
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return _two(seconds // _MINUTE, "min", seconds % _MINUTE, "s")
    minutes = round(seconds / _MINUTE)
    return _two(minutes // _MINUTE, "h", minutes % _MINUTE, "min")


def _two(large: int, unit: str, small: int, lesser: str) -> str:
    return f"{large} {unit} {small} {lesser}" if small else f"{large} {unit}"
