"""A signal is a number that can be trusted, or it is said why there is none."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cluster.signals.answers import Prometheus, Row, Track, Trouble
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.promql import Promql
from cluster.signals.reading import (
    NoData,
    NotApplicable,
    Reading,
    Why,
)
from cluster.signals.signals import Samples
from cluster.targets.target import Target
from incidents.errors import Rejected
from tests.cluster.told import AA, BB, EPP, MINUTE, Asked, Scrape, value, values, why


class Broken:
    """A Prometheus that has no complete answer, and counts how often it was asked."""

    def __init__(self, why: Why) -> None:
        self.trouble = Trouble(why=why, detail="said so")
        self.asked = 0

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...] | Trouble:
        assert query
        assert at
        self.asked += 1
        return self.trouble

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        assert start + step <= end
        return self.instant(query, at=end)


class Leaving:
    """A Prometheus that is cut off after some questions."""

    def __init__(self, prometheus: Prometheus, *, after: int) -> None:
        self.prometheus = prometheus
        self.left = after

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...] | Trouble:
        self.left -= 1
        if self.left < 0:
            return Trouble(why=Why.UNREACHABLE, detail="cut")
        return self.prometheus.instant(query, at=at)

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        self.left -= 1
        if self.left < 0:
            return Trouble(why=Why.UNREACHABLE, detail="cut")
        return self.prometheus.range(query, start=start, end=end, step=step)


def test_the_fullest_pod_speaks_for_the_target(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """One hot pod preempts while the average looks well."""
    scrape("vllm:kv_cache_usage_perc", [0.5], AA)
    scrape("vllm:kv_cache_usage_perc", [0.97], BB)

    assert signals.read("kv_usage", target, at=now) == Reading(
        signal="kv_usage",
        value=0.97,
        unit="ratio",
        at=now,
        query=(
            'max (vllm:kv_cache_usage_perc{namespace="llm-d",pod=~"decode-5d8f-aa|decode-5d8f-bb"})'
        ),
        metrics=("vllm:kv_cache_usage_perc",),
    )


def test_the_worst_rank_speaks_for_its_pod(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """A data-parallel pod has one series per rank."""
    scrape("vllm:kv_cache_usage_perc", [0.2], AA | {"engine": "0"})
    scrape("vllm:kv_cache_usage_perc", [0.9], AA | {"engine": "1"})
    scrape("vllm:kv_cache_usage_perc", [0.4], BB)

    assert values(signals.read_by_pod("kv_usage", target, at=now)) == {
        "decode-5d8f-aa": 0.9,
        "decode-5d8f-bb": 0.4,
    }


def test_other_pods_and_namespaces_do_not_count(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """The prefill pods beside it, and staging, have caches of their own."""
    scrape("vllm:kv_cache_usage_perc", [0.3], AA)
    scrape("vllm:kv_cache_usage_perc", [0.9], {"pod": "prefill-1"})
    scrape("vllm:kv_cache_usage_perc", [0.8], AA | {"namespace": "staging"})

    assert value(signals.read("kv_usage", target, at=now)) == 0.3


@pytest.mark.parametrize(
    ("name", "signal"),
    [
        ("vllm:num_preemptions_total", "preemptions"),
        ("vllm:num_preemptions", "preemptions"),
        ("sglang:num_retracted_requests_total", "preemptions"),
        ("vllm:generation_tokens", "generation_tokens"),
    ],
)
def test_a_counter_is_found_under_the_name_of_its_era(
    signals: PrometheusSignals,
    scrape: Scrape,
    target: Target,
    now: datetime,
    name: str,
    signal: str,
) -> None:
    """Releases rename series; the reading says which name it was."""
    scrape(name, [number * 30.0 for number in range(11)], AA)

    reading = signals.read(signal, target, at=now)

    assert value(reading) == pytest.approx(1.0)
    assert isinstance(reading, Reading)
    assert f"{name}{{" in reading.query


def test_pods_of_two_releases_count_side_by_side(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """During an upgrade half of the pool has the old names."""
    rising = [number * 30.0 for number in range(11)]
    scrape("vllm:num_preemptions_total", rising, AA)
    scrape("vllm:num_preemptions", rising, BB)

    assert value(signals.read("preemptions", target, at=now)) == pytest.approx(2.0)
    assert len(values(signals.read_by_pod("preemptions", target, at=now))) == 2


def test_a_name_that_appears_later_is_found_at_once(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """What exists is remembered for minutes; an engine that comes up must not stay unseen."""
    assert why(signals.read("waiting", target, at=now - MINUTE)) is Why.NOT_SCRAPED
    scrape("vllm:num_requests_waiting", [7], AA)

    assert value(signals.read("waiting", target, at=now)) == 7


def test_what_exists_is_asked_once_in_a_while(
    signals: PrometheusSignals, prometheus: Asked, scrape: Scrape, target: Target, now: datetime
) -> None:
    """A check reads a dozen signals; the probe is not worth a dozen requests."""
    scrape("vllm:num_requests_waiting", [7] * 10, AA)
    for back in (3, 2, 1, 0):
        signals.read("waiting", target, at=now - back * MINUTE)

    probes = [query for query in prometheus.asked if "__name__" in query]

    assert len(probes) == 1


def test_a_look_back_does_not_change_what_exists(
    signals: PrometheusSignals, prometheus: Asked, scrape: Scrape, target: Target, now: datetime
) -> None:
    """Checks compare with an hour ago, when the engine may have had other names, or none."""
    scrape("vllm:num_requests_waiting", [7] * 10, AA)
    signals.read("waiting", target, at=now - MINUTE)
    assert why(signals.read("waiting", target, at=now - 60 * MINUTE)) is Why.NOT_SCRAPED
    probed = len([query for query in prometheus.asked if "__name__" in query])

    assert value(signals.read("waiting", target, at=now)) == 7
    assert len([query for query in prometheus.asked if "__name__" in query]) == probed


def test_a_signal_that_nothing_exports_is_not_scraped(
    signals: PrometheusSignals, target: Target, now: datetime
) -> None:
    """Never "0 preemptions"."""
    assert signals.read("waiting", target, at=now) == NoData(
        signal="waiting",
        why=Why.NOT_SCRAPED,
        detail="namespace llm-d has none of: vllm:num_requests_waiting, sglang:num_queue_reqs, "
        "sglang_num_queue_reqs, trtllm_num_requests_waiting and 1 more",
    )


def test_series_of_others_alone_are_empty(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """The namespace is scraped, these pods are not."""
    scrape("vllm:num_requests_waiting", [7], {"pod": "prefill-1"})

    assert why(signals.read("waiting", target, at=now)) is Why.EMPTY
    assert why(signals.read_by_pod("waiting", target, at=now)) is Why.EMPTY


def test_a_target_without_pods_has_no_data(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """An empty alternation would match every series without a pod."""
    scrape("vllm:num_requests_waiting", [7])

    assert why(signals.read("waiting", replace(target, pods=()), at=now)) is Why.EMPTY


def test_an_old_sample_is_stale(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """Prometheus repeats a gauge for five minutes after the last scrape."""
    scrape("vllm:num_requests_waiting", [7], AA, until=now - 3 * MINUTE)
    scrape("vllm:num_requests_waiting", [1], BB)

    read = signals.read("waiting", target, at=now)

    assert isinstance(read, NoData)
    assert (read.why, read.detail) == (Why.STALE, "decode-5d8f-aa 180 s old")
    assert values(signals.read_by_pod("waiting", target, at=now)) == {"decode-5d8f-bb": 1}


def test_a_rate_over_old_samples_is_stale_too(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """A window of five minutes still has numbers when nothing was scraped for three."""
    scrape("vllm:num_preemptions_total", range(10), AA, until=now - 3 * MINUTE)

    assert why(signals.read("preemptions", target, at=now)) is Why.STALE
    assert why(signals.read_by_pod("preemptions", target, at=now)) is Why.STALE


def test_only_pods_that_report_are_in_the_answer(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """The caller compares with the target's pods; a silent one is not a zero."""
    scrape("vllm:num_requests_waiting", [7], AA)

    assert values(signals.read_by_pod("waiting", target, at=now)) == {"decode-5d8f-aa": 7}


