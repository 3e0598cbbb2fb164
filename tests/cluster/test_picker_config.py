"""Another configuration of the picker is one write of one name, checked before it starts anew."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cluster.actions import picker_text
from cluster.actions.plan import Done, Plan
from cluster.actions.registry import actions, verbs
from cluster.clients import kinds
from cluster.targets.target import Picker, Target
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.conftest import NAMESPACE, NOW, StandInKubernetes
from tests.cluster.graphs import refer, target
from tests.cluster.recording import Recording
from tests.cluster.test_rights import EXACTLY, GIT, HELM, HELM_HERE, KUSTOMIZED_HERE, differs
from tests.cluster.test_scale_kinds import live, put, resource

KEY = "run-7/picker"
LABELS = {"app": "epp"}
WRITER = Writer(manager="somebody")
TEXT = """\
apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
plugins:
  - type: queue-scorer
  - type: prefix-cache-scorer
    name: prefix
    parameters: {maxPrefixBlocksToMatch: 256}
schedulingProfiles:
  - name: default
    plugins:
      - pluginRef: queue-scorer
        weight: 1
      - pluginRef: prefix
        weight: 2
"""
OTHER = TEXT.replace("weight: 2", "weight: 5")


@pytest.fixture
def empty() -> Cluster:
    world = Cluster(now=lambda: NOW)
    world.create(resources.NAMESPACES, {"metadata": {"name": NAMESPACE}}, writer=WRITER)
    return world


def config(world: Cluster, name: str, **data: str) -> None:
    put(world, kinds.CONFIG_MAP, name, {})
    filled = lambda thing: {**thing, "data": data}  # noqa: E731  # one line says it
    world.update(resource(kinds.CONFIG_MAP), NAMESPACE, name, filled, writer=WRITER)


def picker(world: Cluster, *args: str, **parts: object) -> None:
    """Store a picker that starts with ConfigMap `epp`, and another one beside it."""
    args = args or ("--pool-name", "p", "--config-file", "/config/plugins.yaml")
    mounts = [{"name": "tmp", "mountPath": "/scratch"}, {"name": "config", "mountPath": "/config"}]
    container = {"name": "epp", "image": "epp:1", "args": list(args), "volumeMounts": mounts}
    volumes = [{"name": "tmp", "emptyDir": {}}, {"name": "config", "configMap": {"name": "epp"}}]
    pod = {"containers": [container], "volumes": volumes}
    template = {"metadata": {"labels": {**LABELS, "more": "yes"}}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": template}
    put(world, kinds.DEPLOYMENT, "epp", spec, **parts)
    put(world, kinds.SERVICE, "epp-service", {"selector": LABELS})
    config(world, "epp", **{"plugins.yaml": TEXT})
    config(world, "epp-degraded", **{"plugins.yaml": OTHER})


def at(picker_name: str = "epp-service") -> Target:
    meant = Picker(name=picker_name, failure_mode="FailOpen") if picker_name else None
    return replace(target(kinds.DEPLOYMENT, "decode"), picker=meant)


def plan(world: Cluster, name: str = "epp-degraded", **parts: str) -> Plan:
    return verbs(StandInKubernetes(world))["picker_config"].plan(at(**parts), {"config": name})


def test_it_starts_with_another_configuration_and_with_the_old_one_again(empty: Cluster) -> None:
    """One write of the picker's Deployment: no half of it can be done."""
    picker(empty)
    before = live(empty, kinds.DEPLOYMENT, "epp")["spec"]
    verb = verbs(StandInKubernetes(empty))["picker_config"]

    made = plan(empty)
    verb.apply(made, key=KEY)
    between = live(empty, kinds.DEPLOYMENT, "epp")["spec"]["template"]["spec"]["volumes"][1]
    back = plan(empty, dict(made.inverse)["config"])
    verb.apply(back, key="run-7/undo")

    assert between == {"name": "config", "configMap": {"name": "epp-degraded"}}
    assert (made.write.kind, made.write.name) == ("Deployment", "epp")
    assert made.inverse == (("action", "picker_config"), ("config", "epp"))
    assert made.warnings[:2] == (
        "it changes without default: prefix 2; with default: prefix 5",
        "while the picker starts anew requests go to any endpoint",
    )
    assert verb.already_done(back, key="run-7/undo") is Done.YES
    assert live(empty, kinds.DEPLOYMENT, "epp")["spec"] == before


def test_the_plan_is_bound_to_what_the_configuration_says(empty: Cluster) -> None:
    """Whoever approves a name approves what stands under it now."""
    picker(empty)
    before = plan(empty)

    def other(thing: Object) -> Object:
        return {**thing, "data": {"plugins.yaml": OTHER.replace("weight: 5", "weight: 9")}}

    empty.update(resource(kinds.CONFIG_MAP), NAMESPACE, "epp-degraded", other, writer=WRITER)

    assert plan(empty).digest != before.digest
    assert before.after[0][1].startswith("epp-degraded (")


def test_it_has_come_about_when_all_pickers_began_anew(empty: Cluster) -> None:
    """A picker that does not start leaves the old one there, which is no success."""
    picker(empty)
    verb = verbs(StandInKubernetes(empty))["picker_config"]
    made = plan(empty)
    verb.apply(made, key=KEY)

    before = verb.settled(made)
    status(empty, replicas=2, updatedReplicas=1, readyReplicas=1)
    during = verb.settled(made)
    status(empty, replicas=1, updatedReplicas=1, readyReplicas=1)
    after = verb.settled(made)

    assert (before.ready, before.words) == (0, "the picker has not begun anew")
    assert (during.ready, during.words) == (0, "1 of 1 pods of the picker ready")
    assert (after.ready, after.wanted) == (1, 1)


