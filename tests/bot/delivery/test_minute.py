"""A minute has room for so many requests; what is urgent leaves all the same."""

import pytest

from bot.delivery.urgency import FIRST, LAST, NORMAL, QUIET, URGENT
from tests.bot.delivery.test_sender import Post, row, storm

ROOM = 40


def filled(requests: int) -> Post:
    """Return a sender that has sent so much in this minute."""
    post = Post(most=ROOM)
    post.want(*(row(f"urgent-{n}", lane=f"lane-{n}", priority=FIRST) for n in range(requests)))
    post.turn(seconds=0.0)
    assert len(post.service.requests) == requests
    post.service.requests.clear()
    return post


@pytest.mark.parametrize(
    ("priority", "room"),
    [
        pytest.param(FIRST, 50, id="first"),
        pytest.param(URGENT, 50, id="urgent"),
        pytest.param(NORMAL, 36, id="normal"),
        pytest.param(QUIET, 30, id="quiet"),
        pytest.param(LAST, 30, id="last"),
    ],
)
def test_the_less_urgent_leaves_while_the_minute_has_room_for_it(priority, room) -> None:
    """A card goes out in any storm; the output of steps waits for its turn."""
    leaves = {}
    for requests in (room - 1, room):
        post = filled(requests)
        post.want(row("it", priority=priority))
        post.turn(seconds=0.0)
        leaves[requests] = post.service.requests == ["it"]

    assert leaves == {room - 1: True, room: priority <= URGENT}


def test_counting_stands_between_what_is_normal_and_what_is_quiet() -> None:
    """A headline goes before step output, and behind an announcement."""
    for requests, leaves in ((30, True), (31, False)):
        post = Post(most=ROOM)
        post.want(row(body=b"1", gist="g"))
        post.sender.once()
        post.want(*(row(f"m{n}", lane=f"lane-{n}", priority=FIRST) for n in range(requests)))
        post.turn(seconds=20.0)
        post.want(row(body=b"2", gist="g"))
        post.turn(seconds=0.0)
        assert (post.service.there["incident-1/headline"] == b"2") is leaves


def test_what_waits_for_room_leaves_when_the_minute_is_over() -> None:
    """It is late, and it comes."""
    post = filled(ROOM)
    post.want(row("it", priority=QUIET))

    post.turn(seconds=59.0)
    assert post.service.requests == []
    post.turn(seconds=1.0)

    assert post.service.requests == ["it"]


def test_no_minute_has_more_than_its_bound_of_what_is_not_urgent() -> None:
    """Slack, and people, see a calm desk in a storm of five hundred."""
    post = Post(most=ROOM)
    post.want(*storm(b"one"))
    post.store.outbox.want(
        "incident-2", 1, [row(f"q{n}", lane=f"l{n}", priority=NORMAL) for n in range(500)]
    )
    sent = list[int]()
    for _ in range(120):
        before = len(post.service.requests)
        post.turn(seconds=1.0)
        sent.append(len(post.service.requests) - before)

    normal = [key for key in post.service.requests if key.startswith("q")]
    assert sum(sent[:20]) == 500
    assert len(normal) == 36


def test_what_there_is_no_room_for_is_not_read_again_and_again() -> None:
    """Five hundred rows that wait would be a storm in the store, four times a second."""
    post = filled(ROOM)
    rows = [row(f"q{n}", lane=f"l{n}", priority=QUIET) for n in range(500)]
    post.want(*rows, row("urgent", priority=URGENT))
    pages = list[int]()
    ready = post.store.outbox.ready

    def counted(now, **page):
        pages.append(page["offset"])
        return ready(now, **page)

    post.store.outbox.ready = counted
    post.turn(seconds=1.0)

    assert (post.service.requests, pages) == (["urgent"], [0])


def test_without_a_bound_everything_leaves() -> None:
    """A rehearsal is not kept waiting."""
    post = Post()
    post.want(*(row(f"q{n}", lane=f"l{n}", priority=QUIET) for n in range(200)))

    post.turn(seconds=0.0, turns=5)

    assert len(post.service.requests) == 200
