"""What holds for every picture of a pool: nothing that is missing makes it look well."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from itertools import combinations_with_replacement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.signals.reading import NotApplicable, Why
from runbooks.verdicts.evidence import ABSENT
from runbooks.verdicts.kv_cache.names import VERDICTS
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.table import Judgement, judge
from tests.runbooks.verdicts.pictures import (
    COLDER,
    EXPIRING,
    FAILING,
    FULL,
    HEALTHY,
    PODS,
    QUEUE,
    STARVED,
    STORM,
    THRASH,
    ZOMBIE,
    blocks,
    none,
    one,
    picture,
    samples,
)

WELL = {"healthy", "busy_but_healthy"}
BY_POD = {
    "kv_usage": [0.0, 0.5, 0.95],
    "preemptions": [0.0, 2.0],
    "running": [0.0, 9.0],
    "waiting_capacity": [0.0, 7.0],
    "deferred": [0.0, 9.0],
    "deferred_before": [0.0, 9.0],
    "transfer_failures": [0.0, 0.2],
    "transfers": [0.0, 5.0],
}
WHOLE = {
    "expirations": [0.0, 3.0],
    "hit_ratio": [0.0, 0.2, 0.5, 0.7, 0.9],
    "baseline": [0.0, 0.5, 0.9, 1.0001],
    "ttft": [0.0, 1.0, 3.0],
    "ttft_before": [0.0, 1.0, 3.0],
}
FIELDS = (*BY_POD, *WHOLE, "silent")
WELL_READ = {
    **dict.fromkeys((*BY_POD, *WHOLE), 0.0),
    "transfers": 5.0,
    **dict.fromkeys(("hit_ratio", "baseline"), 0.5),
    **dict.fromkeys(("ttft", "ttft_before"), 1.0),
}
DERIVED = {"pods", "groups", "sustained", "waiting", "preempting", "silent"}
OPTIONAL = {
    "generation_tokens",
    "prompt_tokens",
    "earlier",
    "prompt_length",
    "prompt_length_before",
    "blocks",
    "blocks_before",
    "second_tier",
}
JUDGED = (*BY_POD, *WHOLE, "waiting", "preempting", "silent")
ILLNESSES = {
    "zombie": ZOMBIE,
    "failing-transfers": FAILING,
    "expired-transfers": EXPIRING,
    "missing-transfers": STARVED,
    "storm": STORM,
    "storm-in-a-full-cache": {**STORM, **FULL},
    "saturated": {**FULL, **QUEUE},
    "thrash": THRASH,
    "thrash-and-slower": COLDER,
}
MAY_BE_ABSENT = (
    "waiting_capacity",
    "deferred",
    "deferred_before",
    "transfer_failures",
    "transfers",
    *WHOLE,
)
WILD = st.sampled_from([0.0, 0.2, 0.95, 1.0, 7.0, float("nan"), float("inf"), -1.0])


@st.composite
def pictures(draw):
    """Draw a pool of which everything was read, nothing contradicts, and little is unusual."""
    unusual = draw(st.sets(st.sampled_from(FIELDS), max_size=3))
    by_pod = {
        name: {
            pod: draw(st.sampled_from(known)) if name in unusual else WELL_READ[name]
            for pod in PODS
        }
        for name, known in BY_POD.items()
    }
    by_pod["waiting"] = {
        pod: by_pod["waiting_capacity"][pod] + by_pod["deferred"][pod] for pod in PODS
    }
    before = draw(st.lists(st.sampled_from([0.0, 2.0, 2.0, 2.0]), min_size=5, max_size=5))
    engines, dead = draw(st.integers(1, 2)), [0.0, 1.0] if "silent" in unusual else [0.0]
    silent = {
        (pod, str(engine)): one("silent_ranks", draw(st.sampled_from(dead)))
        for pod in PODS
        for engine in range(engines)
    }
    return replace(
        HEALTHY,
        **{
            name: {pod: one(name, value) for pod, value in values.items()}
            for name, values in by_pod.items()
        },
        **{
            name: one(name, draw(st.sampled_from(known)) if name in unusual else WELL_READ[name])
            for name, known in WHOLE.items()
        },
        silent=silent,
        preempting=samples(sum(by_pod["preemptions"].values()), *before),
    )


def without(readings: Readings, name: str, pod: str | None, why: Why = Why.NOT_SCRAPED) -> Readings:
    """Return the picture without a field, or without what one pod said there."""
    held = getattr(readings, name)
    if pod is None or not isinstance(held, Mapping):
        return replace(readings, **{name: none(name, why)})
    rest = {key: one for key, one in held.items() if pod not in {key, key[0]}}
    return replace(readings, **{name: rest})


def losses(whys: Iterable[Why]) -> st.SearchStrategy[list[tuple[str, str | None, Why]]]:
    """Draw what is lost, of the pool or of one pod; a ratio of 0/0 is no loss."""
    each = st.tuples(
        st.sampled_from(JUDGED),
        st.sampled_from([None, *PODS]),
        st.sampled_from(sorted(whys, key=str)),
    ).filter(lambda lost: (lost[0], lost[2]) != ("hit_ratio", Why.NOT_A_NUMBER))
    return st.lists(each, min_size=1, max_size=4)


UNREAD = frozenset(Why) - ABSENT
LOST = losses(Why)


@pytest.mark.parametrize("why", [Why.STALE, Why.NOT_SCRAPED], ids=["unread", "absent"])
@pytest.mark.parametrize("illness", ILLNESSES.values(), ids=ILLNESSES)
def test_no_two_inputs_hide_an_illness_by_being_lost(illness, why):
    """The one thing that must never happen: an outage that looks fine since nobody scrapes it.

    Every input and every pair of them is tried, of the pool and of each pod.
    """
    ill = picture(illness)
    verdict = judge(ill).verdict
    inputs = [(name, pod, why) for name in JUDGED for pod in _pods(ill, name)]

    hidden = [
        (first, second)
        for first, second in combinations_with_replacement(inputs, 2)
        if _hides(judge(without(without(ill, *first), *second)), verdict, unread=why in UNREAD)
    ]

    assert verdict not in WELL
    assert hidden == []


@given(pictures(), LOST)
def test_a_bad_pool_is_healthy_only_where_its_row_is_named_as_skipped(whole, lost):
    """The same with any numbers, and with more that is lost at once, for any reasons."""
    part = whole
    for name, pod, why in lost:
        part = without(part, name, pod, why)

    verdict = judge(whole).verdict
    assert verdict in WELL or not _hides(judge(part), verdict, unread=False)


@given(pictures(), losses(UNREAD))
def test_what_could_not_be_read_never_turns_a_bad_pool_into_a_healthy_one(whole, lost):
    """It is there, and it may be what is wrong: naming it would not be enough."""
    part = whole
    for name, pod, why in lost:
        part = without(part, name, pod, why)

    verdict = judge(whole).verdict
    assert verdict in WELL or not _hides(judge(part), verdict, unread=True)


@given(pictures(), LOST)
def test_what_is_lost_never_turns_a_healthy_pool_into_a_bad_one(whole, lost):
    """Where nobody knows, nobody is sent to act; older engines' queues are guessed high."""
    part = whole
    for name, pod, why in lost:
        if name != "waiting_capacity":
            part = without(part, name, pod, why)

    assert judge(whole).verdict not in WELL or judge(part).verdict in {*WELL, "cannot_tell"}


