"""The numbers behind a verdict: what the postmortem shows when the series are gone."""

from collections import Counter

from cluster.signals.reading import NotApplicable, Why
from incidents.events.run import Evidence
from runbooks.verdicts.kv_cache.evidence import kept
from runbooks.verdicts.kv_cache.table import judge
from tests.runbooks.verdicts.pictures import (
    AT,
    FULL,
    STORM,
    ZOMBIE,
    apart,
    blocks,
    none,
    one,
    picture,
    pods,
)


def numbers(*parts: object, **changed: object) -> dict[tuple[str, str | None], Evidence]:
    readings = picture(*parts, **changed)
    found = tuple(kept(readings, judge(readings), at=AT))
    assert len({(each.name, each.pod) for each in found}) == len(found)
    return {(each.name, each.pod): each for each in found}


def test_the_numbers_of_the_role_come_with_their_baselines():
    """A number says little without what it was before."""
    found = numbers(STORM, FULL)

    values = {name: each.value for (name, pod), each in found.items() if pod is None}
    assert values == {
        "pods exhausted": 2,
        "preemptions at least": 3,
        "prefix_hit_ratio": 0.5,
        "prefix_hit_ratio_baseline": 0.5,
        "ttft_p95": 1,
        "ttft_p95 an hour before": 1,
        "silent_ranks": 0,
        "transfer_expirations": 0,
        "prompt_length_p95": 2000,
        "prompt_length_p95 an hour before": 2000,
        "kv_blocks at least": 9000,
        "kv_blocks at least, an hour before": 9000,
    }
    assert found["preemptions at least", None].query == "q(range)"
    assert found["kv_blocks at least", None].query == "q(kv_blocks)"


def test_every_pod_has_its_row():
    """Which pod it is decides what is done."""
    found = numbers(STORM, FULL)

    shown = {name for name, pod in found if pod == "decode-1"}
    assert found["kv_usage", "decode-1"].value == 0.97
    assert shown == {
        "kv_usage",
        "preemptions",
        "running",
        "waiting",
        "waiting_capacity",
        "waiting_deferred",
        "waiting_deferred 5 min before",
        "transfers",
        "transfer_failures",
        "generation_tokens",
        "prompt_tokens",
    }


def test_of_many_pods_the_worst_ten_are_shown_and_the_rest_is_counted():
    """An event with a hundred pods times eleven numbers helps nobody."""
    hundred = tuple(f"decode-{n}" for n in range(100))
    rates = {pod: one("preemptions", float(n % 50)) for n, pod in enumerate(hundred)}

    found = numbers(
        STORM,
        pods=hundred,
        preemptions=rates,
        silent={(pod, "0"): one("silent_ranks", 0) for pod in hundred},
        transfer_failures=apart("transfer_failures"),
        transfers=apart("transfers"),
        kv_usage=pods("kv_usage", *([0.95] * 100)),
        waiting=pods("waiting", *([0.0] * 100)),
    )

    shown = {pod for name, pod in found if name == "preemptions"}
    assert shown == {f"decode-{n}" for n in (*range(45, 50), *range(95, 100))}
    counts = {name: each.value for (name, _), each in found.items() if name.startswith("pods")}
    assert counts == {"pods exhausted": 98, "pods busy_but_healthy": 2, "pods not shown": 90}


def test_dead_ranks_are_shown_one_by_one():
    """A rank is deleted by its pod, and looked for by its number."""
    found = numbers(ZOMBIE)

    assert found["silent_ranks", None].value == 1
    assert [pod for name, pod in found if name == "silent rank"] == ["decode-0 rank 1"]


def test_a_dead_pod_without_ranks_is_shown_by_its_name():
    """SGLang tells no ranks apart."""
    silent = {("decode-0", ""): one("silent_ranks", 1), ("decode-1", ""): one("silent_ranks", 0)}

    found = numbers(silent=silent)

    assert [pod for name, pod in found if name == "silent rank"] == ["decode-0"]


def test_what_was_not_read_is_kept_with_its_reason():
    """The postmortem lists what nobody knew."""
    found = numbers(
        kv_usage=pods("kv_usage", 0.4),
        running=none("running"),
        preempting=none("preemptions"),
        silent=none("silent_ranks"),
        hit_ratio=none("prefix_hit_ratio"),
        blocks=blocks(of_None=2),
        blocks_before=none("kv_blocks"),
    )

    reasons = {key: each.because for key, each in found.items() if each.value is None}
    no_series = "no data: not scraped (no series)"
    assert reasons == {
        ("kv_usage", "decode-1"): "nothing from it",
        ("running", None): no_series,
        ("preemptions at least", None): no_series,
        ("silent_ranks", None): no_series,
        ("prefix_hit_ratio", None): no_series,
        ("kv_blocks at least", None): "no engine tells",
        ("kv_blocks at least, an hour before", None): no_series,
    }


def test_the_second_tier_is_kept_and_what_an_install_has_not_is_one_line():
    """Ten gaps about things that nobody installed hide the one that matters."""
    tier = {
        "second_tier_evictions": one("second_tier_evictions", 12),
        "second_tier_failures": none("second_tier_failures", Why.TIMEOUT),
        "evicted_tokens": none("evicted_tokens"),
        "block_idle_p50": NotApplicable(signal="block_idle_p50", because="so"),
    }

    found = numbers(second_tier=tier)

    assert found["second_tier_evictions", None].value == 12
    assert found["second_tier_failures", None].because == "no data: timeout (no series)"
    assert found["second tier", None].because == "not scraped here: block_idle_p50, evicted_tokens"
    assert Counter(name for name, _ in found)["evicted_tokens"] == 0
