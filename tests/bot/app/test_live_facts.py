"""Live facts: each known with where it was read, or unknown with the reason; never guessed."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot.app.cluster_facts import Seen
from bot.app.facts import Asked
from bot.app.live_facts import (
    AT_ONCE,
    CLUSTER_LATE,
    LATER,
    NO_CANARY,
    NO_NAMESPACE,
    SERIES_LATE,
    SEVERAL,
    LiveFacts,
)
from cluster.signals.answers import Trouble
from cluster.signals.reading import NoData, NotApplicable, Observation, PerPod, Reading, Why
from cluster.signals.signals import DEADLINE, Samples
from cluster.targets.target import Picker, Selector, Target
from incidents.correlation import Place
from incidents.facts import Known, Unknown
from tests.builders import NOON

PLACE = Place(cluster="local", namespace="llm-d", model="llama", role="")
PODS = ("decode-a", "decode-b")


def target(**changes: object) -> Target:
    """Return the decode workload of the story."""
    usual = {
        "cluster": "local",
        "namespace": "llm-d",
        "kind": "Deployment",
        "name": "decode",
        "uid": "u-1",
        "model": "llama",
        "role": "decode",
        "pods": PODS,
        "pool": "llama-pool",
        "picker": Picker(name="epp", failure_mode="FailClose"),
    }
    return Target(**{**usual, **changes})  # type: ignore[arg-type] # the caller names real fields


@dataclass(slots=True)
class Told:
    """Signals that say what they are told; what they are not told is not scraped."""

    now: Mapping[str, float] = field(default_factory=dict)
    points: Mapping[str, Sequence[float]] = field(default_factory=dict)
    pods: Mapping[str, float] = field(default_factory=dict)
    why: Why = Why.NOT_SCRAPED
    asked: list[tuple[str, Target]] = field(default_factory=list)

    def read_many(
        self, names: Sequence[str], about: Target, *, at: datetime, deadline: timedelta = DEADLINE
    ) -> Mapping[str, Observation]:
        """Return what is told of each."""
        assert deadline <= DEADLINE
        self.asked += [(name, about) for name in names]
        return {name: self._one(name, at) for name in names}

    def read_range(
        self, name: str, _: Target, *, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData | NotApplicable:
        """Return the points, the last one at the end."""
        if name not in self.points:
            return NotApplicable(signal=name, because="no prefill")
        values = self.points[name]
        first = end - (len(values) - 1) * step
        assert start <= end
        points = tuple((first + n * step, value) for n, value in enumerate(values))
        return Samples(signal=name, unit="", query="q", points=points)

    def read_by_pod(self, name: str, _: Target, *, at: datetime) -> PerPod:
        """Return what is told of each pod."""
        found = {pod: self._reading(name, value, at) for pod, value in self.pods.items()}
        return found or NoData(signal=name, why=self.why, detail="nothing")

    def _one(self, name: str, at: datetime) -> Observation:
        if name in self.now:
            return self._reading(name, self.now[name], at)
        return NoData(signal=name, why=self.why, detail="nothing")

    def _reading(self, name: str, value: float, at: datetime) -> Reading:
        return Reading(
            signal=name, value=value, unit="", at=at, query="q", metrics=(f"{name}_total",)
        )


def gathered(
    signals: Told, *names: str, about: Target | Unknown | None = None, place: Place = PLACE
) -> Mapping[str, Known | Unknown]:
    """Return the facts of one question; the cluster says what it is told."""
    there = about if about is not None else target()
    seen = there if isinstance(there, Unknown) else Seen(target=there, facts={})
    source = LiveFacts(signals=signals, cluster=lambda _: seen)  # type: ignore[arg-type] # what is asked of it is there
    (found,) = source.gather([Asked(place=place, names=names)], NOON)
    return found


def test_a_number_is_known_with_its_unit_and_where_it_was_read() -> None:
    """Whoever doubts a severity looks the number up."""
    found = gathered(Told(now={"error_ratio": 0.14}), "error_ratio", "ttft_p95")

    assert found == {
        "error_ratio": Known(value=0.14, unit="ratio", source="error_ratio_total at 12:00:00"),
        "ttft_p95": Unknown(why="not scraped: nothing", lasting=True),
    }


@pytest.mark.parametrize(
    ("why", "told", "lasting"),
    [
        pytest.param(Why.TIMEOUT, "Prometheus did not answer within 3 s", False, id="late"),
        pytest.param(Why.UNREACHABLE, "Prometheus cannot be reached: nothing", False, id="away"),
        pytest.param(Why.PARTIAL, "warning or partial result: nothing", False, id="partial"),
        pytest.param(Why.EMPTY, "empty: nothing", True, id="empty"),
    ],
)
def test_why_there_is_no_number_is_said_in_words(why: Why, told: str, lasting: bool) -> None:
    """What passes is asked for again soon; what is not there at all is not."""
    assert gathered(Told(why=why), "waiting") == {"waiting": Unknown(why=told, lasting=lasting)}


@pytest.mark.parametrize(
    ("points", "known"),
    [
        pytest.param([3, 5, 0, 0], {"request_rate": 5, "traffic_gone": True}, id="gone"),
        pytest.param([3, 5, 0, 1], {"request_rate": 5, "traffic_gone": False}, id="some"),
        pytest.param([0] * 61, {"request_rate": 0, "traffic_gone": False}, id="never-any"),
        pytest.param([0, 0, 0, 0], {}, id="hardly-looked"),
        pytest.param([0], {}, id="born-during-the-outage"),
    ],
)
def test_traffic_is_judged_by_the_last_hour(
    points: Sequence[float], known: Mapping[str, float]
) -> None:
    """A pool that is down looks like one that nobody uses."""
    found = gathered(Told(points={"request_rate": points}), "request_rate", "traffic_gone")

    assert {name: one.value for name, one in found.items() if isinstance(one, Known)} == known


@pytest.mark.parametrize(
    ("points", "rising"),
    [
        pytest.param([float(n) for n in range(20)], True, id="grows"),
        pytest.param([7.0] * 20, False, id="stays"),
        pytest.param([0.0, 2.0, 4.0, 6.0, 8.0, *[9.0] * 6], False, id="came-and-stands"),
        pytest.param([1.0, 2.0], None, id="too-few"),
    ],
)
def test_a_queue_rises_or_it_cannot_be_told(points: Sequence[float], rising: bool | None) -> None:
    """Two samples are no trend."""
    found = gathered(Told(points={"waiting": points}), "waiting_rising")["waiting_rising"]

    assert (found.value if isinstance(found, Known) else None) is rising


@pytest.mark.parametrize(
    ("pods", "about", "idle"),
    [
        pytest.param({"decode-a": 0.0, "decode-b": 4.0}, target(), 1, id="one"),
        pytest.param({"decode-a": 0.0}, target(), None, id="a-pod-is-silent"),
        pytest.param({}, target(), None, id="nobody-reports"),
        pytest.param({"decode-a": 0.0, "decode-b": 0.0}, target(role=""), None, id="no-roles"),
    ],
)
def test_who_is_silent_is_not_idle(
    pods: Mapping[str, float], about: Target, idle: int | None
) -> None:
    """An engine that hangs reports nothing, and is no spare capacity."""
    found = gathered(Told(pods=pods), "idle_replicas", about=about)["idle_replicas"]

    assert (found.value if isinstance(found, Known) else None) == idle


@pytest.mark.parametrize(
    ("fact", "signal", "unit"),
    [
        pytest.param("gateway_error_ratio", "gateway_error_ratio", "ratio", id="gateway"),
        pytest.param("xid", "gpu_xid", "Xid", id="xid"),
    ],
)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_gateway_and_the_gpus_tell_their_facts(
    fact: str, signal: str, unit: str, value: float
) -> None:
    """Zero that was read is zero: no answer failed, no GPU ever reported a fault."""
    found = gathered(Told(now={signal: value}), fact)

    assert found == {fact: Known(value=value, unit=unit, source=f"{signal}_total at 12:00:00")}


@pytest.mark.parametrize("fact", ["gateway_error_ratio", "xid"])
@pytest.mark.parametrize("why", [Why.NOT_SCRAPED, Why.EMPTY, Why.STALE, Why.NOT_A_NUMBER])
def test_a_gateway_or_a_gpu_that_nobody_sees_is_not_well(fact: str, why: Why) -> None:
    """Without an exporter there is no fault, and no zero either."""
    found = gathered(Told(why=why), fact)

    lasting = why in {Why.NOT_SCRAPED, Why.EMPTY}
    assert found == {fact: Unknown(why=f"{why.value}: nothing", lasting=lasting)}


@pytest.mark.parametrize(
    ("fact", "signal", "value"),
    [
        pytest.param("gateway_error_ratio", "gateway_error_ratio", 1.5, id="more-than-all"),
        pytest.param("gateway_error_ratio", "gateway_error_ratio", -0.1, id="less-than-none"),
        pytest.param("xid", "gpu_xid", -79.0, id="no-xid"),
    ],
)
def test_a_number_that_cannot_be_decides_nothing(fact: str, signal: str, value: float) -> None:
    """A P0 must not come of a broken exporter."""
    found = gathered(Told(now={signal: value}), fact)

    assert found == {fact: Unknown(why=f"outside what it can be: {value:g}")}


def test_what_nothing_tells_yet_says_so() -> None:
    """Not asked is not false."""
    found = gathered(Told(), "canary_differs")

    assert found == dict.fromkeys(found, Unknown(why=NO_CANARY, lasting=True))


def test_an_alert_without_a_namespace_is_asked_about_nowhere() -> None:
    """Some other namespace's numbers would be worse than none."""
    signals = Told(now={"waiting": 1})
    found = gathered(
        signals, "waiting", place=Place(cluster="local", namespace="", model="", role="")
    )

    assert found == {"waiting": Unknown(why=NO_NAMESPACE, lasting=True)}
    assert signals.asked == []


