"""A workload is found by the labels of its pods, or it is refused."""

from dataclasses import replace
from typing import cast

import pytest

from cluster.clients.objects import OwnerReference
from cluster.clients.ports import Kubernetes
from cluster.targets import marks
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Ambiguous, Member, NotFound, Picker, Selector, Target
from drills.kubernetes import resources, shapes
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.objects import copied
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.installs import MEANT, SHAPES, WRITER, Blind, Install, add


def test_the_decode_workload_is_found(kubernetes: Kubernetes, world: Cluster) -> None:
    """From pods through ReplicaSets to the Deployment, with the roles that stand beside it."""
    found = LabelTargets(kubernetes).find(MEANT)

    pods = world.select(resources.PODS, "llm-d", labels="llm-d.ai/role=decode")
    names = tuple(sorted(pod["metadata"]["name"] for pod in pods))
    made = world.get(resources.DEPLOYMENTS, "llm-d", found.name)
    deployment = "pd-disaggregation-nvidia-gpu-vllm-decode"
    reference = OwnerReference(
        kind="Deployment", name=deployment, uid=made["metadata"]["uid"], api_version="apps/v1"
    )
    assert found == Target(
        cluster="local",
        namespace="llm-d",
        kind="Deployment",
        name=deployment,
        uid=made["metadata"]["uid"],
        model="llama-3-70b",
        role="decode",
        pods=names,
        roles=("decode", "prefill"),
        api_version="apps/v1",
        path=((reference,),),
        members=tuple(Member(name=name, role="decode") for name in names),
    )
    assert len(found.pods) == 4
    assert found.words == f"pod → Deployment {deployment}"


@pytest.mark.parametrize(("install", "words", "rest"), SHAPES)
def test_every_install_shape_is_found(
    kubernetes: Kubernetes,
    world: Cluster,
    install: Install,
    words: str,
    rest: tuple[object, ...],
) -> None:
    """The topmost controller is what has to be acted on, and the way to it is what people see."""
    install(world)

    found = LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="org/m"))

    seen = (found.api_version, len(found.pods), found.roles, found.pool, str(found.unit))
    assert (found.words, seen, found.notes) == (words, rest, ())
    assert str(found) == f"{found.kind} llm-d/{found.name}"
    assert found.uid == found.path[-1][0].uid != ""


def test_workers_belong_to_the_target_and_take_no_requests(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """They need no label of llm-d; a check that waited for their metrics could never tell."""
    shapes.groups(world, "lws", model="m", number=1, size=2)

    found = LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="m"))

    assert found.members == (
        Member(name="lws-0", role="decode", group="lws/0", rank=0),
        Member(name="lws-0-1", role="decode", group="lws/0", rank=1, serves=False),
    )
    assert found.pods == ("lws-0",)


def test_a_pool_that_selects_workers_gives_them_requests(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """Wide expert parallelism runs an engine on every pod: the pool says so, not the rank."""
    shapes.groups(world, "lws", model="m", number=1, size=2)
    shapes.pool(world, "wide", {marks.GROUPS: "lws"})

    found = LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="m"))

    assert (found.pods, found.pool, found.one_endpoint) == (("lws-0", "lws-0-1"), "wide", False)


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        pytest.param("", "FailClose", id="the-api-s-default"),
        pytest.param("FailOpen", "FailOpen", id="as-charts-set-it"),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_a_pool_of_one_endpoint_is_known_as_such(
    kubernetes: Kubernetes, world: Cluster, mode: str, shown: str, *, old: bool
) -> None:
    """Restarting its only pod takes everything away; and so does its picker where it fails shut."""
    add(world, "single", model="one")
    world.install(resources.POOLS)
    shapes.pool(world, "lonely", {"app": "single"}, picker="epp", mode=mode, old=old)

    found = LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="one"))

    assert (found.pool, found.one_endpoint) == ("lonely", True)
    assert found.picker == Picker(name="epp", failure_mode=shown)


def test_without_a_pool_nothing_is_said_of_its_endpoints(kubernetes: Kubernetes) -> None:
    """What is not there is neither one endpoint nor several."""
    found = LabelTargets(kubernetes).find(MEANT)

    assert (found.pool, found.one_endpoint, found.picker) == ("", None, None)


def test_a_pool_s_name_is_enough(kubernetes: Kubernetes, world: Cluster) -> None:
    """Alerts of the endpoint picker name the pool and no model."""
    shapes.plain(world, "mine", model="org/m")

    found = LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="", pool="mine"))

    assert (found.name, found.model) == ("mine", "org/m")


def test_a_route_leads_a_model_that_no_pod_names(kubernetes: Kubernetes, world: Cluster) -> None:
    """An adapter, or a name that is rewritten, stands in the route only."""
    shapes.plain(world, "mine", model="org/base")
    shapes.route(world, "adapter", model="org/lora", to="mine")

    found = LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="org/lora"))

    assert (found.name, found.model) == ("mine", "org/lora")


