"""The door: who gets in, what is kept, and what is answered."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from concurrent.futures import Future

import pytest

from alert_webhooks.door import Limits
from alert_webhooks.outcome import Outcome
from alert_webhooks.tokens import Tokens
from incidents.errors import Unavailable
from incidents.journal import Delivery, Kept
from storage.memory import MemoryStore
from storage.writer import Hooks
from tests.alert_webhooks.bodies import READABLE, UNREADABLE, alert, body
from tests.alert_webhooks.posting import Door

SMALL = Limits(cap=1000, head=100)


class Silent:
    """An inbox whose disk never answers."""

    def submit(
        self, *, source: str, body: bytes, key: str | None = None, done: bool = False
    ) -> Future[Kept]:
        return Future()


@pytest.fixture
def store() -> MemoryStore:
    """Return an empty store."""
    return MemoryStore()


@pytest.fixture
def door(store: MemoryStore) -> Door:
    """Return a door with one token."""
    return Door(inbox=store.inbox)


def kept(store: MemoryStore) -> list[tuple[str, bytes]]:
    """Return source and bytes of everything in the inbox."""
    return [(one.source, one.body) for one in store.inbox.pending()]


def test_a_delivery_is_kept_as_it_came(door: Door, store: MemoryStore) -> None:
    """2xx is a promise: these very bytes are on disk."""
    answer = door.post(body(alert()))

    assert (answer.status_code, answer.json()) == (200, {"kept": 1, "alerts": 1})
    assert kept(store) == [("alertmanager:prod", body(alert()))]
    assert door.seen == [Outcome.KEPT]


@pytest.mark.parametrize(
    "header", ["", "Bearer wrong", "Basic a-token-of-prod", "Bearer"], ids=repr
)
def test_without_a_valid_token_nothing_is_kept(door: Door, store: MemoryStore, header: str) -> None:
    """A stranger must neither open incidents nor fill the disk."""
    answer = door.post(body(alert()), Authorization=header)

    assert (answer.status_code, answer.json()) == (401, {"error": "no valid token"})
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert kept(store) == []


def test_without_any_token_this_machine_gets_in(store: MemoryStore) -> None:
    """The demo needs no secret; settings refuse to listen elsewhere without one."""
    answer = Door(inbox=store.inbox, tokens=Tokens({})).post(body(alert()))

    assert answer.status_code == 200
    assert kept(store) == [("alertmanager:loopback", body(alert()))]


def test_no_header_is_kept(door: Door, store: MemoryStore) -> None:
    """Tokens stand in headers, and what is kept is backed up and shown."""
    door.post(body(alert()), **{"X-Secret": "canary"})

    assert "canary" not in repr(store.inbox.pending())
    assert "a-token-of-prod" not in repr(store.inbox.pending())


@pytest.mark.parametrize("name", READABLE)
def test_hostile_and_readable_is_kept_and_accepted(
    door: Door, store: MemoryStore, name: str
) -> None:
    """No text in an annotation may turn an alert into an error."""
    answer = door.post(READABLE[name], **{"Content-Type": "text/html"})

    assert answer.status_code == 200
    assert kept(store) == [("alertmanager:prod", READABLE[name])]


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_kept_and_refused(door: Door, store: MemoryStore, name: str) -> None:
    """Parsing never decides whether bytes are kept."""
    hostile, why = UNREADABLE[name]

    answer = door.post(hostile)

    assert answer.status_code == (415 if name == "gzip" else 400)
    assert answer.json()["error"].startswith(why)
    assert kept(store) == [("alertmanager:prod", hostile)]
    assert door.seen == [Outcome.UNREADABLE]


def test_the_place_of_a_mistake_is_a_json_pointer(door: Door) -> None:
    """A program that sends to us can show it beside the field."""
    answer = door.post(body(alert(), alert(labels={"a/b": 1})))

    assert answer.json() == {
        "kept": 1,
        "error": "/alerts/1/labels/a~1b: must be a text",
        "at": "/alerts/1/labels/a~1b",
    }


def test_above_the_cap_the_beginning_and_the_digest_are_kept(store: MemoryStore) -> None:
    """A body that fills the memory is refused, and still somebody can see what it was."""
    big = b"{" + b"x" * 1500

    answer = Door(inbox=store.inbox, limits=SMALL).post(big)

    assert answer.status_code == 413
    assert store.inbox.pending() == [
        Delivery(
            inbox_id=1,
            source="oversized:alertmanager:prod",
            body=big[:100],
            received_at=store.inbox.pending()[0].received_at,
            key=hashlib.sha256(big[:1000]).hexdigest(),
        )
    ]


def test_the_same_oversized_body_is_kept_once(store: MemoryStore) -> None:
    """Alertmanager sends it again at every interval; once is enough for a person."""
    door = Door(inbox=store.inbox, limits=SMALL)

    answers = [door.post(b"x" * 1500).status_code for _ in range(3)]

    assert answers == [413, 413, 413]
    assert len(store.inbox.pending()) == 1
    assert door.seen == [Outcome.TOO_LARGE, *[Outcome.REPEATED_TOO_LARGE] * 2]


@pytest.mark.parametrize("size", [999, 1000, 1001, 66_000])
@pytest.mark.parametrize("piece", [1, 7, 100, 64 << 10])
def test_the_cap_is_exact_however_the_body_arrives(
    store: MemoryStore, size: int, piece: int
) -> None:
    """The digest of a body must not depend on how the network cut it."""
    big = bytes(number % 251 for number in range(size))

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, piece):
            yield big[start : start + piece]

    answer = Door(inbox=store.inbox, limits=SMALL).post_pieces(pieces())

    [found] = store.inbox.pending()
    expected = (
        (400, big, None)
        if size <= 1000
        else (413, big[:100], hashlib.sha256(big[:1000]).hexdigest())
    )
    assert (answer.status_code, found.body, found.key) == expected


def test_a_store_that_cannot_commit_is_no_fault_of_the_sender() -> None:
    """Alertmanager repeats 5xx only: with a 4xx the alert would be lost."""

    def fail(_: str) -> None:
        message = "the disk is full"
        raise Unavailable(message)

    store = MemoryStore(hooks=Hooks(before_commit=fail))
    door = Door(inbox=store.inbox)

    answer = door.post(body(alert()))

    assert (answer.status_code, answer.json()) == (503, {"error": "the disk is full"})
    assert door.seen == [Outcome.UNAVAILABLE]


def test_a_store_that_hangs_is_given_up() -> None:
    """An answer later than Alertmanager's patience is a delivery to both of us."""
    door = Door(inbox=Silent(), limits=Limits(keep_within=0.05))  # type: ignore[arg-type]  # only submit is called

    answer = door.post(body(alert()))

    assert (answer.status_code, door.seen) == (503, [Outcome.UNAVAILABLE])


