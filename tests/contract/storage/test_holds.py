"""Holds: rules across streams are rows."""

from datetime import timedelta

import pytest

from incidents.errors import HoldConflict, RequirementConflict
from incidents.journal import (
    ApprovalGranted,
    Budget,
    Hold,
    HoldAbsent,
    HoldPresent,
    Release,
    Requirement,
    Take,
)
from incidents.ports import Store
from tests.appends import NOON, append, later, summary

CLAIM = Take(kind="claim", key="pod")


def test_the_taker_cannot_take_twice(store: Store) -> None:
    """`used:<approval>` must bar a second use by the same run as well."""
    store.journal.append(append(take=(CLAIM,)))

    with pytest.raises(HoldConflict):
        store.journal.append(append(expected=1, take=(CLAIM,)))


def test_one_append_cannot_take_the_same_hold_twice(store: Store) -> None:
    """Two steps in one append would both believe to have the claim."""
    with pytest.raises(HoldConflict):
        store.journal.append(append(take=(CLAIM, CLAIM)))

    assert store.journal.hold("claim", "pod") is None


def test_many_holds_are_looked_up_at_once(store: Store) -> None:
    """A storm asks about thousands of alerts: one question each would be its longest part."""
    taken = tuple(Take(kind="occurrence", key=f"a\ud800{number}") for number in range(1200))
    store.journal.append(append(take=(CLAIM, *taken)))

    asked = ["pod", "free", *(one.key for one in taken)]
    found = store.journal.holds("occurrence", asked)

    assert sorted(found) == sorted(one.key for one in taken)
    assert found["a\ud8007"] == store.journal.hold("occurrence", "a\ud8007")
    assert store.journal.holds("claim", []) == {}


def test_a_hold_is_renewed_by_release_and_take(store: Store) -> None:
    """Between the two nobody else gets in."""
    store.journal.append(append(take=(CLAIM,)))

    store.journal.append(
        append(
            expected=1,
            at=later(5),
            release=(Release(kind="claim", key="pod"),),
            take=(Take(kind="claim", key="pod", expires_at=later(60)),),
        )
    )

    assert store.journal.hold("claim", "pod") == Hold(
        kind="claim", key="pod", stream="incident-1", taken_at=later(5), expires_at=later(60)
    )


def test_only_the_taker_releases(store: Store) -> None:
    """A run whose claim had expired must not free its successor's claim by finishing."""
    store.journal.append(append(take=(CLAIM,)))

    store.journal.append(append("incident-2", release=(Release(kind="claim", key="pod"),)))

    hold = store.journal.hold("claim", "pod")
    assert hold is not None
    assert hold.stream == "incident-1"


def test_releasing_a_free_hold_is_no_error(store: Store) -> None:
    """Finishing must be recorded whatever became of the claim meanwhile."""
    answer = store.journal.append(append(release=(Release(kind="claim", key="pod"),)))

    assert answer.version == 1


@pytest.mark.parametrize(
    ("seconds", "free"),
    [pytest.param(59.999999, False, id="live"), pytest.param(60, True, id="expired")],
)
def test_a_hold_is_free_from_the_moment_it_expires(
    store: Store, seconds: float, *, free: bool
) -> None:
    """Expiry is judged by the append's own moment, so that a replay judges alike."""
    store.journal.append(append(take=(Take(kind="claim", key="pod", expires_at=later(60)),)))
    second = append("incident-2", at=later(seconds), take=(CLAIM,))

    if free:
        store.journal.append(second)
    else:
        with pytest.raises(HoldConflict):
            store.journal.append(second)

    hold = store.journal.hold("claim", "pod")
    assert hold is not None
    assert hold.stream == ("incident-2" if free else "incident-1")


