"""How `environments.yaml` says what an installation should be like: fields, mistakes, meaning."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final  # Any: what the shapes have checked

from bot.app.redaction import names_a_secret
from cluster.drift.intended import (
    LOCAL,
    NVIDIA,
    PRODUCT,
    Canary,
    Environment,
    Environments,
    Gpus,
    Model,
    Range,
    Size,
    SloClass,
    Workload,
)
from runbooks.language.positions import Path
from runbooks.language.shapes import (
    Choice,
    Duration,
    Field,
    Integer,
    ListOf,
    MapOf,
    Number,
    Record,
    Text,
)

Wrong = tuple[str, Path]
"""What is wrong, and where it stands."""

Said = Mapping[str, Any]  # see the import

ENVIRONMENTS, MODELS, WORKLOADS = "environments", "models", "workloads"
NAMESPACES, NAMESPACE, ROLE, MODEL = "namespaces", "namespace", "role", "model"
LEAST, MOST, NORMAL = "least", "most", "normal"
LARGEST: Final = 1000
"""No llm-d pool is near this many replicas; a longer number is a slip."""
OF_MODEL: Final[Mapping[str, str]] = {
    "--tensor-parallel-size": "tensor_parallel",
    "--max-model-len": "max_model_len",
    "--quantization": "quantization",
    "--revision": "revision",
    "--served-model-name": "served",
    "--model": "source",
}
"""Flags that a model's entry speaks of."""

