"""The sender over the memory outbox: everything is outside once, whatever went wrong."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.fake import FakeService, Fate, Killed, ids
from bot.delivery.sender import BACK_OFF, MOST_UNKNOWN, Pace, Sender
from incidents.errors import Unavailable
from incidents.journal import Wanted
from storage.memory import MemoryStore

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEAD = "incident-1/headline"
STORM = 500


@dataclass(kw_only=True)
class Post:
    """An outbox, a service and a clock that moves by hand."""

    service: FakeService = field(default_factory=FakeService)
    store: MemoryStore = field(default_factory=MemoryStore)
    now: datetime = START
    gap: float = 0.0
    most: int | None = None

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget what only memory holds."""
        self.sender = Sender(
            outbox=self.store.outbox,
            deliverers={"message": self.service, "topic": self.service},
            now=lambda: self.now,
            pace=Pace(gap=self.gap, kinds=frozenset({"message"}), most=self.most),
        )

    def want(self, *rows: Wanted) -> None:
        """Want rows."""
        self.store.outbox.want("incident-1", 1, rows)

    def item(self, key: str = HEAD):
        """Return a row."""
        found = self.store.outbox.get(key)
        assert found is not None
        return found

    def turn(self, *, seconds: float = 120.0, turns: int = 1) -> None:
        """Let time pass, and let the sender send, so often."""
        for _ in range(turns):
            self.now += timedelta(seconds=seconds)
            self.sender.once()


def row(key: str = HEAD, body: bytes = b"one", **changes: object) -> Wanted:
    """Return a row of the usual lane."""
    values = {"kind": "message", "lane": "incident-1"} | changes
    return Wanted(key=key, body=body, digest=hashlib.sha256(body).hexdigest(), **values)


def storm(body: bytes) -> list[Wanted]:
    """Return more rows than are read at once, each in a lane of its own."""
    return [row(f"m{n}", body, lane=f"lane-{n}", priority=1) for n in range(STORM)]


@pytest.fixture
def post() -> Post:
    return Post()


def test_what_is_wanted_is_delivered_and_then_nothing_is_to_do(post) -> None:
    """The end of all work is silence."""
    post.want(row())

    assert post.sender.once() is True
    assert post.sender.once() is False
    assert post.service.there == {HEAD: b"one"}
    assert post.item().remote == ids(post.item())


def test_only_the_newest_body_is_sent(post) -> None:
    """What was overtaken while it waited is never said."""
    post.want(row(body=b"one"))
    post.want(row(body=b"two"))

    post.turn(turns=3)

    assert (post.service.there, post.service.requests) == ({HEAD: b"two"}, [HEAD])


def test_a_changed_body_edits_what_is_there(post) -> None:
    """One headline, edited in place."""
    post.want(row(body=b"one"))
    post.turn()
    post.want(row(body=b"two"))
    post.turn()

    assert (post.service.there, post.service.made) == ({HEAD: b"two"}, {HEAD: 1})


@pytest.mark.parametrize(
    "fate",
    [
        pytest.param(Fate.LOST_BEFORE, id="lost-on-the-way-there"),
        pytest.param(Fate.LOST_AFTER, id="answer-lost"),
    ],
)
def test_after_an_unknown_end_it_looks_before_it_sends_again(post, fate) -> None:
    """The two look the same from here, and only one may be repeated."""
    post.service.fates.append(fate)
    post.want(row())

    post.turn(turns=4)

    assert post.service.made == {HEAD: 1}
    assert post.service.looks == [HEAD]
    assert post.item().remote == ids(post.item())


@pytest.mark.parametrize("fate", [Fate.KILLED_BEFORE, Fate.KILLED_AFTER])
def test_a_sender_that_died_after_the_attempt_looks_first(post, fate) -> None:
    """The attempt is written before the request leaves, so that the next one knows."""
    post.service.fates.append(fate)
    post.want(row())
    with pytest.raises(Killed):
        post.sender.once()

    post.restart()
    post.turn(turns=3)

    assert post.service.made == {HEAD: 1}
    assert post.service.looks == [HEAD]


