"""One flag of an engine becomes another: in its place, within bounds, and back again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.actions import engine_words
from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.targets.target import Target
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.conftest import NAMESPACE, NOW, StandInKubernetes
from tests.cluster.graphs import refer, target
from tests.cluster.test_scale_kinds import live, put, uid

KEY = "run-7/flag"
SERVE = ["vllm", "serve", "m"]
LABELS = {"a": "b"}


@pytest.fixture
def empty() -> Cluster:
    world = Cluster(now=lambda: NOW)
    meta = {"metadata": {"name": NAMESPACE}}
    world.create(resources.NAMESPACES, meta, writer=Writer(manager="somebody"))
    return world


def pod(args: Sequence[str] | None, **more: object) -> dict[str, object]:
    said = {} if args is None else {"command": SERVE, "args": list(args)}
    return {"containers": [{"name": "side", "image": "x"}, {"name": "vllm", **said, **more}]}


def deployment(world: Cluster, args: Sequence[str] | None, **more: object) -> None:
    template = {"metadata": {"labels": LABELS}, "spec": pod(args, **more)}
    spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template}
    put(world, kinds.DEPLOYMENT, "x", spec)


def at(world: Cluster, kind: Kind = kinds.DEPLOYMENT) -> Target:
    return replace(target(kind, "x"), uid=uid(world, kind))


def plan(world: Cluster, flag: str, value: str, kind: Kind = kinds.DEPLOYMENT) -> Plan:
    verb = verbs(StandInKubernetes(world))["engine_arguments"]
    return verb.plan(at(world, kind), {"flag": flag, "value": value})


def apply(world: Cluster, made: Plan, key: str = KEY) -> None:
    verb = verbs(StandInKubernetes(world))["engine_arguments"]
    assert verb.already_done(made, key=key) is Done.NO
    verb.apply(made, key=key)
    assert verb.already_done(made, key=key) is Done.YES
    assert verb.settled(made).reverted_by is None


def args(world: Cluster) -> object:
    spec = live(world, kinds.DEPLOYMENT)["spec"]["template"]["spec"]
    return spec["containers"][1].get("args")


LINES = {
    "together": (["--port=1", "--max-num-seqs=64"], ["--port=1", "--max-num-seqs=128"]),
    "apart": (["--max-num-seqs", "64", "-v"], ["--max-num-seqs", "128", "-v"]),
    "underscores": (["--max_num_seqs=64"], ["--max_num_seqs=128"]),
    "script": (
        ["exec vllm serve m \\\n --max-num-seqs 64 \\\n --port 1"],
        ["exec vllm serve m \\\n --max-num-seqs 128 \\\n --port 1"],
    ),
    "beside a secret": (
        ["--api-key=hunter2", "--max-num-seqs=64"],
        ["--api-key=hunter2", "--max-num-seqs=128"],
    ),
}


@pytest.mark.parametrize(("old", "new"), LINES.values(), ids=LINES)
def test_a_flag_is_set_where_it_stands_and_back_again(
    empty: Cluster, old: list[str], new: list[str]
) -> None:
    """And nothing else of the line is written, which may hold secrets."""
    deployment(empty, old)

    made = plan(empty, "max-num-seqs", "128")
    apply(empty, made)
    after = args(empty)
    back = dict(made.inverse)
    apply(empty, plan(empty, back["flag"], back["value"]), key="run-7/undo")

    assert (made.before, made.after) == ((("--max-num-seqs", "64"),), (("--max-num-seqs", "128"),))
    assert back == {"action": "engine_arguments", "flag": "max-num-seqs", "value": "64"}
    assert "hunter2" not in repr(asdict(made))
    assert any("load the model again" in each for each in made.warnings)
    assert after == new
    assert args(empty) == old


@pytest.mark.parametrize(
    "old", [["--port=1"], [], ["-c", '{"a": 1}']], ids=["beside others", "alone", "beside JSON"]
)
def test_a_flag_is_added_at_the_end_and_taken_away(empty: Cluster, old: list[str]) -> None:
    """What was not there is not there afterwards."""
    deployment(empty, old)

    made = plan(empty, "gpu-memory-utilization", "0.85")
    apply(empty, made)
    after = args(empty)
    back = dict(made.inverse)
    apply(empty, plan(empty, back["flag"], back["value"]), key="run-7/undo")

    assert made.before == (("--gpu-memory-utilization", "none"),)
    assert back["value"] == "none"
    assert after == [*old, "--gpu-memory-utilization=0.85"]
    assert args(empty) == (old or None)


@pytest.mark.parametrize(
    ("flag", "value", "because"),
    [
        pytest.param("max-num-seqs", "0", "a whole number from 1 to 4096", id="too small"),
        pytest.param("max-num-seqs", "99999", "a whole number from 1 to 4096", id="too large"),
        pytest.param("max-num-seqs", "0.5", "a whole number", id="no share"),
        pytest.param("gpu-memory-utilization", "1", "a share from 0.5 to 0.97", id="all of it"),
        pytest.param("gpu-memory-utilization", "0.99", "from 0.5 to 0.97", id="nearly all"),
        pytest.param("max-num-seqs", "64;reboot", "not '64;reboot'", id="a command"),
        pytest.param("max-num-seqs", "", "a whole number", id="nothing"),
        pytest.param("api-key", "x", "flag is one of", id="a secret"),
        pytest.param("trust-remote-code", "1", "flag is one of", id="foreign code"),
        pytest.param("max-num-seqs", "64", "nothing to change", id="the same"),
        pytest.param("max-model-len", "none", "nothing to change", id="not there"),
    ],
)
def test_what_is_not_allowed_is_refused(
    empty: Cluster, flag: str, value: str, because: str
) -> None:
    """Before anybody is asked: an engine that does not start is an outage."""
    deployment(empty, ["--max-num-seqs", "64"])

    with pytest.raises(Rejected, match=because):
        plan(empty, flag, value)


@pytest.mark.parametrize(
    ("said", "value", "because"),
    [
        pytest.param(["--max-num-seqs", "1", "--max-num-seqs=2"], "3", "stands 2 times", id="two"),
        pytest.param(["--max-num-seqs", "-v"], "3", "without a value", id="no value"),
        pytest.param(["--max-num-seqs"], "3", "without a value", id="at the end"),
        pytest.param(["vllm serve --max-num-seqs $N"], "3", "no.* a plain number", id="variable"),
        pytest.param(["x # --max-num-seqs 9"], "3", "not as a plain number", id="comment"),
        pytest.param(["vllm serve m"], "3", "cannot be added to a script", id="into a script"),
        pytest.param(
            ["vllm serve --max-num-seqs 9"], "none", "cannot be taken from a script", id="out of it"
        ),
        pytest.param(["--api-key=hunter2"], "3", "looks like a secret", id="beside a secret"),
        pytest.param(None, "3", "the image's own", id="no line"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(
    empty: Cluster, said: list[str] | None, value: str, because: str
) -> None:
    """With the reason, and never with a word of what looks like a secret."""
    deployment(empty, said, image="vllm:1")
    if said is None:
        container = {"name": "vllm", "image": "vllm:1"}
        template = {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}}
        spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template}
        change(empty, spec)

    with pytest.raises(Rejected, match=because) as raised:
        plan(empty, "max-num-seqs", value)

    assert "hunter2" not in str(raised.value)


def change(world: Cluster, spec: Mapping[str, object]) -> None:
    world.update(
        resources.DEPLOYMENTS,
        NAMESPACE,
        "x",
        lambda thing: {**thing, "spec": dict(spec)},
        writer=Writer(manager="somebody"),
    )


def test_a_value_that_may_not_be_asked_for_has_no_way_back(empty: Cluster) -> None:
    """The card must not offer an undo that would be refused."""
    deployment(empty, ["--max-model-len=32k"])

    made = plan(empty, "max-model-len", "16384")

    assert made.before == (("--max-model-len", "32k"),)
    assert (made.inverse, made.reversible) == ((), False)


def groups(leader: str, worker: str) -> dict[str, object]:
    def template(value: str) -> dict[str, object]:
        return {"spec": pod(["--max-num-seqs", value])}

    made = {"size": 2, "leaderTemplate": template(leader), "workerTemplate": template(worker)}
    return {"replicas": 2, "leaderWorkerTemplate": made}


def test_leaders_and_workers_become_alike_in_one_write(empty: Cluster) -> None:
    """Engines of one group that disagree do not start."""
    put(empty, kinds.GROUPS, "x", groups("64", "64"))

    made = plan(empty, "max-num-seqs", "128", kinds.GROUPS)
    apply(empty, made)

    assert live(empty, kinds.GROUPS)["spec"] == groups("128", "128")
    assert made.before == (("leader --max-num-seqs", "64"), ("worker --max-num-seqs", "64"))
    assert dict(made.inverse)["value"] == "64"


def test_what_was_not_alike_cannot_be_undone(empty: Cluster) -> None:
    """One step of a runbook sets one value."""
    put(empty, kinds.GROUPS, "x", groups("64", "32"))

    made = plan(empty, "max-num-seqs", "128", kinds.GROUPS)

    assert not made.reversible
    assert "these were not alike before, so this cannot be undone" in made.warnings


@pytest.mark.parametrize("role", ["decode", "prefill"])
def test_a_service_has_the_line_of_each_role(empty: Cluster, role: str) -> None:
    """What KServe made from it would be written back."""
    line = pod(["--max-num-seqs", "64"])
    put(empty, kinds.INFERENCE_SERVICE, "x", {"template": line, "prefill": {"template": line}})
    suffix = "-prefill" if role == "prefill" else ""
    template = {"metadata": {"labels": LABELS}, "spec": pod(["--max-num-seqs", "64"])}
    spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template}
    above = refer(kinds.INFERENCE_SERVICE, "x")
    put(empty, kinds.DEPLOYMENT, f"x-kserve{suffix}", spec, above=above)
    verb = verbs(StandInKubernetes(empty))["engine_arguments"]
    meant = replace(at(empty, kinds.INFERENCE_SERVICE), role=role)

    made = verb.plan(meant, {"flag": "max-num-seqs", "value": "128"})
    verb.apply(made, key=KEY)

    part = "prefill/template" if role == "prefill" else "template"
    assert [path for path, _ in made.write.fields] == [f"/spec/{part}/containers/1/args/1"]
    assert made.write.kind == "LLMInferenceService"


def test_in_git_it_is_changed_there(empty: Cluster) -> None:
    """A person gets the text of the pull request."""
    deployment(empty, ["--max-num-seqs=64"])

    def marked(thing):
        meta = {**thing["metadata"], "labels": {"kustomize.toolkit.fluxcd.io/name": "k"}}
        return {**thing, "metadata": meta}

    writer = Writer(manager="x")
    empty.update(resources.DEPLOYMENTS, NAMESPACE, "x", marked, writer=writer)

    with pytest.raises(Rejected, match=r"Pull request: .*containers\[1\]\.args\[0\]: 64 → 128"):
        plan(empty, "max-num-seqs", "128")


WORDS = st.lists(st.sampled_from(["--port=1", "-v", "m", "--max-num-seqs-x=2", "x"]), max_size=4)


@given(before=WORDS, after=WORDS, old=st.integers(1, 999), new=st.integers(1, 999))
def test_only_the_number_of_a_script_becomes_another(
    before: list[str], after: list[str], old: int, new: int
) -> None:
    """A shell would run whatever else was written there."""
    script = " ".join(["vllm serve", *before, "--max-num-seqs", str(old), *after])

    found = engine_words.find({"args": [script]}, "--max-num-seqs", about="x")

    assert found is not None
    assert found.value == str(old)
    assert found.word(str(new)) == " ".join(
        ["vllm serve", *before, "--max-num-seqs", str(new), *after]
    )