_NAME = r"[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?"
_DNS = Text(pattern=r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", example="llm-d", longest=63)
_OBJECT = Text(pattern=r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", example="chat", longest=253)
_FLAG = r"--[a-z0-9][a-z0-9_.-]{0,99}"
_SIZE = Integer(minimum=0, maximum=LARGEST)
_LONG = Text(longest=500)
_SECONDS = Number(minimum=0.001, maximum=600)
_KEY = Text(pattern=r"[A-Za-z0-9][-A-Za-z0-9_./]{0,315}", example=PRODUCT, longest=316)
_RANGE: Mapping[str, Field] = {
    LEAST: Field(shape=_SIZE, meaning="never fewer than these", required=True),
    MOST: Field(shape=_SIZE, meaning="never more than these", required=True),
}

_REPLICAS = Record(
    fields={
        NORMAL: Field(shape=_SIZE, meaning="what to go back to after a change", required=True),
        LEAST: Field(shape=_SIZE, meaning="the fewest; else the autoscaler's, else normal"),
        MOST: Field(shape=_SIZE, meaning="the most; else the autoscaler's, else normal"),
    }
)
_GPUS = Record(
    fields={
        "per_pod": Field(shape=Integer(minimum=0, maximum=64), meaning="how many each pod gets"),
        "kind": Field(shape=_LONG, meaning="what the label of its node says"),
        "label": Field(shape=_KEY, meaning=f"that label; {PRODUCT} without it"),
        "resource": Field(shape=_KEY, meaning=f"how a pod asks for one; {NVIDIA} without it"),
    },
    one_of=("per_pod", "kind"),
)
_SLO_CLASS = Record(
    fields={
        "objective": Field(
            shape=_OBJECT, meaning="the InferenceObjective that requests name", required=True
        ),
        "priority": Field(
            shape=Integer(minimum=-1_000_000, maximum=1_000_000),
            meaning="its spec.priority; a higher one is served first",
            required=True,
        ),
    }
)
_WORKLOAD = Record(
    fields={
        ROLE: Field(
            shape=Choice(choices=("decode", "prefill", "both")),
            meaning="the pods that are meant, by llm-d.ai/role",
            required=True,
        ),
        MODEL: Field(
            shape=Text(pattern=_NAME, example="llama-3-70b", longest=100),
            meaning="the entry of `models` that it serves",
            required=True,
        ),
        NAMESPACE: Field(shape=_DNS, meaning="the only namespace of the environment it is in"),
        "pool": Field(shape=_OBJECT, meaning="its InferencePool, where the model alone is not it"),
        "replicas": Field(shape=_REPLICAS, meaning="pods, or groups of a LeaderWorkerSet"),
        "image": Field(shape=_LONG, meaning="the engine's image, whole"),
        "version": Field(shape=_LONG, meaning="the tag of the engine's image alone"),
        "arguments": Field(
            shape=MapOf(key=_FLAG, item=_LONG), meaning="flags of the engine, values in quotes"
        ),
        "switches": Field(
            shape=ListOf(item=Text(pattern=_FLAG, example="--enable-prefix-caching")),
            meaning="flags of the engine that stand there without a value",
        ),
        "variables": Field(
            shape=MapOf(key=r"[A-Za-z_][A-Za-z0-9_]{0,199}", item=_LONG),
            meaning="environment variables of the engine's container, values in quotes",
        ),
        "gpus": Field(shape=_GPUS, meaning="how many GPUs a pod gets, and of what kind"),
        "memory": Field(
            shape=Text(pattern=r"[0-9]{1,12}(\.[0-9]{1,3})?([KMGTPE]i|[kMGTPE])?", example="32Gi"),
            meaning="the memory limit of the engine's container",
        ),
        "autoscaler": Field(
            shape=Record(fields=_RANGE), meaning="floor and ceiling of its HPA or ScaledObject"
        ),
        "pool_failure_mode": Field(
            shape=Choice(choices=("FailOpen", "FailClose")),
            meaning="what becomes of requests while the endpoint picker is away",
        ),
        "slo_class": Field(shape=_SLO_CLASS, meaning="how important its requests are"),
    }
)
_ENVIRONMENT = Record(
    fields={
        "clusters": Field(
            shape=ListOf(item=_DNS, fewest=1), meaning=f"where it is; {LOCAL} without it"
        ),
        NAMESPACES: Field(
            shape=ListOf(item=_DNS, fewest=1),
            meaning="which it holds, in each of its clusters",
            required=True,
        ),
        WORKLOADS: Field(shape=ListOf(item=_WORKLOAD), meaning="what runs in each of them"),
    }
)
_MODEL = Record(
    fields={
        "served": Field(
            shape=ListOf(item=_LONG, fewest=1),
            meaning="names in requests and metrics, the main one first; its own without it",
        ),
        "source": Field(shape=_LONG, meaning="where the weights come from; hf:// may be left out"),
        "revision": Field(shape=_LONG, meaning="branch, tag or commit of the weights"),
        "quantization": Field(shape=_LONG, meaning="the engine's word for it, as fp8"),
        "tensor_parallel": Field(
            shape=Integer(minimum=1, maximum=1024), meaning="GPUs that share each layer"
        ),
        "max_model_len": Field(
            shape=Integer(minimum=1, maximum=100_000_000),
            meaning="tokens of prompt and answer together",
        ),
        "load_time": Field(
            shape=Duration(minimum=timedelta(seconds=1), maximum=timedelta(hours=6)),
            meaning="how long a new pod takes until it is ready",
        ),
        "canary": Field(
            shape=Record(
                fields={
                    "prompt": Field(shape=_LONG, meaning="what is asked", required=True),
                    "begins_with": Field(
                        shape=_LONG, meaning="how the answer begins", required=True
                    ),
                    "gateway": Field(
                        shape=Text(
                            pattern=r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?",
                            example="http://gateway.llm-d",
                        ),
                        meaning="where requests come in; it is asked there, too",
                    ),
                    "first_token": Field(
                        shape=_SECONDS, meaning="how long the first token may take, in seconds"
                    ),
                    "between_tokens": Field(
                        shape=_SECONDS, meaning="how long each further token may take, in seconds"
                    ),
                }
            ),
            meaning="a prompt with a known answer, with which pods are tried",
        ),
    }
)

SHAPE = Record(
    fields={
        MODELS: Field(shape=MapOf(key=_NAME, item=_MODEL), meaning="the models that are served"),
        ENVIRONMENTS: Field(
            shape=MapOf(key=_NAME, item=_ENVIRONMENT), meaning="what is alike, and what it is like"
        ),
    }
)


def wrong(says: Said) -> Iterator[Wrong]:
    """Yield what a shape cannot see: what is said twice, of nobody, or against itself."""
    yield from _named_twice(says)
    held = dict[tuple[str, str], str]()
    for name, one in says.get(ENVIRONMENTS, {}).items():
        where: Path = (ENVIRONMENTS, name)
        yield from _held_twice(one, name, held, where)
        for index, workload in enumerate(one.get(WORKLOADS, ())):
            here: Path = (*where, WORKLOADS, index)
            yield from _unknown(workload, one, says, here)
            yield from _contradictions(workload, here)
        yield from _twice(one, where)


def environments(says: Said, lines: Mapping[str, Sequence[int]], *, file: str) -> Environments:
    """Return what was found right; `lines` are those of each environment's workloads, in order."""
    models = {name: _model(name, one) for name, one in says.get(MODELS, {}).items()}
    return Environments(
        models=models,
        environments=tuple(
            Environment(
                name=name,
                clusters=_clusters(one),
                namespaces=tuple(one[NAMESPACES]),
                workloads=tuple(
                    _workload(each, models, f"{file}:{line}")
                    for each, line in zip(one.get(WORKLOADS, ()), lines[name], strict=True)
                ),
            )
            for name, one in says.get(ENVIRONMENTS, {}).items()
        ),
    )


def _named_twice(says: Said) -> Iterator[Wrong]:
    first = dict[str, str]()
    for name, one in says.get(MODELS, {}).items():
        for index, served in enumerate(one.get("served", (name,))):
            other = first.setdefault(served, name)
            if other != name:
                where: Path = (MODELS, name, "served", index)
                yield f"{served!r} is a name of {other} already", where


def _held_twice(
    one: Said, name: str, held: dict[tuple[str, str], str], where: Path
) -> Iterator[Wrong]:
    for cluster in _clusters(one):
        for index, namespace in enumerate(one[NAMESPACES]):
            key = (cluster, namespace)
            if key in held:
                what = f"{namespace} of the cluster {cluster} is in {held[key]} already"
                yield what, (*where, NAMESPACES, index)
            held.setdefault(key, name)


def _unknown(workload: Said, environment: Said, says: Said, where: Path) -> Iterator[Wrong]:
    model, namespace = workload[MODEL], workload.get(NAMESPACE)
    if model not in says.get(MODELS, {}):
        yield f"there is no model {model!r} in {MODELS}", (*where, MODEL)
    if namespace is not None and namespace not in environment[NAMESPACES]:
        yield f"{namespace!r} is no namespace of this environment", (*where, NAMESPACE)


def _contradictions(workload: Said, where: Path) -> Iterator[Wrong]:
    scaled = workload.get("autoscaler")
    if scaled and scaled[LEAST] > scaled[MOST]:
        what = f"least {scaled[LEAST]} is above most {scaled[MOST]}"
        yield what, (*where, "autoscaler", LEAST)
    replicas = workload.get("replicas")
    if replicas and not _in_order(replicas, scaled):
        what = "least, normal and most must rise in this order; unsaid, they are the autoscaler's"
        yield what, (*where, "replicas")
    for flag in workload.get("arguments", {}):
        if flag in OF_MODEL:
            what = f"{flag} is said by {OF_MODEL[flag]} of the model's entry"
            yield what, (*where, "arguments", flag)
    for part in ("arguments", "variables"):
        for name in filter(names_a_secret, workload.get(part, {})):
            what = f"{name} is a secret by its name, and no configuration holds any"
            yield what, (*where, part, name)
    if "image" in workload and "version" in workload:
        yield "say image or version: the one holds the other", (*where, "version")


def _in_order(replicas: Said, scaled: Said | None) -> bool:
    allowed = _allowed(replicas, scaled)
    return replicas[NORMAL] in allowed


def _twice(environment: Said, where: Path) -> Iterator[Wrong]:
    """Yield workloads of the same place, model and role: no incident could tell them apart."""
    first = dict[tuple[str, str, str, str], int]()
    for index, one in enumerate(environment.get(WORKLOADS, ())):
        for namespace in environment[NAMESPACES]:
            if one.get(NAMESPACE, namespace) == namespace:
                key = (namespace, one[ROLE], one[MODEL], one.get("pool", ""))
                if first.setdefault(key, index) != index:
                    what = f"{one[ROLE]} of {one[MODEL]} stands here twice for {namespace}"
                    yield what, (*where, WORKLOADS, index)
                    break


def _clusters(environment: Said) -> tuple[str, ...]:
    return tuple(dict.fromkeys(environment.get("clusters", (LOCAL,))))


def _model(name: str, said: Said) -> Model:
    canary = said.get("canary")
    plain = {key: value for key, value in said.items() if key not in {"served", "canary"}}
    return Model(
        name=name,
        served=tuple(said.get("served", (name,))),
        canary=_canary(canary) if canary else None,
        **plain,
    )


def _canary(said: Said) -> Canary:
    spans = {
        name: timedelta(seconds=said[name])
        for name in ("first_token", "between_tokens")
        if name in said
    }
    return Canary(**{**said, **spans})


def _workload(said: Said, models: Mapping[str, Model], where: str) -> Workload:
    plain = (NAMESPACE, "pool", "image", "version", "memory", "pool_failure_mode")
    scaled, replicas, gpus = said.get("autoscaler"), said.get("replicas"), said.get("gpus")
    slo = said.get("slo_class")
    return Workload(
        role=said[ROLE],
        model=models[said[MODEL]],
        where=where,
        replicas=_size(replicas, scaled) if replicas else None,
        arguments=tuple(said.get("arguments", {}).items()),
        switches=tuple(said.get("switches", ())),
        variables=tuple(said.get("variables", {}).items()),
        gpus=Gpus(**gpus) if gpus else None,
        autoscaler=Range(**scaled) if scaled else None,
        slo_class=SloClass(**slo) if slo else None,
        **{name: said[name] for name in plain if name in said},
    )


def _size(replicas: Said, scaled: Said | None) -> Size:
    return Size(normal=replicas[NORMAL], allowed=_allowed(replicas, scaled))


def _allowed(replicas: Said, scaled: Said | None) -> Range:
    other = scaled or {}
    normal = replicas[NORMAL]
    return Range(
        least=replicas.get(LEAST, other.get(LEAST, normal)),
        most=replicas.get(MOST, other.get(MOST, normal)),
    )