def test_a_request_that_may_be_on_its_way_is_not_looked_for_yet(post) -> None:
    """Right after a crash the other side may still be working on it."""
    post.service.fates.append(Fate.KILLED_AFTER)
    post.want(row())
    with pytest.raises(Killed):
        post.sender.once()

    post.restart()
    post.turn(seconds=1)

    assert post.service.looks == []


def test_what_was_found_is_edited_when_the_body_has_grown_since(post) -> None:
    """The found message shows the old body; the newest must get there too."""
    post.service.fates.append(Fate.LOST_AFTER)
    post.want(row(body=b"one"))
    post.turn()
    post.want(row(body=b"two"))

    post.turn(turns=3)

    assert (post.service.there, post.service.made) == ({HEAD: b"two"}, {HEAD: 1})


def test_while_it_cannot_look_it_does_not_send(post) -> None:
    """Not knowing is no reason to say it twice."""
    post.service.fates.append(Fate.LOST_AFTER)
    post.service.blind = True
    post.want(row())
    post.turn(turns=5)
    assert post.service.requests == [HEAD]

    post.service.blind = False
    post.turn(turns=2)

    assert post.service.made == {HEAD: 1}
    assert post.item().sent_digest == post.item().digest


def test_an_outage_of_hours_gives_nothing_up(post) -> None:
    """The channel catches up afterwards, within a minute."""
    post.service.fates.append(Fate.LOST_BEFORE)
    post.service.blind = True
    post.want(row())
    post.turn(turns=MOST_UNKNOWN + 20)
    post.service.blind = False

    post.turn(seconds=BACK_OFF[-1] + 1, turns=2)

    assert post.service.there == {HEAD: b"one"}


def test_a_limit_holds_up_its_own_method_alone(post) -> None:
    """Slack counts by method: topics go on while posts wait."""
    post.service.fates.append(Fate.LIMITED)
    post.want(row(), row("other", lane="b"), row("topic", kind="topic", lane="c"))
    post.sender.once()
    assert post.service.there == {"topic": b"one"}

    post.turn(seconds=6)
    assert post.service.there == {"topic": b"one"}
    post.turn(seconds=1)

    assert set(post.service.there) == {"topic", HEAD, "other"}
    assert post.service.looks == []


def test_a_limit_holds_nothing_else_up_however_much_waits_for_it(post) -> None:
    """In a storm hundreds of rows may wait for one method, and an approval must not."""
    post.service.fates.append(Fate.LIMITED)
    post.want(*storm(b"one"), row("approval", kind="topic", lane="another", priority=2))

    post.sender.once()

    assert post.service.there == {"approval": b"one"}


def test_a_lane_holds_no_other_up_however_much_waits_in_it(post) -> None:
    """One incident that has much to say must not silence another's approval."""
    talk = [row(f"m{n}", priority=1) for n in range(STORM)]
    post.want(*talk, row("approval", lane="another", priority=2))

    post.sender.once()

    assert post.service.requests == ["m0", "approval"]


def test_what_waits_for_a_limit_is_not_read_again_before(post) -> None:
    """Reading a storm four times a second would make it a storm in the store."""
    post.service.fates.append(Fate.LIMITED)
    post.want(*storm(b"one"))
    post.turn()
    read = list[int]()
    ready = post.store.outbox.ready

    def counted(now, **page):
        found = ready(now, **page)
        read.append(len(found))
        return found

    post.store.outbox.ready = counted
    post.turn(seconds=6)
    post.turn(seconds=1)

    assert read == [0, 100]
    assert len(post.service.there) == 50


def test_a_turn_ends_so_that_the_urgent_comes_first_again(post) -> None:
    """What becomes wanted while hundreds are sent waits for one turn at most."""
    post.want(*storm(b"one"))
    post.sender.once()
    post.want(row("approval", lane="another", priority=0))
    post.sender.once()

    assert post.service.requests.index("approval") == 50


