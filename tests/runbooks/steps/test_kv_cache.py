"""kv_cache: reads what the table needs, and keeps every number."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from cluster.signals.reading import NoData, Observation, PerPod, Why
from cluster.targets.target import Member, Target
from incidents.errors import Rejected
from runbooks.steps.kv_cache import SECOND_TIER, STEP, SUSTAINED, read
from runbooks.verdicts.kv_cache.table import judge
from tests.runbooks.steps.conftest import AT, Answers

ARGUMENTS = {"sustained": SUSTAINED}
STORM = {
    "kv_usage": 0.98,
    "preemptions": 2.0,
    "running": 60.0,
    "waiting": 30.0,
    "waiting_capacity": 30.0,
    "waiting_deferred": 0.0,
    "generation_tokens": 900.0,
    "prompt_tokens": 4000.0,
    "silent_ranks": 0.0,
    "transfer_failures": 0.0,
    "transfers": 4.0,
    "transfer_expirations": 0.0,
    "prefix_hit_ratio": 0.4,
    "prefix_hit_ratio_baseline": 0.5,
    "ttft_p95": 9.0,
}


def test_a_storm_is_called_exhausted_with_its_numbers(ask):
    """The story of the shipped runbook stands on this."""
    found = STEP.judge(ask(ARGUMENTS, **STORM))

    assert found.verdict == "exhausted"
    assert found.because.startswith("4 preemptions/s for 5 min on 2 of 2 pods, KV usage 0.98")


def test_every_number_that_was_read_is_kept(ask):
    """The postmortem shows them; the series are gone by then."""
    found = STEP.judge(ask(ARGUMENTS, **STORM))

    kept = {(one.name, one.pod): one.value for one in found.evidence}
    assert kept["kv_usage", "decode-0"] == 0.98
    assert kept["preemptions at least", None] == 2.0
    assert kept["prefix_hit_ratio_baseline", None] == 0.5


def test_an_unscraped_pool_is_cannot_tell_and_says_why(ask):
    """Nothing scraped must never read as nothing wrong."""
    found = STEP.judge(ask(ARGUMENTS))

    assert found.verdict == "cannot_tell"
    assert "kv_usage: no data: not scraped" in found.because
    known = {one.name: one.value for one in found.evidence if one.value is not None}
    assert known == {"pods cannot_tell": 2}


def test_growth_is_measured_against_earlier_moments(ask):
    """What waits now says little; what grows does."""
    question = ask(ARGUMENTS, **STORM)

    STEP.judge(question)

    moments = {name: set() for name, _ in question.signals.asked}
    for name, at in question.signals.asked:
        moments[name].add(question.at - at)
    assert moments["waiting_deferred"] == {timedelta(), timedelta(minutes=5)}
    hour = {timedelta(), timedelta(hours=1)}
    assert [moments[n] for n in ("ttft_p95", "prompt_length_p95", "kv_blocks")] == [hour] * 3
    assert set(SECOND_TIER) <= moments.keys()


def test_a_dead_rank_is_found_by_rank(ask):
    """Seven living ranks of a pod hide the eighth."""
    found = STEP.judge(ask(ARGUMENTS, **{**STORM, "silent_ranks": 1.0}))

    assert found.verdict == "zombie_engine"
    assert "rank 0 of decode-0, rank 1 of decode-0" in found.because
    assert "RB-08" in found.because


def test_where_ranks_are_not_told_apart_pods_are(ask):
    """SGLang has no label for the rank; a dead engine is found all the same."""
    question = ask(ARGUMENTS, **{**STORM, "silent_ranks": 1.0})
    question = replace(question, signals=replace(question.signals, apart=False))

    found = STEP.judge(question)

    assert found.verdict == "zombie_engine"
    assert "on decode-0, decode-1 (2 of 2 pods); RB-04" in found.because


def test_without_any_rank_it_says_why(ask):
    """Neither by rank nor by pod: that nothing is known must not get lost on the way."""
    question = ask(ARGUMENTS, **{**STORM, "preemptions": 0.0})
    del question.signals.values["silent_ranks"]

    found = STEP.judge(replace(question, signals=replace(question.signals, apart=False)))

    assert "silent_ranks: no data: not scraped" in found.because


def test_the_pods_of_a_group_belong_together(ask):
    """All ranks of a LeaderWorkerSet's group dead is another failure than one dead engine."""
    question = ask(ARGUMENTS, **{**STORM, "silent_ranks": 1.0})
    members = tuple(Member(name=pod, group="decode-a") for pod in question.target.pods)

    found = STEP.judge(replace(question, target=replace(question.target, members=members)))

    assert "RB-08 (collective hangs: a data-parallel rank is dead), all ranks of decode-a are " in (
        found.because
    )


