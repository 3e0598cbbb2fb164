"""What shadow has shown is counted, and every plan counts exactly once."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from incidents.commands.shadow import EndWatch, WatchCommand
from incidents.events.shadow import Better, Did
from incidents.shadow import Watch
from incidents.shadow_counts import PEOPLE, Planned, Row, counted
from tests.incidents.test_shadow_watch import BEGIN, END, JUDGE, after, note

OTHERWISE = (
    BEGIN,
    note(Did.OTHERWISE),
    EndWatch(did=Did.NOTHING, because="so", better=Better.YES),
)
UNKNOWN = EndWatch(did=Did.CANNOT_TELL, because="away")


def planned(watch: Watch | None, *, step: str = "add-decode", incident: int = 1) -> Planned:
    """Return a plan of the story's runbook."""
    return Planned(
        runbook="cache-evictions", step=step, action="scale", incident=incident, watch=watch
    )


def test_each_thing_that_people_can_do_has_its_number() -> None:
    """The decision to switch a runbook on rests on these numbers."""
    watches = [
        after(BEGIN, note(Did.SAME), JUDGE, END),
        after(BEGIN, note(Did.SAME)),
        after(*OTHERWISE),
        after(BEGIN, END),
        after(BEGIN, UNKNOWN),
        after(BEGIN),
        None,
    ]

    (row,) = counted(planned(one, incident=n % 2 + 1) for n, one in enumerate(watches))

    assert row == Row(
        runbook="cache-evictions",
        step="add-decode",
        action="scale",
        would_have=7,
        incidents=(1, 2),
        people={
            "the same": 2,
            "otherwise": 1,
            "not at all": 1,
            "cannot tell": 1,
            "still watched": 1,
            "not watched": 1,
        },
        verification={"verified": 1, "still watched": 1},
        better={"no": 1, "yes": 1},
    )


def test_steps_stand_apart_the_most_frequent_first() -> None:
    """Of a runbook with three changes each is judged for itself."""
    ones = [planned(None, step="b"), planned(None, step="a"), planned(None, step="b")]

    assert [(row.step, row.would_have) for row in counted(ones)] == [("b", 2), ("a", 1)]
    assert counted([]) == ()


ENDED = st.sampled_from(
    [OTHERWISE, (BEGIN, END), (BEGIN, UNKNOWN), (BEGIN,), (BEGIN, note(Did.SAME))]
)


@given(st.lists(st.one_of(st.none(), ENDED)))
def test_every_plan_counts_once(told: Sequence[Sequence[WatchCommand] | None]) -> None:
    """Numbers that do not add up are believed by nobody."""
    rows = counted(planned(after(*one) if one else None) for one in told)

    assert sum(row.would_have for row in rows) == len(told)
    assert all(sum(row.people.values()) == row.would_have for row in rows)
    assert all(set(row.people) <= set(PEOPLE) for row in rows)
