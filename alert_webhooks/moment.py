"""Moments as Go writes them: RFC 3339 with nanoseconds."""

import re
from datetime import UTC, datetime, timedelta, timezone

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_LEAP = 60


def moment(text: str) -> datetime | None:
    """Return the moment in UTC, cut to microseconds; None for year 1, Go's "no moment".

    A leap second becomes the last microsecond before it. Raises ValueError for anything that is
    no moment.
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        message = "must be a moment as in 2026-01-31T12:00:00Z"
        raise ValueError(message)
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    micros = int((found[7] or "")[:6].ljust(6, "0"))
    if second == _LEAP:
        second, micros = _LEAP - 1, 999_999
    if year <= 1:
        return None
    local = datetime(year, month, day, hour, minute, second, micros, tzinfo=_zone(found))
    try:
        return local.astimezone(UTC)
    except OverflowError as error:
        message = "must be a moment of the years 2 to 9999"
        raise ValueError(message) from error


def _zone(found: re.Match[str]) -> timezone:
    if found[8] is None:
        return UTC
    ahead = timedelta(hours=int(found[9]), minutes=int(found[10]))
    return timezone(ahead if found[8] == "+" else -ahead)
