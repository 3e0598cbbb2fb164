"""A rollback is planned exactly, without a secret, written once, seen to settle, and undone."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.actions.plan import Done, Verb
from cluster.actions.registry import verbs
from cluster.actions.revisions import derives
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.ports import Kubernetes
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector, Target
from drills.kubernetes import resources
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Conflict, NotDone, Rejected, Unavailable
from tests.cluster.conftest import NOW, StandInKubernetes
from tests.cluster.graphs import made, refer, target
from tests.cluster.test_scale_kinds import put, uid

DECODE = "pd-disaggregation-nvidia-gpu-vllm-decode"
KEY = "run-7/rollback"
BAD = "vllm/vllm-openai:v0.bad"


def deployment(world: Cluster) -> Object:
    return world.get(resources.DEPLOYMENTS, "llm-d", DECODE)


def image(world: Cluster) -> str:
    found: str = deployment(world)["spec"]["template"]["spec"]["containers"][0]["image"]
    return found


def rolled_out(world: Cluster, new: str, env: Mapping[str, str] | None = None) -> None:
    """Roll out another image, with such an environment, until its pods are ready."""

    def other(thing: Object) -> Object:
        container = thing["spec"]["template"]["spec"]["containers"][0]
        container["image"] = new
        container["env"] = [{"name": name, "value": value} for name, value in (env or {}).items()]
        return thing

    world.update(resources.DEPLOYMENTS, "llm-d", DECODE, other, writer=Writer(manager="helm"))
    settle(world)


def settle(world: Cluster, ready: float | None = 0) -> None:
    controllers = Controllers(world, ready_after=lambda _: ready)
    for index in range(15):
        controllers.reconcile(NOW + timedelta(seconds=60 * index))


@pytest.fixture
def decode(kubernetes: Kubernetes) -> Target:
    return LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="llama-3-70b"))


@pytest.fixture
def verb(kubernetes: Kubernetes) -> Verb:
    return verbs(kubernetes)["rollback"]


def test_a_plan_names_the_revisions_and_what_it_changes(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """A number alone is nothing that a person can approve."""
    good = image(world)
    rolled_out(world, BAD)

    plan = verb.plan(decode, {})

    assert plan.before == (("revision", f"2 ({BAD})"),)
    assert plan.after == (("revision", f"1 ({good})"),)
    assert plan.inverse == (("action", "rollback"), ("revision", "2"))
    assert plan.kubectl == f"kubectl rollout undo deployment/{DECODE} -n llm-d --to-revision=1"
    assert f"image {BAD} → {good}" in plan.warnings[0]
    assert any("same version: take prefill back too" in each for each in plan.warnings)
    assert plan.write.fields == ()
    assert plan.write.copied[0].field == "/spec/template"
    assert image(world) == BAD


def test_a_rollback_is_written_once_settles_and_is_undone(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """The inverse of the inverse is the original, though revisions get new numbers."""
    good = deployment(world)["spec"]["template"]
    rolled_out(world, BAD)
    bad = deployment(world)["spec"]["template"]
    plan = verb.plan(decode, {})
    assert verb.already_done(plan, key=KEY) is Done.NO

    verb.apply(plan, key=KEY)

    assert deployment(world)["spec"]["template"] == good
    assert verb.already_done(plan, key=KEY) is Done.YES
    assert verb.already_done(plan, key="run-8/rollback") is Done.CANNOT_TELL
    settle(world)
    back = verb.plan(decode, {"revision": dict(plan.inverse)["revision"]})
    verb.apply(back, key="run-7/undo")
    settle(world)
    assert deployment(world)["spec"]["template"] == bad
    again = verb.plan(decode, {"revision": dict(back.inverse)["revision"]})
    verb.apply(again, key="run-7/again")
    assert deployment(world)["spec"]["template"] == good


def test_it_has_come_about_when_all_pods_are_of_the_new_template(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """Right after the write all old pods are ready: that is no success."""
    rolled_out(world, BAD)
    plan = verb.plan(decode, {})
    verb.apply(plan, key=KEY)

    before = verb.settled(plan)
    settle(world)
    after = verb.settled(plan)

    assert (before.ready, before.wanted, before.since) == (0, 4, None)
    assert before.said == "0 of 4 pods of the new template ready"
    assert (after.ready, after.reverted_by) == (4, None)
    assert after.since is not None


def test_whoever_rolls_forward_again_is_named(verb: Verb, decode: Target, world: Cluster) -> None:
    """A rollback that somebody undid is no success, however ready the pods are."""
    rolled_out(world, BAD)
    plan = verb.plan(decode, {})
    verb.apply(plan, key=KEY)

    rolled_out(world, BAD)

    assert verb.settled(plan).reverted_by == "helm"


def test_a_chosen_revision_is_taken(verb: Verb, decode: Target, world: Cluster) -> None:
    """The one before may be bad as well."""
    good = image(world)
    rolled_out(world, BAD)
    rolled_out(world, "worse:1")

    assert verb.plan(decode, {}).after == (("revision", f"2 ({BAD})"),)
    assert verb.plan(decode, {"revision": 1}).after == (("revision", f"1 ({good})"),)


@pytest.mark.parametrize(
    ("asked", "because"),
    [
        pytest.param({"revision": 2}, "nothing to change: it is at revision 2", id="current"),
        pytest.param({"revision": 9}, "no revision 9 to go to; kept are 1", id="unknown"),
        pytest.param({"revision": "-1"}, "must be a number", id="negative"),
        pytest.param({"revision": True}, "must be a number", id="boolean"),
        pytest.param({"to": 1}, "unknown parameter 'to'", id="parameter"),
    ],
)
def test_what_cannot_be_done_is_refused(
    verb: Verb, decode: Target, world: Cluster, asked: Mapping[str, object], because: str
) -> None:
    """A person is told before anybody is asked to approve."""
    rolled_out(world, BAD)

    with pytest.raises(Rejected, match=because):
        verb.plan(decode, asked)


def test_the_first_revision_has_none_before(verb: Verb, decode: Target) -> None:
    """There is nothing to go back to."""
    with pytest.raises(Rejected, match="no other revision is kept"):
        verb.plan(decode, {})


def test_a_paused_deployment_is_resumed_first(verb: Verb, decode: Target, world: Cluster) -> None:
    """Otherwise nothing would be rolled back, as kubectl says too."""
    rolled_out(world, BAD)
    change(world, ("spec", "paused"), True)

    with pytest.raises(Rejected, match="resume it first"):
        verb.plan(decode, {})


def test_a_template_that_was_never_rolled_out_is_told(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """It would be lost: no revision keeps it, so there is no undo."""
    change(world, ("spec", "template", "spec", "dnsPolicy"), "Default")

    plan = verb.plan(decode, {})

    assert not plan.reversible
    assert plan.inverse == ()
    assert plan.before[0][1].startswith("never rolled out (")
    assert any("cannot be undone" in each for each in plan.warnings)


def test_a_revision_that_became_another_is_not_written(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """Nobody approved what stands there now."""
    rolled_out(world, BAD)
    plan = verb.plan(decode, {})

    def other(thing: Object) -> Object:
        thing["spec"]["template"]["spec"]["containers"][0]["image"] = "evil:1"
        return thing

    name = plan.write.copied[0].name
    world.update(resources.REPLICASETS, "llm-d", name, other, writer=Writer(manager="eve"))

    with pytest.raises(Rejected, match="not what it was when it was planned"):
        verb.apply(plan, key=KEY)
    assert image(world) == BAD


class Cut(StandInKubernetes):
    """A cluster whose objects cannot be read any more."""

    def thing(self, namespace, reference):
        message = "the API server is away"
        raise Unavailable(message)


def test_a_revision_that_cannot_be_read_changed_nothing_for_certain(
    verb: Verb, decode: Target, world: Cluster
) -> None:
    """That is no doubt about a write: none was sent."""
    rolled_out(world, BAD)
    plan = verb.plan(decode, {})

    with pytest.raises(NotDone):
        verbs(Cut(world))["rollback"].apply(plan, key=KEY)


def test_a_newer_rollout_voids_the_plan(verb: Verb, decode: Target, world: Cluster) -> None:
    """What was approved was a way back from another template."""
    rolled_out(world, BAD)
    plan = verb.plan(decode, {})
    rolled_out(world, "newer:1")

    with pytest.raises(Conflict):
        verb.apply(plan, key=KEY)
    assert verb.plan(decode, {}).digest != plan.digest


SECRETS = st.text("abcdefghijklmnop", min_size=8, max_size=20).map(lambda x: f"hunter2-{x}")
NAMES = st.sampled_from(["HF_TOKEN", "FOO", "AWS_SECRET_ACCESS_KEY", "URL", "PORT"])


@given(old=st.dictionaries(NAMES, SECRETS), new=st.dictionaries(NAMES, SECRETS))
def test_no_plan_contains_a_secret(old: dict[str, str], new: dict[str, str]) -> None:
    """Plans stand in the journal, on cards and on pages for ever."""
    world = Cluster(now=lambda: NOW)
    world.create(resources.NAMESPACES, {"metadata": {"name": "llm-d"}}, writer=Writer(manager="x"))
    put(world, kinds.DEPLOYMENT, "x", spec("new:1", new))
    history(world, old, new)

    plan = verbs(StandInKubernetes(world))["rollback"].plan(at(world, kinds.DEPLOYMENT), {})

    assert plan.after == (("revision", "1 (old:1)"),)
    assert "hunter2" not in repr(asdict(plan))


def change(world: Cluster, path: tuple[str, ...], new: object) -> None:
    def changed(thing: Object) -> Object:
        inner = thing
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = new
        return thing

    world.update(resources.DEPLOYMENTS, "llm-d", DECODE, changed, writer=Writer(manager="x"))


LABELS = {"app": "x"}


def workload(world: Cluster, kind: Kind, image: str = "new:1", **parts: object) -> None:
    """Store a workload of four replicas with one container."""
    put(world, kind, "x", spec(image), **parts)


def spec(image: str, env: Mapping[str, str] | None = None, **labels: str) -> dict[str, object]:
    return {
        "replicas": 4,
        "selector": {"matchLabels": LABELS},
        "template": template(image, env, **labels),
    }


def template(image: str, env: Mapping[str, str] | None = None, **labels: str) -> dict[str, object]:
    container: dict[str, object] = {"name": "vllm", "image": image}
    if env:
        container["env"] = [{"name": name, "value": value} for name, value in env.items()]
    return {
        "metadata": {"labels": {**LABELS, **labels}},
        "spec": {"containers": [container]},
    }


def kept(world: Cluster, kind: Kind, number: int, image: str) -> None:
    """Store what keeps one revision of a Rollout or a StatefulSet."""
    name = f"x-{number}"
    if kind is kinds.ROLLOUT:
        body = made(
            kinds.REPLICA_SET,
            name,
            spec(image, **{"rollouts-pod-template-hash": name}),
            above=refer(kind, "x"),
            notes={"rollout.argoproj.io/revision": str(number)},
        )
    else:
        body = made(kinds.CONTROLLER_REVISION, name, {}, above=refer(kind, "x"))
        body |= {
            "revision": number,
            "data": {"spec": {"template": {**template(image), "$patch": "replace"}}},
        }
    body["metadata"]["ownerReferences"][0]["uid"] = uid(world, kind)
    held = kinds.REPLICA_SET if kind is kinds.ROLLOUT else kinds.CONTROLLER_REVISION
    resource = resources.Resource(
        group=held.group, version=held.version, plural=held.plural, kind=held.name
    )
    known = {(each.group, each.kind): each for each in resources.ALL}
    world.install(resource)
    world.create(
        known.get((held.group, held.name), resource), body, writer=Writer(manager="controller")
    )


def at(world: Cluster, kind: Kind) -> Target:
    return replace(target(kind, "x"), uid=uid(world, kind))


@pytest.mark.parametrize(
    ("kind", "kubectl"),
    [
        pytest.param(kinds.ROLLOUT, "kubectl argo rollouts undo x -n llm-d --to-revision=1"),
        pytest.param(
            kinds.STATEFUL_SET, "kubectl rollout undo statefulset/x -n llm-d --to-revision=1"
        ),
    ],
    ids=["Rollout", "StatefulSet"],
)
def test_other_kinds_keep_their_history_elsewhere(
    world: Cluster, kubernetes: Kubernetes, kind: Kind, kubectl: str
) -> None:
    """What is the keeper's own in a template is not written."""
    workload(world, kind)
    kept(world, kind, 1, "old:1")
    kept(world, kind, 2, "new:1")
    verb = verbs(kubernetes)["rollback"]

    plan = verb.plan(at(world, kind), {})
    verb.apply(plan, key=KEY)

    resource = {kinds.ROLLOUT: resources.ROLLOUTS, kinds.STATEFUL_SET: resources.STATEFULSETS}
    after = world.get(resource[kind], "llm-d", "x")
    assert derives(template("old:1"), after["spec"]["template"])
    assert not set(after["spec"]["template"]) - {"metadata", "spec"}
    assert after["spec"]["template"]["metadata"]["labels"] == LABELS
    assert (plan.before, plan.after) == (
        (("revision", "2 (new:1)"),),
        (("revision", "1 (old:1)"),),
    )
    assert plan.kubectl == kubectl
    assert verb.already_done(plan, key=KEY) is Done.YES


