"""The table of KV-cache verdicts: every row, every overlap, and what is said without data."""

from itertools import combinations

import pytest

from cluster.signals.reading import Why
from runbooks.verdicts.kv_cache.names import VERDICTS
from runbooks.verdicts.kv_cache.row import Diagnosis
from tests.runbooks.verdicts.pictures import (
    COLDER,
    EXPIRING,
    FAILING,
    FULL,
    QUEUE,
    STARVED,
    STORM,
    THRASH,
    ZOMBIE,
    apart,
    none,
    one,
    pods,
    ranks,
    samples,
    say,
)

NO_SERIES = "no data: not scraped (no series)"
NO_PREFILL = {
    "transfer_failures": apart("transfer_failures"),
    "transfers": apart("transfers"),
    "expirations": apart("transfer_expirations"),
}


@pytest.mark.parametrize(
    ("changed", "verdict", "because"),
    [
        pytest.param({}, "healthy", "KV usage 0.50, no preemptions", id="healthy"),
        pytest.param(
            ZOMBIE,
            "zombie_engine",
            "work and not one token for three minutes on rank 1 of decode-0 (1 of 2 pods)",
            id="zombie",
        ),
        pytest.param(
            FAILING, "transfer_stalled", "0.2 KV transfers/s fail on 1 of 2 pods", id="failing"
        ),
        pytest.param(
            EXPIRING,
            "transfer_stalled",
            "KV of 3 requests expired on the prefill side, fetched by nobody",
            id="expiring",
        ),
        pytest.param(
            STARVED,
            "transfer_stalled",
            "9 more requests are deferred, and no KV transfer takes place on 1 of 2 pods",
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
            "KV usage 0.97 on 2 of 2 pods, 7 requests wait for capacity, no preemptions",
            id="saturated",
        ),
        pytest.param(
            THRASH, "prefix_thrash", "prefix hit ratio 0.20, 0.40 of the hour before", id="thrash"
        ),
        pytest.param(
            COLDER,
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
    found = say(changed)

    assert (found.verdict, found.because, found.skipped) == (verdict, because, ())


@pytest.mark.parametrize(
    ("changed", "mode"),
    [
        pytest.param(ZOMBIE, "RB-04", id="zombie"),
        pytest.param(FAILING, "RB-09", id="transfer"),
        pytest.param(STORM, "RB-12", id="exhausted"),
        pytest.param({**FULL, **QUEUE}, "RB-10", id="saturated"),
        pytest.param(THRASH, "RB-13", id="thrash"),
        pytest.param({"kv_usage": none("kv_usage")}, "RB-29", id="cannot-tell"),
    ],
)
def test_every_verdict_says_which_failure_mode_it_is(changed, mode):
    """The run is named by its entry; where it leads to stands beside the verdict."""
    found = say(changed)

    assert found.diagnosis == Diagnosis(mode=mode)
    assert f"; {mode} (" in str(found)


@pytest.mark.parametrize("changed", [{}, FULL], ids=["healthy", "busy"])
def test_what_is_well_has_no_failure_mode(changed):
    """Somebody would look for the failure."""
    assert say(changed).diagnosis is None


ROWS = {
    "zombie_engine": (ZOMBIE,),
    "transfer_stalled": (FAILING, EXPIRING, STARVED),
    "exhausted": (STORM, {**STORM, **FULL}),
    "saturated": ({**FULL, **QUEUE},),
    "prefix_thrash": (THRASH, COLDER),
    "busy_but_healthy": (FULL,),
}


@pytest.mark.parametrize(
    ("earlier", "changed"),
    [
        pytest.param(earlier, {**second, **first}, id=f"{earlier}-{n}-before-{later}-{m}")
        for earlier, later in combinations(ROWS, 2)
        for n, first in enumerate(ROWS[earlier])
        for m, second in enumerate(ROWS[later])
    ],
)
def test_where_two_rows_hold_the_earlier_one_wins(earlier, changed):
    """A stalled transfer fills the cache; adding pods to it would add to the stall."""
    assert say(changed).verdict == earlier


def test_the_rows_are_judged_in_the_order_of_the_verdicts():
    """The overlaps above are only complete when they know every row, in order."""
    assert ("cannot_tell", *ROWS, "healthy") == VERDICTS


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        pytest.param({"kv_usage": pods("kv_usage", 0.9, 0.1), **QUEUE}, "saturated", id="ninety"),
        pytest.param(
            {"kv_usage": pods("kv_usage", 0.8999, 0.1), **QUEUE}, "healthy", id="below-ninety"
        ),
        pytest.param(
            {"kv_usage": pods("kv_usage", 0.9, 0.1)}, "busy_but_healthy", id="busy-ninety"
        ),
        pytest.param(
            {"hit_ratio": one("prefix_hit_ratio", 0.25)}, "healthy", id="half-is-not-below-half"
        ),
        pytest.param(
            {"hit_ratio": one("prefix_hit_ratio", 0.4), "ttft": one("ttft_p95", 9)},
            "healthy",
            id="four-fifths-are-not-below",
        ),
        pytest.param(
            {"hit_ratio": one("prefix_hit_ratio", 0.35), "ttft": one("ttft_p95", 1.2)},
            "healthy",
            id="a-fifth-slower-is-not-slower",
        ),
        pytest.param(
            {**FULL, "hit_ratio": one("prefix_hit_ratio", 0.35)}, "healthy", id="full-but-colder"
        ),
        pytest.param(
            {"baseline": one("prefix_hit_ratio_baseline", 0)}, "healthy", id="nothing-to-lose"
        ),
        pytest.param(
            {"deferred": pods("waiting_deferred", 9, 0)}, "healthy", id="deferred-while-kv-moves"
        ),
        pytest.param(
            {**STARVED, "deferred_before": pods("waiting_deferred", 9, 0)},
            "healthy",
            id="deferred-that-does-not-grow",
        ),
        pytest.param({**STARVED, **NO_PREFILL}, "healthy", id="deferred-without-prefill"),
    ],
)
def test_the_borders_are_where_the_table_says(changed, verdict):
    """An off-by-one here scales a healthy pool."""
    assert say(changed).verdict == verdict


def test_a_cache_that_a_stall_fills_is_said_to_be_its_consequence():
    """Whoever sees a full cache adds pods; the blocks are reserved for what never comes."""
    found = say(STARVED, FULL)

    assert found.because.endswith("KV usage 0.97 comes of it")


def test_one_pod_that_starves_is_not_hidden_by_the_others():
    """Summed over the role, transfers go on."""
    found = say(STARVED)

    assert found.pods == (("decode-0", "transfer_stalled"), ("decode-1", "healthy"))
    assert "by pod: 1 transfer_stalled (decode-0), 1 healthy" in str(found)


def test_preemptions_that_have_just_begun_are_not_yet_a_storm():
    """A burst passes by itself; the verdict says that it is there."""
    young = {"preemptions": pods("preemptions", 2, 2), "preempting": samples(2, 2, 2, 2, 2, 0)}

    found = say(young, FULL, QUEUE)

    assert found.verdict == "saturated"
    assert "4 preemptions/s, not yet for 5 min" in found.because


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(samples(2, 2), id="two-of-six"),
        pytest.param(samples(2, 2, 2, float("nan"), 2, 2), id="not-a-number"),
        pytest.param(samples(2, 2, 2, -1, 2, 2), id="below-zero"),
    ],
)
def test_a_history_with_holes_proves_no_storm(history):
    """Two samples of six minutes say nothing about what was between."""
    found = say(STORM, FULL, preempting=history)

    assert (found.verdict, found.skipped) == ("cannot_tell", ("exhausted",))
    assert found.because == "over 5 min, too few samples, or no numbers"


