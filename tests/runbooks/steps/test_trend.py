"""Whether something is consistently high is asked before anything is changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from cluster.signals.reading import NoData, NotApplicable, Why
from cluster.signals.signals import Samples
from cluster.targets.target import Target
from runbooks.language.declaration import Finding, Question
from runbooks.steps.trend import STEP

HOUR = timedelta(hours=1)


@dataclass
class Ranges:
    """A Prometheus that has these values, oldest first, as far apart as it is asked for."""

    values: Sequence[float]
    asked: tuple[datetime, datetime] | None = None

    def read_range(
        self, name: str, target: Target, *, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData | NotApplicable:
        self.asked = (start, end)
        if not self.values:
            return NoData(signal=name, why=Why.NOT_SCRAPED, detail="no series")
        points = tuple((start + step * n, value) for n, value in enumerate(self.values))
        return Samples(signal=name, unit="requests", query="q", points=points)


Ask = Callable[..., Question]


def told(ask: Ask, values: Sequence[float]) -> Finding:
    arguments: Mapping[str, object] = {"signal": "waiting", "over": HOUR}
    asked = ask(arguments)
    question = Question(
        arguments=arguments, target=asked.target, signals=Ranges(values), at=asked.at
    )
    return STEP.judge(question)


@pytest.mark.parametrize(
    ("values", "verdict", "because"),
    [
        pytest.param([7.0] * 61, "steady", "waiting stayed near 7 requests", id="steady"),
        pytest.param(range(61), "rising", "waiting rose from 0 to 60 requests", id="rising"),
        pytest.param(
            range(60, -1, -1), "falling", "waiting fell from 60 to 0 requests", id="falling"
        ),
        pytest.param(
            [0.0] * 60 + [9.0], "spiky", "waiting jumped between 0 and 9 requests", id="spiky"
        ),
        pytest.param(
            [1.0] * 3,
            "cannot_tell",
            "waiting has no shape: 3 samples, at least 6 are needed",
            id="too-few",
        ),
        pytest.param([], "cannot_tell", "waiting: no data: not scraped (no series)", id="no-data"),
    ],
)
def test_the_verdict_is_the_shape_with_its_numbers(
    ask: Ask, values: Sequence[float], verdict: str, because: str
) -> None:
    """A queue that grows is another problem than one that is long."""
    found = told(ask, [float(value) for value in values])

    assert (found.verdict, found.because) == (verdict, because)
    assert len(found.evidence) == 1
    assert found.verdict in STEP.verdicts


def test_it_looks_back_as_far_as_it_is_told(ask: Ask) -> None:
    """One hour is what the operations chapter asks for."""
    asked = ask({"signal": "waiting", "over": HOUR})
    ranges = Ranges([1.0] * 61)
    STEP.judge(
        Question(arguments=asked.arguments, target=asked.target, signals=ranges, at=asked.at)
    )

    assert ranges.asked == (asked.at - HOUR, asked.at)
    assert STEP.fields.fields["over"].default == HOUR
