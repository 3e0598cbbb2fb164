"""`triaged snapshot --every` looks for months: no object may end it."""

from dataclasses import dataclass, field, replace

import pytest

from bot.app.cli.snapshot import look
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.refusals import Missing
from cluster.clients.things import Json, Thing, Write

DEEP: list[object] = []
for _ in range(5000):
    DEEP = [DEEP]


@dataclass
class Odd:
    """A cluster in whose namespace `odd` one revision holds what it should not."""

    body: Json
    looked: list[str] = field(default_factory=list)

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        message = f"{reference.kind} {namespace}/{reference.name}: not found"
        raise Missing(message)

    def things(self, namespace: str, kind: Kind) -> list[Thing]:
        self.looked.append(namespace)
        if namespace != "odd" or kind != kinds.CONTROLLER_REVISION:
            return []
        itself = OwnerReference(kind=kind.name, name="x", uid="u", api_version=kind.api_version)
        return [
            replace(Thing(itself=itself, namespace=namespace, resource_version="1"), body=self.body)
        ]

    def write(self, write: Write) -> Thing:
        raise NotImplementedError

    def create(self, namespace: str, kind: Kind, body: Json, *, manager: str) -> Thing:
        raise NotImplementedError


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"metadata": {"creationTimestamp": 7}}, id="no-moment"),
        pytest.param({"data": {"spec": DEEP}}, id="nested-too-deep"),
    ],
)
def test_one_namespace_that_cannot_be_read_ends_no_look(body: Json) -> None:
    """Whoever may create a ControllerRevision in one namespace must not stop the others' looks."""
    cluster = Odd(body)

    odd, other = look(cluster, ["odd", "other"])

    assert odd.problems == ("an object in it is not as its API says, or nested too deep",)
    assert "other" in cluster.looked
    assert [one.split(":")[0] for one in other.problems] == [
        "there is no ConfigMap other/triaged-bounds"
    ]
