"""A desk over the memory store."""

import pytest

from storage.memory import MemoryStore
from tests.bot.intake.desks import Office


@pytest.fixture
def office() -> Office:
    """Return a desk that has seen nothing."""
    return Office(store=MemoryStore())
