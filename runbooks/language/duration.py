"""Durations as people write them: `30s`, `10m`, `1h30m`, `5d`."""

import re
from datetime import timedelta

PATTERN = r"(?:[0-9]{1,5}d)?(?:[0-9]{1,5}h)?(?:[0-9]{1,5}m)?(?:[0-9]{1,5}s)?"
"""What a duration looks like; the empty text fits as well and is none."""

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse(text: str) -> timedelta:
    """Return the duration; raises ValueError for anything else, also for nothing."""
    if not text or not re.fullmatch(PATTERN, text):
        message = f"{text!r} is no duration such as 30s, 10m or 1h30m"
        raise ValueError(message)
    parts = re.findall(r"([0-9]+)([dhms])", text)
    return timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in parts))


def write(duration: timedelta) -> str:
    """Return the duration as `parse` reads it, in whole seconds."""
    rest = int(duration.total_seconds())
    words = []
    for unit, seconds in _SECONDS.items():
        number, rest = divmod(rest, seconds)
        if number:
            words.append(f"{number}{unit}")
    return "".join(words) or "0s"
