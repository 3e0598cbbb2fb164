"""What holds of the cluster whatever is done to it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drills.kubernetes import managed_fields, patches
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.people import kubectl_scale
from drills.kubernetes.refusals import Refusal
from drills.kubernetes.resources import ALL, DEPLOYMENTS, PODS
from drills.kubernetes.selectors import by_labels, of_object

World = Any  # Any: the fixture's class lives in conftest, which importlib mode lets nobody import
NAMESPACE = "llm-d"
DECODE = "pd-disaggregation-nvidia-gpu-vllm-decode"

LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", "y", "z"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=2), JSON, max_size=4)
ACTS = st.lists(
    st.tuples(st.sampled_from(["scale", "wait", "kill", "dry"]), st.integers(0, 8)), max_size=6
)


def versions(world: World) -> list[int]:
    """Return the resourceVersions of everything stored."""
    every = [one for kind in ALL for one in world.cluster.select(kind)]
    return [int(one["metadata"]["resourceVersion"]) for one in every]


def act(world: World, what: str, number: int) -> None:
    """Do something to the world."""
    match what:
        case "scale":
            kubectl_scale(world.cluster, NAMESPACE, DECODE, number)
        case "wait":
            world.run(number * 10, step=10)
        case "kill":
            pods = world.cluster.select(PODS, NAMESPACE)
            name = pods[number % len(pods)]["metadata"]["name"]
            world.cluster.delete(PODS, NAMESPACE, name)
        case _:
            dry_scale(world, number)


def dry_scale(world: World, replicas: int) -> Mapping[str, Any]:  # Any: an object
    """Ask what a scale would give."""

    def change(thing: dict[str, Any]) -> dict[str, Any]:  # Any: an object
        thing["spec"]["replicas"] = replicas
        return thing

    writer = Writer(manager="triaged", subresource="scale")
    answer: Mapping[str, Any] = world.cluster.update(
        DEPLOYMENTS, NAMESPACE, DECODE, change, writer=writer, dry_run=True
    )
    return answer


@settings(max_examples=15, deadline=None)
@given(acts=ACTS)
def test_versions_only_rise_and_are_unique(
    fresh: Callable[[], World], acts: list[tuple[str, int]]
) -> None:
    """Optimistic concurrency rests on it."""
    world, last = fresh(), 0
    for what, number in acts:
        act(world, what, number)
        stored = versions(world)
        assert len(set(stored)) == len(stored)
        assert last <= world.cluster.version
        last = max([world.cluster.version, *stored])
        assert last == world.cluster.version


@settings(max_examples=10, deadline=None)
@given(replicas=st.integers(0, 12))
def test_a_dry_run_changes_nothing(fresh: Callable[[], World], replicas: int) -> None:
    """Asking what would happen must be free."""
    world = fresh()
    before = world.cluster.snapshot(), world.cluster.version
    answer = dry_scale(world, replicas)

    assert answer["spec"]["replicas"] == replicas
    assert (world.cluster.snapshot(), world.cluster.version) == before


@settings(max_examples=10, deadline=None)
@given(acts=ACTS)
def test_it_comes_to_rest_as_wanted(
    fresh: Callable[[], World], acts: list[tuple[str, int]]
) -> None:
    """Controllers converge: left alone, what is there is what was asked for."""
    world = fresh()
    for what, number in acts:
        act(world, what, number)
    world.run(300, step=30)
    wanted, there, serving = world.counts()

    assert wanted == there == serving
    gone = world.cluster.version
    world.run(60, step=30)
    assert world.cluster.version == gone


@given(
    labels=LABELS, key=st.sampled_from("abc"), values=st.sets(st.sampled_from("xyz"), min_size=1)
)
def test_in_and_notin_are_opposites(labels: dict[str, str], key: str, values: set[str]) -> None:
    """A selector that both takes and leaves a pod would scale the wrong one."""
    joined = ",".join(sorted(values))
    inside, outside = by_labels(f"{key} in ({joined})"), by_labels(f"{key} notin ({joined})")

    assert inside(labels) != outside(labels)
    assert inside(labels) == (labels.get(key) in values)


@given(labels=LABELS, wanted=LABELS)
def test_a_selector_object_says_what_its_text_says(
    labels: dict[str, str], wanted: dict[str, str]
) -> None:
    """The string that /scale shows selects the same pods."""
    assert of_object({"matchLabels": wanted})(labels) == (wanted.items() <= labels.items())


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        pytest.param("a", True, id="there"),
        pytest.param("!a", False, id="not-there"),
        pytest.param("a==x,b!=y", True, id="equality"),
        pytest.param("b notin (y)", True, id="a-missing-label-is-not-in"),
        pytest.param("a in (x, y),!c", True, id="set-and-absence"),
        pytest.param("", True, id="empty-takes-all"),
    ],
)
def test_a_selector_is_read_as_kubernetes_reads_it(selector: str, *, fits: bool) -> None:
    """The forms an operator types."""
    assert by_labels(selector)({"a": "x"}) == fits


@pytest.mark.parametrize(
    "selector",
    [
        pytest.param("a in x", id="set-without-parentheses"),
        pytest.param("a b", id="two-words"),
        pytest.param("=x", id="no-key"),
        pytest.param("a in (x", id="open-parenthesis"),
    ],
)
def test_a_selector_that_is_none_is_refused(selector: str) -> None:
    """A selector read leniently selects too much."""
    with pytest.raises(Refusal, match="requirement"):
        by_labels(selector)


@given(before=OBJECTS, change=OBJECTS)
def test_a_merge_patch_is_idempotent(before: dict[str, Any], change: dict[str, Any]) -> None:
    """Applied twice it changes nothing more (RFC 7386)."""
    once = patches.merge(before, change)

    assert patches.merge(once, change) == once


@given(before=OBJECTS)
def test_fields_survive_being_written_down(before: dict[str, Any]) -> None:
    """FieldsV1 is read back on every write; a path lost there is an owner lost."""
    paths = managed_fields.leaves({"spec": before} if before else {"spec": 1}).keys()

    assert managed_fields.paths_of(managed_fields.tree(paths)) == set(paths)


def test_a_strategic_merge_goes_by_the_lists_key() -> None:
    """A container is patched by its name, not by its place."""
    before = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}
    change = {"containers": [{"name": "b", "image": "2"}, {"name": "a", "$patch": "delete"}]}

    assert patches.strategic(before, change) == {"containers": [{"name": "b", "image": "2"}]}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"unheardOf": [{"a": 1}]}, id="unknown-list"),
        pytest.param({"$retainKeys": ["a"]}, id="unknown-directive"),
        pytest.param({"finalizers": ["x"]}, id="set-list"),
    ],
)
def test_a_strategic_merge_that_nobody_looked_up_is_refused(change: dict[str, Any]) -> None:
    """Guessing a merge key would show the bot a cluster that does not exist."""
    with pytest.raises(Refusal) as refused:
        patches.strategic({}, change)

    assert refused.value.code == 501


def test_time_stands_still_inside_a_pass(fresh: Callable[[], World]) -> None:
    """All that one pass writes bears one moment, and the clock goes on afterwards."""
    world = fresh()
    later = world.at + timedelta(hours=1)
    with world.cluster.at(later):
        inside = world.cluster.now()

    assert (inside, world.cluster.now()) == (later, world.at)
