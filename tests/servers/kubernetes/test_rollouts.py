"""Rollbacks, restarts, pauses and bounds as a real API server and its controllers take them."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from cluster.actions.manifests import Folder
from cluster.actions.plan import Done, Plan, Verb
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.snapshots.taking import take
from cluster.targets.target import Target
from incidents.errors import Conflict, Rejected, Unavailable
from tests.contract.cluster import objects
from tests.contract.cluster.places import path
from tests.servers.kubernetes.conftest import Real

pytestmark = pytest.mark.server

SECRET = "hunter2"


@pytest.fixture
def decode(place: Real) -> Thing:
    """Return a Deployment with two revisions, both rolled out."""
    made = objects.deployment("decode")
    container = made["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "HF_TOKEN", "value": SECRET}]
    place.make(kinds.DEPLOYMENT, made)
    place.until(lambda: settled(place))
    name = path(kinds.DEPLOYMENT, place.namespace, "decode")
    other = {
        "metadata": {"labels": {"bad": "yes"}},
        "spec": {"containers": [{**container, "image": "vllm:2", "env": []}]},
    }
    place.api().change(name, {"spec": {"template": other}})
    place.until(lambda: settled(place))
    return live(place)


def live(place: Real) -> Thing:
    kind = kinds.DEPLOYMENT
    reference = OwnerReference(kind=kind.name, name="decode", api_version=kind.api_version)
    return place.client().thing(place.namespace, reference)


def settled(place: Real) -> bool:
    found = live(place)
    status = found.body.get("status", {})
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")]
    return status.get("observedGeneration") == found.generation and counts == [2, 2, 2]


def plan(place: Real, action: str, asked: Mapping[str, object]) -> Plan:
    """Return a plan; while controllers write the status it is made again, as a run does."""

    def made() -> Plan | None:
        try:
            return _plan(place, action, asked)
        except Unavailable:
            return None

    return place.until(made)


def _plan(place: Real, action: str, asked: Mapping[str, object]) -> Plan:
    found, client = live(place), place.client()
    target = Target(
        cluster="local",
        namespace=place.namespace,
        kind="Deployment",
        name="decode",
        uid=found.itself.uid,
        model="m",
        role="decode",
        pods=tuple(each.name for each in client.pods(place.namespace, "app=decode")),
    )
    return verbs(client)[action].plan(target, asked)


def carry_out(place: Real, made: Plan, *, key: str) -> None:
    """Write it, and wait until it has come about."""
    verb = verbs(place.client())[made.action]
    again = written(place, made.action, dict(made.parameters), key=key)
    assert again.digest == made.digest
    made = again
    assert verb.already_done(made, key=key) is Done.YES
    place.until(lambda: verb.settled(made).since)
    assert verb.settled(made).reverted_by is None
    place.until(lambda: settled(place))


def test_a_deployment_is_rolled_back_and_forward_again(place: Real, decode: Thing) -> None:
    """The template is the one before, to the last field, though its number is a new one."""
    made = plan(place, "rollback", {})
    assert (made.before, made.after) == (
        (("revision", "2 (vllm:2)"),),
        (("revision", "1 (vllm:1)"),),
    )
    assert SECRET not in repr(made)

    carry_out(place, made, key="run-1/back")

    template = live(place).body["spec"]["template"]
    assert template["spec"]["containers"][0]["env"] == [{"name": "HF_TOKEN", "value": SECRET}]
    assert template["metadata"]["labels"] == {"app": "decode"}
    asked = dict(made.inverse)
    forward = plan(place, asked.pop("action"), asked)
    assert forward.before == (("revision", "3 (vllm:1)"),)
    carry_out(place, forward, key="run-1/forward")
    assert live(place).body["spec"]["template"] == decode.body["spec"]["template"]


def test_all_pods_begin_anew(place: Real, decode: Thing) -> None:
    """None that was there before is there afterwards."""
    before = {each.uid for each in place.client().pods(place.namespace, "app=decode")}

    carry_out(place, plan(place, "restart", {}), key="run-1/restart")

    after = place.client().pods(place.namespace, "app=decode")
    assert not before & {each.uid for each in after if not each.leaving}
    assert decode.generation < live(place).generation


def test_a_pause_and_other_bounds_stand_and_are_taken_back(place: Real, decode: Thing) -> None:
    """An absent field is absent again."""
    for action, asked in (
        ("pause_rollout", {"pause": "yes"}),
        ("rollout_strategy", {"max_surge": "0", "max_unavailable": "1"}),
    ):
        made = plan(place, action, asked)
        carry_out(place, made, key=f"run-1/{action}")
        back = dict(made.inverse)
        undo = plan(place, back.pop("action"), back)
        carry_out(place, undo, key=f"run-1/{action}/undo")

    assert live(place).body["spec"] == decode.body["spec"]


def test_settings_of_the_engine_stand_and_are_taken_back(place: Real, decode: Thing) -> None:
    """The API server changes a word of a list where it is, and adds defaults to none of them."""
    command = ["vllm", "serve", "/model", "--max-num-seqs", "64"]
    container = decode.body["spec"]["template"]["spec"]["containers"][0]
    changed = {**container, "command": command, "startupProbe": {"httpGet": {"port": 8000}}}
    spec = {"template": {"spec": {"containers": [changed]}}}
    name = path(kinds.DEPLOYMENT, place.namespace, "decode")
    place.api().change(name, {"spec": spec})
    place.until(lambda: settled(place))
    before = live(place).body["spec"]

    for action, asked in (
        ("engine_arguments", {"flag": "max-num-seqs", "value": "128"}),
        ("engine_arguments", {"flag": "gpu-memory-utilization", "value": "0.85"}),
        ("resource_limits", {"memory": "2Gi", "cpu": "500m"}),
        ("probe_timing", {"probe": "startup", "failures": 60}),
        ("grace_period", {"seconds": 90}),
    ):
        made = written(place, action, asked, key=f"run-1/{action}")
        verb = verbs(place.client())[action]
        assert verb.already_done(made, key=f"run-1/{action}") is Done.YES
        place.until(lambda made=made: plan_back(place, made))

    after = live(place).body["spec"]["template"]["spec"]
    assert after["containers"][0]["command"] == command
    assert "args" not in after["containers"][0]
    assert leaves(before) == leaves(live(place).body["spec"])


def written(place: Real, action: str, asked: Mapping[str, object], *, key: str) -> Plan:
    """Return a plan that was applied; a write that a controller overtook is planned again."""

    def done() -> Plan | None:
        made = plan(place, action, asked)
        try:
            verbs(place.client())[action].apply(made, key=key)
        except Conflict:
            return None
        return made

    return place.until(done)


def plan_back(place: Real, made: Plan) -> bool:
    """Undo a plan; false while its controllers write as well."""
    asked = dict(made.inverse)
    verb = verbs(place.client())[asked.pop("action")]
    try:
        verb.apply(_plan(place, made.action, asked), key=f"run-1/{made.action}/undo")
    except (Conflict, Unavailable):
        return False
    return True


def leaves(given: object) -> object:
    """Return a value without what is empty in it: a limit that went leaves its mapping behind."""
    if isinstance(given, dict):
        found = {name: leaves(each) for name, each in given.items()}
        return {name: each for name, each in found.items() if each not in ({}, [])}
    return [leaves(each) for each in given] if isinstance(given, list) else given


def test_a_service_of_kserve_goes_back_to_what_was_noted(place: Real) -> None:
    """Its own definition takes the parts as they were; its controller is imitated here."""
    client = place.client()
    service = objects.service("m")
    service["spec"]["template"] = _main("vllm:1")
    made = place.make(kinds.INFERENCE_SERVICE, service)
    owner = {name: made[name] for name in ("apiVersion", "kind")} | {
        "name": "m",
        "uid": made["metadata"]["uid"],
        "controller": True,
    }
    workload = objects.deployment("m-kserve")
    workload["metadata"]["ownerReferences"] = [owner]
    place.make(kinds.DEPLOYMENT, workload)
    where = path(kinds.INFERENCE_SERVICE, place.namespace, "m")
    before = place.api().get(where)["spec"]
    take(client, place.namespace)
    new = {"template": _main("vllm:2"), "replicas": 3, "annotations": {"a": "b"}}
    place.api().change(where, {"spec": new})
    take(client, place.namespace)
    target = Target(
        cluster="local",
        namespace=place.namespace,
        kind="LLMInferenceService",
        name="m",
        uid=made["metadata"]["uid"],
        model="m",
        role="",
        pods=(),
        api_version=kinds.INFERENCE_SERVICE.api_version,
    )
    verb = verbs(client)["rollback"]

    back = verb.plan(target, {})
    verb.apply(back, key="run-1/back")

    assert verb.already_done(back, key="run-1/back") is Done.YES
    assert verb.settled(back).reverted_by is None
    assert place.api().get(where)["spec"] == {**before, "replicas": 3}
    assert SECRET not in repr(back)


def _main(image: str) -> dict[str, object]:
    env = [{"name": "HF_TOKEN", "value": SECRET}]
    return {"containers": [{"name": "main", "image": image, "env": env}]}


def test_a_declared_manifest_is_applied_where_nobody_else_owns_a_field(
    place: Real, decode: Thing, tmp_path: Path
) -> None:
    """The API server says who owns what would change; the rest is ours and stands."""
    client = place.client()
    declared = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "decode", "namespace": place.namespace},
        "spec": {"template": {"spec": {"priorityClassName": "system-cluster-critical"}}},
    }
    (tmp_path / "good.yaml").write_text(json.dumps(declared))
    beyond = {**declared, "spec": {"replicas": 7}}
    (tmp_path / "beyond.yaml").write_text(json.dumps(beyond))
    target = Target(
        cluster="local",
        namespace=place.namespace,
        kind="Deployment",
        name="decode",
        uid=decode.itself.uid,
        model="m",
        role="decode",
        pods=(),
    )
    verb = verbs(client, manifests=Folder(tmp_path))["apply_manifest"]

    with pytest.raises(Rejected, match=r'conflict with "operator" using apps/v1: \.spec\.replicas'):
        verb.plan(target, {"manifest": "beyond"})
    made = place.until(lambda: applied(verb, target))

    assert verb.already_done(made, key="run-1/apply") is Done.YES
    assert "spec.template.spec.priorityClassName" in made.warnings[1]
    assert live(place).body["spec"]["template"]["spec"]["priorityClassName"]
    assert verb.settled(made).reverted_by is None


def applied(verb: Verb, target: Target) -> Plan | None:
    """Plan and apply; None while controllers write as well."""
    try:
        made = verb.plan(target, {"manifest": "good"})
        verb.apply(made, key="run-1/apply")
    except (Conflict, Unavailable):
        return None
    return made
