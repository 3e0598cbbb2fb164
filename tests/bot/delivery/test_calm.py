"""A message that is edited only because something was counted rests; what matters never waits."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.calm import FORGOTTEN, SPACING
from bot.delivery.fake import FakeService, Fate, Killed
from bot.delivery.urgency import FIRST, URGENT
from incidents.journal import Wanted
from tests.bot.delivery.test_sender import HEAD, STORM, Post, row, storm

CARD = "incident-1/approval"
WORST = FORGOTTEN.total_seconds() + SPACING[-1]
STEP = st.tuples(st.sampled_from(["matters", "counts", "card"]), st.sampled_from([0, 0.25, 1, 7]))


@dataclass(kw_only=True)
class Wall:
    """A headline of which one word matters and one number counts, and a card beside it."""

    post: Post
    word: int = 0
    number: int = 0
    cards: int = 0
    shown: list[tuple[float, bytes]] = field(default_factory=list)

    def happens(self, what: str) -> None:
        """Let one thing happen, and want what it makes."""
        match what:
            case "matters":
                self.word += 1
            case "counts":
                self.number += 1
            case "card":
                self.cards += 1
        self.post.want(*self._rows())

    def pass_by(self, seconds: float) -> None:
        """Let the sender send what it may, in quarters of a second; note what appears."""
        for _ in range(int(seconds * 4) + 1):
            for _ in range(4):
                self.post.sender.once()
            for key, body in self.post.service.there.items():
                matters = key.encode() + body.partition(b",")[0]
                if matters not in [one for _, one in self.shown]:
                    self.shown.append((self.post.now.timestamp(), matters))
            self.post.now += timedelta(seconds=0.25)

    def _rows(self) -> tuple[Wanted, ...]:
        told = row(HEAD, b"%d,%d" % (self.word, self.number), priority=FIRST, gist=f"{self.word}")
        card = row(CARD, b"%d" % self.cards, priority=URGENT)
        return (told, card) if self.cards else (told,)


def edits(post: Post, *, seconds: int) -> list[int]:
    """Return the seconds at which a message of which the number grows all the time is sent."""
    found = list[int]()
    for second in range(seconds):
        post.want(row(body=b"%d" % second, gist="all is well"))
        post.turn(seconds=1.0)
        found += [second] * (len(post.service.requests) - len(found))
    return found


def test_what_only_counts_is_edited_with_growing_spacing() -> None:
    """In a storm one alert joins after the other, and nobody reads an edit a second."""
    assert edits(Post(gap=1.0), seconds=85) == [0, 5, 20, 50, 80]


def test_after_a_quiet_time_counting_is_shown_soon_again() -> None:
    """The storm of this morning must not make this evening's headline slow."""
    post = Post()
    edits(post, seconds=85)
    before = len(post.service.requests)

    post.turn(seconds=WORST + 1, turns=3)
    post.service.requests.clear()

    assert before == 5
    assert edits(post, seconds=10)[:2] == [0, 5]


def test_an_edit_that_matters_does_not_make_counting_faster() -> None:
    """It brought the newest numbers along."""
    post = Post()
    edits(post, seconds=7)
    post.want(row(body=b"worse", gist="worse"))
    post.turn(seconds=1.0)
    post.service.requests.clear()

    post.want(row(body=b"worse 2", gist="worse"))
    post.turn(seconds=1.0, turns=SPACING[1] - 1)
    assert post.service.requests == []
    post.turn(seconds=1.0)
    assert post.service.requests == [HEAD]


def test_a_new_process_knows_how_long_a_message_rests() -> None:
    """A desk that restarts in a storm, or another that takes the lead, must not begin anew."""
    post = Post()
    edits(post, seconds=21)
    post.service.requests.clear()

    post.restart()
    post.want(row(body=b"more", gist="all is well"))
    post.turn(seconds=1.0, turns=28)
    assert post.service.requests == []
    post.turn(seconds=1.0, turns=2)

    assert post.service.there == {HEAD: b"more"}