def test_the_answer_comes_within_two_seconds() -> None:
    """The design's bound, with room for the answer itself."""
    assert Limits().keep_within < 2


def test_a_body_that_trickles_in_is_given_up(store: MemoryStore) -> None:
    """A sender that never ends must not hold memory for ever."""

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    door = Door(inbox=store.inbox, limits=Limits(arrive_within=0.05))

    assert door.post_pieces(trickle()).status_code == 503
    assert (kept(store), door.seen) == ([], [Outcome.TOO_SLOW])


def test_many_big_bodies_at_once_are_put_off(store: MemoryStore) -> None:
    """Sixty-four connections of 16 MiB each would take a gigabyte; later they fit."""
    door = Door(inbox=store.inbox, limits=Limits(in_memory=300_000))

    statuses = [one.status_code for one in door.post_all([b"x" * 200_000] * 5)]

    assert 503 in statuses
    assert door.post(body(alert())).status_code == 200


def test_memory_is_given_back(store: MemoryStore) -> None:
    """A leak of the counter would close the door for ever after enough deliveries."""
    door = Door(inbox=store.inbox, limits=Limits(in_memory=150_000, cap=100_000, head=1000))

    statuses = [door.post(b"x" * size).status_code for size in (90_000, 140_000, 90_000, 90_000)]

    assert statuses == [400, 413, 400, 400]
