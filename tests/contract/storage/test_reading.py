"""Reading: lists, the clock and followers find what they need without folding streams."""

import threading
from dataclasses import replace

import pytest

from incidents.journal import Aggregate
from incidents.ports import Store
from tests.appends import append, later, recorded, summary


def test_a_stream_is_read_behind_a_version(store: Store) -> None:
    """Folded state is cached by version: only the rest is read."""
    request = append(bodies=(b"1", b"2", b"3"))
    store.journal.append(append("incident-2"))
    store.journal.append(request)

    assert store.journal.read("incident-1", after=2) == recorded(request, position=2)[2:]
    assert store.journal.read("incident-1", after=3) == []


def test_a_follower_reads_all_streams_by_position_page_by_page(store: Store) -> None:
    """What a page leaves out must begin the next one."""
    requests = [append("incident-1"), append("run-1", bodies=(b"1", b"2")), append("desk")]
    positions = [store.journal.append(one).position for one in requests]

    first = store.journal.follow(after=0, limit=3)
    second = store.journal.follow(after=first[-1].position, limit=3)

    assert positions == [1, 3, 4]
    assert [*first, *second] == [
        *recorded(requests[0], position=1),
        *recorded(requests[1], position=2),
        *recorded(requests[2], position=4),
    ]


def test_nobody_waits_for_what_is_there(store: Store) -> None:
    """A follower that slept through an append would be late by a whole poll."""
    store.journal.append(append())

    assert store.journal.wait(after=0, timeout=0) is True
    assert store.journal.wait(after=1, timeout=0.01) is False


def test_an_append_wakes_whoever_waits(store: Store) -> None:
    """The loops live by this bell."""
    threading.Timer(0.05, lambda: store.journal.append(append())).start()

    assert store.journal.wait(after=0, timeout=10) is True


def test_summaries_come_newest_first_and_only_of_their_kind(store: Store) -> None:
    """The newest incident is the one that the on-call looks for; ten comes after nine."""
    for number in (1, 9, 10):
        closed = later(5) if number == 9 else None
        about = summary(f"incident-{number}", closed_at=closed)
        store.journal.append(append(f"incident-{number}", about=about))
        store.journal.append(append(f"run-{number}", about=summary(f"run-{number}", incident=9)))
    store.journal.append(
        append("incident-1", 1, about=summary(version=2, state="mitigated", updated_at=later(9)))
    )

    def names(**filters: object) -> list[str]:
        found = store.journal.summaries(**filters)  # type: ignore[arg-type] # filters by name
        return [one.stream for one in found]

    assert names(aggregate=Aggregate.INCIDENT) == ["incident-10", "incident-9", "incident-1"]
    assert names(aggregate=Aggregate.INCIDENT, limit=1) == ["incident-10"]
    assert names(aggregate=Aggregate.INCIDENT, open_only=True) == ["incident-10", "incident-1"]
    assert names(aggregate=Aggregate.RUN, incident=9) == ["run-10", "run-9", "run-1"]
    assert names(aggregate=Aggregate.RUN, incident=8) == []
    assert names(aggregate=Aggregate.APPROVAL) == []


def test_no_summary_is_left_out_unless_a_limit_says_so(store: Store) -> None:
    """Behind two hundred newer incidents the oldest is still open, and may be the worst."""
    for number in range(1, 202):
        store.journal.append(append(f"incident-{number}"))

    found = store.journal.summaries(aggregate=Aggregate.INCIDENT, open_only=True)

    assert [one.incident for one in found] == list(range(201, 0, -1))


def test_a_grown_stream_has_its_new_summary(store: Store) -> None:
    """A stale summary would hide a closed incident's end, or wake the clock for ever."""
    store.journal.append(append(about=summary(next_due=later(5))))
    grown = summary(version=2, closed_at=later(1), state="resolved", severity="P1", title="")

    store.journal.append(append(expected=1, about=grown))

    assert store.journal.summary("incident-1") == grown
    assert store.journal.due(later(60)) == []


def test_what_is_due_comes_earliest_first(store: Store) -> None:
    """The clock's rows: nothing open may be forgotten, and nothing comes early."""
    dues = {
        "incident-1": later(30),
        "run-1": later(10),
        "approval-1": later(30.000001),
        "desk": None,
    }
    summaries = {name: summary(name, next_due=due) for name, due in dues.items()}
    for name, about in summaries.items():
        store.journal.append(append(name, about=about))

    assert store.journal.due(later(9.999999)) == []
    assert store.journal.due(later(30)) == [summaries["run-1"], summaries["incident-1"]]
    assert store.journal.due(later(60), limit=1) == [summaries["run-1"]]


def test_the_last_incident_is_the_highest_number(store: Store) -> None:
    """The next incident's number comes from here."""
    assert store.journal.last_incident() == 0
    for number in (2, 10, 9):
        store.journal.append(append(f"incident-{number}"))

    assert store.journal.last_incident() == 10


def test_what_does_not_exist_is_none_or_empty(store: Store) -> None:
    """Asking for a stream is no error: a link may be mistyped."""
    assert store.journal.summary("incident-404") is None
    assert store.journal.hold("claim", "x") is None
    assert list(store.journal.read("incident-404")) == []


@pytest.mark.parametrize("seconds", [0, 0.000001, -62135596800], ids=["whole", "micro", "year-one"])
def test_moments_come_back_to_the_microsecond(store: Store, seconds: float) -> None:
    """Events are compared and hashed by their moment: rounding would break the chain."""
    at = later(0).replace(year=1) if seconds < 0 else later(seconds)
    request = append()
    request = replace(request, events=(replace(request.events[0], at=at),))

    store.journal.append(request)

    assert store.journal.read("incident-1")[0].at == at
    assert store.journal.verify() is None
