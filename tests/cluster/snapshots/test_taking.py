"""A look at a namespace notes what is new once, and what the policy lets pass; nothing else."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster import engine_flags
from cluster.clients import kinds, parse
from cluster.clients.refusals import Missing
from cluster.roles import BOUNDS
from cluster.snapshots import generation, known
from cluster.snapshots.rights import RIGHTS
from cluster.snapshots.taking import MOST, take
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Conflict, Rejected
from tests.cluster.conftest import NAMESPACE, NOW, StandInKubernetes
from tests.cluster.graphs import made
from tests.cluster.recording import Recording
from tests.cluster.test_scale_kinds import live, put, resource, uid

WRITER = Writer(manager="somebody")


@pytest.fixture
def empty() -> Cluster:
    world = Cluster(now=lambda: NOW)
    world.create(resources.NAMESPACES, {"metadata": {"name": NAMESPACE}}, writer=WRITER)
    return world


def container(image: str, *args: str) -> dict[str, object]:
    return {"name": "vllm", "image": image, "command": ["vllm", "serve"], "args": list(args)}


def groups(image: str, *args: str, size: int = 2) -> dict[str, object]:
    template = {"spec": {"containers": [container(image, *args)]}}
    return {"replicas": 2, "leaderWorkerTemplate": {"size": size, "workerTemplate": template}}


def change(world: Cluster, kind: kinds.Kind, spec: Mapping[str, object]) -> None:
    def changed(thing: Object) -> Object:
        return {**thing, "spec": dict(spec)}

    world.update(resource(kind), NAMESPACE, "x", changed, writer=WRITER)


def bounds(world: Cluster, **data: str) -> None:
    """Store the ConfigMap of the bounds, as `triaged rbac` prints it."""
    put(world, kinds.CONFIG_MAP, BOUNDS, {})

    def filled(thing: Object) -> Object:
        return {**thing, "data": {"least": "1", "most": "16", **data}}

    world.update(resource(kinds.CONFIG_MAP), NAMESPACE, BOUNDS, filled, writer=WRITER)


def lines(world: Cluster) -> Mapping[str, str]:
    found: Mapping[str, str] = live(world, kinds.CONFIG_MAP, BOUNDS)["data"]
    return found


def revisions(world: Cluster) -> list[Object]:
    found = world.select(resources.REVISIONS, NAMESPACE)
    return sorted(found, key=lambda one: one["revision"])


def test_a_generation_is_noted_once(empty: Cluster) -> None:
    """Looks follow each other every minute; the cluster must not fill with copies."""
    put(empty, kinds.GROUPS, "x", groups("vllm:1"))
    bounds(empty)

    first = take(StandInKubernetes(empty), NAMESPACE)
    second = take(StandInKubernetes(empty), NAMESPACE)

    (noted,) = revisions(empty)
    assert first.noted == ("LeaderWorkerSet llm-d/x: generation 1",)
    assert (second.noted, second.wrote, second.problems) == ((), False, ())
    assert noted["data"] == {
        "spec": {"leaderWorkerTemplate": groups("vllm:1")["leaderWorkerTemplate"]}
    }
    assert noted["metadata"]["labels"] == {generation.OF: uid(empty, kinds.GROUPS)}


def test_a_generation_goes_with_its_object_and_is_nobody_elses_history(empty: Cluster) -> None:
    """Controllers adopt, count and delete revisions of which they are the controller."""
    put(empty, kinds.GROUPS, "x", groups("vllm:1"))

    take(StandInKubernetes(empty), NAMESPACE)

    (owner,) = revisions(empty)[0]["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("LeaderWorkerSet", uid(empty, kinds.GROUPS))
    assert "controller" not in owner


def test_every_other_template_is_another_generation(empty: Cluster) -> None:
    """One that comes back is the last one again, so that the one before it can be gone back to."""
    put(empty, kinds.GROUPS, "x", groups("vllm:1"))
    for image in ("vllm:1", "vllm:2", "vllm:1"):
        change(empty, kinds.GROUPS, groups(image))
        take(StandInKubernetes(empty), NAMESPACE)

    template = [each["data"]["spec"]["leaderWorkerTemplate"] for each in revisions(empty)]

    assert [each["revision"] for each in revisions(empty)] == [1, 2, 3]
    assert template[0] == template[2] != template[1]


def test_a_size_is_no_generation(empty: Cluster) -> None:
    """A rollback must not scale."""
    put(empty, kinds.GROUPS, "x", groups("vllm:1"))
    take(StandInKubernetes(empty), NAMESPACE)
    change(empty, kinds.GROUPS, {**groups("vllm:1"), "replicas": 9})

    assert take(StandInKubernetes(empty), NAMESPACE).noted == ()


def test_what_its_controller_still_keeps_is_noted_before_it_is_forgotten(empty: Cluster) -> None:
    """Who installs triaged in the middle of a bad rollout can go back all the same."""
    put(empty, kinds.GROUPS, "x", groups("vllm:2"))
    theirs = made(kinds.CONTROLLER_REVISION, "x-5d4-1", above={})
    owner = {
        "apiVersion": kinds.GROUPS.api_version,
        "kind": "LeaderWorkerSet",
        "name": "x",
        "uid": uid(empty, kinds.GROUPS),
        "controller": True,
    }
    template = {**groups("vllm:1")["leaderWorkerTemplate"], "$patch": "replace"}
    theirs["metadata"]["ownerReferences"] = [owner]
    theirs |= {"revision": 1, "data": {"spec": {"leaderWorkerTemplate": template}}}
    empty.create(resources.REVISIONS, theirs, writer=WRITER)

    found = take(StandInKubernetes(empty), NAMESPACE)

    ours = [each for each in revisions(empty) if generation.OF in each["metadata"]["labels"]]
    assert found.noted == tuple(f"LeaderWorkerSet llm-d/x: generation {n}" for n in (1, 2))
    assert [each["data"]["spec"]["leaderWorkerTemplate"] for each in ours] == [
        groups(image)["leaderWorkerTemplate"] for image in ("vllm:1", "vllm:2")
    ]


@pytest.mark.parametrize(
    "data", [{"spec": "x"}, {"spec": {"leaderWorkerTemplate": 7}}], ids=["a-text", "a-number"]
)
def test_a_revision_that_is_none_is_told_and_stops_no_look(
    empty: Cluster, data: Mapping[str, object]
) -> None:
    """Whoever may create a ControllerRevision must not keep every other object from being noted."""
    for name in ("x", "y"):
        put(empty, kinds.GROUPS, name, groups("vllm:1"))
    bounds(empty)
    theirs = made(kinds.CONTROLLER_REVISION, "x-5d4-1", above={})
    owner = {
        "apiVersion": kinds.GROUPS.api_version,
        "kind": "LeaderWorkerSet",
        "name": "x",
        "uid": uid(empty, kinds.GROUPS),
        "controller": True,
    }
    theirs["metadata"]["ownerReferences"] = [owner]
    empty.create(resources.REVISIONS, {**theirs, "revision": 1, "data": data}, writer=WRITER)

    found = take(StandInKubernetes(empty), NAMESPACE)

    assert found.noted == ("LeaderWorkerSet llm-d/y: generation 1",)
    assert (found.wrote, found.images) == (True, 1)
    assert found.problems == ("LeaderWorkerSet llm-d/x: a revision of it is not as its API says",)


def test_a_map_of_bounds_that_is_none_is_told(empty: Cluster) -> None:
    """The next look may find it mended; a process that ended would find nothing."""
    bounds(empty)

    def broken(thing: Object) -> Object:
        return {**thing, "data": {"images": 7}}

    empty.update(resource(kinds.CONFIG_MAP), NAMESPACE, BOUNDS, broken, writer=WRITER)

    found = take(StandInKubernetes(empty), NAMESPACE)

    assert found.problems == ("ConfigMap llm-d/triaged-bounds is not as its API says",)


def test_what_go_writes_of_nothing_is_no_other_generation() -> None:
    """The controller's own copy of a template says `resources: {}` where the template is silent."""
    said = {"spec": {"leaderWorkerTemplate": {"size": 2, "metadata": {"a": None}, "b": [{}]}}}

    assert generation.same(said, {"spec": {"leaderWorkerTemplate": {"size": 2, "b": [{}]}}})
    assert not generation.same(said, {"spec": {"leaderWorkerTemplate": {"size": 0, "b": [{}]}}})


