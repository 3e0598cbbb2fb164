"""The chain without a store: any change to any row is found at that row."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from incidents.journal import Broken, Recorded
from storage.chain import GENESIS, START, Chain, End, Sealed, verify
from tests.appends import later

CHAIN = Chain(bytes(range(32)))
STREAMS = ("incident-1", "incident-2", "run-1")

stories = st.lists(
    st.tuples(st.sampled_from(STREAMS), st.binary(max_size=8)), min_size=1, max_size=12
)

CHANGES: dict[str, Callable[[Recorded], Recorded]] = {
    "event_id": lambda one: replace(one, event_id=one.event_id + "x"),
    "append_id": lambda one: replace(one, append_id=""),
    "kind": lambda one: replace(one, kind="other"),
    "schema": lambda one: replace(one, schema=2),
    "body": lambda one: replace(one, body=one.body + b"x"),
    "at": lambda one: replace(one, at=later(1)),
    "cause": lambda one: replace(one, cause=""),
    "correlation": lambda one: replace(one, correlation=""),
    "shifted": lambda one: replace(one, event_id=one.event_id[:-1], append_id="e" + one.append_id),
}


def tell(story: list[tuple[str, bytes]]) -> tuple[list[Sealed], End]:
    """Seal a story of streams and bodies."""
    rows: list[Sealed] = []
    tails: dict[str, tuple[int, bytes]] = {}
    for position, (stream, body) in enumerate(story, start=1):
        version, previous = tails.get(stream, (0, GENESIS))
        event = Recorded(
            position=position,
            stream=stream,
            version=version + 1,
            event_id=f"event-{position}",
            append_id=f"append-{position}",
            kind="noted",
            schema=1,
            body=body,
            at=later(0),
        )
        rows.append(CHAIN.seal(event, previous=previous))
        tails[stream] = (version + 1, rows[-1].mac)
    return rows, CHAIN.extend(START, rows)


@given(stories)
def test_an_honest_journal_holds(story: list[tuple[str, bytes]]) -> None:
    """An alarm that rings for nothing is switched off."""
    rows, end = tell(story)

    assert verify(rows, chain=CHAIN, end=end, noted=[CHAIN.head(end)]) is None


@given(stories, st.sampled_from(sorted(CHANGES)), st.data())
def test_a_changed_row_is_the_first_bad_row(
    story: list[tuple[str, bytes]], change: str, data: st.DataObject
) -> None:
    """Every field of the envelope is covered, and no two of them run into each other."""
    rows, end = tell(story)
    at = data.draw(st.integers(0, len(rows) - 1))
    rows[at] = replace(rows[at], event=CHANGES[change](rows[at].event))

    assert place(verify(rows, chain=CHAIN, end=end)) == (at + 1, rows[at].event.stream)


@given(stories, st.data())
def test_a_row_sealed_without_the_key_is_found(
    story: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    """An insider can compute everything but the seal."""
    rows, end = tell(story)
    at = data.draw(st.integers(0, len(rows) - 1))
    forged = Chain(bytes(32)).seal(rows[at].event, previous=GENESIS)
    rows[at] = replace(forged, key_id=CHAIN.key_id)

    assert place(verify(rows, chain=CHAIN, end=end)) == (at + 1, rows[at].event.stream)


@given(stories, st.data())
def test_a_missing_row_is_found_where_it_is_missing(
    story: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    """Deleted in the middle, the next row is the first bad one; at the end, the end itself."""
    rows, end = tell(story)
    at = data.draw(st.integers(0, len(rows) - 1))
    del rows[at]

    broken = verify(rows, chain=CHAIN, end=end)

    following = rows[at].event.stream if at < len(rows) else ""
    position = at + 2 if at < len(rows) else at + 1
    assert place(broken) == (position, following)


@given(stories, st.data())
def test_two_rows_that_change_places_are_found(
    story: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    """What came first matters: an approval after the step is no approval."""
    rows, end = tell([*story, ("run-1", b"last")])
    one = data.draw(st.integers(0, len(rows) - 2))
    other = data.draw(st.integers(one + 1, len(rows) - 1))
    first, second = rows[one], rows[other]
    rows[one] = replace(second, event=replace(second.event, position=one + 1))
    rows[other] = replace(first, event=replace(first.event, position=other + 1))

    broken = verify(rows, chain=CHAIN, end=end)

    assert broken is not None
    assert broken.position == one + 1


def test_keys_for_texts_events_and_heads_differ() -> None:
    """A digest that people see must not be a seal that somebody could use."""
    rows, end = tell([("run-1", b"x")])

    assert len({rows[0].mac.hex(), end.mac.hex(), CHAIN.digest("x")}) == 3


def test_a_chain_does_not_show_its_key() -> None:
    """Values are printed in errors and logs."""
    assert "\\x01\\x02" not in repr(CHAIN)


def place(broken: Broken | None) -> tuple[int, str] | None:
    """Return where it is broken."""
    return None if broken is None else (broken.position, broken.stream)
