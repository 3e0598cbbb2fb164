"""Compares what the pods run: image, arguments, variables, GPUs, memory, and the model. Pure.

The pods count, and not the template that they were made from: what was changed and has not been
rolled out yet does not run. Who wrote it last is taken from the template.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.quantities import quantity
from cluster.clients.things import Json, Thing
from cluster.drift import engine_line, written
from cluster.drift.engine_line import CHOSEN, Line
from cluster.drift.findings import Finding, Unknown, Written, cannot_tell, judged
from cluster.drift.intended import Gpus, Model, Workload
from cluster.drift.live import Live

NO_PODS: Final = Unknown(because="it has no pods")
NOT_ONE: Final = Unknown(because="which of its containers is the engine cannot be told")
ABSENT: Final = "not on the command line"
NOT_SET: Final = "not set"
UNTOLD: Final = "cannot be told"
ONE_GPU: Final = "1 (the engine's default)"
"""What vLLM and SGLang take for the tensor parallel size where nothing is said."""
HUB: Final = "hf://"
SHOWN: Final = 200

Told = str | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The container of a pod that runs the engine, and its command line."""

    container: Json
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """One thing to compare: how it is read, and where below the container it is written."""

    what: str
    intended: str
    read: Callable[[Engine], Told]
    field: written.Field = ("args",)
    same: Callable[[str, str], bool] = str.__eq__


def compare(workload: Workload, live: Live) -> Iterator[Finding]:
    """Yield how the pods stand to everything that the intention says of them."""
    for aspect in (*_of_workload(workload), *_of_model(workload.model)):
        yield _compared(aspect, live)


def _compared(aspect: Aspect, live: Live) -> Finding:
    what, intended = aspect.what, aspect.intended
    if isinstance(live.pods, Unknown):
        return cannot_tell(what, intended, live.pods, thing=live.name)
    engines = [_engine(pod.body) for pod in live.pods]
    read = [one if isinstance(one, Unknown) else aspect.read(one) for one in engines]
    wrong = any(isinstance(one, str) and not aspect.same(one, intended) for one in read)
    return judged(
        what,
        intended,
        _together(read) if wrong else _known(read),
        same=not wrong,
        thing=live.name,
        written=_writer(live, engines, aspect.field),
    )


def _of_workload(workload: Workload) -> Iterator[Aspect]:
    image: written.Field = ("image",)
    if workload.image:
        yield Aspect(what="image", intended=workload.image, read=_image, field=image)
    if workload.version:
        yield Aspect(what="version", intended=workload.version, read=_version, field=image)
    for flag, value in workload.arguments:
        yield Aspect(what=flag, intended=value, read=partial(_argument, flag))
    for flag in workload.switches:
        yield Aspect(what=flag, intended="on", read=partial(_switch, flag))
    for name, value in workload.variables:
        field: written.Field = ("env", ("name", name), "value")
        yield Aspect(what=name, intended=value, read=partial(_variable, name), field=field)
    if workload.gpus:
        yield from _gpus(workload.gpus)
    if workload.memory:
        yield Aspect(
            what="memory",
            intended=workload.memory,
            read=lambda one: _limit(one, "memory"),
            field=("resources", "limits", "memory"),
            same=_equal,
        )


def _gpus(gpus: Gpus) -> Iterator[Aspect]:
    if gpus.per_pod is not None:
        yield Aspect(
            what="GPUs per pod",
            intended=str(gpus.per_pod),
            read=lambda one: _limit(one, gpus.resource, missing="0"),
            field=("resources", "limits", gpus.resource),
            same=_equal,
        )


def _of_model(model: Model) -> Iterator[Aspect]:
    yield Aspect(what="served names", intended=" ".join(model.served), read=_served)
    if model.source:
        weights = model.source.removeprefix(HUB)
        yield Aspect(
            what="source", intended=weights, read=lambda one: _source(one, local=weights[0] == "/")
        )
    if model.revision:
        yield _flag("revision", model.revision, "--revision")
    if model.quantization:
        yield _flag("quantization", model.quantization, "--quantization", "-q")
    if model.tensor_parallel is not None:
        yield Aspect(
            what="tensor parallel",
            intended=str(model.tensor_parallel),
            read=_tensor_parallel,
            same=_same_number,
        )
    if model.max_model_len is not None:
        flags = ("--max-model-len", "--context-length")
        yield _flag("max_model_len", str(model.max_model_len), *flags, same=_equal)


def _flag(
    what: str, intended: str, *flags: str, same: Callable[[str, str], bool] = str.__eq__
) -> Aspect:
    """Return what a flag says of the model; where it is missing the engine decides by itself."""
    return Aspect(what=what, intended=intended, read=lambda one: one.line.value(*flags), same=same)


