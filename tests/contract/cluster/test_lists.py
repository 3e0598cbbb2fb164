"""Lists over HTTP: whole, in pages, or refused; and every install shape through the real client."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from ruamel.yaml import YAML
from starlette.applications import Starlette

from cluster.clients import kinds
from cluster.clients.access import Direct
from cluster.clients.bounded import Limits
from cluster.clients.kubernetes import KubernetesClient
from cluster.clients.objects import OwnerReference
from cluster.clients.refusals import Forbidden, Missing
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector
from drills.kubernetes import resources, shapes
from drills.kubernetes.app import build
from drills.kubernetes.faults import Fault, Kind
from drills.kubernetes.identities import User
from drills.kubernetes.seed import seed_llm_d
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected, Unavailable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIST = frozenset({"list"})
# What docs/targets.md tells an operator to grant.
READER = frozenset(
    {
        "list pods",
        "list inferencepools",
        "list httproutes",
        "list deployments",
        "list statefulsets",
        "list leaderworkersets",
        "list rollouts",
        "get pods",
        "get deployments",
        "get replicasets",
        "get statefulsets",
        "get leaderworkersets",
        "get disaggregatedsets",
        "get llminferenceservices",
        "get rollouts",
    }
)


@pytest.fixture
def world() -> Cluster:
    """Return a cluster with six pods of llm-d, and none of the custom kinds."""
    made = Cluster(now=lambda: NOW)
    seed_llm_d(made)
    return made


@pytest.fixture
def app(world: Cluster, may: frozenset[str]) -> Starlette:
    return build(world, tokens={"reader": User(name="reader", may=may)})


@pytest.fixture
def may() -> frozenset[str]:
    return READER


@pytest.fixture
def address(app: Starlette) -> Iterator[str]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        server.should_exit = server.force_exit = True
        thread.join(5)


@pytest.fixture
def paused() -> list[float]:
    return []


@pytest.fixture
def connect(address: str, paused: list[float], tmp_path: Path) -> Callable[..., KubernetesClient]:
    token = tmp_path / "token"
    token.write_text("reader")

    def made(**limits: int) -> KubernetesClient:
        access = Direct(address=address, token_file=token)
        limited = replace(Limits(), **limits)
        return KubernetesClient(access, limits=limited, pause=paused.append)

    return made


def asked(app: Starlette, verb: str = "list") -> list[str]:
    return [call.query for call in app.state.calls.all() if call.verb == verb]


def test_the_page_asks_for_the_rights_that_suffice() -> None:
    """Every shape is found with them below; more than these nobody should have to grant."""
    page = Path(__file__).parents[3] / "docs" / "targets.md"
    (role,) = re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)

    rules = YAML(typ="safe", pure=True).load(role)["rules"]

    granted = [
        f"{verb} {resource}"
        for rule in rules
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]
    assert sorted(granted) == sorted(READER)
    assert {group for rule in rules for group in rule["apiGroups"]} == {
        kind.group for kind in (*kinds.ABOVE, *kinds.POOLS, kinds.ROUTE)
    }


def test_a_list_is_asked_for_in_pages(
    connect: Callable[..., KubernetesClient], app: Starlette
) -> None:
    """Two thousand pods in one answer are forty megabytes at once."""
    with closing(connect(page=4)) as client:
        found = client.pods("llm-d", "llm-d.ai/role")

    assert len({pod.name for pod in found}) == 6
    first, second = asked(app)
    assert "limit=4" in first
    assert "continue=" in second


def test_an_expired_page_begins_anew_once(
    connect: Callable[..., KubernetesClient], app: Starlette
) -> None:
    """A half of an old list and a half of a new one are neither."""
    app.state.faults.add(Fault(kind=Kind.EXPIRED, verbs=LIST, skip=1, times=1))
    with closing(connect(page=4)) as client:
        found = client.pods("llm-d", "llm-d.ai/role")

    assert len({pod.name for pod in found}) == len(found) == 6
    assert ["continue=" in query for query in asked(app)] == [False, True, False, True]


def test_a_list_that_keeps_expiring_is_unavailable(
    connect: Callable[..., KubernetesClient], app: Starlette
) -> None:
    """It would be asked for ever."""
    app.state.faults.add(Fault(kind=Kind.EXPIRED, verbs=LIST))
    with (
        closing(connect()) as client,
        pytest.raises(Unavailable, match=r"pods of llm-d: .*too old to display"),
    ):
        client.pods("llm-d", "")

    assert len(asked(app)) == 2


@pytest.mark.parametrize(
    ("most", "fits"),
    [pytest.param(6, True, id="just-enough"), pytest.param(5, False, id="one-too-many")],
)
@pytest.mark.parametrize("page", [1, 5, 6, 500])
def test_too_long_a_list_is_refused_and_never_cut(
    connect: Callable[..., KubernetesClient], most: int, page: int, *, fits: bool
) -> None:
    """A workload that was cut off would be said not to be there."""
    with closing(connect(page=page, most=most)) as client:
        if fits:
            assert len(client.pods("llm-d", "")) == 6
        else:
            with pytest.raises(Rejected, match="pods of llm-d: there are more than 5, too many"):
                client.pods("llm-d", "")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(kind=Kind.CUT_BEFORE, verbs=LIST, skip=1, times=1), id="cut"),
        pytest.param(Fault(kind=Kind.CUT_AFTER, verbs=LIST, times=1), id="cut-after"),
        pytest.param(Fault(kind=Kind.TOO_MANY, verbs=LIST, times=2, seconds=1), id="429"),
    ],
)
def test_a_page_that_fails_once_is_asked_again_alone(
    connect: Callable[..., KubernetesClient], app: Starlette, paused: list[float], fault: Fault
) -> None:
    """The pages before it stay good: their token is still known."""
    app.state.faults.add(fault)
    with closing(connect(page=4)) as client:
        assert len(client.pods("llm-d", "")) == 6

    assert paused == ([1, 1] if fault.kind is Kind.TOO_MANY else [])
    assert len(asked(app)) == 2 + (fault.times or 0)


def test_a_kind_that_is_not_installed_is_no_error(
    connect: Callable[..., KubernetesClient], app: Starlette
) -> None:
    """Most clusters miss most of them."""
    with closing(connect()) as client:
        assert (client.pools("llm-d"), client.routes("llm-d")) == ([], [])
        for kind, version in (
            ("LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1"),
            ("LLMInferenceService", "serving.kserve.io/v1alpha1"),
        ):
            with pytest.raises(Missing, match=f"{kind} llm-d/x: gone"):
                client.owner("llm-d", OwnerReference(kind=kind, name="x", api_version=version))

    assert {call.code for call in app.state.calls.all()} == {404}


def test_old_pools_count_where_there_are_no_new_ones(
    connect: Callable[..., KubernetesClient], world: Cluster
) -> None:
    """Both kinds are installed while a cluster moves from one to the other."""
    world.install(resources.POOLS)
    shapes.pool(world, "old", {"app": "a"}, old=True)
    with closing(connect()) as client:
        (before,) = client.pools("llm-d")
        shapes.pool(world, "new", {"app": "a"})
        (after,) = client.pools("llm-d")

    old, new = "inference.networking.x-k8s.io/v1alpha2", "inference.networking.k8s.io/v1"
    assert [(x.name, x.api_version) for x in (before, after)] == [("old", old), ("new", new)]


@pytest.mark.parametrize("may", [READER - {"list inferencepools"}])
def test_pools_that_may_not_be_listed_are_said_so(
    connect: Callable[..., KubernetesClient], world: Cluster
) -> None:
    """The API server asks for the right before it looks whether the kind is there."""
    shapes.modelservice(world, "ms", model="m")
    with closing(connect()) as client:
        with pytest.raises(Forbidden, match="InferencePools of llm-d: no permission"):
            client.pools("llm-d")
        found = LabelTargets(client).find(Selector(namespace="llm-d", model="m"))

    assert (found.pool, found.one_endpoint) == ("", None)
    assert "no permission to list InferencePools" in found.notes[0]


INSTALLS: dict[str, tuple[Callable[[Cluster], None], str]] = {
    "modelservice": (
        lambda world: shapes.modelservice(world, "ms", model="m"),
        "pod → Deployment ms-llm-d-modelservice-decode",
    ),
    "plain": (lambda world: shapes.plain(world, "mine", model="m"), "pod → Deployment mine"),
    "old-pool": (
        lambda world: shapes.plain(world, "mine", model="m", old=True),
        "pod → Deployment mine",
    ),
    "rollout": (lambda world: shapes.rollout(world, "ro", model="m"), "pod → Rollout ro"),
    "kserve": (
        lambda world: shapes.kserve(world, "ks", model="m"),
        "pod → Deployment ks-kserve → LLMInferenceService ks",
    ),
    "leader-worker-set": (
        lambda world: shapes.groups(world, "lws", model="m"),
        "pod → LeaderWorkerSet lws",
    ),
    "disaggregated-set": (
        lambda world: shapes.disaggregated(world, "ds", model="m"),
        "pod → LeaderWorkerSet ds-0-ab12-decode, ds-1-ab12-decode → DisaggregatedSet ds",
    ),
}


@pytest.mark.parametrize("shape", INSTALLS)
def test_every_install_shape_is_found_with_the_reader_s_rights(
    connect: Callable[..., KubernetesClient], world: Cluster, app: Starlette, shape: str
) -> None:
    """Over HTTP, in pages of two, with no more rights than the documentation asks for."""
    install, words = INSTALLS[shape]
    install(world)

    with closing(connect(page=2)) as client:
        found = LabelTargets(client).find(Selector(namespace="llm-d", model="m"))

    assert (found.words, found.notes) == (words, ())
    assert {call.verb for call in app.state.calls.all()} <= {"get", "list"}
    assert 403 not in {call.code for call in app.state.calls.all()}


@pytest.mark.parametrize("shape", INSTALLS)
def test_every_install_shape_is_found_without_its_pods(
    connect: Callable[..., KubernetesClient], world: Cluster, app: Starlette, shape: str
) -> None:
    """A list does not say the kind of what is in it, and most clusters miss most kinds."""
    install, words = INSTALLS[shape]
    install(world)
    for pod in world.select(resources.PODS, "llm-d"):
        world.delete(resources.PODS, "llm-d", pod["metadata"]["name"], grace=0)

    with closing(connect(page=2)) as client:
        found = LabelTargets(client).find(Selector(namespace="llm-d", model="m"))

    assert (found.words, found.pods, found.notes) == (words, (), ())
    assert 403 not in {call.code for call in app.state.calls.all()}


def test_more_workloads_than_can_be_looked_through_are_refused(
    connect: Callable[..., KubernetesClient], world: Cluster
) -> None:
    """One that was cut off would be said not to be there."""
    for pod in world.select(resources.PODS, "llm-d"):
        world.delete(resources.PODS, "llm-d", pod["metadata"]["name"], grace=0)

    with (
        closing(connect(page=1, most=1)) as client,
        pytest.raises(Rejected, match="Deployments of llm-d: there are more than 1"),
    ):
        LabelTargets(client).find(Selector(namespace="llm-d", model="llama-3-70b"))
