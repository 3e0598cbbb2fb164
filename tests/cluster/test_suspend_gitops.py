"""What brings a target back to what Git says is stopped where it stays stopped, and let go on."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.targets.target import Target
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.conftest import NOW, StandInKubernetes
from tests.cluster.graphs import made, target
from tests.cluster.test_scale_kinds import FOUR, live, put, resource

KEY = "run-7/suspend"
NAME = "suspend_gitops"
KUSTOMIZED = {
    "kustomize.toolkit.fluxcd.io/name": "apps",
    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
}
RELEASED = {"helm.toolkit.fluxcd.io/name": "apps"}
TRACKED = {"argocd.argoproj.io/instance": "apps"}
SKIP = "argocd.argoproj.io/skip-reconcile"


def place(world: Cluster, kind: Kind, home: str, **parts: object) -> None:
    """Store what reconciles, in the namespace where it stands."""
    if home != "llm-d":
        world.create(resources.NAMESPACES, {"metadata": {"name": home}}, writer=Writer(manager="x"))
    world.install(resource(kind))
    body = made(kind, "apps", namespace=home, **parts)
    world.create(resource(kind), body, writer=Writer(manager="flux"))


def lists(world: Cluster, kind: Kind, home: str, status: Object) -> None:
    def told(thing: Object) -> Object:
        return thing | {"status": status}

    writer = Writer(manager="controller", subresource="status")
    world.update(resource(kind), home, "apps", told, writer=writer)


def deploy(world: Cluster, labels: Mapping[str, str], **parts: object) -> Target:
    put(world, kinds.DEPLOYMENT, "x", FOUR, labels=labels, **parts)
    uid = live(world, kinds.DEPLOYMENT)["metadata"]["uid"]
    return replace(target(kinds.DEPLOYMENT, "x"), uid=uid)


def plan(kubernetes: StandInKubernetes, at: Target, suspend: str = "yes") -> Plan:
    return verbs(kubernetes)[NAME].plan(at, {"suspend": suspend})


def undo(kubernetes: StandInKubernetes, at: Target, done: Plan) -> Plan:
    back = dict(done.inverse)
    again = verbs(kubernetes)[back.pop("action")]
    planned = again.plan(at, back)
    again.apply(planned, key="run-7/undo")
    return planned


@pytest.mark.parametrize(
    ("kind", "labels", "home"),
    [
        pytest.param(kinds.KUSTOMIZATION, KUSTOMIZED, "flux-system", id="Kustomization"),
        pytest.param(kinds.HELM_RELEASE, RELEASED, "llm-d", id="HelmRelease"),
    ],
)
def test_flux_is_suspended_and_resumed(
    world: Cluster,
    kubernetes: StandInKubernetes,
    kind: Kind,
    labels: Mapping[str, str],
    home: str,
) -> None:
    """`flux suspend` does the same; what was there before comes back exactly."""
    place(world, kind, home, spec={"interval": "1m"})
    at, verb = deploy(world, labels), verbs(kubernetes)[NAME]

    done = plan(kubernetes, at)
    assert verb.already_done(done, key=KEY) is Done.NO
    verb.apply(done, key=KEY)

    assert world.get(resource(kind), home, "apps")["spec"]["suspend"] is True
    assert (done.before, done.after) == ((("suspended", "no"),), (("suspended", "yes"),))
    assert done.owner_path == (f"{kind.name} apps",)
    assert done.leaves is not None
    assert done.leaves.what.endswith("/apps: suspended no → yes")
    assert verb.already_done(done, key=KEY) is Done.YES
    assert verb.settled(done).since == NOW
    with pytest.raises(Rejected, match=f"nothing to change: that {kind.name} apps is suspended"):
        plan(kubernetes, at)
    back = undo(kubernetes, at, done)
    assert world.get(resource(kind), home, "apps")["spec"] == {"interval": "1m"}
    assert back.leaves is None
    assert back.warnings == (
        f"{kind.name} apps sets everything that it applies back to what Git says",
    )


def test_argo_cd_skips_the_application(world: Cluster, kubernetes: StandInKubernetes) -> None:
    """Its `syncPolicy` stays as it is: what an app of apps keeps would come back by itself."""
    spec = {"syncPolicy": {"automated": {"selfHeal": True}}}
    place(world, kinds.APPLICATION, "argocd", spec=spec)
    lists(world, kinds.APPLICATION, "argocd", {"resources": [{"kind": "Deployment"}] * 12})
    at, verb = deploy(world, TRACKED), verbs(kubernetes)[NAME]

    done = plan(kubernetes, at)
    verb.apply(done, key=KEY)

    application = world.get(resource(kinds.APPLICATION), "argocd", "apps")
    assert application["metadata"]["annotations"][SKIP] == "true"
    assert application["spec"] == spec
    assert done.warnings[0] == (
        "all 12 objects that Application apps applies stop following Git, not the target alone"
    )
    assert verb.settled(done).said == "it stands as it was written"
    undo(kubernetes, at, done)
    application = world.get(resource(kinds.APPLICATION), "argocd", "apps")
    assert SKIP not in application["metadata"]["annotations"]


def test_what_was_suspended_lets_the_target_be_changed(
    world: Cluster, kubernetes: StandInKubernetes
) -> None:
    """That is what it is for: a plan that was refused before is made afterwards."""
    place(world, kinds.KUSTOMIZATION, "flux-system", spec={"interval": "1m"})
    at = deploy(world, KUSTOMIZED)
    six = {"replicas": 6, "at_most": 8}
    scale = verbs(kubernetes)["scale"]
    with pytest.raises(Rejected, match="in Git through Flux Kustomization apps"):
        scale.plan(at, six)

    verbs(kubernetes)[NAME].apply(plan(kubernetes, at), key=KEY)

    assert "Flux Kustomization apps sets it back when it is resumed" in scale.plan(at, six).warnings


def test_who_let_it_go_on_is_named(world: Cluster, kubernetes: StandInKubernetes) -> None:
    """A colleague who resumes it undoes what it was suspended for."""
    place(world, kinds.KUSTOMIZATION, "flux-system", spec={"suspend": False})
    at, verb = deploy(world, KUSTOMIZED), verbs(kubernetes)[NAME]
    done = plan(kubernetes, at)
    verb.apply(done, key=KEY)

    def resumed(thing: Object) -> Object:
        return thing | {"spec": {"suspend": False}}

    kind = resource(kinds.KUSTOMIZATION)
    world.update(kind, "flux-system", "apps", resumed, writer=Writer(manager="flux-cli"))

    assert verb.settled(done).reverted_by == "flux-cli"


def test_a_parent_that_keeps_it_going_is_where_it_is_changed(
    world: Cluster, kubernetes: StandInKubernetes
) -> None:
    """Where Git says `suspend: false` the parent writes that back."""
    up = {"kustomize.toolkit.fluxcd.io/name": "parent"}
    place(world, kinds.KUSTOMIZATION, "flux-system", spec={"suspend": False}, labels=up)
    at = deploy(world, KUSTOMIZED)

    with pytest.raises(Rejected, match="in Git through Flux Kustomization parent"):
        plan(kubernetes, at)


@pytest.mark.parametrize(
    ("labels", "suspend", "because"),
    [
        pytest.param({}, "yes", "neither Argo CD nor Flux is seen", id="nobody"),
        pytest.param(TRACKED, "maybe", "suspend is yes or no", id="misspelt"),
        pytest.param(TRACKED, "no", "nothing to change: that Application apps", id="goes-on"),
        pytest.param(
            TRACKED | KUSTOMIZED, "yes", "Application apps and Kustomization apps both", id="both"
        ),
        pytest.param(
            {"argocd.argoproj.io/instance": "gone"},
            "yes",
            "Argo CD Application gone reconciles it and cannot be read: there is no",
            id="gone-application",
        ),
        pytest.param(
            {"kustomize.toolkit.fluxcd.io/name": "gone"},
            "yes",
            "Flux Kustomization gone reconciles it and cannot be read: it is not there",
            id="gone-kustomization",
        ),
    ],
)
def test_what_cannot_be_suspended_is_refused(
    world: Cluster,
    kubernetes: StandInKubernetes,
    labels: Mapping[str, str],
    suspend: str,
    because: str,
) -> None:
    """A guess would stop somebody else's deliveries."""
    place(world, kinds.APPLICATION, "argocd")
    place(world, kinds.KUSTOMIZATION, "flux-system")
    at = deploy(world, labels)

    with pytest.raises(Rejected, match=because):
        plan(kubernetes, at, suspend)


def test_another_object_of_the_same_name_is_not_the_target(
    world: Cluster, kubernetes: StandInKubernetes
) -> None:
    """It was made anew, perhaps by another team's chart."""
    at = deploy(world, TRACKED)

    with pytest.raises(Rejected, match="it is gone, or was made anew"):
        plan(kubernetes, replace(at, uid="another"))