def test_what_another_process_has_changed_meanwhile_is_shown_at_once() -> None:
    """Of what was sent then nobody knows which part mattered."""
    post = Post()
    post.want(row(body=b"P2, 1", gist="P2"))
    post.service.fates.append(Fate.LOST_AFTER)
    post.turn()
    post.want(row(body=b"P1, 1", gist="P1"))
    post.turn()

    post.turn(seconds=0.0)

    assert post.service.there == {HEAD: b"P1, 1"}


def test_what_only_counts_comes_behind_everything_else() -> None:
    """One thing a lane and turn: the card is that thing, however urgent headlines are."""
    post = Post()
    post.want(row(body=b"1", gist="g", priority=FIRST))
    post.turn(seconds=60.0)
    post.turn(seconds=60.0)
    post.want(row(body=b"2", gist="g", priority=FIRST), row(CARD, priority=9))
    post.service.requests.clear()

    post.turn(seconds=60.0)
    post.turn(seconds=0.0)

    assert post.service.requests == [CARD, HEAD]


def test_a_limit_that_is_hit_in_a_turn_holds_up_what_only_counts() -> None:
    """Slack was just told to be too fast: an edit that nobody waits for must not ask again."""
    post = Post()
    for body in (b"1", b"2"):
        post.want(row(body=body, gist="g"), row("other", body, lane="b", priority=9))
        post.service.fates += [] if body == b"1" else [Fate.LIMITED_EDITS]
        post.turn(seconds=60.0)

    assert post.service.requests == [HEAD, "other", "other"]


def test_however_many_headlines_count_what_is_behind_them_is_reached() -> None:
    """They are the most urgent rows that there are, and may fill more pages than one."""
    post = Post()
    for body in (b"1", b"2"):
        post.want(*(replace(one, gist="g") for one in storm(body)))
        post.turn(seconds=60.0, turns=STORM // 50 if body == b"1" else 0)
    post.want(row(CARD, lane="another", priority=URGENT))
    post.service.requests.clear()

    post.turn(seconds=60.0)

    assert post.service.requests[0] == CARD
    assert len(post.service.requests) == 50


@given(st.lists(STEP, max_size=30), st.sampled_from([None, 2, 8]))
def test_what_matters_is_shown_as_soon_as_if_nothing_was_counted(steps, most) -> None:
    """Neither the pace of a lane nor the room of a minute is taken by counting."""
    walls = [Wall(post=Post(gap=1.0, most=most)) for _ in range(2)]
    for with_counts, wall in enumerate(walls):
        wall.happens("matters")
        for what, seconds in steps:
            if with_counts or what != "counts":
                wall.happens(what)
            wall.pass_by(seconds)
        wall.pass_by(WORST)

    without, counted = walls
    assert counted.shown == without.shown


@given(
    st.lists(STEP, max_size=20),
    st.lists(st.sampled_from(list(Fate)), max_size=6),
    st.sampled_from([None, 2, 8]),
)
def test_after_quiet_the_newest_text_is_outside(steps, fates, most) -> None:
    """The last one always arrives, whatever went wrong and whoever died meanwhile."""
    fates = [one for one in fates if one is not Fate.REFUSED]
    wall = Wall(post=Post(service=FakeService(fates=fates), gap=1.0, most=most))
    for what, seconds in (("matters", 1), *steps):
        wall.happens(what)
        try:
            wall.pass_by(seconds)
        except Killed:
            wall.post.restart()

    for _ in range(len(fates) + 6):
        try:
            wall.post.turn(seconds=WORST, turns=2)
        except Killed:
            wall.post.restart()

    wanted = {one.key: one.body for one in wall.post.store.outbox.of("incident-1")}
    assert wall.post.service.there == wanted
    assert wall.post.store.outbox.ready(wall.post.now + timedelta(days=1)) == []
