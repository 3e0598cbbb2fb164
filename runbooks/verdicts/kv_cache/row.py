"""One row of the table, judged: for each pod, and for the role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cluster.signals.reading import NoData, NotApplicable
from incidents.modes import MODES
from runbooks.verdicts.evidence import why
from runbooks.verdicts.known import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Which failure mode it is, by its number, and what speaks for it."""

    mode: str
    because: str = ""

    def __str__(self) -> str:
        because = f", {self.because}" if self.because else ""
        return f"{self.mode} ({MODES[self.mode]}){because}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Whether a verdict fits: the role, and each pod that it can be judged for.

    `missing` says what would have to be known where nobody can tell.
    """

    verdict: str
    holds: Known
    diagnosis: Diagnosis
    words: str = ""
    missing: str = ""
    pods: Mapping[str, Known] = field(default_factory=dict)


def holding(pods: Mapping[str, Known]) -> tuple[str, ...]:
    """Return the pods for which it is known that it holds."""
    return tuple(sorted(pod for pod, holds in pods.items() if holds))


def absent(*observations: object) -> tuple[str, ...]:
    """Return why there is no number, for each observation that has none."""
    missing = (one for one in observations if isinstance(one, (NoData, NotApplicable)))
    return tuple(f"{one.signal}: {why(one)}" for one in missing)


def joined(parts: Iterable[str]) -> str:
    """Return the parts that say something, each once."""
    return "; ".join(dict.fromkeys(part for part in parts if part))
