"""A value that is copied stands in no plan, and is written only as it was when it was planned."""

import pytest

from cluster.actions import copying
from cluster.clients import kinds, parse
from cluster.clients.ports import Kubernetes
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from incidents.events.run import CopyRecord

PATH = ("spec", "template")
HASH = ("/metadata/labels/pod-template-hash",)


@pytest.fixture
def record(world: Cluster) -> CopyRecord:
    """Return the template of a ReplicaSet that is there."""
    held = parse.thing(world.select(resources.REPLICASETS, "llm-d")[0], kind=kinds.REPLICA_SET)
    return copying.of(held, PATH, field=PATH, without=HASH)


def change(world: Cluster, name: str) -> None:
    def other(thing):
        thing["spec"]["template"]["spec"]["containers"][0]["image"] = "other"
        return thing

    world.update(resources.REPLICASETS, "llm-d", name, other, writer=Writer(manager="somebody"))


def test_a_record_leads_to_the_value(
    world: Cluster, kubernetes: Kubernetes, record: CopyRecord
) -> None:
    """Without the label that only the copy's holder has."""
    found = copying.read(kubernetes, "llm-d", record)

    whole = world.get(resources.REPLICASETS, "llm-d", record.name)["spec"]["template"]
    assert found["spec"] == whole["spec"]
    assert whole["metadata"]["labels"].keys() - found["metadata"]["labels"].keys() == {
        "pod-template-hash"
    }


def test_a_value_that_became_another_is_refused(
    world: Cluster, kubernetes: Kubernetes, record: CopyRecord
) -> None:
    """Nobody has approved what stands there now."""
    change(world, record.name)

    with pytest.raises(Rejected, match="not what it was when it was planned"):
        copying.read(kubernetes, "llm-d", record)


def test_what_is_null_counts_as_absent() -> None:
    """The API server writes some absent fields as null, and some it does not write."""
    assert copying.digest({"a": {"b": None}, "c": [1]}) == copying.digest({"a": {}, "c": [1]})
    assert copying.digest({"c": [1]}) != copying.digest({"c": [2]})
