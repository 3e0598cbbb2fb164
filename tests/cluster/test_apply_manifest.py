"""A declared manifest is applied where nobody else owns what it would change, and never forced."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest

from cluster.actions import field
from cluster.actions.apply_manifest import ACTION
from cluster.actions.manifests import Folder, NoManifests
from cluster.actions.plan import Done, Plan, Verb
from cluster.actions.registry import verbs
from cluster.actions.signature import Signature
from cluster.clients import kinds
from cluster.clients.reads import ReadOnly
from cluster.guardrails import effect
from cluster.guardrails.effect import Effect
from cluster.guardrails.scene import Scene, World
from cluster.owners.sight import Hidden
from cluster.targets.target import Target
from drills.kubernetes import applies, resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.resources import Resource
from drills.kubernetes.state import Cluster
from incidents.errors import Conflict, Rejected
from tests.cluster.conftest import NAMESPACE, NOW, StandInKubernetes
from tests.cluster.graphs import target
from tests.cluster.guardrails.scenes import Told
from tests.cluster.recording import Recording
from tests.cluster.test_rights import EXACTLY, GIT, HELM, HELM_HERE, KUSTOMIZED_HERE, differs, of
from tests.cluster.test_rights_of_templates import KINDS, stand
from tests.cluster.test_scale_kinds import live, put, resource, uid

KEY = "run-7/manifest"
LABELS = {"a": "b"}
OPERATOR = Writer(manager="kubectl")


@pytest.fixture
def empty() -> Cluster:
    world = Cluster(now=lambda: NOW)
    world.create(resources.NAMESPACES, {"metadata": {"name": NAMESPACE}}, writer=OPERATOR)
    return world


def spec(image: str, *, node: str = "", token: str = "") -> dict[str, object]:
    env = {"env": [{"name": "HF_TOKEN", "value": token}]} if token else {}
    pod = {"containers": [{"name": "vllm", "image": image, **env}]}
    pod |= {"nodeSelector": {"gpu": node}} if node else {}
    template = {"metadata": {"labels": LABELS}, "spec": pod}
    return {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def declare(folder: Path, spec: Mapping[str, object], name: str = "good", **meta: object) -> None:
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x", "namespace": NAMESPACE, **meta},
        "spec": dict(spec),
    }
    (folder / f"{name}.yaml").write_text(json.dumps(body))


def deployed(world: Cluster, body: Mapping[str, object]) -> None:
    put(world, kinds.DEPLOYMENT, "x", body)


def at(world: Cluster) -> Target:
    return replace(target(kinds.DEPLOYMENT, "x"), uid=uid(world, kinds.DEPLOYMENT))


def verb(world: Cluster, folder: Path) -> Verb:
    return verbs(StandInKubernetes(world), manifests=Folder(folder))["apply_manifest"]


def plan(world: Cluster, folder: Path, name: str = "good") -> Plan:
    return verb(world, folder).plan(at(world), {"manifest": name})


def test_what_nobody_owns_is_set_and_the_rest_stays(empty: Cluster, folder: Path) -> None:
    """The plan says what it changes, without a word that might be a secret."""
    deployed(empty, spec("vllm:1"))
    declare(folder, spec("vllm:1", node="h100", token="hunter2"))

    made = plan(empty, folder)
    verb(empty, folder).apply(made, key=KEY)

    pod = live(empty, kinds.DEPLOYMENT)["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"gpu": "h100"}
    assert "environment HF_TOKEN added" in made.warnings[0]
    assert "spec.template.spec.nodeSelector" in made.warnings[1]
    assert "hunter2" not in repr(asdict(made))
    assert (made.reversible, made.before[0][1].startswith("2 fields differ")) == (False, True)
    assert verb(empty, folder).already_done(made, key=KEY) is Done.YES
    assert verb(empty, folder).already_done(made, key="run-8/x") is Done.CANNOT_TELL
    with pytest.raises(Rejected, match="nothing to change: what good says"):
        plan(empty, folder)


def test_what_somebody_else_owns_is_refused_with_who_and_what(empty: Cluster, folder: Path) -> None:
    """Taking it over by force would be undone by them, or undo them."""
    deployed(empty, spec("vllm:2"))
    declare(folder, spec("vllm:1"))

    with pytest.raises(Rejected, match=r'conflict with "somebody".*containers\[name="vllm"\]\.im'):
        plan(empty, folder)


def test_what_was_applied_before_may_be_changed_again(empty: Cluster, folder: Path) -> None:
    """Its owner is triaged, whichever run it was; what is no longer declared goes."""
    deployed(empty, spec("vllm:1"))
    declare(folder, spec("vllm:1", node="h100"))
    verb(empty, folder).apply(plan(empty, folder), key=KEY)
    declare(folder, spec("vllm:1"))

    verb(empty, folder).apply(plan(empty, folder), key="run-8/manifest")

    pod = live(empty, kinds.DEPLOYMENT)["spec"]["template"]["spec"]
    assert not pod.get("nodeSelector")


def test_an_approval_is_bound_to_the_file_and_to_what_is_there(
    empty: Cluster, folder: Path
) -> None:
    """Another text under that name was approved by nobody."""
    deployed(empty, spec("vllm:1"))
    declare(folder, spec("vllm:1", node="h100"))
    made = plan(empty, folder)
    declare(folder, spec("vllm:1", node="h200"))

    with pytest.raises(Rejected, match="another one since it was planned"):
        verb(empty, folder).apply(made, key=KEY)

    assert plan(empty, folder).digest != made.digest


def test_a_change_meanwhile_is_a_conflict(empty: Cluster, folder: Path) -> None:
    """What was approved was a change of another state."""
    deployed(empty, spec("vllm:1"))
    declare(folder, spec("vllm:1", node="h100"))
    made = plan(empty, folder)
    change(empty, spec("vllm:1") | {"minReadySeconds": 3})

    with pytest.raises(Conflict):
        verb(empty, folder).apply(made, key=KEY)


def change(world: Cluster, body: Mapping[str, object], manager: str = "helm") -> None:
    def changed(thing: Object) -> Object:
        return {**thing, "spec": dict(body)}

    writer = Writer(manager=manager)
    world.update(resources.DEPLOYMENTS, NAMESPACE, "x", changed, writer=writer)


def test_whoever_changes_it_back_is_named(empty: Cluster, folder: Path) -> None:
    """It stands as long as applying it again would change nothing."""
    deployed(empty, spec("vllm:1"))
    declare(folder, spec("vllm:1", node="h100"))
    made = plan(empty, folder)
    verb(empty, folder).apply(made, key=KEY)
    before = verb(empty, folder).settled(made)

    with empty.at(NOW + timedelta(minutes=1)):
        change(empty, spec("vllm:1", node="l4"))

    assert before.reverted_by is None
    assert verb(empty, folder).settled(made).reverted_by == "helm"


@pytest.mark.parametrize(
    ("text", "because"),
    [
        pytest.param("a: [", "no YAML", id="no YAML"),
        pytest.param("- a", "not one object", id="a list"),
        pytest.param("kind: Deployment", "apiVersion, kind, metadata, spec", id="half"),
        pytest.param(
            '{"apiVersion": "v1", "kind": "x", "metadata": {}, "spec": {}, "status": {}}',
            "and nothing else",
            id="a status",
        ),
        pytest.param(
            '{"apiVersion": "v1", "kind": "x", "metadata": {"finalizers": []}, "spec": {}}',
            "finalizers is not declared by people",
            id="finalizers",
        ),
        pytest.param(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: y}, spec: {}}",
            "is of apps/v1 Deployment llm-d y, not of Deployment llm-d/x",
            id="another object",
        ),
    ],
)
def test_what_is_no_manifest_of_the_target_is_refused(
    empty: Cluster, folder: Path, text: str, because: str
) -> None:
    """With the file, before the API server is asked."""
    deployed(empty, spec("vllm:1"))
    (folder / "good.yaml").write_text(text)

    with pytest.raises(Rejected, match=because):
        plan(empty, folder)


@pytest.mark.parametrize("name", ["../good", "/etc/passwd", "Good", "", "a/b", "a.b"])
def test_a_name_never_leads_out_of_the_folder(folder: Path, name: str) -> None:
    """Runbooks are written by people, and parameters are edited at night."""
    with pytest.raises(Rejected, match="a name has small letters"):
        Folder(folder).read(name)


def test_without_a_folder_it_says_so(empty: Cluster, folder: Path) -> None:
    """And a file that is not there is named."""
    with pytest.raises(Rejected, match=r"missing\.yaml: No such file"):
        Folder(folder).read("missing")
    with pytest.raises(Rejected, match="no folder of manifests is configured"):
        NoManifests().read("good")
    deployed(empty, spec("vllm:1"))
    with pytest.raises(Rejected, match="no folder of manifests"):
        verbs(StandInKubernetes(empty))["apply_manifest"].plan(at(empty), {"manifest": "good"})


def made_by(recording: Recording, folder: Path) -> Verb:
    assert ACTION.declared is not None
    return ACTION.declared(recording, Folder(folder))  # type: ignore[arg-type]  # any call


def test_it_uses_exactly_the_rights_that_it_says(folder: Path) -> None:
    """The writer's Role is made of them."""
    used = set()
    labelled = [(KINDS[0], each) for each in (GIT, HELM, HELM_HERE, KUSTOMIZED_HERE)]
    alone = Cluster(now=lambda: NOW)
    alone.create(resources.NAMESPACES, {"metadata": {"name": NAMESPACE}}, writer=OPERATOR)
    put(alone, kinds.INFERENCE_SERVICE, "x", {})
    declare(folder, {})
    recording = Recording(StandInKubernetes(alone), home=NAMESPACE)
    with pytest.raises(Rejected, match="has made no workload"):
        made_by(recording, folder).plan(of(alone, kinds.INFERENCE_SERVICE), {"manifest": "good"})
    used |= recording.used
    for kind, labels in [*((kind, {}) for kind in KINDS), *labelled]:
        world = Cluster(now=lambda: NOW)
        world.create(resources.NAMESPACES, {"metadata": {"name": NAMESPACE}}, writer=OPERATOR)
        meant = stand(world, kind, labels=labels)
        body = {name: live(world, kind)[name] for name in ("apiVersion", "kind", "spec")}
        meta = {"name": "x", "namespace": NAMESPACE, "annotations": {"team": "serving"}}
        (folder / "good.yaml").write_text(json.dumps({**body, "metadata": meta}))
        recording = Recording(StandInKubernetes(world), home=NAMESPACE)
        acting = made_by(recording, folder)
        try:
            made = acting.plan(meant, {"manifest": "good"})
            acting.apply(made, key=KEY)
            acting.already_done(made, key=KEY)
            acting.settled(made)
        except Rejected:
            assert labels
        used |= recording.used

    assert differs(used, ACTION.rights) == EXACTLY