def test_more_targets_than_can_be_asked_about_wait_for_the_next_look() -> None:
    """The worst alerts come first; the deadline is one for all of them."""
    source = LiveFacts(signals=Told(now={"waiting": 1}))  # type: ignore[arg-type] # what is asked of it is there
    places = [
        Place(cluster="local", namespace=f"n{n}", model="", role="") for n in range(AT_ONCE + 2)
    ]

    found = source.gather([Asked(place=one, names=("waiting",)) for one in places], NOON)

    known = [isinstance(one["waiting"], Known) for one in found]
    assert known == [True] * AT_ONCE + [False] * 2
    assert found[-1] == {"waiting": Unknown(why=LATER)}


def test_a_cluster_that_hangs_leaves_the_signals(request: pytest.FixtureRequest) -> None:
    """It is waited for once; then the series say what they can."""
    let_go, asked = threading.Event(), list[Selector]()
    request.addfinalizer(let_go.set)

    def hangs(selector: Selector) -> Unknown:
        asked.append(selector)
        let_go.wait(20)
        return Unknown(why="over")

    source = LiveFacts(signals=Told(now={"waiting": 1}), cluster=hangs)  # type: ignore[arg-type] # what is asked of it is there
    question = [Asked(place=PLACE, names=("waiting", "failure_mode"))]
    first = source.gather(question, NOON)
    second = source.gather(question, NOON + timedelta(minutes=1))

    for (found,) in (first, second):
        assert isinstance(found["waiting"], Known)
        assert found["failure_mode"] == CLUSTER_LATE
    assert len(asked) == 1