def test_what_another_object_makes_is_noted_of_that_one(empty: Cluster) -> None:
    """Its template is written back; the generation of the maker is what counts."""
    service = {"model": {"uri": "hf://m"}, "replicas": 2, "template": {"containers": []}}
    put(empty, kinds.INFERENCE_SERVICE, "x", service)
    above = {
        "apiVersion": kinds.INFERENCE_SERVICE.api_version,
        "kind": "LLMInferenceService",
        "name": "x",
    }
    put(empty, kinds.GROUPS, "y", groups("vllm:1"), above=above)

    found = take(StandInKubernetes(empty), NAMESPACE)

    assert found.noted == ("LLMInferenceService llm-d/x: generation 1",)
    assert revisions(empty)[0]["data"] == {
        "spec": {"model": {"uri": "hf://m"}, "template": {"containers": []}}
    }


def test_what_is_written_in_a_loop_does_not_fill_the_cluster(empty: Cluster) -> None:
    """It is said instead, and by whom it has to be looked at."""
    put(empty, kinds.GROUPS, "x", groups("vllm:0"))
    for number in range(MOST):
        change(empty, kinds.GROUPS, groups(f"vllm:{number}"))
        take(StandInKubernetes(empty), NAMESPACE)
    change(empty, kinds.GROUPS, groups("vllm:more"))

    found = take(StandInKubernetes(empty), NAMESPACE)

    assert found.problems[0] == (
        f"LeaderWorkerSet llm-d/x: {MOST} generations are noted; delete the oldest of them"
    )
    assert len(revisions(empty)) == MOST


