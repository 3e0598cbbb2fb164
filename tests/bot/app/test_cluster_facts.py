"""Facts from the cluster: each known from what was seen, or unknown with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.app.cluster_facts import COUNTED, OF_TARGET, Seen, look
from cluster.clients.objects import (
    Backend,
    Owner,
    OwnerReference,
    Pod,
    Pool,
    Route,
)
from cluster.clients.refusals import Forbidden
from cluster.targets.sight import Scene, Sight
from cluster.targets.target import Ambiguous, Candidate, Member, Picker, Selector, Target
from incidents.errors import Unavailable
from incidents.events.incident import Workload
from incidents.facts import Known, Unknown
from tests.builders import NOON

ALONE = (Route(name="r", leads=(), rules=((Backend(pool="llama-pool"),),)),)
GPU = "nvidia.com/gpu"


def pod(
    name: str, *, ready: bool = True, node: str = "n1", app: str = "llama", lacks: str = ""
) -> Pod:
    """Return a pod of a pool; what it lacks is one resource."""
    return Pod(
        namespace="llm-d",
        name=name,
        labels={"app": app},
        ready_since=NOON if ready else None,
        node=node,
        lacks=(lacks,) if lacks else (),
    )


def beside(*others: Backend, pool: str = "llama-pool") -> tuple[Route, ...]:
    """Return a route with one rule, in which other pools stand beside ours."""
    return (Route(name="r", leads=(), rules=((Backend(pool=pool), *others),)),)


@dataclass(slots=True)
class Cluster:
    """A cluster with one workload, two pools and the pods of both."""

    replicas: int = 4
    ready: int = 3
    routes_: tuple[Route, ...] = ALONE
    pods: tuple[Pod, ...] = (pod("a"), pod("b"))
    others: tuple[Pod, ...] = (pod("x", app="other"),)
    kind: str = "Deployment"
    pool: str = "llama-pool"
    away: bool = False
    hides_routes: bool = False
    hides_replicas: bool = False
    chosen: Mapping[str, str] = field(default_factory=lambda: {"app": "other"})

    def see(self, _: Selector) -> Sight:
        """Return what is there; raises Unavailable when the cluster is away."""
        if self.away:
            message = "the cluster is away"
            raise Unavailable(message)
        pods = {one.name: one for one in (*self.pods, *self.others)}
        pools = [
            Pool(name="llama-pool", api_version="", selector={"app": "llama"}),
            Pool(name="other", api_version="", selector=self.chosen),
        ]
        scene = Scene(
            pods=pods, pools={one.name: one for one in pools}, roles=dict.fromkeys(pods, "")
        )
        return Sight(target=self._target(), scene=scene)

    def _target(self) -> Target:
        reference = OwnerReference(kind=self.kind, name="decode", uid="u-1")
        return Target(
            cluster="local",
            namespace="llm-d",
            kind=self.kind,
            name="decode",
            uid="u-1",
            model="llama",
            role="decode",
            pods=tuple(one.name for one in self.pods),
            members=tuple(Member(name=one.name) for one in self.pods),
            path=((reference,),),
            pool=self.pool,
            picker=Picker(name="epp", failure_mode="FailClose") if self.pool else None,
        )

    def owner(self, namespace: str, reference: OwnerReference) -> Owner:
        """Return the object, which says its replicas; raises Forbidden where it is hidden."""
        if self.hides_replicas:
            message = f"{reference} of {namespace}: no permission"
            raise Forbidden(message)
        return Owner(itself=reference, replicas=self.replicas, ready=self.ready)

    def routes(self, _: str) -> Sequence[Route]:
        """Return the routes; raises Forbidden where they are hidden."""
        if self.hides_routes:
            message = "HTTPRoutes of llm-d: no permission"
            raise Forbidden(message)
        return self.routes_


def looked(cluster: Cluster) -> Mapping[str, Known | Unknown]:
    """Return the facts that the cluster tells."""
    seen = look(
        Selector(namespace="llm-d", model="llama"),
        targets=cluster,
        kubernetes=cluster,  # type: ignore[arg-type] # what is asked of it is there
    )
    assert isinstance(seen, Seen)
    return seen.facts


def values(cluster: Cluster) -> Mapping[str, object]:
    """Return the values that the cluster tells, None for what is not known."""
    facts = looked(cluster)
    return {name: one.value if isinstance(one, Known) else None for name, one in facts.items()}


def test_the_cluster_tells_what_stands_around_the_target() -> None:
    """A pool that fails closed, and how much of it is missing."""
    assert values(Cluster()) == {
        "failure_mode": "FailClose",
        "serving": True,
        "second_pool_healthy": False,
        "replicas_wanted": 4,
        "replicas_missing": 1,
        "affected_share": 0.25,
        "nodes_affected": 0,
        "pods_pending_gpu": 0,
    }


def test_every_fact_of_the_list_is_told_or_its_reason() -> None:
    """A fact that is left out would look as if nobody had asked."""
    assert set(looked(Cluster())) == set(OF_TARGET)


@pytest.mark.parametrize("kind", ["StatefulSet", "LeaderWorkerSet", "Rollout"])
def test_other_kinds_say_their_replicas_too(kind: str) -> None:
    """Of a LeaderWorkerSet they are groups: half of the groups is half of the role."""
    found = values(Cluster(kind=kind, ready=1))

    assert [found[name] for name in COUNTED] == [4, 3, 0.75]


def test_a_workload_without_pods_is_missing_as_a_whole() -> None:
    """Everything is gone: that is known, and it is no reason to know nothing."""
    found = values(Cluster(pods=(), ready=0))

    assert [found[name] for name in COUNTED] == [4, 4, 1.0]
    assert found["pods_pending_gpu"] == 0
    assert found["nodes_affected"] is None


@pytest.mark.parametrize(
    ("cluster", "name"),
    [
        pytest.param(Cluster(replicas=0, ready=0), "affected_share", id="parked"),
        pytest.param(Cluster(kind="DisaggregatedSet"), "replicas_wanted", id="roles-apart"),
        pytest.param(Cluster(hides_replicas=True), "replicas_missing", id="hidden"),
        pytest.param(Cluster(pool=""), "failure_mode", id="no-picker"),
        pytest.param(Cluster(pool=""), "serving", id="no-pool"),
        pytest.param(Cluster(pool=""), "second_pool_healthy", id="no-pool-no-second"),
        pytest.param(Cluster(routes_=()), "second_pool_healthy", id="no-route-is-seen"),
        pytest.param(Cluster(hides_routes=True), "second_pool_healthy", id="hidden-routes"),
    ],
)
def test_what_the_cluster_does_not_say_is_not_known(cluster: Cluster, name: str) -> None:
    """A healthy second pool lowers: it must never be guessed."""
    found = looked(cluster)[name]

    assert isinstance(found, Unknown)
    assert found.why


@pytest.mark.parametrize(
    ("lacks", "pending"),
    [
        pytest.param([GPU, GPU, ""], 2, id="nvidia"),
        pytest.param(["nvidia.com/mig-1g.10gb", "nvidia.com/gpu.shared", ""], 2, id="slices"),
        pytest.param(["amd.com/gpu", "gpu.intel.com/i915", "habana.ai/gaudi"], 3, id="others"),
        pytest.param(["cpu", "memory", "rdma/ib"], 0, id="of-something-else"),
        pytest.param(["nvidia.com/gpu-evil", "x/nvidia.com/gpu", "gpu"], 0, id="hostile"),
    ],
)
def test_pods_that_wait_for_a_gpu_are_counted(lacks: Sequence[str], pending: int) -> None:
    """A pod that waits for memory is no reason to buy GPUs."""
    waiting = [pod(f"p{n}", ready=False, node="", lacks=each) for n, each in enumerate(lacks)]

    found = looked(Cluster(pods=tuple(waiting)))["pods_pending_gpu"]

    assert found == Known(value=pending, unit="pods", source="the pods of Deployment llm-d/decode")


@pytest.mark.parametrize(
    ("pods", "nodes"),
    [
        pytest.param((pod("a"), pod("b", node="n2")), 0, id="all-ready"),
        pytest.param((pod("a", ready=False), pod("b", ready=False)), 1, id="one-node-twice"),
        pytest.param((pod("a", ready=False), pod("b", ready=False, node="n2")), 2, id="two-nodes"),
        pytest.param((pod("a", ready=False, node=""), pod("b")), 0, id="on-no-node-yet"),
    ],
)
def test_nodes_with_pods_that_are_not_ready_are_counted_once(
    pods: tuple[Pod, ...], nodes: int
) -> None:
    """Two pods of one node are one node; another pool's pods are none of them."""
    others = (pod("x", app="other", ready=False, node="n9"),)

    assert values(Cluster(pods=pods, others=others))["nodes_affected"] == nodes


