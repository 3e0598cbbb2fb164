"""Facts from signals: what is missing, or cannot be, is not known, and never lowers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.app import signal_facts
from cluster.signals.reading import NoData, Observation, Reading, Why
from cluster.signals.signals import DEADLINE, Samples
from cluster.targets.target import Target
from incidents.default_policy import default_policy
from incidents.facts import Facts, Known, Unknown
from incidents.severity import judge, least, worse
from tests.builders import NOON, alert
from tests.incidents.knowing import knowing

POLICY = default_policy()
HOUR = 60
WINDOW = 5
NAMES = ("request_rate", "traffic_gone")
TARGET = Target(
    cluster="local",
    namespace="llm-d",
    kind="Deployment",
    name="decode",
    uid="u-1",
    model="llama",
    role="decode",
    pods=("decode-a",),
)
Points = Mapping[int, float]
"""Rates by the minute of the hour; the last is 60."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Signals of which these samples were recorded, and this one number of each."""

    points: Points
    now: float = 0.0

    def read_range(
        self, name: str, _: Target, *, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData:
        """Return what was recorded."""
        assert start + HOUR * step == end
        if not self.points:
            return NoData(signal=name, why=Why.EMPTY, detail="nothing")
        points = tuple((start + n * step, value) for n, value in sorted(self.points.items()))
        return Samples(signal=name, unit="", query="q", points=points)

    def read_many(
        self, names: Sequence[str], _: Target, *, at: datetime, deadline: timedelta
    ) -> Mapping[str, Observation]:
        """Return the one number of each."""
        assert deadline == DEADLINE
        return {
            name: Reading(signal=name, value=self.now, unit="", at=at, query="q", metrics=())
            for name in names
        }


def told(recorded: Recorded, *names: str) -> Facts:
    """Return what is told of these facts."""
    found = signal_facts.reads(names, recorded, TARGET, at=NOON, deadline=DEADLINE)  # type: ignore[arg-type] # what is asked of it is there
    return {name: one for read in found.values() for name, one in read().items()}


def every(*left_out: int, of: Points | None = None) -> Points:
    """Return a whole hour, quiet where nothing else is said, without these minutes."""
    whole = {**dict.fromkeys(range(HOUR + 1), 0.0), **(of or {})}
    return {minute: rate for minute, rate in whole.items() if minute not in left_out}


@pytest.mark.parametrize(
    ("points", "why"),
    [
        pytest.param({60: 0.0}, "only 12:00 to 12:00 of the hour is known", id="one"),
        pytest.param(every(*range(6)), "only 11:06 to 12:00 of the hour is known", id="born"),
        pytest.param(every(60), "only 11:00 to 11:59 of the hour is known", id="ended"),
        pytest.param(
            every(*range(30, 35)), "only 56 of 61 samples of the hour are known", id="hole"
        ),
        pytest.param(
            every(*range(2, 60, 3)), "only 41 of 61 samples of the hour are known", id="sieve"
        ),
    ],
)
def test_what_was_not_seen_is_not_quiet(points: Points, why: str) -> None:
    """A picker that starts during the outage counts from zero: nobody knows who asked before."""
    found = told(Recorded(points), "request_rate")

    assert found == {"request_rate": Unknown(why=why)}


@pytest.mark.parametrize(
    "points", [every(), every(0, 1, 2, 3, 4), every(30, 31, 32, 33)], ids=["whole", "late", "short"]
)
def test_an_hour_without_requests_is_known(points: Points) -> None:
    """Rates are over five minutes: a shorter hole hides nothing."""
    found = told(Recorded(points), *NAMES)

    assert {name: one.value for name, one in found.items() if isinstance(one, Known)} == {
        "request_rate": 0,
        "traffic_gone": False,
    }


@pytest.mark.parametrize(
    ("points", "gone"),
    [
        pytest.param({20: 3.0, 60: 0.0}, True, id="seen-once"),
        pytest.param({60: 3.0}, False, id="it-arrives"),
        pytest.param({60: 0.0}, None, id="born-during-the-outage"),
        pytest.param({20: 3.0, 57: 3.0}, None, id="not-up-to-now"),
        pytest.param({20: 3.0, 54: 0.0}, None, id="long-ago"),
    ],
)
def test_whether_traffic_is_gone_needs_what_it_rests_on(points: Points, gone: bool | None) -> None:
    """One sample with traffic says that there was some; none says so only of a whole hour."""
    found = told(Recorded(points), "traffic_gone")["traffic_gone"]

    assert (found.value if isinstance(found, Known) else None) is gone


@pytest.mark.parametrize("name", ["error_ratio", "request_rate", "traffic_gone", "waiting_rising"])
def test_a_number_that_cannot_be_is_not_believed(name: str) -> None:
    """A recording rule with a mistake in it would take a critical alert to P3."""
    found = told(Recorded(every(of={60: -1.0}), now=-1.0), name)

    assert found == {name: Unknown(why="outside what it can be: -1")}


def test_a_ratio_above_one_is_believed() -> None:
    """Upstream counts requests and their failures in different places."""
    assert told(Recorded({}, now=1.2), "error_ratio")["error_ratio"] == Known(
        value=1.2, unit="ratio", source="Prometheus at 12:00:00"
    )


def rates(arrivals: Mapping[int, int]) -> Points:
    """Return the rates of an hour over five minutes, of who arrived in the minute before each."""
    return {
        minute: sum(arrivals.get(minute - back, 0) for back in range(WINDOW)) / (60 * WINDOW)
        for minute in range(HOUR + 1)
    }


bursts = st.dictionaries(st.integers(1, HOUR), st.sampled_from((5, 300)), max_size=4)
dropped = st.one_of(
    st.sets(st.integers(0, HOUR), max_size=HOUR),
    st.tuples(st.integers(0, HOUR), st.integers(0, HOUR)).map(
        lambda ends: set(range(min(ends), max(ends) + 1))
    ),
)
alerts = st.sampled_from((*sorted(POLICY.catalogue), "Unheard")).map(alert)


@given(alerts, bursts, dropped, st.booleans())
@example(alert("EPPNoReadyEndpoints"), {20: 300}, set(range(60)), False)
@example(alert("EPPCriticalErrorRatio"), {58: 300}, {58, 59, 60}, False)
def test_samples_that_are_lost_never_lower(one, arrivals, lost, parked) -> None:
    """Less is known of a Prometheus that restarts, and less must never let people sleep.

    What only makes it worse where it is known may be missing: then it is what it is without.
    """
    whole = rates(arrivals)
    left = {minute: rate for minute, rate in whole.items() if minute not in lost}
    around = knowing(failure_mode="FailClose", **({"replicas_wanted": 0} if parked else {}))

    def severity(points: Points, *names: str):
        return judge(one, {**around, **told(Recorded(points), *names)}, POLICY).severity

    assert not worse(severity(whole, "request_rate"), severity(left, "request_rate"))
    plain = judge(one, around, POLICY).severity
    assert not worse(least([plain, severity(whole, *NAMES)]), severity(left, *NAMES))
