"""What can be said of a pool from the pods that report: yes, no, or not known."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

from cluster.signals.reading import NoData, NotApplicable, PerPod, Reading
from runbooks.verdicts.evidence import exists, why
from runbooks.verdicts.known import Known

Test = Callable[[float], bool]

NAMED: Final = 3
"""How many names a sentence holds; of a hundred pods the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One signal over the pods of a pool: what was read, and what is missing.

    `exists` tells whether any of the pods has the signal, read or not.
    """

    signal: str
    values: Mapping[str, float]
    missing: str = ""
    exists: bool = True

    def holds(self, pod: str, test: Test) -> Known:
        """Return whether the pod's value passes, as far as it has one."""
        value = self.values.get(pod)
        return None if value is None else test(value)

    def where(self, test: Test) -> tuple[str, ...]:
        """Return the reporting pods whose value passes."""
        return tuple(pod for pod, value in sorted(self.values.items()) if test(value))

    @property
    def worst(self) -> float:
        """Return the greatest value; 0 where nothing was read."""
        return max(self.values.values(), default=0.0)

    @property
    def total(self) -> float:
        """Return the sum over the reporting pods."""
        return sum(self.values.values())


def pool(
    readings: PerPod, pods: Collection[str], *, signal: str, highest: float = float("inf")
) -> Pool:
    """Return the signal over the pool; values outside 0 to `highest` are contradictory."""
    if isinstance(readings, (NoData, NotApplicable)):
        missing = f"{signal}: {why(readings)}"
        return Pool(signal=signal, values={}, missing=missing, exists=exists(readings))
    values = {pod: r.value for pod, r in readings.items() if pod in pods and sound(r, highest)}
    contradictory = sorted(readings.keys() & set(pods) - values.keys())
    silent = sorted(set(pods) - readings.keys())
    complaints = [
        f"{word} {named(names)}"
        for word, names in (("nothing from", silent), ("contradictory:", contradictory))
        if names
    ]
    missing = f"{signal}: {'; '.join(complaints)}" if complaints else ""
    return Pool(signal=signal, values=values, missing=missing)


def number(reading: object, *, highest: float = float("inf")) -> float | None:
    """Return the value of one reading, None where there is none or it is contradictory."""
    if isinstance(reading, Reading) and sound(reading, highest):
        return reading.value
    return None


def sound(reading: Reading, highest: float = float("inf")) -> bool:
    """Tell whether a value can be one: finite, and from 0 to `highest`."""
    return isfinite(reading.value) and 0 <= reading.value <= highest


def named(names: Sequence[str]) -> str:
    """Return the first names in words, and how many there are more."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