def test_images_and_command_lines_of_all_templates_become_known(empty: Cluster) -> None:
    """Those that ran are what a rollback goes back to; sizes and other data stay."""
    put(empty, kinds.DEPLOYMENT, "x", spec("vllm:2", "--model", "m"))
    put(empty, kinds.REPLICA_SET, "x-1", spec("vllm:1", "--model", "m", "--max-num-seqs", "64"))
    put(empty, kinds.GROUPS, "x", groups("sglang:3"))
    bounds(empty, most="8")

    found = take(StandInKubernetes(empty), NAMESPACE)

    assert (found.images, found.arguments, found.wrote) == (3, 2, True)
    assert lines(empty) == {
        "least": "1",
        "most": "8",
        "images": "vllm:1\nvllm:2\nsglang:3",
        "arguments": "vllm serve --model m\nvllm serve",
    }


def spec(image: str, *args: str) -> dict[str, object]:
    labels = {"a": "b"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container(image, *args)]}}
    return {"replicas": 2, "selector": {"matchLabels": labels}, "template": pod}


def test_what_was_known_stays_known(empty: Cluster) -> None:
    """A revision that is cleared away is still one that ran, and a person may have added others."""
    put(empty, kinds.DEPLOYMENT, "x", spec("vllm:2"))
    bounds(empty, images="mine:1\nvllm:1", arguments="")

    take(StandInKubernetes(empty), NAMESPACE)

    assert lines(empty)["images"] == "mine:1\nvllm:1\nvllm:2"
    assert lines(empty)["arguments"] == "\nvllm serve"


def test_without_its_config_map_it_says_what_to_apply(empty: Cluster) -> None:
    """The identity cannot create one: that is the operator's."""
    put(empty, kinds.GROUPS, "x", groups("vllm:1"))
    put(empty, kinds.CONFIG_MAP, "another", {})

    found = take(StandInKubernetes(empty), NAMESPACE)

    assert len(found.noted) == 1
    assert found.problems == ("there is no ConfigMap llm-d/triaged-bounds: apply what rbac prints",)


class Refusing(StandInKubernetes):
    """A cluster in which nothing can be created, as the error says."""

    error: type[Exception] = Rejected

    def create(self, *_: object, **__: object) -> object:
        message = "no permission"
        raise self.error(message)


