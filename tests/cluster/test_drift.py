"""What differs from the intended is named, with who wrote it; what cannot be told says why."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.ports import Kubernetes
from cluster.clients.reads import ReadOnly
from cluster.clients.refusals import Forbidden
from cluster.clients.things import Thing
from cluster.drift.comparing import compare
from cluster.drift.findings import Finding, Verdict, Written
from cluster.drift.intended import (
    Gpus,
    Model,
    Place,
    Range,
    SloClass,
)
from cluster.drift.looking import Looking
from cluster.targets.labels import LabelTargets
from drills.kubernetes import resources, shapes
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Unavailable
from tests.cluster.conftest import DECODE, NOW, StandInKubernetes
from tests.cluster.drifting import H100, MODEL, NAMESPACE, of, place, size

SEEDED = NOW - timedelta(days=3)
APPLY = Written(by="kubectl-client-side-apply", at=SEEDED)
IMAGE = "ghcr.io/llm-d/llm-d-cuda:v0.8.0"


def looked(kubernetes: Kubernetes, wanted: Place) -> Sequence[Finding]:
    looking = Looking(objects=ReadOnly(kubernetes), targets=LabelTargets(kubernetes))
    return compare(wanted.workload, looking.at(wanted))


def autoscaled(world: Cluster, least: int = 2, most: int = 8) -> None:
    target = {"kind": "Deployment", "name": DECODE, "apiVersion": "apps/v1"}
    spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most}
    meta = {"name": "decode", "namespace": NAMESPACE}
    world.create(
        resources.AUTOSCALERS, {"metadata": meta, "spec": spec}, writer=Writer(manager="helm")
    )


def rewritten(world: Cluster, change: Callable[[Object], object], *, manager: str) -> None:
    """Let somebody change the decode Deployment."""

    def changed(thing: Object) -> Object:
        change(thing)
        return thing

    world.update(resources.DEPLOYMENTS, NAMESPACE, DECODE, changed, writer=Writer(manager=manager))


@pytest.mark.parametrize(
    ("said", "what", "live"),
    [
        pytest.param({"replicas": size(4)}, "replicas", "4", id="size"),
        pytest.param({"replicas": size(2, 1, 8)}, "replicas", "4", id="size-in-its-range"),
        pytest.param({"image": IMAGE}, "image", IMAGE, id="image"),
        pytest.param({"version": "v0.8.0"}, "version", "v0.8.0", id="version"),
        pytest.param({"arguments": (("--port", "8200"),)}, "--port", "8200", id="argument"),
        pytest.param({"gpus": Gpus(per_pod=2)}, "GPUs per pod", "2", id="gpus"),
        pytest.param({"gpus": Gpus(kind=H100)}, "GPU kind", H100, id="gpu-kind"),
        pytest.param({}, "served names", "llama-3-70b", id="served-names"),
        pytest.param(
            {"model": replace(MODEL, tensor_parallel=1)},
            "tensor parallel",
            "1 (the engine's default)",
            id="tensor-parallel",
        ),
    ],
)
def test_what_is_as_intended_is_said(
    kubernetes: StandInKubernetes, said: dict[str, Any], what: str, live: str
) -> None:
    """Silence could also mean that nobody looked."""
    found = of(looked(kubernetes, place(**said)), what)

    assert (found.verdict, found.live, found.written) == (Verdict.AS_INTENDED, live, None)


@pytest.mark.parametrize(
    ("said", "what", "intended", "live", "written"),
    [
        pytest.param({"replicas": size(6)}, "replicas", "6", "4", APPLY, id="size"),
        pytest.param(
            {"replicas": size(6, 5, 8)}, "replicas", "5 to 8, normally 6", "4", APPLY, id="range"
        ),
        pytest.param({"image": "a:1"}, "image", "a:1", IMAGE, APPLY, id="image"),
        pytest.param({"version": "v0.7.0"}, "version", "v0.7.0", "v0.8.0", APPLY, id="version"),
        pytest.param(
            {"arguments": (("--max-num-seqs", "256"),)},
            "--max-num-seqs",
            "256",
            "not on the command line",
            APPLY,
            id="argument",
        ),
        pytest.param(
            {"switches": ("--enable-eplb",)},
            "--enable-eplb",
            "on",
            "not on the command line",
            APPLY,
            id="switch",
        ),
        pytest.param(
            {"variables": (("LEVEL", "DEBUG"),)}, "LEVEL", "DEBUG", "not set", None, id="variable"
        ),
        pytest.param({"gpus": Gpus(per_pod=4)}, "GPUs per pod", "4", "2", APPLY, id="gpus"),
        pytest.param({"gpus": Gpus(kind="L40S")}, "GPU kind", "L40S", H100, None, id="gpu-kind"),
        pytest.param({"memory": "32Gi"}, "memory", "32Gi", "no limit", None, id="memory"),
        pytest.param(
            {"model": replace(MODEL, served=("llama-3-70b", "chat"))},
            "served names",
            "llama-3-70b chat",
            "llama-3-70b",
            APPLY,
            id="served-names",
        ),
        pytest.param(
            {"model": replace(MODEL, tensor_parallel=4)},
            "tensor parallel",
            "4",
            "1 (the engine's default)",
            APPLY,
            id="tensor-parallel",
        ),
        pytest.param(
            {"autoscaler": Range(least=2, most=8)},
            "autoscaler",
            "2 to 8",
            "none",
            None,
            id="no-hpa",
        ),
        pytest.param(
            {"slo_class": SloClass(objective="chat", priority=10)},
            "SLO class",
            "chat, priority 10",
            "not there",
            None,
            id="no-objective",
        ),
    ],
)
def test_what_differs_is_named_with_who_wrote_it(  # a table
    kubernetes: StandInKubernetes,
    said: dict[str, Any],
    what: str,
    intended: str,
    live: str,
    written: Written | None,
) -> None:
    """Whoever mends it begins with whoever made it."""
    found = of(looked(kubernetes, place(**said)), what)

    assert found.verdict is Verdict.DIFFERENT
    assert (found.intended, found.live, found.written) == (intended, live, written)


@pytest.mark.parametrize(
    ("said", "what", "because"),
    [
        pytest.param(
            {"model": replace(MODEL, max_model_len=8192)},
            "max_model_len",
            "it is not on the command line: the engine chooses",
            id="a-flag-that-is-not-there",
        ),
        pytest.param(
            {"model": replace(MODEL, source="hf://org/m")},
            "source",
            "the weights are read from /model",
            id="weights-on-a-volume",
        ),
        pytest.param(
            {"pool_failure_mode": "FailOpen"},
            "pool failure mode",
            "no InferencePool selects its pods",
            id="no-pool",
        ),
        pytest.param(
            {"role": "both"},
            "workload",
            "no both workload of 'llama-3-70b' in llm-d: looked at 6 pods",
            id="missing",
        ),
        pytest.param(
            {"pool": "chat"}, "workload", "no decode workload of 'llama-3-70b'", id="no-such-pool"
        ),
    ],
)
def test_what_cannot_be_told_says_why(
    kubernetes: StandInKubernetes, said: dict[str, Any], what: str, because: str
) -> None:
    """Neither right nor wrong: a person has to look."""
    found = of(looked(kubernetes, place(**said)), what)

    assert (found.verdict, found.live, found.written) == (Verdict.CANNOT_TELL, "", None)
    assert found.because.startswith(because)


def test_a_workload_that_is_ambiguous_is_not_guessed(
    world: Cluster, kubernetes: StandInKubernetes
) -> None:
    """The drift of another workload would be mended in the wrong place."""
    for name in ("blue", "green"):
        shapes.plain(world, name, model="org/m")

    (found,) = looked(kubernetes, place(model=Model(name="m", served=("org/m",))))

    assert (found.what, found.verdict) == ("workload", Verdict.CANNOT_TELL)
    assert "Deployment blue, Deployment green" in found.because


def test_pods_that_do_not_agree_are_counted(world: Cluster, kubernetes: StandInKubernetes) -> None:
    """In the middle of a rollout both run."""
    pods = world.select(resources.PODS, NAMESPACE, labels="llm-d.ai/role=decode")

    def older(thing: Object) -> Object:
        thing["spec"]["containers"][0]["image"] = "ghcr.io/llm-d/llm-d-cuda:v0.7.0"
        return thing

    name = pods[0]["metadata"]["name"]
    world.update(resources.PODS, NAMESPACE, name, older, writer=Writer(manager="kubectl-edit"))

    found = of(looked(kubernetes, place(version="v0.8.0")), "version")

    assert found.verdict is Verdict.DIFFERENT
    assert found.live == "v0.8.0 in 3 of 4 pods, v0.7.0 in 1 of 4 pods"


def test_the_last_writer_of_the_size_is_named(world: Cluster, kubernetes: Any) -> None:
    """Whoever applied the whole file three days ago did not change the size at noon."""
    rewritten(world, lambda thing: thing["spec"].update(replicas=7), manager="kubectl-scale")

    found = of(looked(kubernetes, place(replicas=size(4))), "replicas")

    assert (found.live, found.written) == ("7", Written(by="kubectl-scale", at=NOW))


def test_the_controller_that_scales_is_named_by_its_autoscaler(
    world: Cluster, kubernetes: StandInKubernetes
) -> None:
    """`kube-controller-manager` writes for everybody."""
    autoscaled(world)
    controller = Writer(manager="kube-controller-manager", subresource="scale")

    def more(thing: Object) -> Object:
        thing["spec"]["replicas"] = 7
        return thing

    world.update(resources.DEPLOYMENTS, NAMESPACE, DECODE, more, writer=controller)

    found = of(looked(kubernetes, place(replicas=size(4))), "replicas")

    # Of what is written through `/scale` an API server keeps no moment.
    assert found.written == Written(by=f"HorizontalPodAutoscaler {NAMESPACE}/decode", at=None)


@pytest.mark.parametrize(
    ("wanted", "verdict"),
    [
        pytest.param(Range(least=2, most=8), Verdict.AS_INTENDED, id="the-same"),
        pytest.param(Range(least=2, most=16), Verdict.DIFFERENT, id="another-ceiling"),
        pytest.param(Range(least=1, most=8), Verdict.DIFFERENT, id="another-floor"),
    ],
)
def test_an_autoscaler_is_compared(
    world: Cluster, kubernetes: StandInKubernetes, wanted: Range, verdict: Verdict
) -> None:
    """A floor that was raised in an incident stays raised until somebody sees it."""
    autoscaled(world)

    found = of(looked(kubernetes, place(autoscaler=wanted)), "autoscaler")

    assert (found.verdict, found.live) == (verdict, "2 to 8")
    assert found.thing == f"HorizontalPodAutoscaler {NAMESPACE}/decode"


def test_a_pool_is_compared(world: Cluster, kubernetes: StandInKubernetes) -> None:
    """With FailClose nobody is served while the picker restarts."""
    shapes.plain(world, "chat", model="org/m")
    served = Model(name="m", served=("org/m",))

    found = of(
        looked(kubernetes, place(model=served, pool_failure_mode="FailOpen")), "pool failure mode"
    )

    assert (found.verdict, found.live) == (Verdict.DIFFERENT, "FailClose")
    assert found.thing == f"InferencePool {NAMESPACE}/chat"


@pytest.mark.parametrize(
    ("install", "model", "live"),
    [
        pytest.param(shapes.groups, "org/g", "2", id="groups"),
        pytest.param(shapes.disaggregated, "org/d", "2", id="disaggregated-set"),
        pytest.param(shapes.rollout, "org/r", "2", id="rollout"),
        pytest.param(shapes.modelservice, "org/s", "2", id="modelservice"),
    ],
)
def test_every_shape_of_install_has_a_size(
    world: Cluster,
    kubernetes: StandInKubernetes,
    install: Callable[..., None],
    model: str,
    live: str,
) -> None:
    """Groups count as groups, and the slices of a set together."""
    install(world, "m", model=model)

    found = looked(kubernetes, place(model=Model(name="m", served=(model,)), replicas=size(2)))

    assert of(found, "replicas").live == live
    assert of(found, "served names").verdict is Verdict.AS_INTENDED


@pytest.mark.parametrize("other", [resources.OBJECTIVES, resources.OLD_OBJECTIVES])
def test_an_objective_is_found_in_either_version(
    world: Cluster, kubernetes: StandInKubernetes, other: resources.Resource
) -> None:
    """Of a cluster that is moving to the new kind nothing is said to be missing."""
    both = (resources.OBJECTIVES, resources.OLD_OBJECTIVES)
    world.install(*both)
    for each in both:
        meta = {"name": "other" if each is other else "chat", "namespace": NAMESPACE}
        made = {"metadata": meta, "spec": {"priority": 10}}
        world.create(each, made, writer=Writer(manager="helm"))

    wanted = place(slo_class=SloClass(objective="chat", priority=10))
    found = of(looked(kubernetes, wanted), "SLO class")

    assert (found.verdict, found.live) == (Verdict.AS_INTENDED, "chat, priority 10")


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        pytest.param(kinds.DEPLOYMENT, "replicas", id="the-workload"),
        pytest.param(kinds.POD, "version", id="its-pods"),
        pytest.param(kinds.NODE, "GPU kind", id="nodes"),
        pytest.param(kinds.AUTOSCALER, "autoscaler", id="autoscalers"),
        pytest.param(kinds.POOL, "pool failure mode", id="pools"),
        pytest.param(kinds.OBJECTIVE, "SLO class", id="objectives"),
    ],
)
@pytest.mark.parametrize("away", [False, True], ids=["forbidden", "away"])
def test_what_may_not_be_seen_is_not_told(
    kubernetes: StandInKubernetes, kind: Kind, what: str, away: bool
) -> None:
    """No permission must never read as no drift, nor as drift."""
    blind = Blind(kubernetes, kind, Unavailable if away else Forbidden)
    looking = Looking(objects=blind, targets=LabelTargets(kubernetes))
    wanted = place(
        replicas=size(6),
        version="v0.7.0",
        gpus=Gpus(kind="L40S"),
        autoscaler=Range(least=1, most=2),
        pool_failure_mode="FailOpen",
        slo_class=SloClass(objective="chat", priority=1),
    )

    found = of(compare(wanted.workload, looking.at(wanted)), what)

    assert (found.verdict, found.because) == (Verdict.CANNOT_TELL, f"not {kind}")
    assert looking.away == ([f"not {kind}"] if away else [])


class Blind:
    """A cluster of which one kind is not to be seen."""

    def __init__(self, kubernetes: Kubernetes, kind: Kind, error: type[Exception]) -> None:
        self._kubernetes, self._kind, self._error = kubernetes, kind, error

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        """Return it; raises for the kind."""
        self._look(reference.kind)
        return self._kubernetes.thing(namespace, reference)

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        """Return them; raises for the kind."""
        self._look(kind.name)
        return self._kubernetes.things(namespace, kind, selector=selector)

    def _look(self, name: str) -> None:
        if name == self._kind.name:
            message = f"not {name}"
            raise self._error(message)


def test_a_pool_of_the_older_version_is_looked_for(
    world: Cluster, kubernetes: StandInKubernetes
) -> None:
    """Installs of 2025 have no other."""
    shapes.plain(world, "chat", model="org/m", old=True)
    wanted = place(model=Model(name="m", served=("org/m",)), pool_failure_mode="FailOpen")

    assert of(looked(kubernetes, wanted), "pool failure mode").live == "FailClose"


def test_a_pod_that_has_failed_runs_nothing(world: Cluster, kubernetes: StandInKubernetes) -> None:
    """Evicted pods stay for days, with the image of back then and the labels of today."""
    pods = world.select(resources.PODS, NAMESPACE, labels="llm-d.ai/role=decode")

    def older(thing: Object) -> Object:
        thing["spec"]["containers"][0]["image"] = "ghcr.io/llm-d/llm-d-cuda:v0.7.0"
        return thing

    def failed(thing: Object) -> Object:
        thing["status"]["phase"] = "Failed"
        return thing

    name, kubelet = pods[0]["metadata"]["name"], Writer(manager="kubelet", subresource="status")
    world.update(resources.PODS, NAMESPACE, name, older, writer=Writer(manager="kubectl-edit"))
    world.update(resources.PODS, NAMESPACE, name, failed, writer=kubelet)

    assert of(looked(kubernetes, place(version="v0.8.0")), "version").live == "v0.8.0"