def test_a_hole_does_not_hide_that_it_stopped():
    """One sample without preemptions is enough to know."""
    assert say(STORM, preempting=samples(2, 0)).verdict == "healthy"


def test_without_kv_usage_a_storm_is_still_a_storm():
    """The row can be decided without it, so it is."""
    found = say(STORM, kv_usage=none("kv_usage"))

    assert (found.verdict, found.because) == (
        "exhausted",
        "5 preemptions/s for 5 min on 2 of 2 pods, KV usage unknown",
    )


def test_a_storm_of_the_role_counts_although_no_pod_is_told_apart():
    """The role preempts all the while; on which pods is another question."""
    found = say(STORM, preemptions=none("preemptions"))

    assert found.verdict == "exhausted"
    assert found.because.startswith("preemptions for 5 min on pods that do not report")


def test_older_engines_without_a_reason_for_waiting_count_all_that_waits():
    """VLLM gives the reason since recently only; a rollout has both side by side."""
    mixed = {
        "waiting_capacity": {"decode-1": one("waiting_capacity", 0)},
        "waiting": pods("waiting", 3, 4),
    }

    found = say(FULL, mixed)

    assert found.verdict == "saturated"
    assert "3 requests wait, for what is not told by 1 of 2 pods" in found.because


@pytest.mark.parametrize(
    "reasons",
    [
        pytest.param(none("waiting_capacity"), id="older-vllm"),
        pytest.param(none("waiting_capacity", Why.EMPTY), id="another-pool-has-it"),
        pytest.param(apart("waiting_capacity"), id="not-told-by-pod"),
    ],
)
def test_where_no_engine_gives_the_reason_all_that_waits_counts_and_it_is_said(reasons):
    """A queue before a full cache is what it looks like; who reads it knows what was guessed."""
    found = say(FULL, waiting=pods("waiting", 3, 4), waiting_capacity=reasons)

    assert (found.verdict, found.skipped) == ("saturated", ())
    assert "7 requests wait, for what is not told by 2 of 2 pods" in found.because


