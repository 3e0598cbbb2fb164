"""Each shipped runbook goes its whole way in the rehearsal's cluster: found, approved, proven."""

import pytest

from drills.kubernetes import surroundings
from drills.kubernetes.objects import ready
from drills.kubernetes.resources import CORE_SERVICES, NODES, POOLS
from tests.runbooks.rehearsed import (
    BAD,
    GUIDE_LABEL,
    NAMESPACE,
    POOL,
    Rehearsed,
    label,
    until,
    well,
)


def test_a_service_that_was_scaled_to_zero_is_brought_back() -> None:
    """Nothing answers: the one thing that helps is planned, and it serves again."""
    run = Rehearsed("service-down", answers={"validate": "answers"})
    well(run)
    run.scale_by_hand(0)

    run.play()

    assert run.did() == {"bring-back": "verified"}
    assert (run.run.outcome, run.serving()) == ("completed", 1)


def test_users_who_wait_get_more_decode_replicas() -> None:
    """A queue at engines that are well, and nothing was rolled out: there are too few of them."""
    run = Rehearsed("high-latency", answers={})
    well(run)
    late = until(run, lambda: run.serving() >= 6)
    run.signals.values |= {"ttft_p95": late(6.0), "waiting": late(40.0)}

    run.play()

    assert run.did() == {"add-decode": "verified"}
    assert (run.run.outcome, run.serving()) == ("completed", 6)


def test_the_one_pod_that_fails_is_taken_out_of_its_pool() -> None:
    """Its requests go elsewhere, and it is left for somebody to look at."""
    run = Rehearsed("high-error-rate", answers={"one-pod": "one"})
    well(run)
    bad = run.names()[0]
    fails = until(run, lambda: bad not in run.names())
    run.signals.values |= {"error_ratio": fails(0.2), "http_error_ratio": fails(0.2)}

    run.play()

    assert run.did() == {"take-out": "verified"}
    assert (run.run.outcome, run.serving()) == ("completed", 4)
    assert label(run.pod(bad), GUIDE_LABEL) == "quarantined"


def test_the_node_of_a_broken_gpu_is_closed_and_a_pod_leaves_it() -> None:
    """An Xid names a pod, the pod its node; nothing new comes there, and what is there goes."""
    run = Rehearsed("gpu-utilization", answers={})
    well(run)
    run.signals.values |= {"gpu_xid_faults": lambda _: 1.0}
    before = run.names()
    node = run.pod(before[0])["spec"]["nodeName"]

    run.play()

    assert run.did() == {"close-node": "verified", "empty-node": "verified"}
    assert (run.run.outcome, run.serving()) == ("completed", 4)
    assert run.cluster.get(NODES, "", node)["spec"]["unschedulable"] is True
    assert len(set(before) - set(run.names())) == 1


def test_the_pod_that_is_nearest_to_its_memory_limit_is_let_go() -> None:
    """While the others serve, and not when the kernel chooses."""
    run = Rehearsed("memory-pressure", answers={})
    well(run)
    full = run.names()[0]
    fills = until(run, lambda: full not in run.names())
    run.signals.values |= {"container_memory": fills(0.97)}

    run.play()

    assert run.did() == {"let-go": "verified"}
    assert (run.run.outcome, run.serving()) == ("completed", 4)


def test_a_pod_that_the_others_could_not_carry_is_put_to_a_person() -> None:
    """What a guard refuses stays in trouble: somebody is told why, and asked."""
    run = Rehearsed("memory-pressure", answers={"near-the-limit": "done"})
    well(run)
    run.signals.values |= {"container_memory": lambda _: 0.97, "kv_usage": lambda _: 0.8}

    run.play()

    assert run.did() == {}
    assert run.step("let-go").verdict == "refused"
    assert "KV" in run.step("let-go").because
    assert run.step("near-the-limit").verdict == "done"


