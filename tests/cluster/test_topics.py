"""What the formulas of the catalogue say of machines, pickers, pools and ranks."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.reading import (
    NoData,
    NotApplicable,
    Reading,
    Resolved,
    Why,
)
from cluster.targets.target import Target
from tests.cluster.told import AA, BB, EPP, MINUTE, Asked, Scrape, value, values, why


def test_a_signal_is_read_by_rank_where_ranks_are_told_apart(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """One full rank hides behind seven idle ones."""
    scrape("vllm:kv_cache_usage_perc", [0.2], AA | {"engine": "0"})
    scrape("vllm:kv_cache_usage_perc", [0.9], AA | {"engine": "1"})
    scrape("vllm:num_requests_waiting", [4], AA)
    scrape("llm_d_epp_request_total", [n * 30 for n in range(11)], EPP)

    found = signals.read_by_rank("kv_usage", target, at=now)

    assert not isinstance(found, NoData | NotApplicable)
    assert {key: each.value for key, each in found.items()} == {
        ("decode-5d8f-aa", "0"): 0.2,
        ("decode-5d8f-aa", "1"): 0.9,
    }
    assert signals.read_by_rank("waiting", target, at=now) == NotApplicable(
        signal="waiting", because="its series have no label engine"
    )
    assert isinstance(signals.read_by_rank("request_rate", target, at=now), NotApplicable)


def test_a_rank_that_is_no_longer_scraped_is_left_out(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """Each rank has a port of its own, and one of them can go silent."""
    scrape("vllm:kv_cache_usage_perc", [0.2], AA | {"engine": "0"})
    scrape("vllm:kv_cache_usage_perc", [0.9], AA | {"engine": "1"}, until=now - 3 * MINUTE)

    found = signals.read_by_rank("kv_usage", target, at=now)

    assert not isinstance(found, NoData | NotApplicable)
    assert list(found) == [("decode-5d8f-aa", "0")]


def test_errors_are_told_apart_by_their_code(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """The code decides which runbook it is."""
    scrape("llm_d_epp_request_total", [n * 30 for n in range(11)], EPP)
    assert parts(signals, "request_errors", target, now) == {"": 0}

    for code, each in (("ServiceUnavailable", 30), ("ModelServerError", 15)):
        labels = EPP | {"error_code": code}
        scrape("llm_d_epp_request_error_total", [n * each for n in range(11)], labels)
        scrape("inference_objective_request_error_total", [n * each for n in range(11)], labels)
    fresh = PrometheusSignals(signals._prometheus)

    assert parts(fresh, "request_errors", target, now) == {
        "ServiceUnavailable": pytest.approx(1.0),
        "ModelServerError": pytest.approx(0.5),
    }
    assert value(fresh.read("request_errors", target, at=now)) == pytest.approx(1.5)
    assert isinstance(fresh.read_parts("kv_usage", target, at=now), NotApplicable)
    assert why(fresh.read_parts("flow_outcomes", target, at=now)) is Why.NOT_SCRAPED


def parts(signals: PrometheusSignals, name: str, target: Target, at: datetime) -> dict[str, float]:
    found = signals.read_parts(name, target, at=at)
    assert not isinstance(found, NoData | NotApplicable), found
    return {part: each.value for part, each in found.items()}


def test_parts_that_are_stale_or_several_are_none(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """A breakdown of what was is no breakdown of what is."""
    labels = AA | {"status": "500", "handler": "/v1/completions"}
    scrape("http_requests_total", [n * 3 for n in range(9)], labels, until=now - 3 * MINUTE)

    assert why(signals.read_parts("http_answers", target, at=now)) is Why.STALE


def test_a_pool_beside_another_one_is_not_taken_for_it(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """Whose pool is not known, two pools are two answers; the maximum of them would be a lie."""
    for name, ready in (("pool", 4), ("other", 0)):
        scrape("llm_d_epp_ready_endpoints", [ready], {"pod": "epp-1", "name": name})
        scrape("inference_pool_ready_pods", [ready], {"pod": "epp-1", "name": name})

    assert why(signals.read("ready_endpoints", target, at=now)) is Why.SEVERAL
    assert value(signals.read("ready_endpoints", replace(target, pool="pool"), at=now)) == 4


def test_the_picker_that_was_renamed_is_read_under_its_old_name_meanwhile(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """An upgrade renames live: the new name has no rate before its second scrape."""
    scrape("inference_objective_request_total", [n * 30 for n in range(11)], EPP)
    scrape("llm_d_epp_request_total", [0], EPP)

    assert value(signals.read("request_rate", target, at=now)) == pytest.approx(1.0)


def test_an_exporters_own_pod_is_not_the_pod_that_it_tells_about(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """DCGM's labels are moved aside by the scrape."""
    of_exporter = {"namespace": "gpu", "pod": "dcgm-1", "gpu": "0"}
    of_pod = of_exporter | {"exported_namespace": "llm-d", "exported_pod": "decode-5d8f-aa"}
    other = of_exporter | {"exported_namespace": "llm-d", "exported_pod": "prefill-1"}
    scrape("DCGM_FI_DEV_GPU_TEMP", [71], of_pod)
    scrape("DCGM_FI_DEV_GPU_TEMP", [90], other)

    assert value(signals.read("gpu_temperature", target, at=now)) == 71
    assert values(signals.read_by_pod("gpu_temperature", target, at=now)) == {"decode-5d8f-aa": 71}


