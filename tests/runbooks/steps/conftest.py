"""A Prometheus that answers what a test says, for the steps that read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from cluster.signals.catalogue import SIGNALS
from cluster.signals.reading import (
    NoData,
    NotApplicable,
    Observation,
    Parts,
    PerPod,
    PerRank,
    Reading,
    Why,
)
from cluster.signals.signals import DEADLINE, Samples
from cluster.targets.target import Target
from incidents.errors import Rejected
from runbooks.language.declaration import Question

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Answers:
    """Values by signal; what has none is not scraped. Unknown names are refused as for real.

    Every pod has two ranks unless they are not told `apart`.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    apart: bool = True
    asked: list[tuple[str, datetime]] = field(default_factory=list)

    def read(self, name: str, target: Target, *, at: datetime) -> Observation:
        if name not in SIGNALS:
            message = f"unknown signal {name}"
            raise Rejected(message)
        self.asked.append((name, at))
        if name not in self.values:
            return NoData(signal=name, why=Why.NOT_SCRAPED, detail="")
        return Reading(signal=name, value=self.values[name], unit="u", at=at, query=f"q({name})")

    def read_by_pod(self, name: str, target: Target, *, at: datetime) -> PerPod:
        one = self.read(name, target, at=at)
        return dict.fromkeys(target.pods, one) if isinstance(one, Reading) else one

    def read_by_rank(self, name: str, target: Target, *, at: datetime) -> PerRank:
        if not self.apart:
            return NotApplicable(signal=name, because="its series have no label engine")
        found = self.read(name, target, at=at)
        if not isinstance(found, Reading):
            return found
        return {(pod, engine): found for pod in target.pods for engine in ("0", "1")}

    def read_parts(self, name: str, target: Target, *, at: datetime) -> Parts:
        found = self.read(name, target, at=at)
        return {f"{found.value:g}": found} if isinstance(found, Reading) else found

    def read_many(
        self, names: Sequence[str], target: Target, *, at: datetime, deadline: timedelta = DEADLINE
    ) -> Mapping[str, Observation]:
        return {name: self.read(name, target, at=at) for name in names}

    def read_range(
        self, name: str, target: Target, *, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData | NotApplicable:
        one = self.read(name, target, at=end)
        if not isinstance(one, Reading):
            return one
        moments = [start + step * n for n in range(int((end - start) / step) + 1)]
        points = tuple((at, one.value) for at in moments)
        return Samples(signal=name, unit="u", query=one.query, points=points)


@pytest.fixture
def ask() -> Callable[..., Question]:
    """Make a question about two decode pods whose signals have the given values."""

    def question(arguments: Mapping[str, object], **values: float) -> Question:
        target = Target(
            cluster="local",
            namespace="llm-d",
            kind="Deployment",
            name="decode",
            uid="uid",
            model="llama",
            role="decode",
            pods=("decode-0", "decode-1"),
        )
        return Question(arguments=arguments, target=target, signals=Answers(values=values), at=AT)

    return question