def test_a_pod_that_loads_for_the_first_time_is_no_fault_of_its_node() -> None:
    """Four pods that were just approved would raise the incident which they are to mend."""
    new = [replace(pod(name, ready=False, node=name), loading=True) for name in ("c", "d")]

    assert values(Cluster(pods=(pod("a"), *new)))["nodes_affected"] == 0


def test_of_no_pod_nobody_knows_the_node() -> None:
    """Zero would say that the nodes are well."""
    assert looked(Cluster(pods=()))["nodes_affected"] == Unknown(
        why="Deployment llm-d/decode has no pods", lasting=True
    )


OTHER = Backend(pool="other")
SICK = pod("y", app="other", ready=False)


@pytest.mark.parametrize(
    ("cluster", "healthy"),
    [
        pytest.param(Cluster(routes_=beside(OTHER)), True, id="ready"),
        pytest.param(Cluster(routes_=beside(OTHER), others=(SICK,)), False, id="not-ready"),
        pytest.param(Cluster(routes_=beside(OTHER), others=()), False, id="no-pods"),
        pytest.param(
            Cluster(routes_=beside(OTHER), others=(pod("x", app="other"), SICK)),
            None,
            id="partly-ready",
        ),
        pytest.param(
            Cluster(routes_=beside(Backend(pool="other", weight=0))), False, id="takes-no-traffic"
        ),
        pytest.param(
            Cluster(routes_=beside(Backend(pool="other", weight=-1))), False, id="absurd-weight"
        ),
        pytest.param(Cluster(routes_=beside(Backend(pool="gone"))), None, id="not-seen"),
        pytest.param(
            Cluster(routes_=beside(Backend(pool="other", namespace="eu"))), None, id="elsewhere"
        ),
        pytest.param(Cluster(routes_=(*beside(OTHER), *ALONE)), False, id="not-for-all-traffic"),
        pytest.param(
            Cluster(routes_=(*ALONE, *beside(OTHER, pool="third"))),
            False,
            id="behind-another-rule",
        ),
        pytest.param(
            Cluster(routes_=beside(OTHER), chosen={"app": "llama"}, others=()),
            False,
            id="the-same-pods-under-another-name",
        ),
        pytest.param(
            Cluster(routes_=beside(Backend(pool="gone"), OTHER)), True, id="one-of-two-is-enough"
        ),
    ],
)
def test_a_second_pool_is_healthy_only_where_it_is_seen(
    cluster: Cluster, healthy: bool | None
) -> None:
    """It takes the traffic of a rule, and all its pods are ready: else it lowers nothing."""
    assert values(cluster)["second_pool_healthy"] is healthy


