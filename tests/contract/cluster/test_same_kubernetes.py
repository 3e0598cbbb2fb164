"""The stand-in keeps the contract that tests/servers/kubernetes tries on a real control plane."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.cluster.kubernetes_life import Life
from tests.contract.cluster.kubernetes_reads import Reads
from tests.contract.cluster.kubernetes_writes import Writes
from tests.contract.cluster.places import StandIn, stand_in


@pytest.fixture
def place(tmp_path: Path) -> Iterator[StandIn]:
    with stand_in(tmp_path) as made:
        yield made


class TestStandInReads(Reads):
    """What is read."""


class TestStandInWrites(Writes):
    """What is written."""


class TestStandInLife(Life):
    """What follows from a write."""
