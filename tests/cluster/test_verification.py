"""What is said of a change is what can be proven."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.actions.plan import Settled
from cluster.signals.reading import NoData, NotApplicable, Reading, Why
from cluster.signals.signals import Samples
from cluster.verification import (
    Direction,
    Expectation,
    Observed,
    Row,
    Verdict,
    Verification,
    compare,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
READY = Settled(ready=6, wanted=6, since=START)
STOPS = Expectation(signal="preemptions", to=0.1)
DRAINS = Expectation(signal="waiting", by=0.5)
FASTER = Expectation(signal="generation_tokens", direction=Direction.RISES, by=1.1)
ABSENT = NoData(signal="preemptions", why=Why.UNREACHABLE, detail="refused")


def window(signal: str, *values: float) -> Samples:
    points = tuple((START + n * timedelta(seconds=30), value) for n, value in enumerate(values))
    return Samples(signal=signal, unit="1/s", query="q", points=points)


BEFORE: Mapping[str, Observed] = {
    "preemptions": window("preemptions", 1, 2, 3),
    "waiting": window("waiting", 10, 20, 30),
}
BETTER: Mapping[str, Observed] = {
    "preemptions": window("preemptions", 0, 0, 0.1),
    "waiting": window("waiting", 1, 1, 1),
}


def verdict(
    after: Mapping[str, Observed],
    *,
    before: Mapping[str, Observed] = BEFORE,
    settled: Settled = READY,
    expected: tuple[Expectation, ...] = (STOPS, DRAINS),
) -> tuple[Verdict, str]:
    found = compare(expected, before, after, settled)
    return found.verdict, found.because


def test_what_all_signals_show_is_verified() -> None:
    """With the numbers that it rests on."""
    assert compare((STOPS,), BEFORE, BETTER, READY) == Verification(
        verdict=Verdict.VERIFIED,
        because="preemptions 2 → 0.03333 1/s; 6 of 6 pods ready",
        rows=(
            Row(
                signal="preemptions",
                unit="1/s",
                before=2.0,
                after=pytest.approx(0.1 / 3),
                expected="falls to 0.1",
                met=True,
            ),
        ),
    )


def test_one_signal_that_stays_is_no_effect() -> None:
    """Half a success is none."""
    after = BETTER | {"waiting": window("waiting", 20, 20, 20)}

    assert verdict(after) == (Verdict.NO_EFFECT, "waiting 20 → 20 1/s")


@pytest.mark.parametrize(
    ("was", "now"),
    [pytest.param(0, 0, id="nothing-hurt"), pytest.param(0.01, 0.09, id="it-even-rose")],
)
def test_what_was_so_before_is_no_effect(was: float, now: float) -> None:
    """Preemptions that had stopped by themselves are no merit of the change."""
    before = {"preemptions": window("preemptions", was, was, was)}
    after = {"preemptions": window("preemptions", now, now, now)}

    assert verdict(after, before=before, expected=(STOPS,)) == (
        Verdict.NO_EFFECT,
        f"it was so already before: preemptions {was:g} → {now:g} 1/s",
    )


def test_one_bound_that_was_missed_before_is_enough() -> None:
    """The queue drained; that nothing was preempted before either takes nothing from it."""
    before = BEFORE | {"preemptions": window("preemptions", 0, 0, 0)}

    assert verdict(BETTER, before=before)[0] is Verdict.VERIFIED


def test_a_signal_that_rose_is_worse() -> None:
    """Traffic doubled meanwhile: a person should undo it or do more."""
    after = BETTER | {"preemptions": window("preemptions", 5, 5, 5)}

    assert verdict(after) == (Verdict.WORSE, "preemptions 2 → 5 1/s")


def test_noise_is_not_worse() -> None:
    """A fifth more is within what traffic does by itself."""
    after = BETTER | {"preemptions": window("preemptions", 2.4, 2.4, 2.4)}

    assert verdict(after)[0] is Verdict.NO_EFFECT


def test_a_count_that_chance_explains_is_not_worse() -> None:
    """Ninety events in five minutes are a hundred and ten in the next, though nothing changed."""
    for now, expected in ((0.3739, Verdict.NO_EFFECT), (0.6967, Verdict.WORSE)):
        before = {"preemptions": window("preemptions", 0.3013, 0.3013, 0.3013)}
        after = {"preemptions": window("preemptions", now, now, now)}
        assert verdict(after, before=before, expected=(STOPS,))[0] is expected


def test_a_queue_that_was_short_again_meanwhile_is_not_worse() -> None:
    """It swings: a mean of a few samples may be twice another, and next time half of it."""
    for lowest, expected in ((19.0, Verdict.NO_EFFECT), (21.0, Verdict.WORSE)):
        samples = replace(window("waiting", 60, lowest, 60), unit="requests")
        assert verdict({"waiting": samples}, expected=(DRAINS,))[0] is expected


def test_what_should_rise_is_worse_when_it_falls() -> None:
    """The directions are mirrored."""
    before = {"generation_tokens": window("generation_tokens", 100, 100, 100)}
    for value, expected in ((120, Verdict.VERIFIED), (100, Verdict.NO_EFFECT), (80, Verdict.WORSE)):
        after = {"generation_tokens": window("generation_tokens", value, value, value)}
        assert verdict(after, before=before, expected=(FASTER,))[0] is expected


def test_who_reverted_it_decides_alone() -> None:
    """Good numbers of a change that no longer stands prove nothing."""
    reverted = replace(READY, reverted_by="kubectl-scale")

    assert verdict(BETTER, settled=reverted) == (Verdict.REVERTED, "by kubectl-scale")


def test_pods_that_never_became_ready_had_no_effect() -> None:
    """Whatever the signals say, or when nobody could read them."""
    waiting = Settled(ready=2, wanted=6, since=None)

    assert verdict(BETTER, settled=waiting) == (Verdict.NO_EFFECT, "2 of 6 pods ready")
    assert verdict({}, settled=waiting) == (Verdict.NO_EFFECT, "2 of 6 pods ready")


@pytest.mark.parametrize(
    ("observed", "reason"),
    [
        (ABSENT, "preemptions: after: Prometheus cannot be reached (refused)"),
        (None, "preemptions: after: not read"),
        (window("preemptions", 0, 0), "preemptions: after: 2 samples, 3 are needed"),
        (window("preemptions", 0, float("nan"), 0), "preemptions: after: not a number"),
    ],
    ids=["absent", "not-read", "too-few", "not-a-number"],
)
def test_what_is_not_known_cannot_be_told(observed: Observed | None, reason: str) -> None:
    """Even when the other signal is clear, for better or for worse."""
    known = {"waiting": window("waiting", 99, 99, 99)}
    after = known if observed is None else known | {"preemptions": observed}

    assert verdict(after) == (Verdict.CANNOT_TELL, reason)


def test_a_missing_window_before_cannot_be_told() -> None:
    """Without it nobody knows what would have been."""
    assert verdict(BETTER, before={})[0] is Verdict.CANNOT_TELL


def test_a_signal_without_meaning_is_left_out() -> None:
    """No prefill role, no transfers: the others decide."""
    none = NotApplicable(signal="waiting", because="no role")

    assert verdict(BETTER | {"waiting": none})[0] is Verdict.VERIFIED
    assert verdict({"waiting": none}, expected=(DRAINS,))[0] is Verdict.CANNOT_TELL


def test_nothing_expected_is_nothing_proven() -> None:
    """A runbook that forgot to say what should happen."""
    assert verdict(BETTER, expected=()) == (Verdict.CANNOT_TELL, "no expected signal applies")


def test_a_single_reading_counts_as_itself() -> None:
    """Some signals are windows already."""
    reading = Reading(signal="preemptions", value=0.0, unit="1/s", at=START, query="q")

    assert verdict(BETTER | {"preemptions": reading})[0] is Verdict.VERIFIED


@pytest.mark.parametrize("bounds", [{}, {"to": 1.0, "by": 0.5}])
def test_an_expectation_has_one_bound(bounds: dict[str, float]) -> None:
    """Two could contradict each other."""
    with pytest.raises(ValueError, match="exactly one of"):
        Expectation(signal="waiting", **bounds)


VALUES = st.floats(0, 1e6)
SAMPLES = st.lists(VALUES, min_size=0, max_size=6).map(lambda found: window("preemptions", *found))
MISSING = st.sampled_from(
    [NoData(signal="preemptions", why=why, detail="x") for why in Why]
    + [window("preemptions", 1, 2), window("preemptions", 0, 0, float("inf"))]
)
OBSERVED = SAMPLES | MISSING
SETTLED = st.builds(
    Settled,
    ready=st.integers(0, 6),
    wanted=st.just(6),
    since=st.none() | st.just(START),
    reverted_by=st.none() | st.just("x"),
)
EXPECTED = st.builds(Expectation, signal=st.just("preemptions"), to=VALUES) | st.builds(
    Expectation, signal=st.just("preemptions"), by=st.floats(0, 2)
)
ORDER = (Verdict.VERIFIED, Verdict.NO_EFFECT, Verdict.WORSE)


@given(EXPECTED, MISSING, OBSERVED, SETTLED, st.sampled_from(["before", "after"]))
def test_what_is_missing_is_never_verified(
    expected: Expectation, missing: Observed, other: Observed, settled: Settled, side: str
) -> None:
    """Success is never said of what could not be checked."""
    before, after = (missing, other) if side == "before" else (other, missing)
    pair = (expected, replace(DRAINS, signal="waiting"))

    found = compare(
        pair,
        BEFORE | {"preemptions": before},
        BETTER | {"preemptions": after},
        settled,
    )

    assert found.verdict is not Verdict.VERIFIED


@given(EXPECTED, OBSERVED, OBSERVED, SETTLED)
def test_verified_means_standing_ready_and_met(
    expected: Expectation, before: Observed, after: Observed, settled: Settled
) -> None:
    """Nothing else may end in that word."""
    found = compare((expected,), {"preemptions": before}, {"preemptions": after}, settled)

    if found.verdict is Verdict.VERIFIED:
        assert settled.reverted_by is None
        assert settled.since is not None
        assert [(row.met, row.already) for row in found.rows] == [(True, False)]


@given(VALUES, OBSERVED, OBSERVED, SETTLED, st.sampled_from(Direction))
def test_what_already_kept_its_bound_is_never_verified(
    bound: float, before: Observed, after: Observed, settled: Settled, way: Direction
) -> None:
    """An alert that goes away by itself must not make a useless change look good."""
    expected = Expectation(signal="preemptions", direction=way, to=bound)
    (row,) = compare((expected,), {"preemptions": before}, {}, settled).rows
    kept = row.before is not None and (
        row.before <= bound if way is Direction.FALLS else row.before >= bound
    )

    found = compare((expected,), {"preemptions": before}, {"preemptions": after}, settled)

    assert not (kept and found.verdict is Verdict.VERIFIED)


@given(EXPECTED, SAMPLES, st.lists(VALUES, min_size=3, max_size=6), st.floats(0, 1e6))
def test_a_higher_after_never_makes_it_better(
    expected: Expectation, before: Observed, after: list[float], more: float
) -> None:
    """Monotone: more preemptions cannot turn no effect into verified."""
    low = compare(
        (expected,), {"preemptions": before}, {"preemptions": window("preemptions", *after)}, READY
    )
    raised = window("preemptions", *(value + more for value in after))
    high = compare((expected,), {"preemptions": before}, {"preemptions": raised}, READY)

    if low.verdict is Verdict.CANNOT_TELL:
        assert high.verdict is Verdict.CANNOT_TELL
    else:
        assert ORDER.index(high.verdict) >= ORDER.index(low.verdict)