SHOWN = target(kind="", name="", uid="", role="", pool="", picker=None)
"""What the engines' series show."""
SLOW_SECONDS = 0.7
Answer = tuple[Target, ...] | Trouble
POD_FACTS = ("transfer_failures", "xid", "idle_replicas")
TOLD = Told(
    now={"transfer_failures": 0.6, "gpu_xid": 79, "ready_endpoints": 3},
    pods=dict.fromkeys(PODS, 0.0),
)


@dataclass(slots=True)
class Shows:
    """A source of series that gives its answer after a time, or when it is let go."""

    answer: Answer
    after: float = 0.0
    let_go: threading.Event = field(default_factory=threading.Event)
    asked: int = 0

    def __call__(self, *, namespace: str, model: str, at: datetime) -> Answer:
        """Return the answer; see `Series`."""
        assert namespace == PLACE.namespace
        assert model in {"", PLACE.model}
        assert at >= NOON
        self.asked += 1
        self.let_go.wait(self.after)
        return self.answer


def shown(
    series: Callable[..., Answer], *names: str, signals: Told = TOLD, place: Place = PLACE
) -> Mapping[str, Known | Unknown]:
    """Return the facts of one question where no cluster names a target."""
    source = LiveFacts(signals=signals, series=series)  # type: ignore[arg-type] # what is asked of it is there
    (found,) = source.gather([Asked(place=place, names=names)], NOON)
    return found