def test_a_reason_for_waiting_that_was_not_read_is_not_guessed():
    """All of them may wait for a transfer: more pods would be added for nothing."""
    unread = none("waiting_capacity", Why.TIMEOUT)

    found = say(FULL, waiting=pods("waiting", 3, 0), waiting_capacity=unread)

    assert found.verdict == "cannot_tell"
    assert found.because == "waiting_capacity: no data: timeout (no series)"
    assert dict(found.pods) == {"decode-0": "cannot_tell", "decode-1": "busy_but_healthy"}


def test_what_the_second_tier_drops_stands_beside_the_verdict():
    """A second tier that is too small is the next thing to look at."""
    tier = {
        "second_tier": {
            "second_tier_evictions": one("second_tier_evictions", 120),
            "second_tier_failures": one("second_tier_failures", 0.5),
            "evicted_tokens": one("evicted_tokens", 0),
            "recomputed_tokens": none("recomputed_tokens"),
        }
    }
    words = "120 keys/s leave the second tier{}0.5 evictions/s of the second tier fail"

    assert say(STORM, tier).because.endswith(words.format(", "))
    assert say(FULL, QUEUE, tier).because.endswith(words.format(", "))
    assert say(THRASH, tier).because.endswith(words.format("; "))


@pytest.mark.parametrize(
    ("changed", "verdict", "skipped"),
    [
        pytest.param(
            {**STORM, "silent": none("silent_ranks")},
            "exhausted",
            f"zombie_engine (silent_ranks: {NO_SERIES})",
            id="no-ranks",
        ),
        pytest.param(
            {**STORM, "transfer_failures": none("transfer_failures")},
            "exhausted",
            f"transfer_stalled (transfer_failures: {NO_SERIES})",
            id="no-failures",
        ),
        pytest.param(
            {**STORM, "expirations": none("transfer_expirations")},
            "exhausted",
            f"transfer_stalled (transfer_expirations: {NO_SERIES})",
            id="no-expirations",
        ),
        pytest.param(
            {**STORM, **STARVED, "transfers": none("transfers")},
            "exhausted",
            f"transfer_stalled (transfers: {NO_SERIES})",
            id="deferred-without-transfers",
        ),
        pytest.param(
            {**THRASH, "kv_usage": pods("kv_usage", 0.4), **QUEUE},
            "prefix_thrash",
            "saturated (kv_usage: nothing from decode-1)",
            id="one-pod-without-usage",
        ),
    ],
)
def test_a_row_that_could_not_be_judged_is_named(changed, verdict, skipped):
    """A verdict must not look more complete than it is."""
    found = say(changed)

    assert (found.verdict, found.skipped) == (verdict, (skipped,))
    assert f"not judged: {skipped}" in str(found)


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        pytest.param({"kv_usage": none("kv_usage")}, f"kv_usage: {NO_SERIES}", id="no-usage"),
        pytest.param(
            {"preemptions": none("preemptions"), "preempting": none("preemptions")},
            f"preemptions: {NO_SERIES}; over 5 min, preemptions: {NO_SERIES}",
            id="no-preemptions",
        ),
        pytest.param(
            {**STORM, "preempting": none("preemptions")},
            f"over 5 min, preemptions: {NO_SERIES}",
            id="no-history",
        ),
        pytest.param(
            {"kv_usage": pods("kv_usage", 0.4)}, "kv_usage: nothing from decode-1", id="silent-pod"
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
        pytest.param({"silent": none("silent_ranks")}, f"silent_ranks: {NO_SERIES}", id="no-ranks"),
        pytest.param(
            {"silent": ranks(decode_0=(0, 0))},
            "silent_ranks: nothing from decode-1",
            id="no-ranks-of-a-pod",
        ),
        pytest.param(
            {"silent": ranks(decode_0=(0, 0), decode_1=(0,))},
            "silent_ranks: fewer than 2 ranks from decode-1",
            id="a-rank-is-missing",
        ),
        pytest.param(
            {"transfer_failures": none("transfer_failures", Why.STALE)},
            "transfer_failures: no data: stale (no series)",
            id="stale-failures",
        ),
        pytest.param(
            {"transfer_failures": pods("transfer_failures", 0)},
            "transfer_failures: nothing from decode-1",
            id="failures-of-one-pod",
        ),
        pytest.param(
            {"expirations": none("transfer_expirations", Why.UNREACHABLE)},
            "transfer_expirations: no data: Prometheus cannot be reached (no series)",
            id="unread-expirations",
        ),
        pytest.param(
            {"expirations": one("transfer_expirations", -1)},
            "transfer_expirations: contradictory",
            id="fewer-than-no-expirations",
        ),
        pytest.param(
            {**STARVED, "deferred_before": none("waiting_deferred", Why.PARTIAL)},
            "waiting_deferred before: no data: warning or partial result (no series)",
            id="nobody-knows-what-grows",
        ),
        pytest.param(
            {**STARVED, "transfers": none("transfers"), "deferred_before": {}},
            f"transfers: {NO_SERIES}; waiting_deferred before: nothing from decode-0, decode-1",
            id="one-does-not-exist-and-one-was-not-read",
        ),
        pytest.param(
            {"baseline": none("prefix_hit_ratio_baseline", Why.TIMEOUT), **THRASH},
            "prefix_hit_ratio_baseline: no data: timeout (no series)",
            id="unread-baseline",
        ),
        pytest.param(
            {"hit_ratio": none("prefix_hit_ratio", Why.SEVERAL)},
            ("prefix_hit_ratio: no data: several series where one was expected (no series)"),
            id="two-ratios",
        ),
        pytest.param(
            {"hit_ratio": one("prefix_hit_ratio", 7)},
            "prefix_hit_ratio: contradictory",
            id="a-contradictory-ratio",
        ),
        pytest.param(
            {
                "hit_ratio": one("prefix_hit_ratio", 7),
                "baseline": none("prefix_hit_ratio_baseline"),
            },
            f"prefix_hit_ratio_baseline: {NO_SERIES}; prefix_hit_ratio: contradictory",
            id="a-contradictory-ratio-and-no-baseline",
        ),
        pytest.param(
            {**THRASH, "baseline": one("prefix_hit_ratio_baseline", 7)},
            "prefix_hit_ratio_baseline: contradictory",
            id="a-contradictory-baseline",
        ),
        pytest.param(
            {
                "hit_ratio": one("prefix_hit_ratio", 0.35),
                "ttft_before": none("ttft_p95", Why.REFUSED),
            },
            "ttft_p95: no data: query refused (no series)",
            id="unread-time-to-first-token",
        ),
        pytest.param(
            {"hit_ratio": one("prefix_hit_ratio", 0.35), "ttft_before": one("ttft_p95", 0)},
            "ttft_p95: no number to compare with",
            id="a-first-token-in-no-time",
        ),
        pytest.param(
            {**FULL, "waiting": none("waiting"), "waiting_capacity": none("waiting_capacity")},
            f"waiting: {NO_SERIES}",
            id="full-and-nobody-knows-what-waits",
        ),
        pytest.param({"pods": ()}, "the target has no pods", id="no-pods"),
    ],
)
def test_what_is_not_known_is_never_healthy(changed, because):
    """`No data` read as zero evictions is how an outage looks fine."""
    found = say(changed)

    assert (found.verdict, found.because) == ("cannot_tell", because)


