"""Error budgets: what is not known is neither kept nor spent."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.budgets import SLOT, WINDOWS, Budget, Ledger, Slot, Trouble, budget
from tests.builders import NOON

WINDOW = timedelta(days=1)
ALL = WINDOW // SLOT
HOUR = timedelta(hours=1)


def slots(count: int = ALL, *, bad: Mapping[int, float] | None = None) -> dict[datetime, Slot]:
    """Return slots that end at noon, the newest first; all is well but in those of `bad`."""
    return {NOON - n * SLOT: Slot(events=1.0, bad=(bad or {}).get(n, 0.0)) for n in range(count)}


def ledger(found: Mapping[datetime, Slot], *, planned: Iterable[int] = ()) -> Ledger:
    return Ledger(
        objective="availability",
        kind="availability",
        allowed=0.01,
        window=WINDOW,
        namespace="llm",
        model="llama",
        slots=found,
        planned=frozenset(NOON - n * SLOT for n in planned),
    )


def trouble(number: int, hours_ago: float, hours: float, **place: str) -> Trouble:
    start = NOON - hours_ago * HOUR
    where = {"namespace": "llm", "model": "llama", **place}
    return Trouble(number=number, start=start, end=start + hours * HOUR, **where)


def shares(found: Budget) -> dict[int, float]:
    return {one.incident: round(one.share, 6) for one in found.spent}


def test_nothing_bad_leaves_all_of_it() -> None:
    """Everything was seen, and all of it was good."""
    found = budget(ledger(slots()), [], NOON)

    assert (found.left, found.seen, found.elsewhere) == (1.0, 1.0, 0)
    # Of three days only one is known here.
    assert found.burns == {**dict.fromkeys(WINDOWS, 0.0), timedelta(days=3): None}
    assert found.spent == ()


@pytest.mark.parametrize(
    ("recorded", "because"),
    [
        pytest.param(
            ledger({}),
            "nothing is recorded: not scraped, renamed, or there is no such model",
            id="nothing",
        ),
        pytest.param(
            ledger({NOON: Slot(events=0.0, bad=0.0)}), "nothing happened that counts", id="quiet"
        ),
        pytest.param(
            ledger(slots(), planned=range(ALL)),
            "maintenance was planned for all that is known",
            id="planned",
        ),
    ],
)
def test_no_data_is_no_whole_budget(recorded: Ledger, because: str) -> None:
    """A service of which nothing is known has kept nothing."""
    found = budget(recorded, [trouble(1, 2, 1)], NOON)

    assert (found.left, found.because, found.elsewhere) == (None, because, None)
    assert set(found.burns.values()) == {None}
    assert found.spent == ()


def test_what_an_incident_spent_is_what_went_wrong_while_it_lasted() -> None:
    """Whoever asks what an outage has cost gets a number."""
    bad = dict.fromkeys(range(12, 24), 0.1)
    found = budget(ledger(slots(bad=bad)), [trouble(7, 2, 1)], NOON)

    whole = ALL * 0.01
    assert shares(found) == {7: round(12 * 0.1 / whole, 6)}
    assert found.left == pytest.approx(1 - 12 * 0.1 / whole)
    assert found.elsewhere == pytest.approx(0)


def test_more_than_there_was_can_be_spent() -> None:
    """Nobody is helped by a budget that ends at zero."""
    found = budget(ledger(slots(bad={0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0})), [], NOON)

    assert found.left == pytest.approx(1 - 4 / 2.88)
    assert found.elsewhere == pytest.approx(4 / 2.88)


def test_an_incident_of_another_model_spent_nothing_of_it() -> None:
    """Its time is the same, and its place is not."""
    bad = dict.fromkeys(range(12, 24), 0.1)
    others = [trouble(1, 2, 1, model="qwen"), trouble(2, 2, 1, namespace="batch")]
    nowhere = trouble(3, 2, 1, namespace="", model="")
    found = budget(ledger(slots(bad=bad)), [*others, nowhere], NOON)

    # One that does not say where it is may be about it.
    assert set(shares(found)) == {3}


def test_two_incidents_at_once_both_count_what_was_spent() -> None:
    """Nobody can tell which of them it was, and the sum says that it is more than all."""
    bad = dict.fromkeys(range(12, 24), 0.1)
    found = budget(ledger(slots(bad=bad)), [trouble(1, 2, 1), trouble(2, 3, 3)], NOON)

    assert shares(found)[1] == shares(found)[2]


def test_an_incident_that_spent_nothing_is_not_listed() -> None:
    """A list of what cost nothing hides what cost much."""
    found = budget(ledger(slots(bad={0: 0.5})), [trouble(1, 10, 1), trouble(2, 1, 1)], NOON)

    assert set(shares(found)) == {2}


def test_planned_maintenance_is_taken_out_and_shown() -> None:
    """It is nobody's breach, and it is no time in which anything was kept."""
    bad = dict.fromkeys(range(12, 24), 1.0)
    found = budget(ledger(slots(bad=bad), planned=range(12, 24)), [trouble(1, 2, 1)], NOON)

    assert (found.left, found.planned, found.seen) == (1.0, HOUR, 1.0)
    assert found.spent == ()


def test_the_burn_rate_of_a_window_is_of_that_window_alone() -> None:
    """A burst that is over burns no more."""
    found = budget(ledger(slots(bad={12: 0.2})), [], NOON)

    rates = {window: rate for window, rate in found.burns.items() if window <= 2 * HOUR}
    assert rates == {
        timedelta(minutes=5): 0.0,
        timedelta(minutes=30): 0.0,
        HOUR: 0.0,
        2 * HOUR: pytest.approx(0.2 / 24 / 0.01),
    }
    assert tuple(found.burns) == WINDOWS


def test_half_a_window_that_is_known_is_half_seen() -> None:
    """What was not recorded is named beside what is left."""
    assert budget(ledger(slots(ALL // 2)), [], NOON).seen == 0.5


def test_what_is_known_for_minutes_is_held_against_the_whole_window() -> None:
    """Ten bad minutes after an installation are ten minutes, and not all of a month."""
    found = budget(ledger(slots(2, bad={0: 1.0, 1: 1.0})), [], NOON)

    assert found.left == pytest.approx(1 - 2 / 2.88)
    rates = [rate for rate in found.burns.values() if rate is not None]
    assert rates == [pytest.approx(100)]
    assert found.burns[HOUR] is None


@given(
    bad=st.dictionaries(st.integers(0, ALL - 1), st.floats(0, 1), max_size=30),
    missing=st.sets(st.integers(0, ALL - 1), max_size=30),
    spans=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=4),
)
def test_nothing_is_lost_between_incidents(
    bad: dict[int, float], missing: set[int], spans: list[tuple[int, int]]
) -> None:
    """What the incidents and the rest spent is at least all that was spent, and no less is left."""
    known = {at: one for at, one in slots(bad=bad).items() if (NOON - at) // SLOT not in missing}
    found = budget(
        ledger(known), [trouble(n, ago, long) for n, (ago, long) in enumerate(spans)], NOON
    )

    assert found.left is not None
    assert found.elsewhere is not None
    total = found.elsewhere + sum(one.share for one in found.spent)
    assert total >= 1 - found.left - 1e-9
    if len(spans) <= 1:
        assert total == pytest.approx(1 - found.left)
