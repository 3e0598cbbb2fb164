"""The table about a KV cache against a plain one, for what is known and for what may be.

The plain table is written here once more, from the page, for pools of which everything is known.
What is lost of a pool may have been anything: a verdict has to hold whatever it was.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Final

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from cluster.signals.reading import Why
from runbooks.verdicts.evidence import ABSENT
from runbooks.verdicts.kv_cache.names import (
    BUSY_BUT_HEALTHY,
    CANNOT_TELL,
    EXHAUSTED,
    HEALTHY,
    PREFIX_THRASH,
    SATURATED,
    TRANSFER_STALLED,
    VERDICTS,
    ZOMBIE_ENGINE,
)
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.table import Judgement, judge
from tests.runbooks.verdicts import pictures
from tests.runbooks.verdicts.pictures import PODS, none, one, samples

ILL: Final = (ZOMBIE_ENGINE, TRANSFER_STALLED, EXHAUSTED, SATURATED, PREFIX_THRASH)
WELL: Final = {HEALTHY, BUSY_BUT_HEALTHY}
BASELINE: Final = 0.9

Input = tuple[str, str]
"""What can be known or lost: its name, and the pod that it is of, empty for the role."""
Values = Mapping[Input, float]

OF_POD: Final[Mapping[str, tuple[float, ...]]] = {
    "silent": (0.0, 1.0),
    "failures": (0.0, 0.2),
    "transfers": (0.0, 5.0),
    # It may always be more than before.
    "deferred": (0.0, 9.0, 20.0),
    "deferred_before": (0.0, 9.0),
    "preemptions": (0.0, 2.0),
    "usage": (0.5, 0.95),
    "queue": (0.0, 7.0),
}
OF_ROLE: Final[Mapping[str, tuple[float, ...]]] = {
    "expirations": (0.0, 3.0),
    "storm": (0.0, 2.0),
    "ratio": (0.2, 0.6, 0.9),
    "ttft": (1.0, 3.0),
}
DOMAIN: Final[Mapping[Input, tuple[float, ...]]] = {
    **{(name, pod): values for name, values in OF_POD.items() for pod in PODS},
    **{(name, ""): values for name, values in OF_ROLE.items()},
}
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "failures": ("transfer_failures",),
    "transfers": ("transfers",),
    "deferred": ("deferred",),
    "deferred_before": ("deferred_before",),
    "preemptions": ("preemptions",),
    "usage": ("kv_usage",),
    "queue": ("waiting_capacity", "waiting"),
}
CALM: Final[Values] = {
    each: 5.0 if each[0] == "transfers" else 0.9 if each[0] == "ratio" else values[0]
    for each, values in DOMAIN.items()
}


def plain(values: Values) -> str:
    """Return the verdict about a pool of which everything is known, row by row as on the page."""

    def anywhere(name: str) -> bool:
        return any(values[name, pod] > 0 for pod in PODS)

    full = any(values["usage", pod] >= 0.9 for pod in PODS)
    share = values["ratio", ""] / BASELINE
    rows = {
        ZOMBIE_ENGINE: anywhere("silent"),
        TRANSFER_STALLED: anywhere("failures")
        or values["expirations", ""] > 0
        or any(
            values["deferred", pod] > values["deferred_before", pod]
            and values["transfers", pod] == 0
            for pod in PODS
        ),
        EXHAUSTED: values["storm", ""] > 0 and anywhere("preemptions"),
        SATURATED: full and anywhere("queue"),
        PREFIX_THRASH: share < 0.5 or (share < 0.8 and values["ttft", ""] > 1.2),
        BUSY_BUT_HEALTHY: full and not anywhere("queue") and share >= 0.8,
    }
    return next((verdict for verdict, holds in rows.items() if holds), HEALTHY)


def can_be(values: Values) -> bool:
    """Tell whether these go together: what has gone on until now goes on on some pod."""
    return not values["storm", ""] or any(values["preemptions", pod] for pod in PODS)


def picture(values: Values, lost: Mapping[Input, Why]) -> Readings:
    """Return what was read of a pool; what no pod told is lost for the reason of the first."""
    told = {each: value for each, value in values.items() if each not in lost}
    by_pod = {
        field: {pod: one(field, told[name, pod]) for pod in PODS if (name, pod) in told}
        or none(field, lost[name, PODS[0]])
        for name, fields in FIELDS.items()
        for field in fields
    }
    silent = {(pod, "0"): one("s", told["silent", pod]) for pod in PODS if ("silent", pod) in told}
    now = sum(values["preemptions", pod] for pod in PODS)
    went_on = values["storm", ""] > 0
    return replace(
        pictures.HEALTHY,
        **by_pod,
        silent=silent or none("silent_ranks", lost["silent", PODS[0]]),
        preempting=none("preemptions", lost["storm", ""])
        if ("storm", "") in lost
        else samples(now if went_on else 0.0, *([2.0] * 5)),
        expirations=whole(told, lost, "expirations"),
        hit_ratio=whole(told, lost, "ratio"),
        baseline=one("prefix_hit_ratio_baseline", BASELINE),
        ttft=whole(told, lost, "ttft"),
    )


def whole(told: Values, lost: Mapping[Input, Why], name: str):
    """Return what was read of the role."""
    return one(name, told[name, ""]) if (name, "") in told else none(name, lost[name, ""])


def completed(values: Values, lost: Mapping[Input, Why]) -> Iterator[Values]:
    """Yield every pool that it may be, for all that is known of it."""
    for guess in product(*(DOMAIN[each] for each in lost)):
        made = {**values, **dict(zip(lost, guess, strict=True))}
        if can_be(made):
            yield made


# A ratio of 0/0 is no loss: nobody looked anything up.
REASONS: Final = sorted(set(Why) - {Why.NOT_A_NUMBER}, key=str)


@st.composite
def pools(draw) -> dict[Input, float]:
    """Draw a pool of which everything is known, and of which little is unusual."""
    unusual = draw(st.sets(st.sampled_from(sorted(DOMAIN)), max_size=5))
    found = {**CALM, **{each: draw(st.sampled_from(DOMAIN[each])) for each in sorted(unusual)}}
    if not can_be(found):
        found["preemptions", draw(st.sampled_from(PODS))] = 2.0
    return found


LOST = st.dictionaries(st.sampled_from(sorted(DOMAIN)), st.sampled_from(REASONS), max_size=4)
STORM_OF_NOBODY = {**CALM, ("storm", ""): 2.0, ("preemptions", PODS[0]): 2.0}


@given(pools())
def test_of_what_is_known_the_first_row_that_holds_is_the_verdict(values):
    """The order matters: a dead engine and a stalled transfer look like exhaustion."""
    found = judge(picture(values, {}))

    event(found.verdict)
    assert (found.verdict, found.skipped) == (plain(values), ())


@settings(max_examples=300)
@given(pools(), LOST)
@example(STORM_OF_NOBODY, {("preemptions", pod): Why.STALE for pod in PODS})
@example(CALM, {("failures", pod): Why.NOT_SCRAPED for pod in PODS})
@example({**CALM, ("usage", PODS[0]): 0.95}, {("queue", PODS[1]): Why.STALE})
def test_a_verdict_holds_whatever_it_was_that_is_not_known(values, lost):
    """A row is the verdict where it is known to hold, whatever the lost numbers were.

    Only a row before it may then have been the true one, and it is named. Nothing is well that may
    be ill, unless the row that may hold is named and all that it lacks does not exist here. And
    nobody is told that it cannot be told where every answer is the same.
    """
    found = judge(picture(values, lost))

    may_be = {plain(each) for each in completed(values, lost)}
    event(f"{found.verdict} of {len(may_be)}")
    ill = may_be & set(ILL)
    if found.verdict in ILL:
        before = set(ILL[: ILL.index(found.verdict)])
        assert may_be <= before | {found.verdict}
        assert may_be - {found.verdict} <= named(found)
    elif found.verdict in WELL:
        assert ill <= named(found)
        assert not ill or set(lost.values()) & ABSENT
        assert may_be & WELL
    else:
        assert found.verdict == CANNOT_TELL
        assert len(may_be) > 1 or any(name == "usage" for name, _ in lost)


@settings(max_examples=300)
@given(pools(), st.dictionaries(st.sampled_from(sorted(DOMAIN)), st.just(Why.STALE), max_size=4))
def test_what_may_be_ill_cannot_be_told_unless_a_row_is_known_to_hold(values, lost):
    """The same from the other side, for what is there and was not read."""
    may_be = {plain(each) for each in completed(values, lost)}

    found = judge(picture(values, lost)).verdict

    if may_be <= WELL and not any(name == "usage" for name, _ in lost):
        assert found in may_be
    elif may_be & WELL:
        assert found == CANNOT_TELL
    else:
        assert found == CANNOT_TELL or found in may_be


def test_the_plain_table_knows_every_verdict():
    """A row that is added to the table has to be written here once more."""
    assert {*ILL, *WELL, CANNOT_TELL} == set(VERDICTS)


def named(found: Judgement) -> set[str]:
    """Return the rows that are named as not judged."""
    return {row.partition(" (")[0] for row in found.skipped}