def test_a_role_that_nobody_has_is_not_found(kubernetes: Kubernetes, world: Cluster) -> None:
    """Whoever reads it sees that the model is there, in another role."""
    shapes.rollout(world, "ro", model="m")

    with pytest.raises(NotFound, match=r"no prefill workload of 'm' .* served as decode only"):
        LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="m", role="prefill"))


def test_an_alert_without_model_and_pool_means_nothing(kubernetes: Kubernetes) -> None:
    """The only workload of a namespace is not meant because it is the only one."""
    with pytest.raises(NotFound, match="neither a model nor a pool is known"):
        LabelTargets(kubernetes).find(Selector(namespace="llm-d", model=""))


def test_a_served_name_that_no_label_can_hold_is_found(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """Alerts carry `model_name`, which may hold a slash."""
    add(world, "decode-2", model="meta-llama-Llama-4")
    meant = Selector(namespace="llm-d", model="meta-llama/Llama-4")

    assert LabelTargets(kubernetes).find(meant).name == "decode-2"


def test_nothing_is_refused_with_what_was_looked_for(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """A person has to see where was looked, and which label is missing."""
    shapes.plain(world, "mine", model="org/m")

    with pytest.raises(NotFound) as refused:
        LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="gpt-9"))

    labels = "llm-d.ai/role, llm-d.ai/model, disaggregatedset.x-k8s.io/role"
    assert str(refused.value) == (
        "no decode workload of 'gpt-9' in llm-d: looked at 8 pods with labels "
        f"({labels}, leaderworkerset.sigs.k8s.io/name) or in InferencePools (mine)"
    )


def test_several_are_refused_with_their_names_and_what_to_do(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """Guessing would act on the wrong one; a selector that names one of them finds it."""
    add(world, "canary-decode", model="llama-3-70b")
    targets = LabelTargets(kubernetes)
    both = "Deployment canary-decode, Deployment pd-disaggregation-nvidia-gpu-vllm-decode"

    with pytest.raises(Ambiguous) as raised:
        targets.find(MEANT)

    assert str(raised.value) == (
        f"several workloads could be the decode workload of 'llama-3-70b' in llm-d: {both}; "
        "none is chosen: say which one is meant, and give the alert's rule a label inference_pool "
        "where they stand in pools of their own"
    )
    first, second = raised.value.candidates
    assert f"{first}, {second}" == both
    assert first.words == "pod → Deployment canary-decode"
    assert targets.find(replace(MEANT, chosen=str(first))).uid == first.uid
    assert targets.find(replace(MEANT, chosen=str(second))).uid == second.uid
    with pytest.raises(NotFound, match="none of them belongs to 'Deployment gone'"):
        targets.find(replace(MEANT, chosen="Deployment gone"))


def test_kserve_s_two_versions_are_one_object(kubernetes: Kubernetes, world: Cluster) -> None:
    """References of one object may name it by several versions of its API."""
    shapes.kserve(world, "ks", model="m", prefill=False)
    deployment = world.get(resources.DEPLOYMENTS, "llm-d", "ks-kserve")
    other = copied(deployment) | {"metadata": {"namespace": "llm-d", "name": "ks-kserve-mn"}}
    (above,) = deployment["metadata"]["ownerReferences"]
    older = {**above, "apiVersion": "serving.kserve.io/v1alpha1"}
    other["metadata"] |= {"labels": deployment["metadata"]["labels"], "ownerReferences": [older]}
    other["spec"]["selector"]["matchLabels"] = {"app": "mn"}
    other["spec"]["template"]["metadata"]["labels"]["app"] = "mn"
    world.install(resources.OLD_SERVICES)
    world.create(resources.DEPLOYMENTS, other, writer=WRITER)
    Controllers(world, ready_after=lambda _: 0.0).reconcile(world.now())

    found = LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="m"))

    assert found.words == "pod → Deployment ks-kserve, ks-kserve-mn → LLMInferenceService ks"


def test_what_is_above_an_unknown_kind_is_said_not_to_be_known(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """An operator that we do not know may have an owner of its own."""
    owner = {
        "apiVersion": "example.com/v1",
        "kind": "Fleet",
        "name": "f",
        "uid": "u",
        "controller": True,
    }
    pod = {
        "metadata": {
            "name": "f-0",
            "namespace": "llm-d",
            "labels": {"llm-d.ai/role": "decode", "llm-d.ai/model": "deepseek"},
            "ownerReferences": [owner],
        },
        "spec": {"containers": [{"name": "main", "image": "x"}]},
    }
    world.create(resources.PODS, pod, writer=WRITER)

    found = LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="deepseek"))

    assert (found.kind, found.name, found.uid) == ("Fleet", "f", "u")
    assert found.notes == (
        "Fleet f is of a kind that is not read: nothing is known of what is above",
    )