def test_series_that_come_slowly_still_say_whose_pods_are_meant() -> None:
    """A Prometheus that takes 0.7 s for everything must not make a P1 a P3."""
    signals = Told(now={"transfer_failures": 0.6})
    found = shown(Shows((SHOWN,), after=SLOW_SECONDS), "transfer_failures", signals=signals)

    assert found["transfer_failures"] == Known(
        value=0.6, unit="transfers/s", source="transfer_failures_total at 12:00:00"
    )
    assert signals.asked == [("transfer_failures", SHOWN)]


@pytest.mark.parametrize(
    ("why", "told"),
    [
        pytest.param(Why.TIMEOUT, "Prometheus did not answer within 3 s", id="late"),
        pytest.param(Why.UNREACHABLE, "Prometheus cannot be reached: 503", id="away"),
        pytest.param(Why.EMPTY, "empty: 503", id="empty"),
        pytest.param(Why.PARTIAL, "warning or partial result: 503", id="partial"),
    ],
)
def test_series_in_trouble_are_the_reason_and_are_asked_again_soon(why: Why, told: str) -> None:
    """That the target has no pods would be untrue, and be believed for five minutes."""
    found = shown(Shows(Trouble(why=why, detail="503")), *POD_FACTS, "ready_endpoints")

    assert {name: found[name] for name in POD_FACTS} == dict.fromkeys(POD_FACTS, Unknown(why=told))
    assert isinstance(found["ready_endpoints"], Known)


def test_series_of_several_models_are_nobodys() -> None:
    """Another model's trouble must not raise this incident; that somebody names one must help."""
    both = (SHOWN, target(model="mistral"))
    nobody = Place(cluster="local", namespace="llm-d", model="", role="")
    found = shown(Shows(both), *POD_FACTS, "ttft_p95", "ready_endpoints", place=nobody)

    pods_or_model = (*POD_FACTS, "ttft_p95")
    assert {name: found[name] for name in pods_or_model} == dict.fromkeys(pods_or_model, SEVERAL)
    assert isinstance(found["ready_endpoints"], Known)


@pytest.mark.parametrize(
    ("fact", "why", "told"),
    [
        pytest.param(
            "ttft_p95",
            Why.NOT_SCRAPED,
            Unknown(why="several models serve here: name one", lasting=True),
            id="another-way-was-closed",
        ),
        pytest.param(
            "gateway_error_ratio",
            Why.NOT_SCRAPED,
            Unknown(why="not scraped: nothing", lasting=True),
            id="it-needs-no-pods",
        ),
        pytest.param("ttft_p95", Why.STALE, Unknown(why="stale: nothing"), id="passes-anyway"),
    ],
)
def test_what_is_not_there_for_want_of_pods_says_so(fact: str, why: Why, told: Unknown) -> None:
    """The picker does not tell it: the engines might, if it were known which."""
    found = shown(Shows((SHOWN, target(uid="u-2"))), fact, signals=Told(why=why))

    assert found == {fact: told}


