"""The stand-in and Debian's Prometheus 2.42 answer the same over the same samples."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drills.prometheus import evaluate
from drills.prometheus.arithmetic import ARITHMETIC, COMPARISON
from drills.prometheus.errors import QueryError
from drills.prometheus.store import Store
from drills.prometheus.tree import AGGREGATIONS, FUNCTIONS, SET_OPERATORS
from drills.prometheus.values import Vector
from drills.prometheus.windows import Release

pytestmark = pytest.mark.server

Same = Callable[..., None]
Ask = Callable[..., dict[str, Any]]  # Any: as JSON has it

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
LENGTH = timedelta(hours=3)
SCRAPE = timedelta(seconds=15)

# One moment on the scrape grid, so that samples lie on both borders; one beside it; one just
# after a series ended; one before there is anything.
MOMENTS = (
    START + timedelta(hours=2, minutes=30),
    START + timedelta(hours=2, minutes=17, seconds=7, milliseconds=250),
    START + timedelta(hours=1, minutes=3),
    START + timedelta(minutes=2),
    START - timedelta(hours=1),
)


def story_queries() -> list[str]:
    """Return the queries of the KV-cache story as people would write them.

    What the desk itself asks is gathered from its signals in test_same_story.py.
    """
    ours = 'namespace="llm-prod",pod=~"decode-0|decode-1|decode-2|decode-3"'
    hits = f"sum(rate(vllm:prefix_cache_hits_total{{{ours}}}[15m]))"
    queries = f"sum(rate(vllm:prefix_cache_queries_total{{{ours}}}[15m]))"
    was = [each.replace("[15m]", "[1h] offset 1h") for each in (hits, queries)]
    preemptions = f"sum by (pod) (rate(vllm:num_preemptions_total{{{ours}}}[5m]))"
    buckets = f"vllm:time_to_first_token_seconds_bucket{{{ours}}}"
    return [
        f"{preemptions} or sum by (pod) (rate(vllm:num_preemptions{{{ours}}}[5m]))",
        (
            f"max by (pod) (vllm:kv_cache_usage_perc{{{ours}}})"
            f" or max by (pod) (vllm:gpu_cache_usage_perc{{{ours}}})"
        ),
        f"sum(vllm:num_requests_waiting{{{ours}}})",
        f"topk(5, max by (pod) (vllm:num_requests_waiting{{{ours}}}))",
        f"sum by (reason) (vllm:num_requests_waiting_by_reason{{{ours}}})",
        f"{hits} / {queries}",
        f"({hits} / {queries}) / ({was[0]} / {was[1]})",
        f"histogram_quantile(0.95, sum by (le) (rate({buckets}[5m])))",
        f"sum(vllm:num_requests_running{{{ours}}})",
        f"sum(rate(vllm:generation_tokens_total{{{ours}}}[5m]))",
        (
            "(max by (namespace, pod) (vllm:num_requests_running)"
            " + max by (namespace, pod) (vllm:num_requests_waiting)) > 0"
            " and sum by (namespace, pod) (rate(vllm:generation_tokens_total[5m])) == 0"
        ),
    ]


CONSTRUCTS = [
    "gauge",
    "gauge offset 10m",
    "gauge offset -10m",
    "counter[5m]",
    'gauge{pod!="decode-1"}',
    'gauge{pod=~"decode-[12]"}',
    'gauge{pod!~"decode-[03]|x"}',
    'gauge{absent_label=""}',
    '{__name__=~"gau.*",pod="decode-1"}',
    "rate(counter[5m])",
    "rate(counter[40s])",
    "rate(counter[1m] offset 7m)",
    "increase(counter[10m])",
    "increase(young[5m])",
    "increase(resetting[20m])",
    "irate(resetting[5m])",
    "delta(gauge[10m])",
    "deriv(gauge[10m])",
    "deriv(constant[10m])",
    "changes(stepping[20m])",
    "resets(resetting[1h])",
    "avg_over_time(gauge[10m])",
    "max_over_time(gauge[10m])",
    "min_over_time(gauge[10m])",
    "sum_over_time(gauge[10m])",
    "count_over_time(gauge[10m])",
    "count_over_time(ended[10m])",
    "last_over_time(ended[1h])",
    "sum(gauge)",
    "sum by (role) (gauge)",
    "sum without (pod) (gauge)",
    "avg by (role) (gauge)",
    "max(gauge)",
    "min(gauge)",
    "max(odd)",
    "min(odd)",
    "avg(odd)",
    "sum(odd)",
    "stddev(odd)",
    "quantile(0.5, odd)",
    "topk(2, odd)",
    "count by (role) (gauge)",
    "group by (role) (gauge)",
    "stddev by (role) (gauge)",
    "stdvar(gauge)",
    "quantile(0.9, gauge)",
    "quantile(-1, gauge)",
    "quantile(2, gauge)",
    "topk(2, gauge)",
    "topk by (role) (1, gauge)",
    "bottomk(3, gauge)",
    "topk(0, gauge)",
    "histogram_quantile(0.5, rate(latency_bucket[10m]))",
    "histogram_quantile(0.99, sum by (le, role) (rate(latency_bucket[10m])))",
    "histogram_quantile(0.01, sum by (le) (latency_bucket))",
    "histogram_quantile(1.5, sum by (le) (latency_bucket))",
    'histogram_quantile(0.5, latency_bucket{le!="+Inf"})',
    "histogram_quantile(0.5, rate(latency_bucket[15s]))",
    "absent(gauge)",
    'absent(nothing{a="b",c=~"d.*",e="f"})',
    'absent(sum(nothing{a="b"}))',
    'absent_over_time(nothing{a="b"}[5m])',
    "absent_over_time(gauge[5m])",
    "scalar(constant)",
    "scalar(gauge)",
    "vector(3)",
    "time()",
    "vector(time())",
    "timestamp(gauge)",
    "timestamp(gauge offset 3m)",
    "timestamp(gauge + 1)",
    'label_replace(gauge, "number", "n$1", "pod", "decode-(.*)")',
    'label_replace(gauge{role="prefill"}, "pod", "", "pod", "decode-(.*)")',
    'label_replace(gauge, "both", "${a}-$b-$$", "pod", "(?P<a>[a-z]+)-(?P<b>.)")',
    'label_replace(gauge, "same", "x", "pod", "code-.*")',
    "abs(-gauge)",
    "ceil(gauge)",
    "floor(gauge)",
    "round(gauge)",
    "round(gauge, 0.25)",
    "clamp(gauge, 2, 5)",
    "clamp(gauge, 5, 2)",
    "clamp_min(gauge, 3)",
    "clamp_max(gauge, 3)",
    "-gauge",
    "-(1 + 2)",
    "NaN",
    "-Inf",
    "1 / 0",
    "0 / 0",
    "gauge + 1",
    "2 - gauge",
    "gauge * gauge",
    "gauge / 0",
    "gauge % 2",
    "gauge ^ 2",
    "2 ^ 3 ^ 2",
    "gauge == gauge",
    "gauge != 3",
    "gauge > 4",
    "4 > gauge",
    "gauge < bool 4",
    "gauge >= bool on (pod) other",
    "gauge <= on (pod) other",
    "gauge > ignoring (role, zone) other",
    "1 >= bool 2",
    "odd == odd",
    "gauge and on (pod) other",
    'gauge and ignoring (role, zone) other{pod="decode-1"}',
    'gauge or other{pod="decode-1"}',
    "gauge or on (pod) other",
    'gauge unless other{pod="decode-1"}',
    "gauge unless on (role) other",
    "gauge + on (pod) other",
    "gauge + ignoring (role, zone) other",
    "gauge * on (pod) group_left (version) build",
    "build * on (pod) group_right (version) gauge",
    "gauge > on (pod) group_left () build",
    "gauge / ignoring (pod) group_left () sum without (pod) (gauge)",
    'sum by (pod) ({__name__=~"gauge|other"})',
    "gauge{} > 1 and gauge < 5 or constant",
    "sum(nothing) or vector(0)",
    '"a string"',
]

REFUSED = [
    "gauge + on (role) other",
    "gauge + on (role) group_left () other",
    "build + on (role) group_left (pod) sum by (role, pod) (gauge)",
    'rate({__name__=~"gauge|other|counter"}[5m])',
    'label_replace(gauge, "pod", "x", "pod", ".*")',
    'label_replace(gauge, "not a name", "x", "pod", ".*")',
    "rate(gauge)",
    "gauge +",
    "sum(",
    "1 and 2",
]


@pytest.mark.parametrize("query", story_queries() + CONSTRUCTS)
def test_an_instant_query_answers_the_same(
    server: str, store: Store, query: str, same_instant: Same
) -> None:
    """A drill proves something only where its Prometheus is right."""
    for at in MOMENTS:
        same_instant(server, store, query, at)


@pytest.mark.parametrize(
    "query", [each for each in story_queries() + CONSTRUCTS if each[-1] not in ']"']
)
def test_a_range_query_answers_the_same(
    server: str, store: Store, query: str, same_range: Same
) -> None:
    """Evidence and verification read ranges."""
    same_range(server, store, query, (START - SCRAPE, START + LENGTH, timedelta(seconds=73)))


@pytest.mark.parametrize("query", REFUSED)
def test_both_refuse_the_same(server: str, store: Store, query: str, ask: Ask) -> None:
    """A stand-in that answers where Prometheus refuses hides a broken query until production."""
    theirs = ask(server, "query", query=query, time=MOMENTS[0].timestamp())
    with pytest.raises(QueryError):
        evaluate.instant(store, query, MOMENTS[0], release=Release.V2)
    assert theirs["status"] == "error"


@pytest.mark.parametrize("query", ["topk(3, gauge)", "bottomk(3, gauge)"])
def test_the_order_of_the_first_is_the_same(
    server: str, store: Store, query: str, ask: Ask
) -> None:
    """People read the first line first."""
    theirs = ask(server, "query", query=query, time=MOMENTS[1].timestamp())["data"]["result"]
    ours = evaluate.instant(store, query, MOMENTS[1], release=Release.V2)
    assert isinstance(ours, Vector)
    assert [dict(each.labels) for each in ours.samples] == [each["metric"] for each in theirs]


@pytest.mark.parametrize("query", story_queries() + CONSTRUCTS)
def test_no_comparison_is_of_nothing_with_nothing(store: Store, query: str) -> None:
    """Two empty answers are equal for any evaluator."""
    answers = [evaluate.instant(store, query, at, release=Release.V2) for at in MOMENTS]
    empty = query in {"clamp(gauge, 5, 2)", "topk(0, gauge)"}
    assert any(answer != Vector() for answer in answers) is not empty


def test_every_construct_of_the_subset_is_compared() -> None:
    """A construct that nobody compared is a construct that nobody knows."""
    text = " ".join(story_queries() + CONSTRUCTS)
    named = FUNCTIONS | AGGREGATIONS | SET_OPERATORS | ARITHMETIC.keys() | COMPARISON.keys()
    assert [each for each in sorted(named) if each not in text] == []
