"""Whatever the API server's objects hold, a check answers with one of its verdicts."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from tests.runbooks.seeing import AT, TARGET, Cluster, ask, check, pooled, world
from tests.runbooks.steps.test_checks_of_objects import OBJECTS

# Names that the checks look for, so that what is made up reaches below the first field.
NAMES = st.sampled_from(
    [
        *("metadata", "spec", "status", "conditions", "type", "reason", "message", "name"),
        *("containers", "containerStatuses", "state", "lastState", "terminated", "waiting"),
        *("restartCount", "finishedAt", "phase", "selector", "matchLabels", "template"),
        *("endpoints", "ready", "rules", "backendRefs", "parents", "weight", "kind", "capacity"),
        *("allocatable", "nvidia.com/gpu", "volumes", "persistentVolumeClaim", "claimName"),
        *("involvedObject", "count", "lastTimestamp", "series", "readinessProbe", "env", "args"),
        *("replicas", "updatedReplicas", "creationTimestamp", "revision", "data", "unschedulable"),
    ]
)
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**30), max_value=10**30),
    st.floats(allow_nan=True),
    st.sampled_from(["", "True", "False", "Running", "Failed", "Warning", "0001-01-01T00:00:00Z"]),
    st.sampled_from(["9999-12-31T23:59:59Z", "2026-03-01T11:59:00Z", "yesterday", "8", "NaN"]),
    st.text(max_size=20),
)
BODIES = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
WHOLE = st.dictionaries(NAMES, BODIES, max_size=6)


class Anything(Cluster):
    """A cluster whose objects hold anything."""

    def __init__(self, made: dict[Kind, list[dict[str, Any]]]) -> None:
        super().__init__(world())
        self.made = made

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> list[Thing]:
        if kind not in self.made:
            return list(super().things(namespace, kind, selector=selector))
        names = ("decode-0", "decode-1", "decode", "gpu-a")
        owner = OwnerReference(kind="Deployment", name="decode", uid=TARGET.uid)
        return [
            Thing(
                itself=OwnerReference(kind=kind.name, name=name, uid=TARGET.uid),
                namespace="llm-d",
                resource_version="1",
                labels={"kubernetes.io/service-name": "decode", "app": "decode"},
                owners=(owner,),
                body=body,
            )
            for name, body in zip(names, self.made[kind], strict=False)
        ]


KINDS = (
    *(kinds.POD, kinds.EVENT, kinds.SERVICE, kinds.ENDPOINTS, kinds.INGRESS, kinds.ROUTE),
    *(kinds.NODE, kinds.VOLUME_CLAIM, kinds.REPLICA_SET, kinds.DEPLOYMENT, kinds.POOL),
)
MADE = st.dictionaries(st.sampled_from(KINDS), st.lists(WHOLE, max_size=4), min_size=1)


@pytest.mark.parametrize("name", OBJECTS)
@settings(max_examples=50)
@given(made=MADE)
def test_any_object_gets_a_verdict_and_never_an_exception(
    name: str, made: dict[Kind, list[dict[str, Any]]]
) -> None:
    """A custom controller may write anything; the run of an incident goes on."""
    told = ask(name, Anything(made), target=pooled(TARGET))

    assert told.verdict in check(name).verdicts
    assert len(told.because) < 2000
    assert len(told.evidence) < 100
    assert all(one.at == AT for one in told.evidence)
    assert all(one.value is None or abs(one.value) < 1e16 for one in told.evidence)


@pytest.mark.parametrize("name", OBJECTS)
@given(shape=st.sampled_from([[], "x", 7, {"x": 1}]), field=st.sampled_from(["spec", "status"]))
def test_what_cannot_be_read_is_never_well(name: str, shape: object, field: str) -> None:
    """An object of another shape hides what is wrong with it."""
    broken = {"metadata": {}, field: shape, "endpoints": 7, "involvedObject": []}
    made = dict.fromkeys(KINDS, [broken] * 4)

    told = ask(name, Anything(made))

    if not isinstance(shape, dict):
        assert told.verdict not in check(name).well