def test_an_owner_that_was_made_anew_is_not_the_owner(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """Its pods go; what has its name now is somebody else's."""
    shapes.groups(world, "lws", model="m", number=1, size=1)
    old = world.get(resources.GROUPS, "llm-d", "lws")
    world.delete(resources.GROUPS, "llm-d", "lws")
    meta = {"name": "lws", "namespace": "llm-d"}
    world.create(resources.GROUPS, {"metadata": meta, "spec": {}}, writer=WRITER)

    found = LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="m"))

    assert found.uid == old["metadata"]["uid"]
    assert "was deleted and made anew" in found.notes[0]


def test_a_worker_without_its_leader_belongs_to_its_set(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """Its label names the set while the leader's pod is being made again."""
    shapes.groups(world, "lws", model="m", number=2, size=2)
    world.delete(resources.PODS, "llm-d", "lws-1", grace=0)

    found = LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="m"))

    assert [member.name for member in found.members] == ["lws-0", "lws-0-1", "lws-1-1"]
    assert (found.words, found.notes) == ("pod → LeaderWorkerSet lws", ())


def test_pools_that_may_not_be_seen_fall_back_to_labels(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """It works without that right, and says what it could not see."""
    shapes.modelservice(world, "ms", model="org/m")
    blind = cast("Kubernetes", Blind(kubernetes, hidden="pools"))

    found = LabelTargets(blind).find(Selector(namespace="llm-d", model="org/m"))

    assert (found.name, found.pool) == ("ms-llm-d-modelservice-decode", "")
    assert found.notes == (
        "no permission to list InferencePools: pods were looked for by labels only",
    )


def test_what_hid_the_model_is_said(kubernetes: Kubernetes, world: Cluster) -> None:
    """KServe's pods do not name their model: without their owner nobody can say whose it is."""
    shapes.kserve(world, "ks", model="org/m", prefill=False)
    targets = LabelTargets(cast("Kubernetes", Blind(kubernetes, hidden="owner")))

    with pytest.raises(NotFound, match=r"ReplicaSet ks-kserve-.*: no permission to see what"):
        targets.find(Selector(namespace="llm-d", model="org/m"))
    found = targets.find(MEANT)
    assert any(note.startswith("ReplicaSet ks-kserve-") for note in found.notes)


def test_routes_that_may_not_be_seen_are_said(kubernetes: Kubernetes, world: Cluster) -> None:
    """The model may be an adapter that only a route names."""
    shapes.plain(world, "mine", model="org/base")
    blind = cast("Kubernetes", Blind(kubernetes, hidden="routes"))

    with pytest.raises(NotFound, match="no permission to list HTTPRoutes"):
        LabelTargets(blind).find(Selector(namespace="llm-d", model="org/lora"))


def test_owners_that_may_not_be_seen_are_named_from_below(kubernetes: Kubernetes) -> None:
    """The pod's reference is all that is known; what is above it is not claimed to be nothing."""
    blind = cast("Kubernetes", Blind(kubernetes, hidden="owner"))

    found = LabelTargets(blind).find(MEANT)

    assert found.kind == "ReplicaSet"
    assert "no permission to see what is above it" in found.notes[0]


@pytest.mark.parametrize("namespace", ["", "../secrets", "a/b", "llm-d\n", "A", "x" * 64])
def test_what_is_no_namespace_never_reaches_the_api(kubernetes: Kubernetes, namespace: str) -> None:
    """It is text from an alert and would become a path."""
    with pytest.raises(Rejected, match="not a namespace"):
        LabelTargets(kubernetes).find(Selector(namespace=namespace, model="llama-3-70b"))


def test_another_cluster_is_refused(kubernetes: Kubernetes) -> None:
    """An alert of the other region must not change this one."""
    there = Selector(namespace="llm-d", model="llama-3-70b", cluster="eu")

    with pytest.raises(Rejected) as refused:
        LabelTargets(kubernetes, cluster="us").find(there)

    said = "no access to the cluster 'eu': the one at hand is called 'us'"
    assert str(refused.value) == said


@pytest.mark.parametrize("named", ["eu", "local"])
def test_the_cluster_at_hand_has_the_name_that_alerts_give_it(
    kubernetes: Kubernetes, named: str
) -> None:
    """Many a Prometheus adds its cluster's name to all it says; others say nothing of it."""
    meant = Selector(namespace="llm-d", model="llama-3-70b", cluster=named)

    assert LabelTargets(kubernetes, cluster="eu").find(meant).cluster == named