def test_what_stays_wrong_is_given_up_visibly_until_its_body_changes(post) -> None:
    """Asking again does not make it right, and nobody may overlook it."""
    post.service.fates.append(Fate.REFUSED)
    post.want(row())
    post.turn(turns=3)
    assert [(one.key, one.dead) for one in post.store.outbox.dead()] == [(HEAD, "never")]

    post.want(row(body=b"two"))
    post.turn()

    assert (post.service.there, post.store.outbox.dead()) == ({HEAD: b"two"}, [])
    assert post.service.looks == []


def test_what_nobody_can_ever_tell_is_given_up_in_the_end(post) -> None:
    """A message that breaks the other side each time must not be tried for ever."""
    post.service.fates += [Fate.LOST_BEFORE] * 100
    post.want(row())

    post.turn(turns=100)

    assert len(post.service.requests) == MOST_UNKNOWN + 1
    assert "nobody can tell" in (post.item().dead or "")


def test_a_row_that_breaks_its_deliverer_does_not_stop_the_others(post) -> None:
    """A body of an older release must not silence the whole desk."""
    post.service.fates += [Fate.BROKEN]
    post.want(row(), row("other", lane="b"))

    post.sender.once()

    assert post.service.there == {"other": b"one"}
    assert post.item().attempts == 1


def test_a_store_that_is_away_ends_the_turn(post) -> None:
    """Nothing can be sent that could not be noted."""
    post.want(row())
    post.store.close()

    with pytest.raises(Unavailable):
        post.sender.once()

    assert post.service.requests == []


def test_a_lane_sends_one_thing_a_turn_in_order(post) -> None:
    """Replies follow what they reply to."""
    post.want(row("a", priority=2), row("b", priority=1), row("c", priority=3, after=("a",)))

    post.turn(turns=3)

    assert post.service.requests == ["b", "a", "c"]


def test_lanes_do_not_wait_for_each_other(post) -> None:
    """One channel that is slow must not hold up the others."""
    post.want(row("a"), row("b", lane="incident-2"))

    post.sender.once()

    assert post.service.requests == ["a", "b"]


def test_a_lane_keeps_its_pace() -> None:
    """Slack drops display above about one post a second; other kinds are not counted."""
    post = Post(gap=1.0)
    post.want(row("a"), row("b"), row("t", kind="topic", priority=9))

    post.sender.once()
    post.turn(seconds=0.5, turns=1)
    assert post.service.requests == ["a", "t"]
    post.turn(seconds=0.5)

    assert post.service.requests == ["a", "t", "b"]


def test_edits_do_not_hold_up_a_post_of_the_same_lane() -> None:
    """A headline changes with every event; the card that somebody waits for comes all the same."""
    post = Post(gap=1.0)
    post.want(row(HEAD, b"one", priority=1))
    post.turn(seconds=1.0)
    post.want(row(HEAD, b"two", priority=1), row("card", priority=2))

    post.turn(seconds=1.0)
    post.turn(seconds=0.0)

    assert post.service.requests == [HEAD, HEAD, "card"]


def test_a_kind_that_nobody_delivers_waits(post) -> None:
    """A pager that is not configured is no error."""
    post.want(row(kind="page"))

    post.turn(turns=2)

    assert (post.sender.delivers("page"), post.sender.delivers("topic")) == (False, True)
    assert post.item().attempted_digest is None


@given(
    st.lists(st.sampled_from(list(Fate)), max_size=12),
    st.lists(st.integers(min_value=0, max_value=3), max_size=8),
)
def test_whatever_goes_wrong_everything_is_made_once(fates, growths) -> None:
    """Lost answers, deaths, limits, and bodies that change meanwhile, in any order."""
    post = Post(service=FakeService(fates=list(fates)))
    rows = ("a", "b")
    for growth in (*growths, *([9] * (len(fates) + 6))):
        if growth < len(rows):
            post.want(row(rows[growth], body=f"{growth}{post.now}".encode()))
        try:
            post.turn()
        except Killed:
            post.restart()
    newest = {key: post.item(key).body for key in rows if post.store.outbox.get(key)}

    alive = {key: body for key, body in newest.items() if post.item(key).dead is None}
    assert {key: post.service.there[key] for key in alive} == alive
    assert all(count == 1 for count in post.service.made.values())
