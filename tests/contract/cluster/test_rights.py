"""Each call of the port needs exactly the rights that are noted for it, asked over HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.clients import kinds
from cluster.clients.kubernetes import KubernetesClient
from cluster.clients.objects import OwnerReference
from cluster.clients.refusals import Forbidden
from cluster.clients.things import Patch, Removal, Write
from cluster.rights import Right, patches
from tests.cluster.recording import Recording
from tests.contract.cluster import objects
from tests.contract.cluster.places import StandIn, path, stand_in

HERE = "here"
DECODE = OwnerReference(kind="Deployment", name="decode", api_version="apps/v1")
MADE = objects.deployment("another")
NODE = OwnerReference(kind="Node", name="gpu-0", api_version="v1")
Call = Callable[[KubernetesClient, str], object]

READS: dict[str, Call] = {
    "owner": lambda client, _: client.owner(HERE, DECODE),
    "pods": lambda client, _: client.pods(HERE, ""),
    "pools": lambda client, _: client.pools(HERE),
    "routes": lambda client, _: client.routes(HERE),
    "workloads": lambda client, _: client.workloads(HERE, kinds.GROUPS),
    "autoscalers": lambda client, _: client.autoscalers(HERE),
    "thing": lambda client, _: client.thing(HERE, DECODE),
    "thing-without-namespace": lambda client, _: client.thing("", NODE),
    "things": lambda client, _: client.things(HERE, kinds.EVENT),
    "log": lambda client, _: client.log(HERE, "p", "c", previous=False, lines=1, size=10),
    "things-without-namespace": lambda client, _: client.things("", kinds.NODE),
}
WRITES: dict[str, Call] = {
    "scale": lambda client, uid: client.write(_size(uid, "scale")),
    "dry-run": lambda client, uid: client.write(_size(uid, "scale", dry_run=True)),
    "write": lambda client, uid: client.write(_size(uid, "")),
    "create": lambda client, _: client.create(HERE, kinds.DEPLOYMENT, MADE, manager="triaged"),
    "evict": lambda client, _: client.evict(Removal(namespace=HERE, name="p", uid="u")),
    "delete": lambda client, _: client.delete(Removal(namespace=HERE, name="p", uid="u")),
}
CALLS = {**READS, **WRITES}


def _size(uid: str, subresource: str, *, dry_run: bool = False) -> Write:
    return Write(
        namespace=HERE,
        reference=OwnerReference(kind="Deployment", name="decode", uid=uid, api_version="apps/v1"),
        resource_version="",
        change={"spec": {"replicas": 3}},
        manager="triaged/run-1",
        patch=Patch.MERGE,
        subresource=subresource,
        dry_run=dry_run,
    )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[StandIn]:
    with stand_in(tmp_path) as made:
        made.make(kinds.DEPLOYMENT, objects.deployment("decode", replicas=1))
        yield made


def in_words(right: Right) -> str:
    """Return a right as the stand-in's users have it."""
    return f"{right.verb} {right.resource}"


def needed(place: StandIn, call: Call, uid: str) -> set[Right]:
    """Return what is noted for a call."""
    noted = Recording(place.client(), home=HERE)
    _tried(call, noted, uid)  # type: ignore[arg-type]  # answers any call of the port
    return noted.used


def _tried(call: Call, client: KubernetesClient, uid: str) -> str:
    """Return whether a call was forbidden; anything else that came of it does not matter here."""
    try:
        call(client, uid)
    except Forbidden:
        return "forbidden"
    except Exception as error:  # noqa: BLE001  # the stand-in refuses what it does not imitate
        return type(error).__name__ if "permission" in str(error) else "allowed"
    return "allowed"


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_call_needs_what_is_noted_and_no_more(place: StandIn, name: str) -> None:
    """With all of it a call passes, and without any one of it the API refuses."""
    found = place.api().get(path(kinds.DEPLOYMENT, HERE, "decode"))["metadata"]["uid"]
    rights = needed(place, CALLS[name], found)
    words = frozenset(map(in_words, rights))

    assert words
    for less in [words - {each} for each in words]:
        assert _tried(CALLS[name], place.client(less), found) != "allowed"
    assert _tried(CALLS[name], place.client(words), found) == "allowed"


def test_what_we_may_is_told_without_trying(place: StandIn) -> None:
    """`triaged doctor` asks before the night in which it is needed."""
    scale, image = patches(kinds.DEPLOYMENT, subresource="scale")[0], patches(kinds.DEPLOYMENT)[0]
    client = place.client(frozenset({in_words(scale)}))

    assert client.allowed(scale, namespace=HERE)
    assert not client.allowed(image, namespace=HERE)
    assert not client.allowed(Right(group="*", resource="*", verb="*"), namespace=HERE)
    assert place.client().allowed(Right(group="*", resource="*", verb="*"), namespace=HERE)