def effect_of(world: Cluster, made: Plan) -> Effect | Hidden:
    seen = World(objects=ReadOnly(StandInKubernetes(world)), signals=Told(), at=NOW)
    return effect.of(Scene(made, seen))


@pytest.mark.parametrize(
    ("applied", "becomes", "rolls"),
    [
        pytest.param({"replicas": 0}, 0, False, id="to-zero"),
        pytest.param(spec("vllm:1", node="h100"), 2, True, id="other-pods"),
        pytest.param(spec("vllm:1", node="h100") | {"replicas": 3}, 3, True, id="both-at-once"),
        pytest.param({"replicas": 2, "minReadySeconds": 5}, 2, False, id="neither"),
    ],
)
def test_guards_see_what_a_manifest_does_to_pods(
    empty: Cluster,
    folder: Path,
    applied: Mapping[str, object],
    becomes: int,
    rolls: bool,  # what is expected
) -> None:
    """The plan holds none of its words, and a size of 0 or another image is judged all the same."""
    deployed(empty, {**spec("vllm:1"), "replicas": 1})
    empty.update(
        resources.DEPLOYMENTS,
        NAMESPACE,
        "x",
        lambda thing: {**thing, "spec": {**thing["spec"], "replicas": 2}},
        writer=Writer(manager="triaged", applied=applies.fields({"spec": {"replicas": 2}})),
    )
    declare(folder, applied)

    found = effect_of(empty, plan(empty, folder))

    assert isinstance(found, Effect), found
    assert (found.was, found.becomes, found.rolls) == (2, becomes, rolls)