@pytest.mark.parametrize("why", [Why.NOT_SCRAPED, Why.EMPTY], ids=["not-scraped", "empty"])
@pytest.mark.parametrize(
    ("changed", "field", "signal", "row"),
    [
        pytest.param({}, "transfer_failures", "transfer_failures", "transfer_stalled", id="nixl"),
        pytest.param(
            {}, "expirations", "transfer_expirations", "transfer_stalled", id="expirations"
        ),
        pytest.param(STARVED, "transfers", "transfers", "transfer_stalled", id="transfers"),
        pytest.param(STARVED, "deferred", "waiting_deferred", "transfer_stalled", id="deferred"),
        pytest.param(
            STARVED,
            "deferred_before",
            "waiting_deferred before",
            "transfer_stalled",
            id="deferred-before",
        ),
        pytest.param({}, "hit_ratio", "prefix_hit_ratio", "prefix_thrash", id="no-prefix-cache"),
        pytest.param(
            THRASH, "baseline", "prefix_hit_ratio_baseline", "prefix_thrash", id="younger-than-that"
        ),
        pytest.param(
            {"hit_ratio": one("prefix_hit_ratio", 0.35)},
            "ttft",
            "ttft_p95",
            "prefix_thrash",
            id="time-to-first-token",
        ),
    ],
)
def test_a_row_whose_optional_input_does_not_exist_is_skipped_and_named(
    changed, field, signal, row, why
):
    """A check that always says `cannot_tell` of a young pool is not read any more."""
    name = signal.removesuffix(" before")
    skipped = f"{row} ({signal}: no data: {why.value} (no series))"

    found = say(changed, {field: none(name, why)})
    busy = say(changed, FULL, {field: none(name, why)})

    assert (found.verdict, found.skipped) == ("healthy", (skipped,))
    assert str(found) == f"KV usage 0.50, no preemptions; not judged: {skipped}"
    assert {verdict for _, verdict in found.pods} == {"healthy"}
    assert (busy.verdict in {"healthy", "busy_but_healthy"}, busy.skipped) == (True, (skipped,))


