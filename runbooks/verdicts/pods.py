"""What can be said of a pool from the pods that report: yes, no, or not known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite

from cluster.signals.reading import NoData, NotApplicable, PerPod, Reading
from runbooks.verdicts.evidence import why

Test = Callable[[float], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One signal over the pods of a pool: what was read, and what is missing."""

    signal: str
    values: Mapping[str, float]
    missing: str = ""

    def where(self, test: Test) -> tuple[str, ...]:
        """Return the reporting pods whose value passes."""
        return tuple(pod for pod, value in sorted(self.values.items()) if test(value))

    def known_nowhere(self, test: Test) -> bool:
        """Tell whether every pod reports and none passes."""
        return not self.missing and not self.where(test)

    @property
    def worst(self) -> float:
        """Return the greatest value; 0 where nothing was read."""
        return max(self.values.values(), default=0.0)

    @property
    def total(self) -> float:
        """Return the sum over the reporting pods."""
        return sum(self.values.values())


def pool(
    readings: PerPod, pods: tuple[str, ...], *, signal: str, highest: float = float("inf")
) -> Pool:
    """Return the signal over the pool; values outside 0 to `highest` are contradictory."""
    if isinstance(readings, (NoData, NotApplicable)):
        return Pool(signal=signal, values={}, missing=f"{signal}: {why(readings)}")
    values = {pod: r.value for pod, r in readings.items() if _sound(r, highest)}
    contradictory = sorted(readings.keys() - values.keys())
    silent = sorted(set(pods) - readings.keys())
    complaints = [
        f"{word} {', '.join(names)}"
        for word, names in (("nothing from", silent), ("contradictory:", contradictory))
        if names
    ]
    missing = f"{signal}: {'; '.join(complaints)}" if complaints else ""
    return Pool(signal=signal, values=values, missing=missing)


def number(reading: object, *, highest: float = float("inf")) -> float | None:
    """Return the value of one reading, None where there is none or it is contradictory."""
    if isinstance(reading, Reading) and _sound(reading, highest):
        return reading.value
    return None


def _sound(reading: Reading, highest: float) -> bool:
    return isfinite(reading.value) and 0 <= reading.value <= highest