def test_a_service_whose_other_role_changes_too_cannot_be_told(
    empty: Cluster, folder: Path
) -> None:
    """Guards look at one role, and silence about the other would be a yes."""
    at_work = stand(empty, kinds.INFERENCE_SERVICE)
    body = {name: live(empty, kinds.INFERENCE_SERVICE)[name] for name in ("apiVersion", "kind")}
    meta = {"name": "x", "namespace": NAMESPACE}
    (folder / "good.yaml").write_text(
        json.dumps({**body, "metadata": meta, "spec": {"prefill": {"replicas": 1}}})
    )

    found = effect_of(empty, verb(empty, folder).plan(at_work, {"manifest": "good"}))

    assert found == Hidden(because="the plan does not hold what it writes")


def test_an_applied_manifest_settles_on_groups_of_pods(empty: Cluster, folder: Path) -> None:
    """They tell no generation, so that the moment of our own write is what counts."""
    pods = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c"}]}}
    body = {"replicas": 1, "leaderWorkerTemplate": {"size": 1, "workerTemplate": pods}}
    put(empty, kinds.GROUPS, "x", body)
    new = {"leaderWorkerTemplate": {"workerTemplate": {"spec": {"nodeSelector": {"gpu": "h100"}}}}}
    meta = {"name": "x", "namespace": NAMESPACE}
    said = {"apiVersion": kinds.GROUPS.api_version, "kind": kinds.GROUPS.name, "metadata": meta}
    (folder / "good.yaml").write_text(json.dumps({**said, "spec": new}))
    acting = verb(empty, folder)
    made = acting.plan(of(empty, kinds.GROUPS), {"manifest": "good"})
    acting.apply(made, key=KEY)

    later = f"{NOW + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": later}
    name = {"name": "x-0", "namespace": NAMESPACE}
    of_group = {"leaderworkerset.sigs.k8s.io/name": "x"}
    status(
        empty,
        resource(kinds.GROUPS),
        "x",
        {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1},
    )
    group = {"metadata": {**name, "labels": of_group}, "spec": pods["spec"]}
    empty.create(resources.PODS, group, writer=OPERATOR)
    running = {"phase": "Running", "conditions": [ready]}
    status(empty, resources.PODS, "x-0", running)

    assert acting.settled(made).since == NOW + timedelta(minutes=1)