def test_a_rollout_that_refers_to_a_deployment_has_its_template_there(
    world: Cluster, kubernetes: Kubernetes
) -> None:
    """The Rollout itself has none."""
    put(world, kinds.DEPLOYMENT, "y", spec("new:1") | {"replicas": 0})
    referred = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "y"}
    put(world, kinds.ROLLOUT, "x", {"replicas": 4, "workloadRef": referred})
    kept(world, kinds.ROLLOUT, 1, "old:1")
    verb = verbs(kubernetes)["rollback"]
    # What a Deployment's template has by default stands in the revision too.
    filled = world.get(resources.DEPLOYMENTS, "llm-d", "y")["spec"]["template"]

    plan = verb.plan(at(world, kinds.ROLLOUT), {"revision": 1})
    verb.apply(plan, key=KEY)

    after = world.get(resources.DEPLOYMENTS, "llm-d", "y")["spec"]["template"]
    assert (plan.write.kind, plan.write.name) == ("Deployment", "y")
    assert after["spec"]["containers"] == template("old:1")["spec"]["containers"]
    assert filled["spec"]["containers"] != after["spec"]["containers"]


OWNED = [
    pytest.param(
        {"above": refer(kinds.INFERENCE_SERVICE, "svc")},
        "LLMInferenceService svc always writes .* take spec.model.* Pull request",
        id="KServe",
    ),
    pytest.param(
        {"notes": {"argocd.argoproj.io/tracking-id": "app:apps/Deployment:llm-d/x"}},
        "Argo CD Application app.*Pull request: in the manifest that Argo CD Application app"
        r".*Deployment llm-d/x, spec.template: 2 \(new:1\) → 1 \(old:1\)",
        id="Argo CD",
    ),
    pytest.param(
        {"labels": {"kustomize.toolkit.fluxcd.io/name": "k"}},
        "Flux Kustomization k.*Pull request",
        id="Flux",
    ),
    pytest.param({"above": {"apiVersion": "x/v1", "kind": "Odd", "name": "o"}}, "Odd o", id="odd"),
]