def test_who_was_faster_has_noted_the_same(empty: Cluster) -> None:
    """The name is made from what it holds; another refusal is told."""
    put(empty, kinds.GROUPS, "x", groups("vllm:1"))
    bounds(empty)
    refusing = Refusing(empty)

    told = take(refusing, NAMESPACE)
    refusing.error = Conflict
    faster = take(refusing, NAMESPACE)

    assert told.problems == ("no permission",)
    assert (faster.noted, faster.problems) == ((), ())


def test_a_look_uses_exactly_the_rights_of_its_identity(empty: Cluster) -> None:
    """Its Role is made of them, beside the one ConfigMap that it may write."""
    put(empty, kinds.GROUPS, "x", groups("vllm:1"))
    bounds(empty)
    recording = Recording(StandInKubernetes(empty), home=NAMESPACE)

    take(recording, NAMESPACE)  # type: ignore[arg-type]  # answers any call of the port

    beside = {each for each in recording.used if each.resource == "configmaps"}
    assert {each.verb for each in beside} == {"get", "patch"}
    assert recording.used - beside == set(RIGHTS)


FLAG = st.one_of(
    st.sampled_from(sorted(n for n, one in engine_flags.FLAGS.items() if not one.share)).flatmap(
        lambda name: st.integers(0, 9_999_999).map(lambda number: (name, str(number)))
    ),
    st.sampled_from(sorted(n for n, one in engine_flags.FLAGS.items() if one.share)).flatmap(
        lambda name: st.integers(0, 9999).map(lambda number: (name, f"0.{number}"))
    ),
)
OTHERS = st.lists(st.sampled_from(["--model", "m", "--port=8000", "-c", "x --api-key", "0.9"]))


@given(before=OTHERS, flag=FLAG, after=OTHERS, together=st.booleans())
def test_a_flag_that_may_be_set_makes_no_other_command_line(
    before: list[str], flag: tuple[str, str], after: list[str], *, together: bool
) -> None:
    """With it and without it the policy sees the same line, wherever it stands."""
    said = ["=".join(flag)] if together else list(flag)

    with_it = known.normal(" ".join([*before, *said, *after]))

    assert with_it == known.normal(" ".join([*before, *after]))


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("vllm serve --max-num-seqs $(reboot)", id="no number"),
        pytest.param("vllm serve --max-num-seqs 1;reboot", id="more behind it"),
        pytest.param("vllm serve --max-num-seqs-more 1", id="another flag"),
        pytest.param("vllm serve x--max-num-seqs 1", id="no flag"),
        pytest.param("vllm serve --trust-remote-code", id="a switch"),
        pytest.param("vllm serve --gpu-memory-utilization 90", id="no share"),
    ],
)
def test_anything_else_is_another_command_line(written: str) -> None:
    """What the policy overlooks is what an attacker writes."""
    assert known.normal(written) == written


@given(
    old=st.none() | st.text("ab\n", max_size=20),
    found=st.lists(st.text("abc", max_size=3), max_size=5, unique=True),
)
def test_lines_are_added_and_none_is_lost(old: str | None, found: list[str]) -> None:
    """And a second look with the same writes nothing."""
    text = known.added(old, found)

    said = set(text.split("\n"))
    assert set(found) <= said
    assert set(old.split("\n") if old is not None else []) <= said
    assert known.added(text, found) == text


def test_what_does_not_fit_goes_the_oldest_first() -> None:
    """A ConfigMap has room for a MiB, and the API server refuses the whole of a larger one."""
    line = "x" * (known.MOST // 2)

    assert known.added(f"old\n{line}1", [f"{line}2"]) == f"{line}2"


def test_a_missing_map_is_missing(empty: Cluster) -> None:
    """The fake must refuse as the client does, or the test above would prove nothing."""
    put(empty, kinds.CONFIG_MAP, "another", {})
    named = replace(
        parse.thing(live(empty, kinds.CONFIG_MAP, "another")).itself, name=BOUNDS, uid=""
    )

    with pytest.raises(Missing):
        StandInKubernetes(empty).thing(NAMESPACE, named)
