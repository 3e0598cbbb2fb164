"""prefix_thrash: prompts find less of themselves in the cache than they used to."""

from typing import Final

from runbooks.verdicts.known import Known
from runbooks.verdicts.kv_cache.names import PREFIX_THRASH
from runbooks.verdicts.kv_cache.pressure import tier
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.row import Diagnosis, Row, absent, joined
from runbooks.verdicts.pods import number

MODE: Final = "RB-13"
LOST: Final = 0.5
LOWERED: Final = 0.8
SLOWER: Final = 1.2
"""Time to first token counts as up above this multiple of what it was an hour ago."""


def prefix_thrash(readings: Readings) -> Row:
    """Judge the row for the role; one new pod with a cold cache is no thrash."""
    ratio, baseline = readings.share
    words = ""
    if ratio is not None and baseline:
        words = f"prefix hit ratio {ratio:.2f}, {ratio / baseline:.2f} of the hour before"
    now, before = number(readings.ttft), number(readings.ttft_before)
    if _slower(readings):
        words += f", time to first token up from {before:.2g} to {now:.2g} s"
    return Row(
        verdict=PREFIX_THRASH,
        holds=_thrash(readings),
        diagnosis=Diagnosis(mode=MODE),
        words=joined((words, *tier(readings))),
        missing=_missing(readings),
    )


def colder(readings: Readings) -> bool:
    """Tell whether the hit ratio is known to be lower than it was."""
    ratio, baseline = readings.share
    return ratio is not None and baseline is not None and ratio < LOWERED * baseline


def _thrash(readings: Readings) -> Known:
    ratio, baseline = readings.share
    if baseline == 0:
        return False
    if ratio is None:
        return None
    # A baseline that is not known is one at most.
    most = 1.0 if baseline is None else baseline
    if ratio >= LOWERED * most:
        return False
    if ratio < LOST * most:
        return True if baseline is not None else None
    slower = _slower(readings)
    return slower if baseline is not None or slower is False else None


def _slower(readings: Readings) -> Known:
    now, before = number(readings.ttft), number(readings.ttft_before)
    return None if now is None or not before else now > SLOWER * before


def _missing(readings: Readings) -> str:
    missing = absent(readings.hit_ratio, readings.baseline)
    if not missing:
        missing = absent(readings.ttft, readings.ttft_before)
    return joined(missing) or "no number to compare with"