@pytest.mark.parametrize(
    "requirement",
    [
        pytest.param(HoldAbsent(kind="frozen", key="all"), id="absent"),
        pytest.param(HoldPresent(kind="claim", key="pod"), id="present"),
        pytest.param(HoldPresent(kind="frozen", key="all", stream="run-1"), id="held-by-another"),
        pytest.param(HoldPresent(kind="lapsed", key="x"), id="present-but-expired"),
    ],
)
def test_a_hold_that_is_not_as_required_is_a_conflict(
    store: Store, requirement: Requirement
) -> None:
    """A freeze between the decision and the append must stop the step."""
    lapsed = Take(kind="lapsed", key="x", expires_at=NOON)
    store.journal.append(append("desk", take=(Take(kind="frozen", key="all"), lapsed)))

    with pytest.raises(HoldConflict):
        store.journal.append(append("run-1", require=(requirement,)))

    assert store.journal.summary("run-1") is None


@pytest.mark.parametrize(
    "requirement",
    [
        pytest.param(HoldAbsent(kind="claim", key="pod"), id="absent"),
        pytest.param(HoldAbsent(kind="lapsed", key="x"), id="expired-counts-as-absent"),
        pytest.param(HoldPresent(kind="frozen", key="all"), id="present"),
        pytest.param(HoldPresent(kind="frozen", key="all", stream="desk"), id="held-by-it"),
    ],
)
def test_a_hold_that_is_as_required_lets_the_append_pass(
    store: Store, requirement: Requirement
) -> None:
    """Too strict a check would stop the run for ever."""
    lapsed = Take(kind="lapsed", key="x", expires_at=NOON)
    store.journal.append(append("desk", take=(Take(kind="frozen", key="all"), lapsed)))

    assert store.journal.append(append("run-1", require=(requirement,))).version == 1


@pytest.mark.parametrize(
    ("approval", "digest", "seconds", "state"),
    [
        pytest.param("approval-2", "plan", 0, "granted", id="unknown"),
        pytest.param("approval-1", "other", 0, "granted", id="another-plan"),
        pytest.param("approval-1", "plan", 600.000001, "granted", id="too-late"),
        pytest.param("approval-1", "plan", 0, "asked", id="not-granted"),
    ],
)
def test_an_approval_that_does_not_fit_is_a_conflict(
    store: Store, approval: str, digest: str, seconds: float, state: str
) -> None:
    """No effect without a live approval for exactly this plan."""
    about = summary("approval-1", state=state, digest="plan", not_after=later(600))
    store.journal.append(append("approval-1", about=about))
    granted = ApprovalGranted(approval=approval, digest=digest, not_after=later(3600))

    with pytest.raises(RequirementConflict):
        store.journal.append(append("run-1", at=later(seconds), require=(granted,)))

    assert store.journal.summary("run-1") is None


def test_a_granted_approval_lets_the_step_start_until_its_last_moment(store: Store) -> None:
    """The last moment belongs to the approval."""
    about = summary("approval-1", state="granted", digest="plan", not_after=later(600))
    store.journal.append(append("approval-1", about=about))
    granted = ApprovalGranted(approval="approval-1", digest="plan", not_after=later(600))

    answer = store.journal.append(append("run-1", at=later(600), require=(granted,)))

    assert answer.version == 1


def test_a_budget_is_spent_by_appends_and_returns_with_time(store: Store) -> None:
    """Three changes an hour mean three, however fast they are asked for."""
    budget = Budget(key="scale", limit=2, window=timedelta(seconds=60))

    def spend(version: int, seconds: float) -> None:
        store.journal.append(
            append("run-1", version, at=later(seconds), require=(budget,), append_id=f"a{seconds}")
        )

    spend(0, 0)
    spend(1, 30)
    with pytest.raises(RequirementConflict):
        spend(2, 59.999999)
    spend(2, 60)
    with pytest.raises(RequirementConflict):
        spend(3, 61)

    assert len(store.journal.read("run-1")) == 3


def test_an_append_that_fails_spends_nothing(store: Store) -> None:
    """What was not done must not use up the budget."""
    budget = Budget(key="scale", limit=1, window=timedelta(seconds=60))
    store.journal.append(append(take=(CLAIM,)))
    with pytest.raises(HoldConflict):
        store.journal.append(append("run-1", require=(budget,), take=(CLAIM,)))

    assert store.journal.append(append("run-1", require=(budget,))).version == 1
