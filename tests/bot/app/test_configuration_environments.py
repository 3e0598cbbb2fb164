"""`environments.yaml` says what an installation should be like; every mistake in it has a line."""

import re
import string
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from bot.app.configuration import Configuration, load
from bot.app.configuration_shapes import schema
from bot.app.metrics import Metrics
from bot.app.reloading import Reloading
from cluster.drift.intended import (
    NOTHING,
    Canary,
    Environments,
    Gpus,
    Model,
    Range,
    Size,
    SloClass,
    Workload,
)
from incidents.errors import Rejected

WHOLE = """\
models:
  llama3-70b:
    served: [llama-3-70b, chat]
    source: hf://meta-llama/Llama-3.1-70B-Instruct
    revision: v1
    quantization: fp8
    tensor_parallel: 4
    max_model_len: 8192
    load_time: 4m
    canary: {prompt: The capital of France is, begins_with: " Paris", between_tokens: 0.1}
  llama3-8b: {}
environments:
  production:
    clusters: [local, west]
    namespaces: [llm-d, chat]
    workloads:
      - role: decode
        model: llama3-70b
        namespace: llm-d
        pool: chat
        replicas: {normal: 8, least: 4}
        image: ghcr.io/llm-d/llm-d-cuda:v0.8.0
        arguments: {--max-num-seqs: "256"}
        switches: [--enable-prefix-caching]
        variables: {OTEL_TRACES_SAMPLER_ARG: "0.01"}
        gpus: {per_pod: 2, kind: NVIDIA-H100-80GB-HBM3}
        memory: 32Gi
        autoscaler: {least: 2, most: 16}
        pool_failure_mode: FailOpen
        slo_class: {objective: chat, priority: 10}
      - {role: prefill, model: llama3-8b, replicas: {normal: 4}}
  staging:
    namespaces: [staging]
"""


def written(folder: Path, text: str) -> Path:
    """Write the file, and return its folder."""
    (folder / "environments.yaml").write_text(text)
    return folder


def refusal(folder: Path, text: str) -> list[str]:
    """Return what is wrong with the file, without its path."""
    with pytest.raises(Rejected) as refused:
        load(written(folder, text))
    return str(refused.value).replace(f"{folder}/", "").splitlines()


def in_production(*workloads: str) -> str:
    """Write a file with these workloads; the first stands in line 6."""
    begins = "models:\n  m: {}\nenvironments:\n  production:\n    namespaces: [a, b]\n"
    lines = "\n".join(f"      - {{{one}}}" for one in workloads)
    return f"{begins}    workloads:\n{lines}\n"


def test_the_file_says_what_is_intended(tmp_path: Path) -> None:
    """All that the loader takes must arrive, with the line of the workload."""
    found = load(written(tmp_path, WHOLE)).environments

    model = Model(
        name="llama3-70b",
        served=("llama-3-70b", "chat"),
        source="hf://meta-llama/Llama-3.1-70B-Instruct",
        revision="v1",
        quantization="fp8",
        tensor_parallel=4,
        max_model_len=8192,
        load_time=timedelta(minutes=4),
        canary=Canary(
            prompt="The capital of France is",
            begins_with=" Paris",
            between_tokens=timedelta(seconds=0.1),
        ),
    )
    assert found.models == {
        "llama3-70b": model,
        "llama3-8b": Model(name="llama3-8b", served=("llama3-8b",)),
    }
    assert found.environments[0].workloads[0] == Workload(
        role="decode",
        model=model,
        where="environments.yaml:17",
        namespace="llm-d",
        pool="chat",
        replicas=Size(normal=8, allowed=Range(least=4, most=16)),
        image="ghcr.io/llm-d/llm-d-cuda:v0.8.0",
        arguments=(("--max-num-seqs", "256"),),
        switches=("--enable-prefix-caching",),
        variables=(("OTEL_TRACES_SAMPLER_ARG", "0.01"),),
        gpus=Gpus(per_pod=2, kind="NVIDIA-H100-80GB-HBM3"),
        memory="32Gi",
        autoscaler=Range(least=2, most=16),
        pool_failure_mode="FailOpen",
        slo_class=SloClass(objective="chat", priority=10),
    )


