"""kv_cache: reads what the table needs, and keeps every number."""

from datetime import timedelta

from runbooks.steps.kv_cache import STEP, SUSTAINED

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
    assert {one.value for one in found.evidence} == {None}


def test_growth_is_measured_against_earlier_moments(ask):
    """What waits now says little; what grows does."""
    question = ask(ARGUMENTS, **STORM)

    STEP.judge(question)

    moments = {name: set() for name, _ in question.signals.asked}
    for name, at in question.signals.asked:
        moments[name].add(question.at - at)
    assert moments["waiting_deferred"] == {timedelta(), timedelta(minutes=5)}
    assert moments["ttft_p95"] == {timedelta(), timedelta(hours=1)}
