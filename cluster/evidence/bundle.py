"""A bundle of evidence: what pods said of themselves before a change, within bounds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from cluster.actions.plan import Plan
from incidents.events.run import BundleRecord

MOST: Final = 1024 * 1024
"""So many characters a bundle has at most: it lies in the database for as long as the incident."""
LONGEST: Final = 200
"""So many characters of why something is missing stand in the journal."""
MISSING: Final = 12
"""So many reasons stand in the journal; the bundle's own text has all of them."""
CUT: Final = "… (cut here)"


class Sort(Enum):
    """What a part of a bundle is."""

    POD = "pod"
    LOG = "log"
    METRICS = "metrics"
    EVENTS = "events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One text with its title; `count` is what it holds: lines, series or events."""

    sort: Sort
    title: str
    text: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What was found, and in words what was not and why."""

    parts: tuple[Part, ...] = ()
    missing: tuple[str, ...] = ()

    def text(self) -> str:
        """Return all of it as one text, each part below its title; cut visibly where too long."""
        whole = "\n".join(self._lines())
        return whole if len(whole) <= MOST else f"{whole[: MOST - len(CUT)]}{CUT}"

    def record(self, digest: str) -> BundleRecord:
        """Return what the journal keeps of it: counts, and under which digest the text is."""
        return BundleRecord(
            text=digest,
            size=len(self.text()),
            pods=self._of(Sort.POD),
            logs=self._of(Sort.LOG),
            metrics=self._of(Sort.METRICS),
            events=sum(one.count for one in self.parts if one.sort is Sort.EVENTS),
            missing=tuple(one[:LONGEST] for one in self.missing[:MISSING]),
        )

    def _of(self, sort: Sort) -> int:
        return sum(one.sort is sort for one in self.parts)

    def _lines(self) -> Iterator[str]:
        for part in self.parts:
            yield f"## {part.title}"
            yield part.text
            yield ""
        if self.missing:
            yield "## missing"
            yield from self.missing


class Evidence(Protocol):
    """Collects what is known of the pods that a plan touches."""

    def collect(self, plan: Plan) -> Bundle:
        """Return the bundle within seconds; what cannot be had is in `missing`. Never raises."""


class NoEvidence:
    """Where no cluster is configured: nothing is collected, and nothing is said of it."""

    def collect(self, plan: Plan) -> Bundle:  # noqa: ARG002  # the port's
        """Return a bundle of nothing."""
        return Bundle()


Redact = Callable[[str], str]
"""Returns a text in which `***` stands for what looks like a secret."""