@given(pictures(), LOST, st.data())
def test_what_explains_a_verdict_does_not_change_it(whole, lost, data):
    """Adding what is optional never invents health, nor an illness."""
    part = whole
    for name, pod, why in lost:
        part = without(part, name, pod, why)
    explained = replace(
        part,
        second_tier={"second_tier_evictions": one("s", data.draw(WILD))},
        earlier=none("running", data.draw(st.sampled_from(Why))),
        prompt_length=one("p", data.draw(WILD)),
        prompt_length_before=one("p", data.draw(WILD)),
        blocks=blocks(of_9000=1, of_None=1),
        blocks_before=none("kv_blocks"),
        generation_tokens=none("generation_tokens"),
        prompt_tokens=none("prompt_tokens"),
    )

    assert judge(explained).verdict == judge(part).verdict
    assert judge(explained).skipped == judge(part).skipped


@given(pictures(), LOST, st.randoms(use_true_random=False))
def test_the_order_of_pods_and_answers_is_nothing(whole, lost, dice: random.Random):
    """Prometheus answers in any order, and Kubernetes lists in any."""
    part = whole
    for name, pod, why in lost:
        part = without(part, name, pod, why)
    turned = {field.name: _shuffled(getattr(part, field.name), dice) for field in fields(Readings)}

    assert judge(Readings(**turned)) == judge(part)