def test_a_container_that_restarted_is_one_container(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """For minutes it is two series, and a plain division would be refused."""
    for identity, used in (("old", 90.0), ("new", 40.0)):
        labels = AA | {"container": "vllm", "id": identity}
        scrape("container_memory_working_set_bytes", [used], labels)
    scrape("container_memory_working_set_bytes", [900.0], AA | {"container": ""})
    limit = AA | {"container": "vllm", "resource": "memory"}
    scrape("kube_pod_container_resource_limits", [100.0], limit)

    assert value(signals.read("container_memory", target, at=now)) == pytest.approx(0.9)


def test_an_autoscaler_of_another_workload_does_not_count(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """Its name says nothing; what it scales does."""
    for name, scaled, wanted in (("h1", "decode", 5), ("h2", "prefill", 10)):
        hpa = {"horizontalpodautoscaler": name, "pod": "ksm"}
        scrape("kube_horizontalpodautoscaler_status_desired_replicas", [wanted], hpa)
        scrape("kube_horizontalpodautoscaler_spec_max_replicas", [10], hpa)
        scrape("kube_horizontalpodautoscaler_info", [1], hpa | {"scaletargetref_name": scaled})

    assert value(signals.read("autoscaler_fill", target, at=now)) == pytest.approx(0.5)


@pytest.mark.parametrize("labelled", [True, False], ids=["by-label", "by-host-name"])
def test_a_fabric_error_counts_on_the_targets_nodes(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime, *, labelled: bool
) -> None:
    """Errors of the other nodes are other people's."""
    scrape("kube_pod_info", [1], AA | {"node": "n1"})
    scrape("kube_pod_info", [1], {"pod": "prefill-1", "node": "n2"})
    for node, each in (("n1", 30), ("n2", 300)):
        exporter = {"namespace": "monitoring", "instance": f"{node}:9100", "pod": f"x-{node}"}
        scrape("node_uname_info", [1], exporter | {"nodename": node})
        labels = exporter | ({"node": node} if labelled else {}) | {"device": "mlx5_0"}
        errors = "node_infiniband_port_errors_received_total"
        scrape(errors, [n * each for n in range(11)], labels)

    assert value(signals.read("rdma_port_errors", target, at=now)) == pytest.approx(1.0)


def test_a_fault_that_sticks_is_seen_when_it_changes(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """The last Xid stays for ever; only its change tells that something happened."""
    scrape("DCGM_FI_DEV_XID_ERRORS", [0] * 10 + [79], AA | {"gpu": "0"})
    scrape("DCGM_FI_DEV_XID_ERRORS", [31] * 11, AA | {"gpu": "1"})
    scrape("DCGM_FI_DEV_XID_ERRORS", [43] * 5 + [0] * 6, AA | {"gpu": "2"})

    assert value(signals.read("gpu_xid_faults", target, at=now)) == 1


def test_a_kill_for_memory_needs_a_restart(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """The last reason sticks too: a container that was killed last week is fine today."""
    for pod, restarts in ((AA, [0] * 5 + [1] * 5), (BB, [1] * 10)):
        labels = pod | {"container": "vllm"}
        scrape("kube_pod_container_status_restarts_total", restarts, labels)
    assert value(signals.read("oom_kills", target, at=now)) == 0

    for pod in (AA, BB):
        labels = pod | {"container": "vllm", "reason": "OOMKilled"}
        scrape("kube_pod_container_status_last_terminated_reason", [1], labels)
    fresh = PrometheusSignals(signals._prometheus)

    assert value(fresh.read("oom_kills", target, at=now)) == 1
    assert values(fresh.read_by_pod("oom_kills", target, at=now))["decode-5d8f-bb"] == 0


def test_what_is_refused_for_lack_of_pods_is_no_overload(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """`Rejected.*` would have one count as the other, and miss what was evicted."""
    for outcome, each in (
        ("Dispatched", 80),
        ("RejectedCapacity", 4),
        ("EvictedTTL", 6),
        ("RejectedNoEndpoints", 7),
        ("EvictedNoEndpoints", 3),
    ):
        labels = {"pod": "epp-1", "inference_pool": "pool", "outcome": outcome}
        scrape("llm_d_epp_flow_control_requests_total", [n * each for n in range(11)], labels)

    assert value(signals.read("flow_rejected_ratio", target, at=now)) == pytest.approx(0.1)
    assert value(signals.read("flow_no_endpoint_ratio", target, at=now)) == pytest.approx(0.1)


def test_resolved_names_the_way_and_what_is_missing(
    signals: PrometheusSignals, prometheus: Asked, scrape: Scrape, target: Target, now: datetime
) -> None:
    """People have to see what the desk reads, and in which era's names."""
    scrape("vllm:gpu_cache_usage_perc", [0.5], AA)
    scrape("sglang_num_queue_reqs", [1], AA)

    found = signals.resolved(target, at=now)

    assert found["kv_usage"] == Resolved(
        signal="kv_usage",
        way=1,
        era="vLLM before V1's renaming",
        metrics=("vllm:gpu_cache_usage_perc",),
        query=(
            'max (vllm:gpu_cache_usage_perc{namespace="llm-d",'
            'pod=~"decode-5d8f-aa|decode-5d8f-bb"})'
        ),
    )
    waiting = found["waiting"]
    assert isinstance(waiting, Resolved)
    assert (waiting.way, waiting.era) == (3, "SGLang, with underscores")
    assert why(found["preemptions"]) is Why.NOT_SCRAPED
    assert len(prometheus.asked) == 1
    without = signals.resolved(replace(target, roles=("decode",)), at=now)
    assert isinstance(without["transfers"], NotApplicable)


def test_many_signals_are_read_as_each_alone(
    signals: PrometheusSignals, scrape: Scrape, target: Target, now: datetime
) -> None:
    """The classification asks for a dozen at once and must not see other numbers."""
    scrape("vllm:kv_cache_usage_perc", [0.5], AA)
    scrape("vllm:num_preemptions_total", [n * 30.0 for n in range(11)], AA)
    names = ["kv_usage", "preemptions", "ttft_p95", "transfers", "kv_usage"]

    together = signals.read_many(names, target, at=now)

    assert together == {name: signals.read(name, target, at=now) for name in names}


def test_many_signals_are_of_one_moment_within_five_seconds(
    signals: PrometheusSignals, prometheus: Asked, scrape: Scrape, target: Target, now: datetime
) -> None:
    """A storm about one target asks once, though each alert has its own moment."""
    scrape("vllm:kv_cache_usage_perc", [0.5], AA)

    found = signals.read_many(["kv_usage"], target, at=now)
    asked = len(prometheus.asked)
    again = signals.read_many(["kv_usage"], target, at=now + timedelta(seconds=4.9))
    later = signals.read_many(["kv_usage"], target, at=now + timedelta(seconds=5))

    assert again == found
    assert len(prometheus.asked) > asked
    observed = later["kv_usage"]
    assert isinstance(observed, Reading)
    assert observed.at == now + timedelta(seconds=5)
