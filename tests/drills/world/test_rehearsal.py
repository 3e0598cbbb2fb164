"""A rehearsal, stepped without a network: what rings, what heals, what somebody breaks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from drills.faults import (
    AnyFault,
    LongContext,
    MoreTraffic,
    PodsNeverReady,
    PrometheusGone,
    ScaledBackBySomebody,
)
from drills.installation import DECODE_DEPLOYMENT, NAMESPACE
from drills.kubernetes.people import kubectl_scale
from drills.kubernetes.resources import DEPLOYMENTS
from drills.prometheus import evaluate
from drills.prometheus.alerts import PostableAlert
from drills.prometheus.values import Vector
from drills.rehearsal import GRID, Rehearsal
from drills.stories import named

START = datetime(2026, 8, 1, 10, tzinfo=UTC)

PREEMPTIONS = 'sum(rate(vllm:num_preemptions_total{job="llm-d/decode"}[5m]))'
# Over five minutes: the queue is short at times, when a long prompt at its head gives up. Not those
# whose KV blocks are on their way, of whom there are some at every moment.
WAITING = (
    "sum(avg_over_time(vllm:num_requests_waiting_by_reason"
    '{job="llm-d/decode", reason="capacity"}[5m]))'
)
USAGE = 'max(vllm:kv_cache_usage_perc{job="llm-d/decode"})'
SLOWEST = "histogram_quantile(0.95, sum by (le) (rate(llm_d_epp_request_ttft_seconds_bucket[5m])))"
UP = 'sum(up{job="llm-d/decode"})'


@dataclass(slots=True, kw_only=True)
class Played:
    """A rehearsal with its clock and everything that it would have posted."""

    rehearsal: Rehearsal
    clock: list[datetime]
    posted: list[PostableAlert]

    def play(self, minutes: float) -> None:
        """Let world time pass."""
        end = self.clock[0] + timedelta(minutes=minutes)
        while self.clock[0] < end:
            self.clock[0] += GRID
            self.posted += self.rehearsal.step(self.clock[0])

    def ask(self, query: str) -> float:
        """Evaluate a query that answers one number, now."""
        found = evaluate.instant(self.rehearsal.store, query, self.clock[0])
        assert isinstance(found, Vector), query
        (sample,) = found.samples
        return sample.value

    def scale(self, replicas: int) -> None:
        """Scale the decode pool as anybody may."""
        kubectl_scale(self.rehearsal.cluster, NAMESPACE, DECODE_DEPLOYMENT, replicas)

    def replicas(self) -> int:
        """Return the wanted size of the decode pool."""
        found = self.rehearsal.cluster.get(DEPLOYMENTS, NAMESPACE, DECODE_DEPLOYMENT)
        return int(found["spec"]["replicas"])

    def rung(self) -> set[str]:
        """Return the names of the alerts that were posted."""
        return {alert["labels"]["alertname"] for alert in self.posted}


Begin = Callable[..., Played]


@pytest.fixture
def begin() -> Begin:
    """Return what begins a rehearsal of a story with faults."""

    def begun(*faults: AnyFault, story: str = "quiet", seed: int = 1) -> Played:
        clock = [START]
        rehearsal = Rehearsal(seed=seed, start=START, now=lambda: clock[0], story=named(story))
        for fault in faults:
            rehearsal.put(fault)
        return Played(rehearsal=rehearsal, clock=clock, posted=[])

    return begun


def test_a_quiet_world_rings_nothing_but_the_watchdog(begin: Begin) -> None:
    """Otherwise every drill would begin with a false alarm."""
    played = begin()

    played.play(20)

    assert played.rung() == {"Watchdog"}
    assert played.ask(PREEMPTIONS) == 0
    assert played.ask(SLOWEST) < 1


def test_a_world_has_rates_from_its_first_moment(begin: Begin) -> None:
    """A check right after the start must not read `no data`."""
    played = begin()

    assert played.ask(PREEMPTIONS) == 0
    assert played.ask('sum(rate(vllm:generation_tokens_total{job="llm-d/decode"}[5m]))') > 1_000


@pytest.mark.parametrize("seed", [1, 2])
def test_the_story_rings_the_alert_of_the_story_alone(begin: Begin, seed: int) -> None:
    """Long contexts from the first minute: the alert fires within ten, with its whole identity."""
    played = begin(story="kv-cache", seed=seed)

    played.play(11)

    alert = next(one for one in played.posted if one["labels"]["alertname"] != "Watchdog")
    assert played.rung() == {"VLLMPreemptionsHigh", "Watchdog"}
    assert alert["labels"] == {
        "alertname": "VLLMPreemptionsHigh",
        "namespace": "llm-d",
        "model_name": "llama-3-70b",
        "role": "decode",
        "severity": "warning",
    }
    assert alert["annotations"]["runbook_url"].endswith("/cache-evictions")
    assert "{{" not in alert["annotations"]["description"]


def test_exhaustion_shows_on_every_signal_of_the_check(begin: Begin) -> None:
    """The verdict `exhausted` needs preemptions, full caches, a queue and slow first tokens."""
    played = begin(LongContext())

    played.play(10)

    assert played.ask(PREEMPTIONS) > 0.3
    assert played.ask(USAGE) > 0.9
    assert played.ask(WAITING) > 10
    assert 2 < played.ask(SLOWEST) < 5


def test_two_more_pods_heal_it_and_the_alert_resolves(begin: Begin) -> None:
    """The good end: loading takes a while, then nothing is preempted and nobody waits."""
    played = begin(LongContext())
    played.play(10)

    played.scale(6)
    played.play(1)
    assert played.ask(UP) == 4
    played.play(26)

    assert played.ask(UP) == 6
    assert played.ask(PREEMPTIONS) == 0
    assert played.ask(WAITING) == 0
    last = [one for one in played.posted if one["labels"]["alertname"] != "Watchdog"][-1]
    assert datetime.fromisoformat(last["endsAt"]) < played.clock[0]


def test_pods_that_never_become_ready_heal_nothing(begin: Begin) -> None:
    """The verdict is `no effect`: replicas are there, engines are not."""
    played = begin(LongContext(), PodsNeverReady())
    played.play(10)
    before = played.ask(PREEMPTIONS)

    played.scale(6)
    played.play(10)

    assert (played.replicas(), played.ask(UP)) == (6, 4)
    assert played.ask(PREEMPTIONS) > before / 2


def test_twice_the_traffic_on_six_pods_is_worse_than_before(begin: Begin) -> None:
    """The verdict is `worse`: more preemptions, a longer queue."""
    played = begin(LongContext())
    played.play(12)
    before = (played.ask(PREEMPTIONS), played.ask(WAITING))

    played.scale(6)
    played.rehearsal.put(MoreTraffic(factor=2))
    played.play(12)

    assert played.ask(PREEMPTIONS) > 1.2 * before[0]
    assert played.ask(WAITING) > 1.5 * before[1]


def test_without_prometheus_nothing_is_scraped_and_nothing_rings(begin: Begin) -> None:
    """The whole server is gone: absent data, no evaluation, no repeated alerts."""
    played = begin(PrometheusGone())

    played.play(10)

    found = evaluate.instant(played.rehearsal.store, "up", played.clock[0])
    assert (found, played.posted) == (Vector(), [])


def test_a_prometheus_that_comes_back_does_not_make_up_for_what_it_missed(begin: Begin) -> None:
    """Rounds in the gap would find no data and ring a false end, all at once."""
    played = begin(LongContext())
    played.play(10)
    played.rehearsal.put(PrometheusGone())
    played.play(10)
    before = len(played.posted)

    played.rehearsal.clear("prometheus_gone")
    played.play(0.25)

    assert len(played.posted) - before <= 2


def test_a_colleague_sets_the_pool_back(begin: Begin) -> None:
    """The verdict is `reverted by kubectl-scale`: who did it stands in managedFields."""
    played = begin(ScaledBackBySomebody(after=60))
    played.play(1)
    assert played.replicas() == 4

    played.scale(6)
    played.play(0.5)
    assert played.replicas() == 6
    played.play(1)

    assert played.replicas() == 4


def test_a_fault_that_ends_leaves_healthy_causes(begin: Begin) -> None:
    """Traffic goes back to normal, and so do the signals, without any change of a metric."""
    played = begin(LongContext())
    played.play(5)

    played.rehearsal.clear("long_context")
    played.play(10)

    assert played.ask(WAITING) == 0
    assert played.ask(USAGE) < 0.4


def test_the_same_seed_gives_the_same_world(begin: Begin) -> None:
    """Names, numbers and alerts are repeated, so a drill can be."""
    first, again = (begin(story="kv-cache", seed=5) for _ in range(2))
    for played in (first, again):
        played.play(10)

    assert first.posted == again.posted
    assert _everything(first) == _everything(again)


def test_the_samples_are_what_the_model_counted(begin: Begin) -> None:
    """Nothing between the engines and the query invents or loses anything."""
    played = begin(LongContext())

    played.play(5)

    counted = sum(engine.preemptions for engine in played.rehearsal.model.decode.values())
    assert played.ask("sum(vllm:num_preemptions_total)") == counted > 0


def _everything(played: Played) -> Vector:
    found = evaluate.instant(played.rehearsal.store, '{__name__=~".+"}', played.clock[0])
    assert isinstance(found, Vector)
    return found
