"""A desk over the memory store."""

import pytest

from storage.memory import MemoryStore
from tests.bot.intake.desks import Office
from tests.bot.intake.gathering import Desk


@pytest.fixture
def office() -> Office:
    """Return a desk that has seen nothing."""
    return Office(store=MemoryStore())


@pytest.fixture
def desk() -> Desk:
    """Return one whose clock's loop turns, too."""
    return Desk(store=MemoryStore())
