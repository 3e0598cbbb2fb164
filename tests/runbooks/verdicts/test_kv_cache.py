"""The table of KV-cache verdicts: every row, every overlap, and what is said without data."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.signals.reading import NoData, NotApplicable, Reading, Why
from cluster.signals.signals import Samples
from runbooks.verdicts import kv_cache
from runbooks.verdicts.kv_cache import Readings, judge

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PODS = ("decode-0", "decode-1")


def one(name: str, value: float) -> Reading:
    return Reading(signal=name, value=value, unit="u", at=AT, query="q")


def pods(name: str, *values: float) -> dict[str, Reading]:
    return {pod: one(name, value) for pod, value in zip(PODS, values, strict=False)}


def none(name: str) -> NoData:
    return NoData(signal=name, why=Why.NOT_SCRAPED, detail="no series")


def samples(*values: float) -> Samples:
    points = tuple((AT - timedelta(minutes=n), value) for n, value in enumerate(values))
    return Samples(signal="preemptions", unit="u", query="q", points=points)


HEALTHY = Readings(
    pods=PODS,
    sustained=timedelta(minutes=5),
    kv_usage=pods("kv_usage", 0.4, 0.5),
    preemptions=pods("preemptions", 0, 0),
    preempting=samples(0, 0, 0),
    running=pods("running", 8, 9),
    waiting=pods("waiting", 0, 0),
    waiting_capacity=pods("waiting_capacity", 0, 0),
    deferred=one("waiting_deferred", 0),
    deferred_before=one("waiting_deferred", 0),
    generation_tokens=pods("generation_tokens", 500, 600),
    prompt_tokens=pods("prompt_tokens", 500, 600),
    silent_ranks=pods("silent_ranks", 0, 0),
    transfer_failures=pods("transfer_failures", 0, 0),
    transfers=one("transfers", 5),
    hit_ratio=one("prefix_hit_ratio", 0.5),
    baseline=one("prefix_hit_ratio_baseline", 0.5),
    ttft=one("ttft_p95", 1),
    ttft_before=one("ttft_p95", 1),
)
ZOMBIE = {"silent_ranks": pods("silent_ranks", 1, 0)}
STALLED = {"transfer_failures": pods("transfer_failures", 0.2, 0)}
STORM = {"preemptions": pods("preemptions", 2, 3), "preempting": samples(5, 4, 3)}
FULL = {"kv_usage": pods("kv_usage", 0.95, 0.97)}
QUEUE = {"waiting_capacity": pods("waiting_capacity", 7, 0)}
THRASH = {"hit_ratio": one("prefix_hit_ratio", 0.2)}


def say(**changed: object) -> kv_cache.Judgement:
    return judge(replace(HEALTHY, **changed))


@pytest.mark.parametrize(
    ("changed", "verdict", "because"),
    [
        pytest.param({}, "healthy", "KV usage 0.50, no preemptions", id="healthy"),
        pytest.param(
            ZOMBIE,
            "zombie_engine",
            "work and not one token for three minutes on 1 of 2 pods",
            id="zombie",
        ),
        pytest.param(
            STALLED, "transfer_stalled", "0.2 KV transfers/s fail on 1 of 2 pods", id="failing"
        ),
        pytest.param(
            {"deferred": one("waiting_deferred", 9), "transfers": one("transfers", 0)},
            "transfer_stalled",
            "9 more requests wait for a KV transfer, and none takes place",
            id="deferred-grows-while-nothing-moves",
        ),
        pytest.param(
            {**STORM, **FULL},
            "exhausted",
            "5 preemptions/s for 5 min on 2 of 2 pods, KV usage 0.97",
            id="exhausted",
        ),
        pytest.param(
            {**FULL, **QUEUE},
            "saturated",
            ("KV usage 0.97 on 2 of 2 pods, 7 requests wait for capacity, no preemptions"),
            id="saturated",
        ),
        pytest.param(
            THRASH,
            "prefix_thrash",
            "prefix hit ratio 0.20, 0.40 of the hour before",
            id="thrash",
        ),
        pytest.param(
            {"hit_ratio": one("prefix_hit_ratio", 0.35), "ttft": one("ttft_p95", 3)},
            "prefix_thrash",
            (
                "prefix hit ratio 0.35, 0.70 of the hour before,"
                " time to first token up from 1 to 3 s"
            ),
            id="thrash-with-slower-tokens",
        ),
        pytest.param(
            FULL,
            "busy_but_healthy",
            "KV usage 0.97 on 2 of 2 pods, nothing waits, no preemptions",
            id="busy",
        ),
    ],
)
def test_every_row_has_its_verdict_with_numbers(changed, verdict, because):
    """The verdict leads to an action; the numbers let a person disagree."""
    assert say(**changed) == kv_cache.Judgement(verdict=verdict, because=because)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        pytest.param({**ZOMBIE, **STALLED}, "zombie_engine", id="zombie-before-transfer"),
        pytest.param({**ZOMBIE, **STORM, **FULL}, "zombie_engine", id="zombie-before-exhausted"),
        pytest.param({**ZOMBIE, **FULL, **QUEUE}, "zombie_engine", id="zombie-before-saturated"),
        pytest.param({**ZOMBIE, **THRASH}, "zombie_engine", id="zombie-before-thrash"),
        pytest.param({**ZOMBIE, **FULL}, "zombie_engine", id="zombie-before-busy"),
        pytest.param({**STALLED, **STORM}, "transfer_stalled", id="transfer-before-exhausted"),
        pytest.param(
            {**STALLED, **FULL, **QUEUE}, "transfer_stalled", id="transfer-before-saturated"
        ),
        pytest.param({**STALLED, **THRASH}, "transfer_stalled", id="transfer-before-thrash"),
        pytest.param({**STORM, **FULL, **QUEUE}, "exhausted", id="exhausted-before-saturated"),
        pytest.param({**STORM, **THRASH}, "exhausted", id="exhausted-before-thrash"),
        pytest.param({**FULL, **QUEUE, **THRASH}, "saturated", id="saturated-before-thrash"),
        pytest.param({**FULL, **THRASH}, "prefix_thrash", id="thrash-before-busy"),
    ],
)
def test_where_rows_overlap_the_earlier_one_wins(changed, verdict):
    """A stalled transfer fills the cache; adding pods to it would add to the stall."""
    assert say(**changed).verdict == verdict


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        pytest.param({"kv_usage": pods("kv_usage", 0.9, 0.1), **QUEUE}, "saturated", id="ninety"),
        pytest.param(
            {"kv_usage": pods("kv_usage", 0.8999, 0.1), **QUEUE}, "healthy", id="below-ninety"
        ),
        pytest.param(
            {"hit_ratio": one("prefix_hit_ratio", 0.25)}, "healthy", id="half-is-not-below-half"
        ),
        pytest.param(
            {**FULL, "hit_ratio": one("prefix_hit_ratio", 0.35)}, "healthy", id="full-but-colder"
        ),
        pytest.param(
            {"deferred": one("waiting_deferred", 9)}, "healthy", id="deferred-while-kv-moves"
        ),
        pytest.param(
            {
                "transfer_failures": NotApplicable(
                    signal="transfer_failures", because="no prefill"
                ),
                "deferred": one("waiting_deferred", 9),
                "transfers": one("transfers", 0),
            },
            "healthy",
            id="deferred-without-prefill",
        ),
    ],
)
def test_the_borders_are_where_the_table_says(changed, verdict):
    """An off-by-one here scales a healthy pool."""
    assert say(**changed).verdict == verdict


def test_preemptions_that_have_just_begun_are_not_yet_a_storm():
    """A burst passes by itself; the verdict says that it is there."""
    young = {"preemptions": pods("preemptions", 2, 2), "preempting": samples(2, 2, 0)}

    found = say(**young, **FULL, **QUEUE)

    assert found.verdict == "saturated"
    assert "4 preemptions/s, not yet for 5 min" in found.because


def test_one_hot_pod_is_named():
    """Adding pods does not help a routing hotspot; whoever approves should know."""
    found = say(preemptions=pods("preemptions", 2, 0), preempting=samples(2, 2), **FULL)

    assert found.because.endswith("one hot pod: see also routing (RB-17)")


def test_without_kv_usage_a_storm_is_still_a_storm():
    """The row can be decided without it, so it is."""
    found = say(**STORM, kv_usage=none("kv_usage"))

    assert (found.verdict, found.because) == (
        "exhausted",
        "5 preemptions/s for 5 min on 2 of 2 pods, KV usage unknown",
    )


def test_older_engines_without_a_reason_for_waiting_count_all_that_waits():
    """VLLM gives the reason since recently only."""
    found = say(**FULL, waiting_capacity=none("waiting_capacity"), waiting=pods("waiting", 3, 0))

    assert found.verdict == "saturated"


@pytest.mark.parametrize(
    ("changed", "verdict", "skipped"),
    [
        pytest.param(
            {"transfer_failures": none("transfer_failures")},
            "healthy",
            "transfer_stalled (transfer_failures: no data: not scraped (no series))",
            id="transfers",
        ),
        pytest.param(
            {"deferred": one("waiting_deferred", 9), "transfers": none("transfers")},
            "healthy",
            "transfer_stalled (transfers: no data: not scraped (no series))",
            id="deferred-without-transfers",
        ),
        pytest.param(
            {"baseline": none("prefix_hit_ratio_baseline")},
            "healthy",
            "prefix_thrash (prefix_hit_ratio_baseline: no data: not scraped (no series))",
            id="no-baseline",
        ),
        pytest.param(
            {"baseline": one("prefix_hit_ratio_baseline", 0)},
            "healthy",
            "prefix_thrash (no number to compare with)",
            id="a-baseline-of-nothing",
        ),
        pytest.param(
            {"hit_ratio": one("prefix_hit_ratio", 0.35), "ttft_before": none("ttft_p95")},
            "healthy",
            "prefix_thrash (ttft_p95: no data: not scraped (no series))",
            id="no-time-to-first-token",
        ),
        pytest.param(
            {**STORM, "silent_ranks": none("silent_ranks"), "running": none("running")},
            "exhausted",
            "zombie_engine (running: no data: not scraped (no series))",
            id="a-later-row-decides",
        ),
    ],
)
def test_a_row_that_could_not_be_judged_is_named(changed, verdict, skipped):
    """A verdict must not look more complete than it is."""
    found = say(**changed)

    assert (found.verdict, found.skipped) == (verdict, (skipped,))
    assert f"not judged: {skipped}" in str(found)


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        pytest.param(
            {"kv_usage": none("kv_usage")},
            "kv_usage: no data: not scraped (no series)",
            id="no-usage",
        ),
        pytest.param(
            {"preemptions": none("preemptions")},
            "preemptions: no data: not scraped (no series)",
            id="no-preemptions",
        ),
        pytest.param(
            {"preemptions": none("preemptions"), **FULL},
            "preemptions: no data: not scraped (no series)",
            id="busy-without-preemptions",
        ),
        pytest.param(
            {"preemptions": none("preemptions"), **FULL, **QUEUE},
            "preemptions: no data: not scraped (no series)",
            id="saturated-without-preemptions",
        ),
        pytest.param(
            {**STORM, "preempting": none("preemptions")},
            "preemptions over 5 min: no data: not scraped (no series)",
            id="no-history",
        ),
        pytest.param(
            {"kv_usage": pods("kv_usage", 0.4)},
            "kv_usage: nothing from decode-1",
            id="a-pod-that-is-silent",
        ),
        pytest.param(
            {"kv_usage": pods("kv_usage", 0.4, float("nan"))},
            "kv_usage: contradictory: decode-1",
            id="not-a-number",
        ),
        pytest.param(
            {"kv_usage": pods("kv_usage", 0.4, 40)},
            "kv_usage: contradictory: decode-1",
            id="a-share-of-forty",
        ),
        pytest.param(
            {
                "silent_ranks": none("silent_ranks"),
                "generation_tokens": none("generation_tokens"),
            },
            "generation_tokens: no data: not scraped (no series)",
            id="no-tokens",
        ),
        pytest.param(
            {"kv_usage": NotApplicable(signal="kv_usage", because="no pods")},
            "kv_usage: does not apply: no pods",
            id="no-pods",
        ),
    ],
)
def test_what_is_not_known_is_never_healthy(changed, because):
    """`No data` read as zero evictions is how an outage looks fine."""
    found = say(**changed)

    assert (found.verdict, found.because) == ("cannot_tell", because)


def test_a_dead_engine_is_found_without_the_signal_for_ranks():
    """Work and no tokens is enough, whatever KV usage says."""
    found = say(
        silent_ranks=none("silent_ranks"),
        generation_tokens=pods("generation_tokens", 0, 600),
        prompt_tokens=pods("prompt_tokens", 0, 600),
        kv_usage=pods("kv_usage", 0, 0.5),
    )

    assert found.verdict == "zombie_engine"


def test_an_idle_engine_is_not_dead():
    """No work and no tokens is the night."""
    found = say(
        silent_ranks=none("silent_ranks"),
        running=pods("running", 0, 9),
        generation_tokens=pods("generation_tokens", 0, 600),
        prompt_tokens=pods("prompt_tokens", 0, 600),
    )

    assert found.verdict == "healthy"


def test_a_storm_on_the_pods_that_report_counts_although_one_is_silent():
    """What was seen was seen."""
    found = say(preemptions=pods("preemptions", 2), preempting=samples(2, 2), **FULL)

    assert found.verdict == "exhausted"
    assert "hot pod" not in found.because


BY_POD = [
    "kv_usage",
    "preemptions",
    "running",
    "waiting",
    "waiting_capacity",
    "generation_tokens",
    "prompt_tokens",
    "silent_ranks",
    "transfer_failures",
]
WHOLE = ["deferred", "deferred_before", "transfers", "hit_ratio", "baseline", "ttft", "ttft_before"]
NUMBER = st.sampled_from([0.0, 0.2, 0.5, 0.95, 1.0, 7.0, float("nan"), -1.0])


def by_pod(name: str):
    readings = st.dictionaries(
        st.sampled_from(PODS), NUMBER.map(lambda v: one(name, v)), min_size=1
    )
    return readings | st.just(none(name)) | st.just(NotApplicable(signal=name, because="so"))


def whole(name: str):
    reading = NUMBER.map(lambda value: one(name, value))
    return reading | st.just(none(name)) | st.just(NotApplicable(signal=name, because="so"))


ANY = st.fixed_dictionaries(
    {name: by_pod(name) for name in BY_POD}
    | {name: whole(name) for name in WHOLE}
    | {
        "preempting": st.just(none("preemptions"))
        | st.lists(NUMBER, min_size=1).map(lambda v: samples(*v))
    }
)


@given(ANY)
def test_every_picture_of_a_pool_has_one_verdict_and_a_reason(picture):
    """The check is asked in the middle of an incident; it must always answer."""
    found = say(**picture)

    assert found.verdict in kv_cache.VERDICTS
    assert found.because


@given(ANY, st.sampled_from(["kv_usage", "preemptions"]))
def test_no_picture_without_the_essentials_is_called_healthy(picture, missing):
    """The one thing that must never happen."""
    found = say(**{**picture, missing: none(missing)})

    assert found.verdict not in {"healthy", "busy_but_healthy", "saturated"}


def test_the_properties_draw_every_reading_that_there_is():
    """A new reading that no property draws is not covered."""
    assert {*BY_POD, *WHOLE, "preempting", "pods", "sustained"} == {
        field.name for field in fields(Readings)
    }