def test_a_workload_is_meant_in_every_namespace_that_it_does_not_exclude(tmp_path: Path) -> None:
    """An environment is what is kept alike."""
    found = load(written(tmp_path, WHOLE)).environments

    assert [(one.cluster, one.namespace, str(one.workload)) for one in found.places] == [
        ("local", "llm-d", "decode of llama3-70b"),
        ("local", "llm-d", "prefill of llama3-8b"),
        ("local", "chat", "prefill of llama3-8b"),
        ("west", "llm-d", "decode of llama3-70b"),
        ("west", "llm-d", "prefill of llama3-8b"),
        ("west", "chat", "prefill of llama3-8b"),
    ]


def test_no_file_intends_nothing(tmp_path: Path) -> None:
    """An empty folder works, and nothing is said of drift."""
    assert load(tmp_path).environments == NOTHING == Environments()


def test_a_size_alone_is_its_own_range(tmp_path: Path) -> None:
    """Whoever says 4 does not mean that 5 is as well."""
    found = load(written(tmp_path, WHOLE)).environments.environments[0].workloads[1]

    assert found.replicas == Size(normal=4, allowed=Range(least=4, most=4))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param(
            in_production("role: decode, model: m, replica: {normal: 4}"),
            "environments.yaml:7: environments.yaml.environments.production.workloads[0]: "
            "unknown field replica",
            id="unknown-field",
        ),
        pytest.param(
            in_production("role: decode, model: n"),
            "environments.yaml:7: there is no model 'n' in models",
            id="no-such-model",
        ),
        pytest.param(
            in_production("role: decoder, model: m"),
            "environments.yaml:7: environments.yaml.environments.production.workloads[0].role: "
            "expected one of decode, prefill, both",
            id="no-such-role",
        ),
        pytest.param(
            in_production("role: decode, model: m, namespace: c"),
            "environments.yaml:7: 'c' is no namespace of this environment",
            id="no-such-namespace",
        ),
        pytest.param(
            in_production("role: decode, model: m", "role: decode, model: m, namespace: b"),
            "environments.yaml:8: decode of m stands here twice for b",
            id="the-same-workload-twice",
        ),
        pytest.param(
            in_production("role: decode, model: m, replicas: {normal: 4, least: 5}"),
            "environments.yaml:7: least, normal and most must rise in this order",
            id="a-normal-size-below-the-least",
        ),
        pytest.param(
            in_production(
                "role: decode, model: m, replicas: {normal: 4}, autoscaler: {least: 5, most: 9}"
            ),
            "environments.yaml:7: least, normal and most must rise in this order",
            id="a-normal-size-below-the-floor",
        ),
        pytest.param(
            in_production("role: decode, model: m, autoscaler: {least: 5, most: 4}"),
            "environments.yaml:7: least 5 is above most 4",
            id="a-floor-above-the-ceiling",
        ),
        pytest.param(
            in_production('role: decode, model: m, arguments: {--max-model-len: "8192"}'),
            "environments.yaml:7: --max-model-len is said by max_model_len of the model's entry",
            id="an-argument-of-the-model",
        ),
        pytest.param(
            in_production('role: decode, model: m, variables: {HF_TOKEN: "hf_x"}'),
            "environments.yaml:7: HF_TOKEN is a secret by its name",
            id="a-secret",
        ),
        pytest.param(
            in_production('role: decode, model: m, arguments: {--api-key: "x"}'),
            "environments.yaml:7: --api-key is a secret by its name",
            id="a-secret-argument",
        ),
        pytest.param(
            in_production("role: decode, model: m, image: a:1, version: '1'"),
            "environments.yaml:7: say image or version",
            id="image-and-version",
        ),
        pytest.param(
            in_production("role: decode, model: m, gpus: {label: x}"),
            "environments.yaml:7: environments.yaml.environments.production.workloads[0].gpus: "
            "one of per_pod, kind is missing",
            id="gpus-that-say-nothing",
        ),
        pytest.param(
            "models:\n  a: {served: [x]}\n  b:\n    served: [b, x]\n",
            "environments.yaml:4: 'x' is a name of a already",
            id="one-name-of-two-models",
        ),
        pytest.param(
            "environments:\n  a: {namespaces: [x]}\n  b:\n    namespaces: [y, x]\n",
            "environments.yaml:4: x of the cluster local is in a already",
            id="one-namespace-in-two-environments",
        ),
        pytest.param("environments: []\n", "environments.yaml:1: ", id="another-shape"),
    ],
)
def test_mistakes_are_named_with_file_and_line(tmp_path: Path, text: str, wrong: str) -> None:
    """Whoever edits a ConfigMap at night must not have to search."""
    (found,) = refusal(tmp_path, text)

    assert found.startswith(wrong)