def test_an_exhausted_cache_gets_more_decode_replicas() -> None:
    """Preemptions stop when there is room."""
    run = Rehearsed("cache-evictions", answers={})
    well(run)
    hurts = until(run, lambda: run.serving() >= 6)
    run.signals.values |= {
        "preemptions": hurts(2.0),
        "waiting": hurts(40.0),
        "kv_usage": hurts(0.98),
    }

    run.play()

    assert run.did() == {"add-decode": "verified"}
    assert (run.run.outcome, run.serving()) == ("completed", 6)


def test_a_dead_engine_is_let_go() -> None:
    """Its cache looks exhausted, and more replicas would not help."""
    run = Rehearsed("cache-evictions", answers={})
    well(run)
    dead = run.names()[0]
    run.signals.values |= {"silent_ranks": until(run, lambda: dead not in run.names())(1.0)}

    run.play()

    assert run.did() == {"dead-engine": "verified"}
    assert (run.run.outcome, run.serving()) == ("completed", 4)


def test_a_rollout_that_never_serves_is_taken_back() -> None:
    """What changed is named, a person says that it is the cause, and the old image serves again."""
    run = Rehearsed("bad-rollout", answers={"roll-back": "roll_back"})
    well(run)
    good = run.image()
    run.roll_out(f"vllm:{BAD}")
    run.signals.values |= {"error_ratio": until(run, lambda: run.image() == good)(0.3)}

    run.play()

    assert run.did() == {"take-back": "verified"}
    assert (run.run.outcome, run.serving()) == ("completed", 4)
    assert f"→ vllm:{BAD}" in run.step("rollout").because


def test_requests_go_past_a_picker_that_is_away() -> None:
    """The engines are well; what picks one of them is not, and a person mends it."""
    run = Rehearsed("service-down", answers={"picker": "done", "validate": "answers"})
    well(run)
    run.edit(CORE_SERVICES, surroundings.NAME, lambda it: it["spec"].update(selector={"app": "x"}))
    run.later(seconds=60)

    run.play()

    pool = run.cluster.get(POOLS, NAMESPACE, POOL)
    assert run.did() == {"let-past": "verified"}
    assert pool["spec"]["endpointPickerRef"]["failureMode"] == "FailOpen"
    assert run.run.outcome == "completed"


@pytest.mark.parametrize(
    ("answer", "did", "gone"),
    [
        pytest.param("one", {"delete-one": "verified"}, 1, id="one"),
        pytest.param("all", {}, 0, id="all-is-refused-while-others-are-ready"),
    ],
)
def test_a_pod_that_does_not_come_back_is_deleted(
    answer: str, did: dict[str, str], gone: int
) -> None:
    """A person says whether one or all; all together only where nothing is lost by it."""
    run = Rehearsed("service-down", answers={"restart-pods": answer, "validate": "answers"})
    well(run)
    before = run.names()
    run.break_pod(before[0])

    run.play()

    assert run.did() == did
    assert len(set(before) - set(run.names())) == gone
    assert (run.step("all-by-hand").verdict is None) is (answer == "one")
    assert run.run.outcome == "completed"


def test_all_pods_are_deleted_where_none_is_ready() -> None:
    """Nothing is lost then, and one at a time would take as often as long."""
    run = Rehearsed("service-down", answers={"restart-pods": "all", "validate": "answers"})
    well(run)
    before = run.names()
    for name in before:
        run.break_pod(name)

    run.play()

    assert run.did() == {"delete-all": "verified"}
    assert (set(before) & set(run.names()), run.serving()) == (set(), 4)


def test_a_rollout_without_a_free_gpu_gets_a_place() -> None:
    """New pods wait for what the old ones hold: one of those goes first, and it goes on."""
    run = Rehearsed("bad-rollout", answers={"roll-back": "not_the_cause"})
    well(run)
    run.scale_by_hand(10)
    run.roll_out("vllm:2", strategy={"maxSurge": 1, "maxUnavailable": 0})

    run.play()

    for _ in range(5):
        run.later(seconds=120)

    assert run.did() == {"free-a-place": "verified"}
    assert run.run.outcome == "completed"
    assert "vllm:2" in {
        each["spec"]["containers"][0]["image"] for each in run.pods() if ready(each)
    }
