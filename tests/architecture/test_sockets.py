"""Who may reach the network: the suites that speak real protocols, and those loopback only."""

import asyncio
import socket

import pytest
from pytest_socket import SocketBlockedError, SocketConnectBlockedError

# pytest-socket warns before it raises; here the refusal itself is looked at.
pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use:UserWarning")


def test_a_unit_test_cannot_open_a_socket() -> None:
    """A unit test that reaches a server is slow, and fails on the train."""
    with pytest.raises(SocketBlockedError):
        socket.socket()


def test_a_unit_test_can_still_run_an_event_loop() -> None:
    """The async door is tested without a server; its loop talks to itself over a Unix socket."""

    async def answer() -> int:
        return 42

    assert asyncio.run(answer()) == 42


@pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"])
def test_a_suite_on_the_wire_reaches_loopback_only() -> None:
    """A contract suite with a wrong address must not call the real service."""
    with socket.create_server(("127.0.0.1", 0)) as here:
        socket.create_connection(here.getsockname(), timeout=5).close()

    with pytest.raises(SocketConnectBlockedError), socket.socket() as there:
        there.connect(("192.0.2.1", 443))