def test_a_second_pool_that_is_ready_is_named() -> None:
    """Whoever doubts that the severity fell looks there."""
    assert looked(Cluster(routes_=beside(OTHER)))["second_pool_healthy"] == Known(
        value=True,
        unit="",
        source="the routes of InferencePool llama-pool: InferencePool other is ready",
    )


def test_a_cluster_that_is_away_is_asked_again() -> None:
    """That passes."""
    found = look(
        Selector(namespace="llm-d", model="llama"),
        targets=Cluster(away=True),
        kubernetes=Cluster(),  # type: ignore[arg-type] # nothing is asked of it
    )

    assert found == Unknown(why="the cluster does not say: the cluster is away")


@dataclass(slots=True)
class Several(Cluster):
    """A cluster with two workloads that fit."""

    def see(self, _: Selector) -> Sight:
        """Raise Ambiguous with both."""
        message = "several fit"
        raise Ambiguous(message, candidates=[fitting("a"), fitting("b")])


def fitting(name: str) -> Candidate:
    """Return a candidate of this name."""
    return Candidate(
        kind="Deployment", api_version="apps/v1", name=name, uid=name, words=f"pod → {name}"
    )


def test_several_workloads_are_no_facts_and_are_all_named() -> None:
    """Facts of one of them would be a guess; whoever asks people needs the names."""
    seen = look(
        Selector(namespace="llm-d", model="llama"),
        targets=Several(),
        kubernetes=Several(),  # type: ignore[arg-type] # what is asked of it is there
    )

    assert seen == Unknown(
        why="the cluster does not say: several fit",
        lasting=True,
        candidates=tuple(
            Workload(kind="Deployment", name=name, words=f"pod → {name}") for name in ("a", "b")
        ),
    )
