"""Rollbacks, restarts, pauses and bounds as a real API server and its controllers take them."""

from collections.abc import Mapping

import pytest

from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.targets.target import Target
from incidents.errors import Unavailable
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
    again = plan(place, made.action, dict(made.parameters))
    assert again.digest == made.digest
    made = again
    verb.apply(made, key=key)
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
