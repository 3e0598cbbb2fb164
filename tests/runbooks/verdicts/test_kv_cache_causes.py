"""Why a KV cache is exhausted: each cause has another remedy than more pods."""

import pytest

from cluster.signals.reading import Why
from runbooks.verdicts.kv_cache.row import Diagnosis
from tests.runbooks.verdicts.pictures import STORM, apart, blocks, none, one, pods, say

HOT = {"preemptions": pods("preemptions", 0, 3)}
FEWER = {"blocks": blocks(of_9000=1, of_7000=1)}
YOUNG = {"blocks": none("kv_blocks"), "earlier": {"decode-9": one("running", 8)}}
LONGER = {"prompt_length": one("prompt_length_p95", 6000)}

HOT_POD = "one hot pod: 100% of the preemptions on decode-1"
LESS = "7000 KV blocks where there were 9000 an hour ago"
PROMPTS = "prompts up from 2000 to 6000 tokens (p95) within the hour"
ALL_YOUNG = "all pods that preempt are younger than an hour, their blocks are not known"


@pytest.mark.parametrize(
    ("changed", "mode", "because"),
    [
        pytest.param({}, "RB-12", "", id="plainly-more-load"),
        pytest.param(HOT, "RB-17", HOT_POD, id="one-hot-pod"),
        pytest.param(FEWER, "RB-18", LESS, id="fewer-blocks"),
        pytest.param(YOUNG, "RB-18", ALL_YOUNG, id="young-pods"),
        pytest.param(
            {"blocks_before": none("kv_blocks"), "earlier": none("running", Why.EMPTY)},
            "RB-18",
            ALL_YOUNG,
            id="all-pods-are-young",
        ),
        pytest.param(LONGER, "RB-28", PROMPTS, id="longer-prompts"),
        pytest.param(
            {**HOT, **FEWER, **LONGER},
            "RB-17",
            f"{HOT_POD}; also RB-18 (bad rollout), {LESS}; also RB-28 (storm of long prompts),"
            f" {PROMPTS}",
            id="everything-at-once",
        ),
    ],
)
def test_a_storm_says_what_it_comes_of(changed, mode, because):
    """Adding pods helps against one of the four."""
    found = say(STORM, changed)

    assert found.verdict == "exhausted"
    assert found.diagnosis == Diagnosis(mode=mode, because=because)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"preemptions": pods("preemptions", 1, 8)}, id="a-pod-that-is-not-that-hot"),
        pytest.param({"pods": ("decode-0",)}, id="the-only-pod"),
        pytest.param({"blocks": blocks(of_8100=2)}, id="a-tenth-fewer"),
        pytest.param({"blocks": blocks(of_9500=2), "earlier": {}}, id="young-with-more-blocks"),
        pytest.param({"prompt_length": one("prompt_length_p95", 3000)}, id="half-as-long-again"),
    ],
)
def test_what_is_usual_is_no_cause(changed):
    """Profiling differs a little from start to start, and prompts from hour to hour."""
    assert say(STORM, changed).diagnosis == Diagnosis(mode="RB-12")


@pytest.mark.parametrize(
    ("changed", "unknown"),
    [
        pytest.param({"preemptions": pods("preemptions", 5)}, "hot pods", id="a-silent-pod"),
        pytest.param({"blocks": none("kv_blocks")}, "KV blocks", id="no-blocks"),
        pytest.param({"blocks": blocks(of_None=2)}, "KV blocks", id="blocks-without-number"),
        pytest.param(
            {"blocks_before": none("kv_blocks"), "earlier": none("running", Why.TIMEOUT)},
            "KV blocks",
            id="nobody-knows-how-old-the-pods-are",
        ),
        pytest.param(
            {"blocks_before": none("kv_blocks"), "earlier": apart("running")},
            "KV blocks",
            id="pods-are-not-told-apart",
        ),
        pytest.param(
            {
                "blocks": none("kv_blocks"),
                "earlier": none("running", Why.EMPTY),
                "baseline": none("prefix_hit_ratio_baseline"),
            },
            "KV blocks",
            id="the-workload-is-as-young-as-its-pods",
        ),
        pytest.param(
            {
                "blocks": none("kv_blocks"),
                "earlier": none("running", Why.EMPTY),
                "preemptions": none("preemptions"),
            },
            "hot pods, KV blocks",
            id="nobody-knows-who-preempts",
        ),
        pytest.param(
            {"prompt_length_before": none("prompt_length_p95")},
            "prompt lengths",
            id="no-prompt-lengths",
        ),
    ],
)
def test_what_could_not_be_looked_into_is_named(changed, unknown):
    """It may have been the cause."""
    found = say(STORM, changed)

    assert found.diagnosis == Diagnosis(mode="RB-12", because=f"nothing known of {unknown}")