def test_the_published_schema_agrees_with_the_loader() -> None:
    """An editor must not underline what the loader takes, nor miss what it refuses."""
    validator = Draft202012Validator(schema("environments.yaml"))
    document = YAML(typ="safe", pure=True).load(WHOLE)

    assert [str(one) for one in validator.iter_errors(document)] == []
    assert list(validator.iter_errors({**document, "unknown": 1})) != []


def test_a_changed_file_comes_into_force_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    """A slip of the pen must not take every bound away, nor go unseen."""
    metrics, applied = Metrics(), list[Configuration]()
    folder = written(tmp_path, WHOLE)
    loop = Reloading(
        folder, loaded=load(folder), apply=applied.append, refused=metrics.configuration_refused
    )

    written(folder, WHOLE.replace("normal: 8", "normal: eight"))
    assert loop.once()
    assert applied == []
    assert f"{folder}/environments.yaml:21: " in loop.notice
    assert loop.notice.endswith("what was in force before stays in force")

    written(folder, WHOLE.replace("normal: 8", "normal: 9 "))
    assert loop.once()
    (found,) = applied
    workload = found.environments.environments[0].workloads[0]
    assert workload.replicas == Size(normal=9, allowed=Range(least=4, most=16))


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2000),
    st.sampled_from(["decode", "m", "a", "b", "--x", "8Gi", "4m", "FailOpen", "local", "", "$x"]),
    st.text(string.printable, max_size=8),
)
WORDS = st.sampled_from([*re.findall(r"(\w+):", WHOLE), "--max-num-seqs"])


def anything(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Give lists and mappings in the words of the file."""
    return st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4)


ANYTHING = st.recursive(LEAVES, anything, max_leaves=25)


def changed(document: Any, draw: Callable[..., Any]) -> Any:
    """Return the document with one of its parts changed."""
    if document and isinstance(document, dict) and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(document)))
        return {**document, key: changed(document[key], draw)}
    if document and isinstance(document, list) and draw(st.integers(0, 3)):
        index = draw(st.integers(0, len(document) - 1))
        return [*document[:index], changed(document[index], draw), *document[index + 1 :]]
    return draw(ANYTHING)


@st.composite
def nearly_right(draw: Callable[..., Any]) -> Any:
    """Give the whole file with a part changed."""
    return changed(YAML(typ="safe", pure=True).load(WHOLE), draw)


@given(document=nearly_right() | ANYTHING)
def test_any_document_is_a_value_or_is_refused_with_file_and_line(document: object) -> None:
    """A ConfigMap is written by people: nothing in it may be a traceback."""
    text = StringIO()
    YAML(typ="safe", pure=True).dump(document, text)
    with TemporaryDirectory() as name:
        try:
            found = load(written(Path(name), text.getvalue()))
        except Rejected as error:
            for line in str(error).splitlines():
                assert re.match(rf"{re.escape(name)}/environments\.yaml:[1-9][0-9]*: .", line)
        else:
            assert isinstance(found.environments.places, tuple)


@given(text=st.text(max_size=60))
def test_any_text_is_a_value_or_is_refused_with_file_and_line(text: str) -> None:
    """What is no YAML at all is named as well."""
    with TemporaryDirectory() as name:
        try:
            found = load(written(Path(name), text))
        except Rejected as error:
            refused = str(error)
            assert refused.startswith(f"{name}/environments.yaml:")
        else:
            assert found.environments == NOTHING
