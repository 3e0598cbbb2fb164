"""Numbers and moments as Prometheus writes and reads them."""

import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from drills.prometheus.errors import BadQuery

# Outside these sizes the API writes an exponent (util/jsonutil in Prometheus' source).
TINY: Final = 1e-6
HUGE: Final = 1e21
# Go's %v and %g write an exponent outside these exponents: one million is 1e+06.
GO_EXPONENTS: Final = range(-4, 6)

UNITS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
MILLISECONDS: Final = UNITS | {"w": 7 * UNITS["d"], "y": 365 * UNITS["d"]}
# Each unit at most once, the largest first.
DURATION: Final = re.compile(
    r"(?=.)(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?"
)
ORDER: Final = ("y", "w", "d", "h", "m", "s", "ms")


def number(value: float) -> str:
    """Write a sample's value as the API does: shortest, exponent only when tiny or huge."""
    if (special := _special(value)) is not None:
        return special
    if value and not TINY <= abs(value) < HUGE:
        return _exponent(value)
    return _plain(value)


def plain(value: float) -> str:
    """Write a number without an exponent, as the API does for scalars."""
    special = _special(value)
    return _plain(value) if special is None else special


def go(value: float) -> str:
    """Write a float as Go's %v does, which is what `{{ $value }}` shows."""
    if (special := _special(value)) is not None:
        return special
    if value and Decimal(repr(value)).adjusted() not in GO_EXPONENTS:
        return _exponent(value)
    return _plain(value)


def scientific(value: float) -> str:
    """Write with an exponent always, as the alerts of the API do."""
    special = _special(value)
    return _exponent(value) if special is None else special


def seconds(at: int) -> int | float:
    """Write milliseconds since the epoch as seconds, whole when they are."""
    return at // 1000 if at % 1000 == 0 else at / 1000


def rfc3339(at: datetime) -> str:
    """Write a moment in UTC with the precision that it has."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Read RFC 3339 or seconds since the epoch; raises BadQuery."""
    try:
        return datetime.fromtimestamp(round(float(text), 3), UTC)
    except (ValueError, OverflowError):
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        message = f'cannot parse "{text}" to a valid timestamp'
        raise BadQuery(message)
    return at


def duration(text: str) -> timedelta:
    """Read seconds or Prometheus' notation such as 5m or 1h30m; raises BadQuery."""
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        pass
    found = DURATION.fullmatch(text)
    if not found:
        message = f'cannot parse "{text}" to a valid duration'
        raise BadQuery(message)
    parts = zip(ORDER, found.groups(), strict=True)
    return timedelta(
        milliseconds=sum(MILLISECONDS[unit] * int(count or 0) for unit, count in parts)
    )


def _special(value: float) -> str | None:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return None


def _plain(value: float) -> str:
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")


def _exponent(value: float) -> str:
    mantissa, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
    return f"{mantissa}e{int(exponent):+03d}"