def status(world: Cluster, **counts: int) -> None:
    generation = live(world, kinds.DEPLOYMENT, "epp")["metadata"]["generation"]
    writer = Writer(manager="kube-controller-manager", subresource="status")

    def counted(thing: Object) -> Object:
        return {**thing, "status": {"observedGeneration": generation, **counts}}

    world.update(resources.DEPLOYMENTS, NAMESPACE, "epp", counted, writer=writer)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        pytest.param("a: [", "no YAML of it", id="no YAML"),
        pytest.param("- a", "all of it is not as", id="a list"),
        pytest.param("x" * 300_000, "more than 262144 characters", id="too long"),
        pytest.param("kind: Pod", "it is no EndpointPickerConfig", id="another kind"),
        pytest.param(TEXT.replace("v1alpha1", "v9"), "it is no EndpointPicker", id="version"),
        pytest.param(TEXT.partition("schedulingProfiles")[0], "no schedulingProfiles", id="half"),
        pytest.param(TEXT.replace("- type: queue-scorer", "- name: q"), "have no type", id="type"),
        pytest.param(
            TEXT.replace("pluginRef: prefix", "pluginRef: prefiks"),
            "profile default refers to plugin prefiks, which it does not have",
            id="a plugin that is not there",
        ),
        pytest.param(
            TEXT.replace("name: prefix", "name: queue-scorer"), "stands there twice", id="twice"
        ),
        pytest.param(TEXT.replace("weight: 2", "weight: much"), "weight of it is not", id="weight"),
    ],
)
def test_what_the_picker_would_not_start_with_is_refused(
    empty: Cluster, text: str, because: str
) -> None:
    """It reads its configuration at the start and nowhere else: then it would be away."""
    picker(empty)
    config(empty, "wrong", **{"plugins.yaml": text})

    with pytest.raises(Rejected, match=f"would not start with ConfigMap wrong: .*{because}"):
        plan(empty, "wrong")


REFUSED: Mapping[str, tuple[tuple[str, ...], str, str, str]] = {
    "the same": ((), "epp", "epp-service", "nothing to change: the picker's ConfigMap is epp"),
    "no such ConfigMap": ((), "none", "epp-service", "there is no ConfigMap none; apply it first"),
    "no such key": ((), "empty", "epp-service", r"ConfigMap empty has no key plugins\.yaml"),
    "no picker": ((), "epp-degraded", "", "its pool names no endpoint picker"),
    "no Service": ((), "epp-degraded", "gone", "Service gone of the picker is gone"),
    "text on its line": (("--config-text", TEXT), "epp-degraded", "epp-service", "starts with no"),
    "a file of the image": (("--config-file=/x.yaml",), "epp-degraded", "epp-service", "with no"),
    "a volume that is none": (("--config-file=/scratch/x",), "epp", "epp-service", "no ConfigMap"),
}


@pytest.mark.parametrize(("args", "name", "of", "because"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_told_is_refused(
    empty: Cluster, args: tuple[str, ...], name: str, of: str, because: str
) -> None:
    """With the reason, before anybody is asked."""
    picker(empty, *args)
    config(empty, "empty", other="x")

    with pytest.raises(Rejected, match=because):
        plan(empty, name, picker_name=of)


def test_a_key_may_be_mounted_under_another_name(empty: Cluster) -> None:
    """The path is that of the file, and the ConfigMap has it under its key."""
    picker(empty, "-configFile=/config/sub.yaml")

    def renamed(thing: Object) -> Object:
        source = thing["spec"]["template"]["spec"]["volumes"][1]["configMap"]
        source["items"] = [{"key": "plugins.yaml", "path": "sub.yaml"}]
        return thing

    empty.update(resources.DEPLOYMENTS, NAMESPACE, "epp", renamed, writer=WRITER)

    assert plan(empty).reversible


def test_a_picker_of_kserve_is_changed_there(empty: Cluster) -> None:
    """It always writes the template back."""
    put(empty, kinds.INFERENCE_SERVICE, "x", {})
    picker(empty, above=refer(kinds.INFERENCE_SERVICE, "x"))

    with pytest.raises(Rejected, match=r"always writes the template of .* back.*Pull request"):
        plan(empty)


def test_a_text_that_makes_no_sense_is_not_compared() -> None:
    """The old one may be wrong: that is why somebody wants another."""
    assert picker_text.changes("a: [", TEXT) == ("what it changes cannot be told",)


def test_it_uses_exactly_the_rights_that_it_says(empty: Cluster) -> None:
    """The writer's Role is made of them."""
    used = set()
    for labels in ({}, GIT, HELM, HELM_HERE, KUSTOMIZED_HERE):
        world = Cluster(now=lambda: NOW)
        world.create(resources.NAMESPACES, {"metadata": {"name": NAMESPACE}}, writer=WRITER)
        picker(world, labels=labels)
        recording = Recording(StandInKubernetes(world), home=NAMESPACE)
        verb = actions()["picker_config"].make(recording)
        try:
            made = verb.plan(at(), {"config": "epp-degraded"})
            verb.apply(made, key=KEY)
            verb.already_done(made, key=KEY)
            verb.settled(made)
        except Rejected:
            assert labels
        used |= recording.used

    assert differs(used, actions()["picker_config"].rights) == EXACTLY