def test_the_diagnosis_stands_in_the_timeline(ask):
    """The verdict says what is wrong, the diagnosis of what."""
    found = STEP.judge(ask(ARGUMENTS, **STORM))

    assert "; RB-12 (KV cache exhausted: preemption storm)" in found.because


def test_each_number_is_of_its_signal_and_of_its_moment(ask):
    """Read side by side, none may land in the place of another."""
    found = read(ask(ARGUMENTS, **STORM, prompt_length_p95=2.0, kv_blocks=9.0))

    growing, earlier = AT - timedelta(minutes=5), AT - timedelta(hours=1)
    by_pod = {
        "deferred": ("waiting_deferred", AT),
        "deferred_before": ("waiting_deferred", growing),
        "running": ("running", AT),
        "earlier": ("running", earlier),
    }
    whole = {
        "ttft": ("ttft_p95", AT),
        "ttft_before": ("ttft_p95", earlier),
        "expirations": ("transfer_expirations", AT),
        "baseline": ("prefix_hit_ratio_baseline", AT),
        "prompt_length_before": ("prompt_length_p95", earlier),
    }
    told = {name: getattr(found, name)["decode-0"] for name in by_pod}
    told |= {name: getattr(found, name) for name in whole}
    assert {name: (one.signal, one.at) for name, one in told.items()} == {**by_pod, **whole}
    assert found.blocks_before["9"].at == earlier
    assert found.second_tier.keys() == set(SECOND_TIER)


@dataclass
class Meeting(Answers):
    """Signals of which one is not told before another one is asked for, too."""

    met: threading.Event = field(default_factory=threading.Event)

    def read(self, name: str, target: Target, *, at: datetime) -> Observation:
        if self.asked:
            self.met.set()
        found = super().read(name, target, at=at)
        assert self.met.wait(20)
        return found


def test_signals_are_read_side_by_side(ask):
    """Thirty answers of a slow Prometheus, one after the other, are minutes of an outage."""
    question = replace(ask(ARGUMENTS), signals=Meeting(values=STORM))

    assert STEP.judge(question).verdict == "exhausted"


@dataclass
class Hanging(Answers):
    """Signals of which the KV usage never comes, until the test is over."""

    over: threading.Event = field(default_factory=threading.Event)

    def read_by_pod(self, name: str, target: Target, *, at: datetime) -> PerPod:
        if name == "kv_usage":
            self.over.wait(20)
        return super().read_by_pod(name, target, at=at)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging(values={**STORM, "preemptions": 0.0})
    yield made
    made.over.set()


def test_what_never_comes_is_no_data_and_the_rest_is_there(ask, hanging):
    """One query that hangs must not hold the check, nor make a cache look empty."""
    question = replace(ask(ARGUMENTS), signals=hanging)

    found = read(question, deadline=timedelta(seconds=1))

    detail = "no answer within 1 s"
    assert found.kv_usage == NoData(signal="kv_usage", why=Why.TIMEOUT, detail=detail)
    assert found.running.keys() == {"decode-0", "decode-1"}
    judged = judge(found)
    assert judged.verdict == "cannot_tell"
    assert f"kv_usage: no data: timeout ({detail})" in judged.because


@dataclass
class Misspelt(Answers):
    """Signals in a catalogue that does not know one of them."""

    def read_parts(self, name: str, target: Target, *, at: datetime) -> object:
        message = f"unknown signal {name}"
        raise Rejected(message)


def test_a_signal_that_nobody_knows_is_a_mistake_and_no_silence(ask):
    """In a thread of its own it would be lost."""
    with pytest.raises(Rejected, match="unknown signal kv_blocks"):
        STEP.judge(replace(ask(ARGUMENTS), signals=Misspelt(values=STORM)))
