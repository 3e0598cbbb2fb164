"""The load generator: it counts what came back, and stops by itself."""

import asyncio
from collections import Counter

import pytest

from tests.bench.generator import Load, Sender, request

ANSWER = b"HTTP/1.1 %d x\r\ncontent-length: 2\r\n\r\nok"


class Wire(asyncio.Transport):
    """A transport that remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:  # type: ignore[override] # bytes are all that is sent
        """Remember."""
        self.written.append(data)

    def close(self) -> None:
        """Remember."""
        self.closed = True


@pytest.fixture
def wire() -> Wire:
    """Return a wire to nowhere."""
    return Wire()


def test_a_request_carries_the_token_and_the_length_of_its_body() -> None:
    """Without them the door would measure refusals."""
    head, _, body = request(b"{}", token="abc").partition(b"\r\n\r\n")

    assert body == b"{}"
    assert b"Authorization: Bearer abc" in head
    assert b"Content-Length: 2" in head


def test_the_next_request_leaves_when_the_whole_answer_is_there(wire: Wire) -> None:
    """Half an answer counted as one would make the server look faster than it is."""
    load = Load(request=b"?", left=2)
    sender = _connected(load, wire)

    sender.data_received((ANSWER % 200)[:-1])
    assert len(wire.written) == 1
    sender.data_received((ANSWER % 200)[-1:])

    assert len(wire.written) == 2


def test_statuses_are_counted_and_the_connection_ends_with_the_load(wire: Wire) -> None:
    """A run with refusals must be seen as such, and a run must end."""
    load = Load(request=b"?", left=2)
    sender = _connected(load, wire)

    sender.data_received(ANSWER % 200)
    sender.data_received(ANSWER % 503)

    assert load.statuses == Counter({200: 1, 503: 1})
    assert len(load.latencies) == 2
    assert wire.closed


def _connected(load: Load, wire: Wire) -> Sender:
    loop = asyncio.new_event_loop()
    sender = Sender(load, loop.create_future())
    loop.close()
    sender.connection_made(wire)
    return sender
