"""One row of the table, judged: for each pod, and for the role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cluster.signals.reading import NoData, NotApplicable
from incidents.modes import MODES
from runbooks.verdicts.evidence import exists, why
from runbooks.verdicts.known import Known
from runbooks.verdicts.pods import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Which failure mode it is, by its number, and what speaks for it."""

    mode: str
    because: str = ""

    def __str__(self) -> str:
        because = f", {self.because}" if self.because else ""
        return f"{self.mode} ({MODES[self.mode]}){because}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What a row would have to know; where it `blocks`, nothing is called healthy without it.

    What every engine has blocks, and so does what is there and could not be read: it may be what
    is wrong. What does not exist here will never be read, and blocks nothing.
    """

    words: str
    blocks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Whether a verdict fits: the role, and each pod that it can be judged for.

    `gaps` are what would have to be known where nobody can tell.
    """

    verdict: str
    holds: Known
    diagnosis: Diagnosis
    words: str = ""
    gaps: tuple[Gap, ...] = ()
    pods: Mapping[str, Known] = field(default_factory=dict)

    @property
    def missing(self) -> str:
        """Return in words what would have to be known."""
        return joined(gap.words for gap in self.gaps)

    @property
    def skippable(self) -> bool:
        """Tell whether all that is missing does not exist here."""
        return bool(self.gaps) and not any(gap.blocks for gap in self.gaps)


def needed(*missing: str) -> tuple[Gap, ...]:
    """Return the gaps of what every engine has."""
    return tuple(Gap(words=words, blocks=True) for words in missing if words)


def optional(*missing: Pool | object) -> tuple[Gap, ...]:
    """Return the gaps of what not every install has, for each that has no number."""
    return tuple(gap for one in missing if (gap := _gap(one)))


def _gap(one: Pool | object) -> Gap | None:
    if isinstance(one, Pool):
        return Gap(words=one.missing, blocks=one.exists) if one.missing else None
    return next((Gap(words=words, blocks=exists(one)) for words in absent(one)), None)


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