def test_a_connector_that_counts_nothing_leaves_the_other_rows():
    """LMCache and Mooncake move KV too, and give no series of NIXL; the cache can be judged."""
    uncounted = {
        "transfer_failures": none("transfer_failures", Why.EMPTY),
        "transfers": none("transfers", Why.EMPTY),
        "expirations": none("transfer_expirations", Why.EMPTY),
    }

    assert say(uncounted).verdict == "healthy"
    assert say(uncounted, FULL, QUEUE).verdict == "saturated"
    blind = say(uncounted, QUEUE, kv_usage=none("kv_usage"))
    assert (blind.verdict, blind.skipped[1:]) == ("cannot_tell", ("saturated",))
    assert blind.skipped[0].startswith("transfer_stalled (transfer_failures: no data: empty")
    assert "transfer" not in blind.because


def test_an_idle_pool_looks_nothing_up_and_is_healthy():
    """0/0 while every pod is scraped: whoever asks nothing misses nothing."""
    idle = none("prefix_hit_ratio", Why.NOT_A_NUMBER)

    found = say(hit_ratio=idle)
    blind = say(hit_ratio=idle, kv_usage=pods("kv_usage", 0.4))

    assert (found.verdict, found.skipped) == ("healthy", ())
    assert blind.verdict == "cannot_tell"
    assert blind.skipped == ("prefix_thrash (prefix_hit_ratio: no data: not a number (no series))",)


