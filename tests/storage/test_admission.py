"""Admission: what it refuses changes nothing, and what it admits obeys every rule."""

from contextlib import suppress
from copy import deepcopy
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import Conflict
from incidents.journal import Append, Budget, HoldAbsent, HoldPresent, Release, Take
from storage.admission import Picture, admit
from storage.chain import Chain, verify
from tests.appends import append, later

CHAIN = Chain(bytes(32))
KEYS = ("a", "b")

takes = st.builds(
    Take, kind=st.just("claim"), key=st.sampled_from(KEYS), expires_at=st.none() | st.just(later(5))
)
releases = st.builds(Release, kind=st.just("claim"), key=st.sampled_from(KEYS))
requirements = st.one_of(
    st.builds(HoldAbsent, kind=st.just("claim"), key=st.sampled_from(KEYS)),
    st.builds(HoldPresent, kind=st.just("claim"), key=st.sampled_from(KEYS)),
    st.just(Budget(key="scale", limit=2, window=timedelta(seconds=3))),
)
requests = st.builds(
    lambda stream, expected, seconds, take, release, require, number: append(
        stream,
        expected,
        append_id=f"append-{number}",
        at=later(seconds),
        take=tuple(take),
        release=tuple(release),
        require=tuple(require),
    ),
    stream=st.sampled_from(("incident-1", "run-1")),
    expected=st.integers(0, 3),
    seconds=st.integers(0, 10),
    take=st.lists(takes, max_size=2),
    release=st.lists(releases, max_size=2),
    require=st.lists(requirements, max_size=1),
    number=st.integers(0, 30),
)


@given(st.lists(requests, max_size=20))
def test_a_refused_append_leaves_the_picture_as_it_was(story: list[Append]) -> None:
    """The pen judges a whole batch on one picture: a loser's traces would judge the others."""
    picture = Picture()
    for request in story:
        before = deepcopy(picture)
        try:
            admit(picture, request, chain=CHAIN)
        except Conflict:
            assert picture == before


@given(st.lists(requests, max_size=20))
def test_admitted_events_make_one_gap_free_chain(story: list[Append]) -> None:
    """Whatever is refused in between, positions and versions have no gaps."""
    picture, rows = Picture(), []
    for request in story:
        with suppress(Conflict):
            rows.extend(admit(picture, request, chain=CHAIN).sealed)

    assert [row.event.position for row in rows] == list(range(1, len(rows) + 1))
    assert verify(rows, chain=CHAIN, end=picture.end) is None


@given(st.lists(requests, max_size=20))
def test_a_live_hold_never_changes_hands_unless_its_taker_releases_it(story: list[Append]) -> None:
    """One claim per target: the second executor would do the effect a second time."""
    picture = Picture()
    for request in story:
        before = dict(picture.holds)
        try:
            admitted = admit(picture, request, chain=CHAIN)
        except Conflict:
            continue
        for key in admitted.holds:
            old = before.get(key)
            lapsed = old is None or (old.expires_at is not None and old.expires_at <= request.at)
            assert lapsed or (old is not None and old.stream == request.stream)


@given(st.lists(requests, max_size=20))
def test_every_append_may_be_sent_again(story: list[Append]) -> None:
    """The first result comes back, whatever happened since."""
    picture, answers = Picture(), {}
    for request in story:
        try:
            admitted = admit(picture, request, chain=CHAIN)
        except Conflict:
            continue
        answers.setdefault(request.append_id, admitted.answer)
    before = deepcopy(picture)

    for append_id, answer in answers.items():
        again = admit(picture, append(append_id=append_id), chain=CHAIN)
        assert (again.answer.stream, again.answer.version) == (answer.stream, answer.version)
        assert again.answer.repeated is True
        assert again.sealed == ()
    assert picture == before
