"""The stand-in keeps the contract that tests/servers/kubernetes tries on a real control plane."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.clients import kinds
from tests.contract.cluster import objects
from tests.contract.cluster.kubernetes_actions import Actions
from tests.contract.cluster.kubernetes_life import Life
from tests.contract.cluster.kubernetes_reads import Reads
from tests.contract.cluster.kubernetes_writes import Writes
from tests.contract.cluster.places import StandIn, path, stand_in


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


class TestStandInActions(Actions):
    """What actions do."""


def test_the_pages_of_a_list_say_one_version(place: StandIn) -> None:
    """As the real one does, where they are also of one moment; a forgotten one is gone."""
    pods = path(kinds.POD, place.namespace)
    for number in range(3):
        place.make(kinds.POD, objects.pod(f"p-{number}"))
    first = place.api().get(pods, limit=1)["metadata"]
    place.make(kinds.POD, objects.pod("late"))

    second = place.api().get(pods, limit=1, **{"continue": first["continue"]})["metadata"]
    place.cluster.forget()
    told = place.api().ask("GET", pods, limit=1, **{"continue": second["continue"]})

    assert second["resourceVersion"] == first["resourceVersion"]
    assert (told.status, told.body["reason"]) == (410, "Expired")