def _engine(pod: Json) -> Engine | Unknown:
    """Return the container that serves models; one alone is it, whatever it says."""
    found = [_container(one) for one in parse.items(parse.section(pod, "spec"), "containers")]
    serving = [one for one in found if one.line.models]
    if len(serving) == 1 or len(found) == 1:
        return (serving or found)[0]
    return NOT_ONE


def _container(container: Json) -> Engine:
    return Engine(container=container, line=engine_line.line(parse.line(container)))


def _image(one: Engine) -> Told:
    return parse.text(one.container, "image") or Unknown(because="it names no image")


def _version(one: Engine) -> Told:
    image = parse.text(one.container, "image").partition("@")[0]
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return tag if colon else Unknown(because="its image has no tag")


def _argument(flag: str, one: Engine) -> Told:
    told = one.line.value(flag)
    return ABSENT if told == Unknown(because=CHOSEN) else told


def _switch(flag: str, one: Engine) -> Told:
    there = one.line.switched(flag)
    if isinstance(there, Unknown):
        return there
    return "on" if there else ABSENT


def _variable(name: str, one: Engine) -> Told:
    for each in parse.items(one.container, "env"):
        if parse.text(each, "name") == name:
            elsewhere = "valueFrom" in each
            return Unknown(because="it is read from elsewhere") if elsewhere else _value(each)
    if one.container.get("envFrom"):
        return Unknown(because="it may stand where the container takes all its variables from")
    return NOT_SET


def _value(variable: Json) -> Told:
    return parse.text(variable, "value") or NOT_SET


def _limit(one: Engine, resource: str, *, missing: str = "no limit") -> str:
    limits = parse.section(parse.section(one.container, "resources"), "limits")
    return str(limits.get(resource, missing))


def _served(one: Engine) -> Told:
    told = one.line.value("--served-model-name")
    if told == Unknown(because=CHOSEN) and one.line.models:
        return one.line.models[0]
    return told


def _source(one: Engine, *, local: bool) -> Told:
    served = one.line.value("--served-model-name")
    names = served.split() if isinstance(served, str) else []
    others = [model for model in one.line.models if model not in names] or one.line.models
    if not others:
        return Unknown(because=CHOSEN)
    if others[0].startswith("/") and not local:
        return Unknown(because=f"the weights are read from {others[0][:SHOWN]}")
    return others[0].removeprefix(HUB)


def _tensor_parallel(one: Engine) -> Told:
    told = one.line.value("--tensor-parallel-size", "-tp", "--tp-size", "--tp")
    return ONE_GPU if told == Unknown(because=CHOSEN) else told


def _same_number(told: str, intended: str) -> bool:
    return told.partition(" ")[0] == intended


def _equal(one: str, other: str) -> bool:
    """Tell whether two quantities are the same; what is none is compared as text."""
    first, second = quantity(one), quantity(other)
    return one == other if first is None or second is None else first == second


def _known(read: Sequence[Told]) -> Told:
    """Return what all pods say, or why that cannot be told of all of them."""
    if not read:
        return NO_PODS
    return next((one for one in read if isinstance(one, Unknown)), None) or _together(read)


def _together(read: Sequence[Told]) -> str:
    """Return what the pods say, with how many of them where they do not agree."""
    words = [UNTOLD if isinstance(one, Unknown) else one[:SHOWN] for one in read]
    counted = sorted(Counter(words).items(), key=lambda one: (-one[1], one[0]))
    if len(counted) == 1:
        return counted[0][0]
    return ", ".join(f"{value} in {number} of {len(read)} pods" for value, number in counted)


def _writer(
    live: Live, engines: Sequence[Engine | Unknown], field: written.Field
) -> Written | None:
    """Return who wrote the field of the template last; None where no template is known."""
    engine = next((one for one in engines if isinstance(one, Engine)), None)
    if engine is None or isinstance(live.top, Unknown):
        return None
    template = _template(live.top)
    if not template:
        return None
    name = parse.text(engine.container, "name")
    return written.last(live.top.body, (*template, "spec", "containers", ("name", name), *field))


def _template(top: Thing) -> written.Field:
    """Return where the object keeps the template of its pods, of a group that of its leader."""
    kind = top.itself.kind
    if kind == kinds.GROUPS.name:
        spec = parse.section(parse.section(top.body, "spec"), "leaderWorkerTemplate")
        leads = "leaderTemplate" if "leaderTemplate" in spec else "workerTemplate"
        return ("spec", "leaderWorkerTemplate", leads)
    return ("spec", "template") if kind in kinds.REPLICATED else ()