def status(world: Cluster, kind: Resource, name: str, told: Mapping[str, object]) -> None:
    world.update(
        kind,
        NAMESPACE,
        name,
        lambda thing: {**thing, "status": dict(told)},
        writer=Writer(manager="controller", subresource="status"),
    )


def test_the_object_says_for_what_and_by_whose_word_it_was_applied(
    empty: Cluster, folder: Path
) -> None:
    """Under names of its own: those of our other writes are owned by them, and would conflict."""
    others = {"triaged.dev/incident": "3", "triaged.dev/approved-by": "bob"}
    put(empty, kinds.DEPLOYMENT, "x", spec("vllm:1"), notes=others)
    declare(folder, spec("vllm:1", node="h100"))
    made = plan(empty, folder)
    signed = replace(made, signed=Signature(incident=12, approved_by="anna"))

    verb(empty, folder).apply(signed, key=KEY)

    found = live(empty, kinds.DEPLOYMENT)["metadata"]["annotations"]
    assert found == others | {
        "triaged.dev/applied": KEY,
        "triaged.dev/applied-incident": "12",
        "triaged.dev/applied-approved-by": "anna",
    }


@pytest.mark.parametrize(
    ("name", "ours"),
    [("triaged", True), ("triaged/run-1/a", True), ("triaged-x", False), ("", False)],
)
def test_what_is_applied_is_ours_as_well(name: str, ours: bool) -> None:  # what is expected
    """A manager that only begins like it is somebody else's."""
    assert field.ours(name) is ours