def test_an_hour_before_in_which_nothing_was_looked_up_is_no_baseline():
    """A night without requests says nothing about the morning."""
    night = none("prefix_hit_ratio_baseline", Why.NOT_A_NUMBER)

    found = say(THRASH, baseline=night)

    assert found.verdict == "healthy"
    assert found.skipped == (
        "prefix_thrash (prefix_hit_ratio_baseline: no data: not a number (no series))",
    )


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"waiting_capacity": none("waiting_capacity")}, id="the-reason-for-nothing"),
        pytest.param(
            {**FULL, "waiting_capacity": none("waiting_capacity", Why.STALE)},
            id="the-unread-reason-for-nothing",
        ),
        pytest.param({"deferred": none("waiting_deferred")}, id="deferred-while-kv-moves"),
        pytest.param({"transfers": none("transfers")}, id="transfers-while-nothing-is-deferred"),
        pytest.param({"preempting": none("preemptions")}, id="the-history-of-nothing"),
        pytest.param({"ttft": none("ttft_p95")}, id="the-first-token-while-the-ratio-holds"),
        pytest.param(
            {
                "baseline": none("prefix_hit_ratio_baseline"),
                "hit_ratio": one("prefix_hit_ratio", 0.8),
            },
            id="the-baseline-of-a-ratio-that-no-baseline-exceeds-by-much",
        ),
        pytest.param(
            {"baseline": none("prefix_hit_ratio_baseline")},
            id="the-baseline-while-the-first-token-is-as-fast",
        ),
        pytest.param(NO_PREFILL, id="transfers-without-prefill"),
    ],
)
def test_what_cannot_matter_does_not_make_it_unknown(changed):
    """A check that never says healthy is not read any more."""
    found = say(changed)

    assert found.verdict in {"healthy", "busy_but_healthy"}
    assert found.skipped == ()


def test_pods_of_which_nothing_is_read_are_named():
    """A verdict about three pods of four has to say so."""
    part = {
        name: pods(name, 0.95)
        for name in ("kv_usage", "preemptions", "running", "waiting", "waiting_capacity")
    }

    found = say(STORM, part)

    assert (found.verdict, found.unseen) == ("exhausted", ("decode-1",))
    assert str(found).endswith("; nothing from decode-1")
    assert found.pods == (("decode-0", "exhausted"), ("decode-1", "cannot_tell"))


def test_a_sentence_about_a_hundred_pods_stays_one():
    """A message that fills a screen is not read."""
    hundred = tuple(f"decode-{n:03}" for n in range(100))

    found = say(FULL, STORM, pods=hundred, preemptions={"decode-007": one("preemptions", 2)})

    assert "(decode-000, decode-001, decode-002 and 96 more)" in str(found)
    assert len(str(found)) < 1500


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        pytest.param(
            {"silent": ranks(decode_0=(1, 1), decode_1=(0, 0))},
            "all ranks of decode-0 are silent",
            id="all-ranks-of-a-pod",
        ),
        pytest.param(
            {
                "groups": {"decode-a": ("decode-0", "decode-1")},
                "silent": ranks(decode_0=(1,), decode_1=(1,)),
            },
            "all ranks of decode-a are silent",
            id="all-pods-of-a-group",
        ),
        pytest.param(
            {
                "groups": {"decode-a": ("decode-0", "decode-0-1")},
                "silent": ranks(decode_0=(1,), decode_1=(0,)),
            },
            "all ranks of decode-a are silent",
            id="the-leader-of-a-group",
        ),
    ],
)
def test_a_whole_group_that_is_dead_is_a_hanging_collective(changed, because):
    """One dead engine is deleted; a group restarts as a whole, and costs tens of GPUs."""
    assert say(changed).diagnosis == Diagnosis(mode="RB-08", because=because)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(ZOMBIE, id="one-rank-of-two"),
        pytest.param({"silent": ranks(decode_0=(1,), decode_1=(0,))}, id="a-pod-without-ranks"),
        pytest.param(
            {
                "groups": {"decode-a": ("decode-0", "decode-1")},
                "silent": ranks(decode_0=(1, 1), decode_1=(1, 0)),
            },
            id="a-group-with-one-rank-alive",
        ),
        pytest.param({"silent": ranks(decode_0=(1,), decode_1=(0, 0))}, id="a-rank-is-not-seen"),
    ],
)
def test_a_group_with_somebody_alive_is_not_dead(changed):
    """What lives in it would be restarted too."""
    found = say(changed)

    assert (found.verdict, found.diagnosis) == ("zombie_engine", Diagnosis(mode="RB-04"))
