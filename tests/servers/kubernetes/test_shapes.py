"""Every way in which llm-d is installed is found in a real cluster, with the reader's rights."""

from datetime import UTC, datetime

import pytest

from cluster.clients import kinds
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object, namespace_of, uid_of
from drills.kubernetes.resources import NAMESPACES
from drills.kubernetes.state import Cluster
from tests.contract.cluster.test_lists import INSTALLS, READER
from tests.servers.kubernetes.conftest import Real

pytestmark = pytest.mark.server

# The pods of groups come from their own controller: see test_operators. Nobody serves the others.
SHAPES = sorted(INSTALLS.keys() - {"leader-worker-set", "disaggregated-set"})
INSTALLER = "helm"
GIVEN = ("name", "labels", "ownerReferences")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_install_shape_is_found_in_a_real_cluster(place: Real, shape: str) -> None:
    """What the rehearsal installs is accepted by a real API server, and its pods lead back."""
    install, words = INSTALLS[shape]
    world = Cluster(now=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))
    world.create(NAMESPACES, {"metadata": {"name": "llm-d"}}, writer=Writer(manager=INSTALLER))
    install(world)
    copy(world, place)
    root = place.client()
    place.until(lambda: [pod for pod in root.pods(place.namespace, "") if pod.ready_since])

    client = place.client(READER, page=2)
    found = LabelTargets(client).find(Selector(namespace=place.namespace, model="m"))

    assert (found.words, found.notes) == (words, ())


def copy(world: Cluster, place: Real) -> None:
    """Create in the real cluster what somebody installed; what controllers made they make again."""
    uids: dict[str, str] = {}
    # In the order in which it was made: owners come first.
    for one in world.snapshot().values():
        if not namespace_of(one) or writers(one)[0] != INSTALLER:
            continue
        (kind,) = {
            kind
            for kind in kinds.ALL
            if (kind.name, kind.group) == (one["kind"], one["apiVersion"].rpartition("/")[0])
        }
        given = {key: one["metadata"][key] for key in GIVEN if key in one["metadata"]}
        for owner in given.get("ownerReferences", ()):
            owner["uid"] = uids[owner["uid"]]
        made = place.make(kind, {**one, "metadata": given, "status": {}})
        uids[uid_of(one)] = uid_of(made)


def writers(one: Object) -> list[str]:
    """Return who wrote to an object, the first one first."""
    return [entry["manager"] for entry in one["metadata"]["managedFields"]]