@given(
    pictures(), st.sets(st.sampled_from(MAY_BE_ABSENT)), st.sampled_from(sorted(ABSENT, key=str))
)
def test_no_pod_is_worse_than_the_role(whole, lost, why):
    """The role's verdict is what people act on; a dying pod must show in it.

    Nor is a pod unknown where the role is not: what does not exist is skipped for both.
    """
    part = whole
    for name in sorted(lost):
        part = without(part, name, None, why)

    found = judge(part)

    assert all(
        VERDICTS.index(found.verdict) <= VERDICTS.index(verdict) for _, verdict in found.pods
    )


@given(st.data())
def test_every_picture_of_a_pool_has_one_verdict_and_a_reason(data):
    """The check is asked in the middle of an incident; it must always answer."""
    drawn = {}
    for name in (*BY_POD, "waiting", "earlier"):
        there = data.draw(st.dictionaries(st.sampled_from([*PODS, "gone"]), WILD, min_size=1))
        drawn[name] = _or_nothing(data, name, {pod: one(name, v) for pod, v in there.items()})
    for name in (*WHOLE, "prompt_length", "prompt_length_before"):
        drawn[name] = _or_nothing(data, name, one(name, data.draw(WILD)))
    history = samples(*data.draw(st.lists(WILD, min_size=1, max_size=7)))
    drawn["preempting"] = _or_nothing(data, "preemptions", history)
    silent = {("decode-0", "0"): one("silent_ranks", data.draw(WILD))}
    drawn["silent"] = _or_nothing(data, "silent_ranks", silent)

    found = judge(replace(HEALTHY, **drawn))

    assert found.verdict in VERDICTS
    assert found.because
    assert (found.diagnosis is None) == (found.verdict in WELL)


def test_the_properties_draw_every_reading_that_there_is():
    """A new reading that no property draws is not covered."""
    drawn = {*BY_POD, *WHOLE, *DERIVED, *OPTIONAL}

    assert drawn == {field.name for field in fields(Readings)}


def _hides(found: Judgement, verdict: str, *, unread: bool) -> bool:
    """Tell whether nobody could know from the judgement that this verdict may be the true one."""
    named = any(row.startswith(f"{verdict} (") for row in found.skipped)
    return found.verdict in WELL and (unread or not named)


def _pods(readings: Readings, name: str) -> tuple[str | None, ...]:
    return (None, *PODS) if isinstance(getattr(readings, name), Mapping) else (None,)


def _or_nothing(data, name, there):
    apart = NotApplicable(signal=name, because="so")
    return data.draw(st.sampled_from([there, none(name), none(name, Why.EMPTY), apart]))


def _shuffled(held: object, dice: random.Random) -> object:
    if isinstance(held, Mapping):
        items = list(held.items())
        dice.shuffle(items)
        return dict(items)
    if isinstance(held, tuple):
        return tuple(dice.sample(held, len(held)))
    return held