def test_waiting_is_told_apart_by_reason(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """Deferred requests wait for a transfer, and scaling does not help them."""
    scrape("vllm:num_requests_waiting_by_reason", [5], AA | {"reason": "capacity"})
    scrape("vllm:num_requests_waiting_by_reason", [2], AA | {"reason": "deferred"})

    assert value(signals.read("waiting_capacity", target, at=now)) == 5
    assert value(signals.read("waiting_deferred", target, at=now)) == 2


def test_no_prefix_look_up_is_no_ratio(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """0/0 is no thrash."""
    for name in ("hits", "queries"):
        scrape(f"vllm:prefix_cache_{name}_total", [5.0] * 31, AA)

    assert why(signals.read("prefix_hit_ratio", target, at=now)) is Why.NOT_A_NUMBER
    assert why(signals.read_by_pod("prefix_hit_ratio", target, at=now)) is Why.NOT_A_NUMBER


def test_the_baseline_outlives_a_rollout(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """The pods of an hour ago have other names, and are the baseline all the same."""
    before = now - timedelta(hours=1)
    old = {"pod": "decode-77c-zz"}
    scrape("vllm:prefix_cache_hits_total", [n * 6.0 for n in range(121)], old, until=before)
    scrape("vllm:prefix_cache_queries_total", [n * 10.0 for n in range(121)], old, until=before)
    scrape("vllm:prefix_cache_hits_total", [1, 2], AA)
    scrape("vllm:prefix_cache_queries_total", [1, 2], AA)

    assert value(signals.read("prefix_hit_ratio_baseline", target, at=now)) == pytest.approx(0.6)


def test_the_first_token_is_timed_where_clients_see_it(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """A decode pod does not know the time in prefill."""
    for le, share in (("1", 0), ("2", 10), ("+Inf", 10)):
        rising = [share * n for n in range(11)]
        scrape("llm_d_epp_request_ttft_seconds_bucket", rising, EPP | {"le": le})
    for le, share in (("0.1", 10), ("+Inf", 10)):
        rising = [share * n for n in range(11)]
        scrape("vllm:time_to_first_token_seconds_bucket", rising, AA | {"le": le})

    assert value(signals.read("ttft_p95", target, at=now)) == pytest.approx(1.95)
    assert values(signals.read_by_pod("ttft_p95", target, at=now)) == {
        "decode-5d8f-aa": pytest.approx(0.095)
    }


def test_the_picker_counts_once_under_two_names(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """It exports deprecated twins beside the new names."""
    rising = [number * 30.0 for number in range(11)]
    scrape("llm_d_epp_request_total", rising, EPP)
    scrape("inference_objective_request_total", rising, EPP)

    assert value(signals.read("request_rate", target, at=now)) == pytest.approx(1.0)
    assert isinstance(signals.read_by_pod("request_rate", target, at=now), NotApplicable)


def test_errors_are_a_share_of_all_requests(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """Refused requests are in no total; a client's own mistake, seen by status, is no failure."""
    scrape("llm_d_epp_request_total", [n * 80 for n in range(11)], EPP)
    refused = EPP | {"error_code": "ServiceUnavailable"}
    scrape("llm_d_epp_request_error_total", [n * 20 for n in range(11)], refused)
    by_engine = EPP | {"error_code": "ModelServerError"}
    scrape("llm_d_epp_request_error_total", [n * 10 for n in range(11)], by_engine)
    assert value(signals.read("error_ratio", target, at=now)) == pytest.approx(0.3)

    for status, each in (("2xx", 70), ("4xx", 10)):
        labels = AA | {"handler": "/v1/completions", "status": status}
        scrape("http_requests_total", [n * each for n in range(11)], labels)
    fresh = PrometheusSignals(signals._prometheus)

    assert value(fresh.read("error_ratio", target, at=now)) == pytest.approx(0.2)


def test_refusals_alone_are_an_outage_and_not_silence(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """A picker that restarted during the outage has never counted a scheduled request."""
    refused = EPP | {"error_code": "ServiceUnavailable"}
    scrape("llm_d_epp_request_error_total", [n * 20 for n in range(11)], refused)

    assert value(signals.read("error_ratio", target, at=now)) == pytest.approx(1.0)


def test_no_request_is_no_error_ratio(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """Nothing was asked: neither healthy nor failing."""
    scrape("llm_d_epp_request_total", [500] * 11, EPP)

    assert why(signals.read("error_ratio", target, at=now)) is Why.NOT_A_NUMBER


@pytest.mark.parametrize(
    ("roles", "applies"), [(("decode",), False), (("decode", "prefill"), True), ((), True)]
)
def test_transfers_need_a_prefill_role(
    signals: PrometheusSignals,
    target: Target,
    now: datetime,
    roles: tuple[str, ...],
    *,
    applies: bool,
) -> None:
    """Without one there is nothing to transfer; when nobody looked, nobody knows."""
    observed = signals.read("transfer_failures", replace(target, roles=roles), at=now)

    assert isinstance(observed, NotApplicable) != applies


def test_a_rank_that_died_is_seen_beside_living_ones(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """Its pod still produces tokens; an idle rank does not count."""
    for engine, running, tokens in (("0", 3, 100.0), ("1", 3, 0.0), ("2", 0, 0.0)):
        rank(scrape, engine, running=[running] * 9, tokens=[n * tokens for n in range(9)])

    assert values(signals.read_by_pod("silent_ranks", target, at=now)) == {"decode-5d8f-aa": 1}
    ranks = signals.read_by_rank("silent_ranks", target, at=now)
    assert not isinstance(ranks, NoData | NotApplicable)
    assert {key: each.value for key, each in ranks.items()} == {
        ("decode-5d8f-aa", "0"): 0,
        ("decode-5d8f-aa", "1"): 1,
        ("decode-5d8f-aa", "2"): 0,
    }


@pytest.mark.parametrize(
    ("running", "tokens", "silent"),
    [
        pytest.param([3] * 9, [70] * 9, 1, id="hangs"),
        pytest.param([3] * 9, [70] * 8 + [71], 0, id="one-token"),
        pytest.param([0] * 8 + [1], [70] * 9, 0, id="its-first-request-just-came"),
        pytest.param([3] * 9, [70] * 5 + [0] * 4, 0, id="restarted-within-the-window"),
        pytest.param([3] * 9, [70] * 2 + [0] * 7, 1, id="restarted-before-and-hangs-again"),
        pytest.param([3] * 3, [0] * 3, 0, id="younger-than-the-window"),
    ],
)
def test_silence_is_work_without_a_token_in_the_whole_window(
    signals: PrometheusSignals,
    scrape: Scrape,
    target: Target,
    now: datetime,
    running: list[float],
    tokens: list[float],
    silent: float,
) -> None:
    """A counter that begins again is neither progress nor a stall; nor is a long prompt."""
    rank(scrape, "0", running=running, tokens=tokens)

    assert value(signals.read("silent_ranks", target, at=now)) == silent


def rank(scrape: Scrape, engine: str, *, running: list[float], tokens: list[float]) -> None:
    labels = AA | {"engine": engine}
    scrape("vllm:num_requests_running", running, labels)
    scrape("vllm:num_requests_waiting", [0] * len(running), labels)
    scrape("vllm:generation_tokens_total", tokens, labels)
    scrape("vllm:prompt_tokens_total", [0 if token < 70 else 9 for token in tokens], labels)


def test_a_range_keeps_what_was_scraped(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """After the last scrape the gauge is only repeated: those moments are no samples."""
    scrape("vllm:num_requests_waiting", [4, 5, 6], AA, until=now - 4 * MINUTE)

    found = signals.read_range("waiting", target, start=now - 6 * MINUTE, end=now, step=MINUTE)

    assert isinstance(found, Samples)
    assert found.points == tuple(
        (now - back * MINUTE, number) for back, number in ((5, 4), (4, 6), (3, 6), (2, 6))
    )


def test_a_range_without_numbers_says_so(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """A window of NaN must not read as a window of zeros."""
    span = {"start": now - 3 * MINUTE, "end": now, "step": MINUTE}
    scrape("vllm:kv_cache_usage_perc", [float("inf")] * 9, AA)
    scrape("vllm:num_requests_waiting", [1], {"pod": "prefill-1"})
    scrape("vllm:num_requests_running", [1], AA, until=now - timedelta(minutes=4, seconds=30))

    assert why(signals.read_range("kv_usage", target, **span)) is Why.NOT_A_NUMBER
    assert why(signals.read_range("waiting", target, **span)) is Why.EMPTY
    assert why(signals.read_range("preemptions", target, **span)) is Why.NOT_SCRAPED
    late = span | {"start": now - 2 * MINUTE}
    assert why(signals.read_range("running", target, **late)) is Why.STALE


@pytest.mark.parametrize("trouble", [Why.PARTIAL, Why.TIMEOUT, Why.REFUSED, Why.UNREACHABLE])
def test_trouble_is_passed_on_as_it_is(target: Target, now: datetime, trouble: Why) -> None:
    """Nothing raises, nothing becomes zero."""
    signals = PrometheusSignals(Broken(trouble))

    assert why(signals.read("waiting", target, at=now)) is trouble
    assert why(signals.read_by_pod("waiting", target, at=now)) is trouble
    span = {"start": now - MINUTE, "end": now, "step": MINUTE}
    assert why(signals.read_range("waiting", target, **span)) is trouble


def test_a_prometheus_that_is_down_is_asked_once_for_one_moment(
    target: Target, now: datetime
) -> None:
    """Ten signals at ten seconds each would outlast the step."""
    broken = Broken(Why.TIMEOUT)
    signals = PrometheusSignals(broken, monotonic=lambda: 100.0)
    for name in ("waiting", "running", "kv_usage"):
        signals.read(name, target, at=now)
    assert broken.asked == 1

    signals.read("waiting", target, at=now + MINUTE)

    assert broken.asked == 2


def test_whoever_tries_again_after_a_while_asks_again(target: Target, now: datetime) -> None:
    """A rehearsal's clock may stand still while a person presses retry."""
    broken = Broken(Why.TIMEOUT)
    seconds = iter((100.0, 102.0, 104.0, 104.0))
    signals = PrometheusSignals(broken, monotonic=lambda: next(seconds))

    asked = []
    for _ in range(3):
        signals.read("waiting", target, at=now)
        asked.append(broken.asked)

    assert asked == [1, 1, 2]


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_prometheus_that_leaves_between_two_questions_gives_no_number(
    prometheus: Prometheus, scrape: Scrape, target: Target, now: datetime, after: int
) -> None:
    """A value whose freshness nobody could check is not known."""
    scrape("vllm:num_requests_waiting", [7] * 5, AA)
    span = {"start": now - MINUTE, "end": now, "step": MINUTE}

    def leaving() -> PrometheusSignals:
        return PrometheusSignals(Leaving(prometheus, after=after))

    found = [
        leaving().read("waiting", target, at=now),
        leaving().read_by_pod("waiting", target, at=now),
        leaving().read_range("waiting", target, **span),
    ]

    assert [isinstance(each, NoData) for each in found] == [after < 3] * 3


def test_an_unknown_name_is_a_mistake_and_no_missing_data(
    signals: PrometheusSignals, target: Target, now: datetime
) -> None:
    """A typing mistake in a runbook must not read as "cannot tell"."""
    with pytest.raises(Rejected, match="unknown signal 'kv_usge'; is it kv_usage"):
        signals.read("kv_usge", target, at=now)
    with pytest.raises(Rejected, match="unknown signal 'zzz'; `triaged signals` lists them"):
        signals.read_many(["kv_usage", "zzz"], target, at=now)
