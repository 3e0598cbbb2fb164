"""A real control plane keeps the contract that the stand-in is tried by."""

import pytest

from tests.contract.cluster.kubernetes_actions import Actions
from tests.contract.cluster.kubernetes_life import Life
from tests.contract.cluster.kubernetes_reads import Reads
from tests.contract.cluster.kubernetes_writes import Writes

pytestmark = pytest.mark.server


class TestRealReads(Reads):
    """What is read."""


class TestRealWrites(Writes):
    """What is written."""


class TestRealLife(Life):
    """What follows from a write."""


class TestRealActions(Actions):
    """What actions do."""
