"""picker_config: lets the endpoint picker of the target's pool start with another configuration.

The picker reads its configuration once. So the new one is a ConfigMap of its own, which a person
has applied, and what is written is the one name in the picker's template that points at it: the
picker starts anew, and the way back is the old name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.actions import engine_pods, left, picker_text, setting, standing
from cluster.actions import template as templates
from cluster.actions.action import Parameter, Words, writes_fields
from cluster.actions.field import Edit
from cluster.actions.plan import Plan, Settled
from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Json, Thing
from cluster.owners.place import called
from cluster.owners.sight import Hidden, Sight
from cluster.rights import gets, lists, patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "picker_config"
CONFIG: Final = "config"
FLAGS: Final = ("--config-file", "-config-file", "--configFile", "-configFile")
"""Go's flags take one dash or two; older pickers wrote it in one word."""
NAMED: Final = r"[a-z0-9]([-a-z0-9.]{0,200}[a-z0-9])?"
POD: Final = ("spec", "template", "spec")
AWAY: Final[Mapping[str, str]] = {
    "FailOpen": "while the picker starts anew requests go to any endpoint",
    "FailClose": "while the picker starts anew requests fail, unless it has another replica",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """The configuration that a picker starts with: the key of a ConfigMap, in a volume of its."""

    picker: Thing
    volume: int
    name: str
    key: str


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the name of another ConfigMap into the picker's template."""
    about = f"{NAME} {target}"
    wanted = setting.given(NAME, parameters, (CONFIG,)).get(CONFIG, "")
    used = _used(about, _picker(about, target, sight))
    if wanted == used.name:
        raise setting.unchanged(NAME, target, "the picker's ConfigMap", wanted)
    old, new = _text(about, used, used.name, sight), _text(about, used, wanted, sight)
    if old is None:
        message = f"{about}: ConfigMap {used.name}, with which it started, is gone"
        raise Rejected(message)
    if new is None:
        message = f"{about}: there is no ConfigMap {wanted}; apply it first"
        raise Rejected(message)
    if wrong := picker_text.problems(new):
        message = f"{about}: the picker would not start with ConfigMap {wanted}: {wrong[0]}"
        raise Rejected(message)
    was, becomes = (f"{n} ({picker_text.digest(t)})" for n, t in ((used.name, old), (wanted, new)))
    path = (*POD, "volumes", str(used.volume), "configMap", "name")
    place = templates.place(used.picker, path)
    owned = templates.owned(NAME, target, place, sight, was=was, becomes=becomes)
    fields = ((path, wanted),)
    changed = "; ".join(picker_text.changes(old, new)) or "nothing but parameters of plugins"
    return Edit(
        thing=used.picker,
        fields=fields,
        before=(("configuration of the picker", was),),
        after=(("configuration of the picker", becomes),),
        parameters=((CONFIG, wanted),),
        owner_path=owned.path,
        inverse=(("action", NAME), (CONFIG, used.name)),
        kubectl=standing.patched(used.picker, fields),
        warnings=(f"it changes {changed}", *_away(target), *owned.notes),
    )


def _away(target: Target) -> Sequence[str]:
    mode = target.picker.failure_mode if target.picker else ""
    return (AWAY[mode],) if mode in AWAY else ()


def _picker(about: str, target: Target, sight: Sight) -> Thing:
    """Return the Deployment behind the Service that the pool names; raises Rejected."""
    if target.picker is None:
        message = f"{about}: its pool names no endpoint picker"
        raise Rejected(message)
    service = _thing(sight, kinds.SERVICE, target.picker.name)
    if not isinstance(service, Thing):
        message = f"{about}: Service {target.picker.name} of the picker {_why(service)}"
        raise Rejected(message)
    chosen = parse.texts(parse.section(service.body, "spec"), "selector")
    listed = sight.things(kinds.DEPLOYMENT)
    if isinstance(listed, Hidden):
        message = f"{about}: {listed.because}"
        raise Rejected(message)
    found = [each for each in listed if chosen and chosen.items() <= _labels(each).items()]
    if len(found) != 1:
        message = f"{about}: behind Service {target.picker.name} are {len(found)} Deployments"
        raise Rejected(message)
    return found[0]


def _labels(thing: Thing) -> Mapping[str, str]:
    template = parse.section(parse.section(thing.body, "spec"), "template")
    return parse.texts(parse.section(template, "metadata"), "labels")


def _used(about: str, picker: Thing) -> Used:
    """Return which ConfigMap the picker starts with; raises Rejected where it cannot be told."""
    pod = parse.section(parse.section(parse.section(picker.body, "spec"), "template"), "spec")
    for container in parse.items(pod, "containers"):
        path = _flag(engine_pods.words(container))
        for mount in parse.items(container, "volumeMounts") if path else ():
            begin = f"{parse.text(mount, 'mountPath').rstrip('/')}/"
            if path.startswith(begin) and not parse.text(mount, "subPath"):
                key, volumes = path.removeprefix(begin), parse.items(pod, "volumes")
                for index, volume in enumerate(volumes):
                    if parse.text(volume, "name") == parse.text(mount, "name"):
                        return _volume(about, picker, index, volume, key)
    message = (
        f"{about}: {called(picker.itself)} starts with no file of a ConfigMap; change its text"
    )
    raise Rejected(message)


def _volume(about: str, picker: Thing, index: int, volume: Json, key: str) -> Used:
    source = parse.section(volume, "configMap")
    renamed = {
        parse.text(one, "path"): parse.text(one, "key") for one in parse.items(source, "items")
    }
    name = parse.text(source, "name")
    if not name:
        message = f"{about}: the picker's configuration is in a volume that is no ConfigMap"
        raise Rejected(message)
    return Used(picker=picker, volume=index, name=name, key=renamed.get(key, key))


def _flag(words: Sequence[str]) -> str:
    """Return the path behind the picker's flag, empty where it has none."""
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in FLAGS:
            return value if equals else next(iter(words[index + 1 : index + 2]), "")
    return ""


def _text(about: str, used: Used, name: str, sight: Sight) -> str | None:
    """Return what the key of a ConfigMap says, None where there is none; raises Rejected."""
    found = _thing(sight, kinds.CONFIG_MAP, name)
    if isinstance(found, Hidden):
        message = f"{about}: {found.because}"
        raise Rejected(message)
    if found is None:
        return None
    text = parse.texts(found.body, "data").get(used.key)
    if text is None:
        message = f"{about}: ConfigMap {name} has no key {used.key}, which the picker reads"
        raise Rejected(message)
    return text


def _thing(sight: Sight, kind: Kind, name: str) -> Thing | Hidden | None:
    return sight.thing(OwnerReference(kind=kind.name, name=name, api_version=kind.api_version))


def _why(found: Hidden | None) -> str:
    return f"cannot be read: {found.because}" if found else "is gone"


def settled(kubernetes: Kubernetes, plan: Plan) -> Settled:
    """Say whether all pods of the picker are of the new template and ready."""
    return setting.judged(kubernetes, plan, _missing)


def _missing(picker: Thing) -> str:
    spec, status = parse.section(picker.body, "spec"), parse.section(picker.body, "status")
    wanted = parse.number(spec, "replicas", missing=1)
    if parse.number(status, "observedGeneration") < picker.generation:
        return "the picker has not begun anew"
    there = parse.number(status, "replicas")
    new = min(parse.number(status, name) for name in ("updatedReplicas", "readyReplicas"))
    return "" if new >= wanted >= there else f"{new} of {wanted} pods of the picker ready"


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Let the pool's endpoint picker start with another configuration",
    parameters={
        CONFIG: Parameter(
            shape=Words(pattern=NAMED, example="epp-degraded"),
            required=True,
            meaning="The ConfigMap with it, under the key that the picker reads",
        )
    },
    settle=settled,
    stands=True,
    rights=(
        *templates.OF_OWNERS,
        *gets(kinds.DEPLOYMENT, kinds.SERVICE, kinds.CONFIG_MAP),
        *lists(kinds.DEPLOYMENT),
        *patches(kinds.DEPLOYMENT),
    ),
    leaves=left.Leaves(
        words="another configuration of the picker", of=left.changed, within=left.DAY
    ),
)
