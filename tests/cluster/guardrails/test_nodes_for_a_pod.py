"""Where a pod may stand is told as the scheduler would, and in doubt it may."""

from collections.abc import Mapping

import pytest

from cluster.clients import kinds, parse
from cluster.guardrails import room
from cluster.guardrails.guards import disruptions
from tests.cluster.graphs import made
from tests.property.cluster.test_guards_hold import node

TAINT = {"key": "team", "value": "chat", "effect": "NoExecute"}
ZONE = "topology.kubernetes.io/zone"


def may_stand(spec: Mapping[str, object], *taints: Mapping[str, str], **labels: str) -> bool:
    """Tell whether a pod of this spec may stand on a node with these taints and labels."""
    place = node("n", 8)
    meta = place["metadata"]
    assert isinstance(meta, dict)
    there = {
        **place,
        "metadata": {**meta, "labels": {ZONE: "a", **labels}},
        "spec": {"taints": list(taints)},
    }
    pod = parse.thing(made(kinds.POD, "p", spec))
    return bool(room.free([parse.thing(there)], [], pod, ()))


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        pytest.param({"key": "team", "value": "chat"}, True, id="equal"),
        pytest.param({"key": "team", "value": "search"}, False, id="another-value"),
        pytest.param({"key": "team", "operator": "Exists"}, True, id="exists"),
        pytest.param({"operator": "Exists"}, True, id="everything"),
        pytest.param({"key": "other", "operator": "Exists"}, False, id="another-key"),
        pytest.param(
            {"key": "team", "operator": "Exists", "effect": "NoSchedule"},
            False,
            id="another-effect",
        ),
    ],
)
def test_a_taint_is_tolerated_as_kubernetes_says(
    toleration: Mapping[str, str],
    tolerated: bool,  # what is expected
) -> None:
    """A node that is counted and may not be used is a pod that stays Pending."""
    assert may_stand({"tolerations": [toleration]}, TAINT) is tolerated


def test_a_preference_keeps_nobody_away() -> None:
    """`PreferNoSchedule` is a wish."""
    assert may_stand({}, {**TAINT, "effect": "PreferNoSchedule"})
    assert not may_stand({}, TAINT)


def affine(operator: str, *values: str) -> Mapping[str, object]:
    term = {"key": ZONE, "operator": operator, "values": list(values)}
    needed = {"nodeSelectorTerms": [{"matchExpressions": [term]}]}
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": needed}}
    }


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        pytest.param({"nodeSelector": {ZONE: "a"}}, True, id="selector"),
        pytest.param({"nodeSelector": {ZONE: "b"}}, False, id="another-zone"),
        pytest.param(affine("In", "a", "b"), True, id="in"),
        pytest.param(affine("In", "b"), False, id="not-in"),
        pytest.param(affine("NotIn", "a"), False, id="excluded"),
        pytest.param(affine("Exists"), True, id="exists"),
        pytest.param(affine("DoesNotExist"), False, id="does-not-exist"),
        pytest.param(affine("Gt", "3"), True, id="what-we-do-not-know"),
    ],
)
def test_a_node_is_chosen_by_its_labels(
    spec: Mapping[str, object],
    fits: bool,  # what is expected
) -> None:
    """GPUs of another zone are as far away as none."""
    assert may_stand(spec) is fits


@pytest.mark.parametrize(
    ("term", "selected"),
    [
        ({"key": "role", "operator": "In", "values": ["decode"]}, True),
        ({"key": "role", "operator": "NotIn", "values": ["decode"]}, False),
        ({"key": "role", "operator": "Exists"}, True),
        ({"key": "role", "operator": "DoesNotExist"}, False),
    ],
)
def test_a_budget_may_select_by_expressions(
    term: Mapping[str, object],
    selected: bool,  # what is expected
) -> None:
    """A budget that is passed over protects nobody."""
    selector = {"matchExpressions": [term]}

    assert disruptions.selects(selector, {"role": "decode"}) is selected


def test_a_budget_with_an_unknown_expression_is_not_guessed_at() -> None:
    """Whether it means these pods cannot be told."""
    selector = {"matchExpressions": [{"key": "role", "operator": "Near"}]}

    with pytest.raises(parse.Malformed):
        disruptions.selects(selector, {})
