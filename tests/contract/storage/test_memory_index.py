"""The memory twin's index answers as a look at all summaries would."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from incidents.journal import Aggregate, Summary
from storage.memory_index import Index

START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.none() | st.integers(0, 9).map(lambda hours: START + timedelta(hours=hours))
entered = st.tuples(st.integers(1, 6), moments, moments)


def summary(number: int, closed: datetime | None, due: datetime | None) -> Summary:
    """Return a summary; each third stream is a run's."""
    aggregate = Aggregate.INCIDENT if number % 3 else Aggregate.RUN
    return Summary(
        stream=f"{aggregate.value}-{number}",
        aggregate=aggregate,
        version=1,
        incident=number,
        state="",
        title="",
        updated_at=START,
        opened_at=START,
        closed_at=closed,
        next_due=due,
    )


@given(found=st.lists(entered, max_size=30), hour=st.integers(0, 9), limit=st.integers(1, 6))
def test_what_is_asked_for_is_found_without_a_look_at_all(
    found: list[tuple[int, datetime | None, datetime | None]], hour: int, limit: int
) -> None:
    """Streams close and open again, and their moments move."""
    index, all_ = Index(), dict[str, Summary]()
    for number, closed, due in found:
        one = summary(number, closed, due)
        index.put(one)
        all_[one.stream] = one
    now = START + timedelta(hours=hour)

    newest = [one for one in reversed(all_.values()) if one.aggregate is Aggregate.INCIDENT]
    timed = [(one.next_due, one.stream) for one in all_.values() if one.next_due is not None]
    due = [stream for at, stream in sorted(timed, key=lambda pair: pair[0]) if at <= now]
    assert list(index.newest(Aggregate.INCIDENT, open_only=False)) == newest
    assert list(index.newest(Aggregate.INCIDENT, open_only=True)) == [
        one for one in newest if one.closed_at is None
    ]
    assert index.due(now, limit=limit) == due[:limit]
    assert index.last == max((number for number, _, _ in found), default=0)
