"""What is intended is found by what an incident knows, or not at all."""

import pytest

from cluster.drift.intended import (
    Environment,
    Environments,
    Model,
    Range,
    Size,
    Workload,
    bounds,
    outside,
)

CHAT = Model(name="chat-70b", served=("chat", "org/chat"))
SIZE = Size(normal=4, allowed=Range(least=2, most=8))


def workload(role: str = "decode", **changes: object) -> Workload:
    plain = {"model": CHAT, "where": "environments.yaml:7", "replicas": SIZE}
    return Workload(role=role, **(plain | changes))  # type: ignore[arg-type]  # real fields


def environments(*workloads: Workload, cluster: str = "local") -> Environments:
    one = Environment(
        name="production", clusters=(cluster,), namespaces=("a", "b"), workloads=workloads
    )
    return Environments(environments=(one,))


ASKED = {"cluster": "local", "namespace": "a", "role": "decode", "model": "chat"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param({}, True, id="by-its-main-name"),
        pytest.param({"model": "org/chat"}, True, id="by-another-name"),
        pytest.param({"model": "chat-70b"}, True, id="by-the-name-of-the-entry"),
        pytest.param({"cluster": ""}, True, id="no-cluster-is-the-one-at-hand"),
        pytest.param({"cluster": "west", "own": "west"}, True, id="by-the-name-of-the-cluster"),
        pytest.param({"cluster": "west"}, False, id="another-cluster"),
        pytest.param({"namespace": "c"}, False, id="another-namespace"),
        pytest.param({"role": "prefill"}, False, id="another-role"),
        pytest.param({"model": "code"}, False, id="another-model"),
        pytest.param({"model": "", "pool": "chat"}, True, id="by-the-pool"),
        pytest.param({"model": "", "pool": "code"}, False, id="another-pool"),
        pytest.param({"model": ""}, False, id="by-nothing"),
    ],
)
def test_a_workload_is_found_by_what_an_incident_knows(asked: dict[str, str], found: bool) -> None:
    """The bounds of another workload would be worse than none."""
    place = environments(workload(pool="chat")).of(**(ASKED | asked))

    assert (place is not None) is found


def test_where_several_fit_none_is_meant() -> None:
    """Of two pools of one model nobody knows which is in trouble."""
    both = environments(workload(pool="blue"), workload(pool="green"))

    assert both.of(**ASKED) is None
    green = both.of(**ASKED, pool="green")
    assert green is not None
    assert green.workload.pool == "green"


def test_pods_that_do_both_are_the_decode_workload_as_well() -> None:
    """An alert says decode, and there is one workload for all."""
    assert environments(workload("both")).of(**ASKED) is not None


def test_the_sizes_have_names() -> None:
    """Runbooks name them."""
    place = environments(workload()).of(**ASKED)

    assert bounds(place) == {"normal": 4, "least": 2, "most": 8}
    assert bounds(environments(workload(replicas=None)).of(**ASKED)) == {}
    assert bounds(None) == {}


@pytest.mark.parametrize(("replicas", "warned"), [(1, True), (2, False), (8, False), (9, True)])
def test_a_plan_that_leaves_the_intended_range_is_warned_of(replicas: int, warned: bool) -> None:
    """Whoever approves should know that this is not what the team meant."""
    said = outside(environments(workload()).of(**ASKED), replicas)

    words = f"{replicas} replicas are outside the intended range: production is meant to have 2 to "
    expected = f"{words}8, normally 4 (environments.yaml:7)" if warned else ""
    assert said == expected


def test_where_nothing_is_intended_nothing_is_warned_of() -> None:
    """No file, no warning."""
    assert outside(None, 99) == ""
    assert outside(environments(workload(replicas=None)).of(**ASKED), 99) == ""