def test_a_series_source_that_hangs_is_waited_for_once(request: pytest.FixtureRequest) -> None:
    """What needs no pods is read meanwhile; of a storm not every delivery waits."""
    series = Shows((SHOWN,), after=20)
    request.addfinalizer(series.let_go.set)
    source = LiveFacts(signals=TOLD, series=series)  # type: ignore[arg-type] # what is asked of it is there
    pods = [Asked(place=PLACE, names=("transfer_failures",))]
    (both,) = source.gather(
        [Asked(place=PLACE, names=("transfer_failures", "ready_endpoints"))], NOON
    )
    (first,) = source.gather(pods, NOON + timedelta(minutes=1))
    (second,) = source.gather(pods, NOON + timedelta(minutes=2))

    assert both["transfer_failures"] == first["transfer_failures"] == SERIES_LATE
    assert isinstance(both["ready_endpoints"], Known)
    assert second["transfer_failures"] == Unknown(why="Prometheus did not answer within 3 s")
    assert series.asked == 2


def test_the_cluster_is_asked_about_the_workload_that_a_person_chose() -> None:
    """Two incidents of one place may be about two workloads: neither has the other's facts."""
    asked = list[Selector]()

    def look(selector: Selector) -> Seen:
        asked.append(selector)
        return Seen(target=target(name=selector.chosen), facts={})

    source = LiveFacts(signals=Told(), cluster=look)  # type: ignore[arg-type] # what is asked of it is there
    meant = [Asked(place=PLACE, names=("waiting",), chosen=one) for one in ("", "Deployment b")]
    source.gather(meant, NOON)

    assert sorted(one.chosen for one in asked) == ["", "Deployment b"]


def test_a_canary_is_asked_where_it_is_wanted_and_the_target_is_known() -> None:
    """Wrong output is P0, and nothing but an answer tells of it."""
    asked = list[Target]()

    def canary(about: Target) -> Known | Unknown:
        asked.append(about)
        return Known(value=True, unit="", source="the canary")

    seen = Seen(target=target(), facts={})
    source = LiveFacts(signals=Told(), cluster=lambda _: seen, canary=canary)  # type: ignore[arg-type] # what is asked of it is there
    lost = LiveFacts(signals=Told(), cluster=lambda _: Unknown(why="away"), canary=canary)  # type: ignore[arg-type] # what is asked of it is there
    question = Asked(place=PLACE, names=("canary_differs",))

    ((found,), (nothing,)) = source.gather([question], NOON), lost.gather([question], NOON)
    source.gather([Asked(place=PLACE, names=("waiting",))], NOON)

    assert found == {"canary_differs": Known(value=True, unit="", source="the canary")}
    assert nothing == {"canary_differs": Unknown(why=NO_CANARY, lasting=True)}
    assert asked == [target()]


def test_a_canary_that_hangs_is_not_waited_for() -> None:
    """The alert is judged within three seconds, whatever an engine does."""
    over = threading.Event()

    def hangs(_: Target) -> Known | Unknown:
        over.wait(10)
        return Unknown(why="never told")

    source = LiveFacts(
        signals=Told(),  # type: ignore[arg-type] # what is asked of it is there
        cluster=lambda _: Seen(target=target(), facts={}),
        canary=hangs,
        # The three seconds are over at the second look at the clock.
        monotonic=iter([0.0, *[2.95] * 20]).__next__,
    )

    (found,) = source.gather([Asked(place=PLACE, names=("canary_differs",))], NOON)
    over.set()

    assert found == {"canary_differs": Unknown(why="the canary was not answered in time")}
