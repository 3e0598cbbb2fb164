"""Guards look at objects as a real API server keeps them."""

from collections.abc import Mapping

import pytest

from bot.app.reach import NoSignals
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.reads import ReadOnly
from cluster.guardrails.guarded import guarded
from cluster.guardrails.scene import World
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector
from cluster.tools import Tools
from incidents.errors import Rejected
from tests.cluster.conftest import NOW
from tests.contract.cluster import objects
from tests.contract.cluster.places import path
from tests.servers.kubernetes.conftest import Real

pytestmark = pytest.mark.server

GPU = "requests.nvidia.com/gpu"
LABELS = {"app": "decode", "llm-d.ai/role": "decode", "llm-d.ai/model": "m"}


def refused(tools: Tools, place: Real, action: str, asked: Mapping[str, object]) -> str:
    """Return why a plan is refused, empty where it is made."""
    target = tools.targets.find(Selector(namespace=place.namespace, model="m", role="decode"))
    try:
        tools.verbs[action].plan(target, asked)
    except Rejected as error:
        return str(error)
    return ""


def test_quotas_and_budgets_are_read_as_they_are(place: Real) -> None:
    """What the quota would keep away, and the budget, is refused before anybody is asked."""
    root = place.api()
    quota = {"metadata": {"name": "gpus"}, "spec": {"hard": {GPU: "2"}}}
    root.create(path(kinds.QUOTA, place.namespace), quota)
    budget = {
        "metadata": {"name": "decode"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "decode"}}},
    }
    root.create(path(kinds.BUDGET, place.namespace), budget)
    made = objects.deployment("decode", replicas=2)
    made["spec"]["template"] = objects.template(LABELS, gpus=1)
    place.make(kinds.DEPLOYMENT, made)
    decode = path(kinds.DEPLOYMENT, place.namespace, "decode")
    place.until(lambda: root.get(decode)["status"].get("readyReplicas") == 2)
    held = path(kinds.BUDGET, place.namespace, "decode")
    place.until(lambda: root.get(held)["status"].get("currentHealthy") == 2)
    client = place.client()
    tools = Tools(
        signals=NoSignals(),
        targets=LabelTargets(client),
        verbs=verbs(client),
        objects=ReadOnly(client),
    )
    careful = guarded(
        tools, now=lambda: World(objects=tools.objects, signals=tools.signals, at=NOW)
    )
    (pod, *_) = (
        LabelTargets(client)
        .find(Selector(namespace=place.namespace, model="m", role="decode"))
        .pods
    )

    more = refused(careful, place, "scale", {"replicas": "3", "at_most": 9})
    gone = refused(careful, place, "delete_pod", {"pod": pod})

    assert f"ResourceQuota {place.namespace}/gpus leaves 0 of 2 {GPU}, and 1 are needed" in more
    assert "disruption budget decode allows 0 pods to be away, and this takes 1" in gone
    target = tools.targets.find(Selector(namespace=place.namespace, model="m", role="decode"))
    root.delete(path(kinds.QUOTA, place.namespace, "gpus"))
    plan = careful.verbs["scale"].plan(target, {"replicas": "3", "at_most": 9})
    assert any(
        each.startswith("a new pod needs 1 nvidia.com/gpu: there is room") for each in plan.warnings
    )
    assert plan.loads is not None