@pytest.mark.parametrize(("parts", "because"), OWNED)
def test_who_would_roll_forward_again_bars_it(
    world: Cluster, kubernetes: Kubernetes, parts: Mapping[str, object], because: str
) -> None:
    """A person is told where to change it instead, with the text to paste."""
    put(world, kinds.DEPLOYMENT, "x", spec("new:1"))
    history(world)
    change_owner(world, parts)

    with pytest.raises(Rejected, match=because):
        verbs(kubernetes)["rollback"].plan(at(world, kinds.DEPLOYMENT), {})


def change_owner(world: Cluster, parts: Mapping[str, object]) -> None:
    def changed(thing: Object) -> Object:
        above = parts.get("above")
        thing["metadata"]["ownerReferences"] = [{**above, "controller": True}] if above else []
        thing["metadata"]["annotations"] = dict(parts.get("notes", {}))
        thing["metadata"]["labels"] = dict(parts.get("labels", {}))
        return thing

    world.update(resources.DEPLOYMENTS, "llm-d", "x", changed, writer=Writer(manager="x"))


def history(
    world: Cluster, old: Mapping[str, str] | None = None, new: Mapping[str, str] | None = None
) -> None:
    """Store two revisions of Deployment x, with these environments."""
    for number, name, env in ((1, "old:1", old), (2, "new:1", new)):
        body = made(
            kinds.REPLICA_SET,
            f"x-{number}",
            spec(name, env, **{"pod-template-hash": str(number)}),
            above=refer(kinds.DEPLOYMENT, "x"),
            notes={"deployment.kubernetes.io/revision": str(number)},
        )
        body["metadata"]["ownerReferences"][0]["uid"] = uid(world, kinds.DEPLOYMENT)
        world.create(resources.REPLICASETS, body, writer=Writer(manager="controller"))


def test_a_set_of_roles_is_taken_back_as_a_whole(world: Cluster, kubernetes: Kubernetes) -> None:
    """A template of one role rolls the others too."""
    put(world, kinds.DISAGGREGATED, "x", {"roles": []})

    with pytest.raises(Rejected, match="which rolls all roles"):
        verbs(kubernetes)["rollback"].plan(at(world, kinds.DISAGGREGATED), {})


def test_a_route_with_two_pools_is_the_shorter_way(
    world: Cluster, verb: Verb, decode: Target
) -> None:
    """Shifting weights restarts nothing, and is what llm-d documents."""
    rolled_out(world, BAD)
    labels = deployment(world)["spec"]["template"]["metadata"]["labels"]
    put(world, kinds.POOL, "blue", {"selector": {"matchLabels": dict(labels)}})
    backends = [{"kind": "InferencePool", "name": name} for name in ("blue", "green")]
    put(world, kinds.ROUTE, "r", {"rules": [{"backendRefs": backends}]})

    plan = verb.plan(decode, {})

    assert any("HTTPRoute r leads to two pools (blue 1, green 1)" in x for x in plan.warnings)
    assert plan.reversible
