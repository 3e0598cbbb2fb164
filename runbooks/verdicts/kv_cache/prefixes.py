"""prefix_thrash: prompts find less of themselves in the cache than they used to."""

from typing import Final

from cluster.signals.reading import NoData, Reading, Why
from runbooks.verdicts.known import Known
from runbooks.verdicts.kv_cache.names import PREFIX_THRASH
from runbooks.verdicts.kv_cache.pressure import tier
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.row import Diagnosis, Gap, Row, joined, needed, optional
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
        gaps=_gaps(readings),
    )


def colder(readings: Readings) -> bool:
    """Tell whether the hit ratio is known to be lower than it was."""
    ratio, baseline = readings.share
    return ratio is not None and baseline is not None and ratio < LOWERED * baseline


def _thrash(readings: Readings) -> Known:
    ratio, baseline = readings.share
    if baseline == 0 or _unasked(readings):
        return False
    if ratio is None:
        return None
    most = _most(baseline)
    if ratio >= LOWERED * most:
        return False
    if ratio < LOST * most:
        return True if baseline is not None else None
    slower = _slower(readings)
    return slower if baseline is not None or slower is False else None


def _slower(readings: Readings) -> Known:
    now, before = number(readings.ttft), number(readings.ttft_before)
    return None if now is None or not before else now > SLOWER * before


def _most(baseline: float | None) -> float:
    """Return what the baseline is at most."""
    return 1.0 if baseline is None else baseline


def _unasked(readings: Readings) -> bool:
    """Tell whether nobody looked anything up: 0/0, while every pod is scraped."""
    ratio = readings.hit_ratio
    nothing = isinstance(ratio, NoData) and ratio.why is Why.NOT_A_NUMBER
    return nothing and not readings.usage.missing


def _gaps(readings: Readings) -> tuple[Gap, ...]:
    """Return what is missing; the first token matters where the ratio alone does not decide."""
    ratio, baseline = readings.share
    shares = ((readings.hit_ratio, ratio), (readings.baseline, baseline))
    absurd = (
        f"{one.signal}: contradictory"
        for one, value in shares
        if value is None and isinstance(one, Reading)
    )
    gaps = (*optional(readings.hit_ratio, readings.baseline), *needed(*absurd))
    if ratio is None or ratio < LOST * _most(baseline) or _slower(readings) is not None:
        return gaps
    first_token = optional(readings.ttft, readings.ttft_before)
    return (*gaps, *(first_token or needed("ttft_p95: no number to compare with")))
