"""rollback: brings the pod template of a target back to an earlier revision."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cluster import differences
from cluster.actions import copying, pod_specs, revisions, rolled, standing, strategy
from cluster.actions import template as templates
from cluster.actions.action import Parameter, Whole, writes_fields
from cluster.actions.field import Edit
from cluster.actions.pointers import pointer
from cluster.actions.revisions import Parts, Path, Revision
from cluster.actions.template import Template
from cluster.clients import kinds, parse
from cluster.clients.things import Json, Thing
from cluster.owners.place import value
from cluster.owners.sight import Hidden, Sight
from cluster.rights import gets, lists, patches
from cluster.targets.target import Target
from cluster.wording import short
from incidents.errors import Rejected

NAME: Final = "rollback"
MOST: Final = 999_999_999
UNNOTED: Final = "nothing earlier was noted of it, which `triaged snapshot` does while it runs"
IMAGE: Final = 60
"""So many characters of an image stand beside a revision's number."""


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the template of an earlier revision: the one asked for, or the last."""
    asked = _asked(parameters)
    template = templates.outermost(NAME, target, sight)
    if parse.section(template.work.place.thing.body, "spec").get("paused") is True:
        message = f"{NAME} {target}: it is paused, so nothing would be rolled back; resume it first"
        raise Rejected(message)
    known = revisions.history(template, sight)
    now = revisions.current(template, known)
    chosen = _chosen(target, template.top, asked, known, now)
    standing = revisions.now(template)
    gone, copied = _changed(target, standing, chosen)
    kind = template.top.itself.kind
    was, becomes = _called(now, kind, standing), _called(chosen, kind, chosen.parts)
    path, notes = _owned(target, template, (*gone, *copied), sight, was=was, becomes=becomes)
    return Edit(
        thing=template.thing,
        fields=tuple((each, None) for each in gone),
        copied=tuple(chosen.copied(each) for each in copied),
        before=(("revision", was),),
        after=(("revision", becomes),),
        parameters=(("revision", str(asked)),) if asked else (),
        owner_path=path,
        inverse=(("action", NAME), ("revision", str(now.number))) if now else (),
        kubectl=_kubectl(template, chosen, gone, copied),
        warnings=tuple(_warnings(target, template, now, chosen, notes, sight)),
    )


def _changed(
    target: Target, standing: Parts, chosen: Revision
) -> tuple[Sequence[Path], Sequence[Path]]:
    """Return the parts that go, and those that become what they were; a role is not added."""
    then = chosen.parts
    gone = [path for path in standing if path not in then]
    other = [path for path in then if copying.digest(then[path]) != _digest(standing.get(path))]
    roles = {path[:-1] for path in (*standing, *then)} - {path[:-1] for path in standing}
    if roles:
        named = ", ".join(".".join(each) for each in sorted(roles))
        message = f"{NAME} {target}: then it had {named}, which it has no more; apply its manifest"
        raise Rejected(message)
    return gone, other


def _digest(part: object) -> str:
    return "" if part is None else copying.digest(part)


def _owned(
    target: Target,
    template: Template,
    paths: Sequence[Path],
    sight: Sight,
    *,
    was: str,
    becomes: str,
) -> tuple[tuple[str, ...], Sequence[str]]:
    """Return the owners' path and notes of all parts; raises Rejected where one would not stay."""
    found = [
        templates.owned(
            NAME, target, templates.place(template.thing, path), sight, was=was, becomes=becomes
        )
        for path in paths or (template.path,)
    ]
    return found[0].path, list(dict.fromkeys(note for each in found for note in each.notes))


def _asked(parameters: Mapping[str, object]) -> int:
    """Return the revision's number, 0 for the one before; raises Rejected."""
    given = {name: asked for name, asked in parameters.items() if asked is not None}
    if unknown := sorted(given.keys() - {"revision"}):
        message = f"{NAME}: unknown parameter {unknown[0]!r}; there is: revision"
        raise Rejected(message)
    written = str(given.get("revision", "0"))
    if not (written.isascii() and written.isdigit() and int(written[:10]) <= MOST):
        message = f"{NAME}: revision must be a number, not {written[:40]!r}"
        raise Rejected(message)
    return int(written)


def _chosen(
    target: Target, top: Thing, asked: int, known: Sequence[Revision], now: Revision | None
) -> Revision:
    others = [each for each in known if each is not now]
    if now is not None and asked == now.number:
        message = f"{NAME} {target}: nothing to change: it is at revision {asked}"
        raise Rejected(message)
    if not others:
        noted = revisions.KEPT[top.itself.kind].noted
        why = UNNOTED if noted else "no other revision is kept"
        message = f"{NAME} {target}: {why}; apply its last good manifest again"
        raise Rejected(message)
    found = [each for each in others if asked in (0, each.number)]
    if not found:
        numbers = ", ".join(str(each.number) for each in others)
        message = f"{NAME} {target}: there is no revision {asked} to go to; kept are {numbers}"
        raise Rejected(message)
    return found[0]


def _called(revision: Revision | None, kind: str, parts: Parts) -> str:
    """Return `7 (vllm:0.10)`; a template that was never rolled out has no number."""
    images = [
        parse.text(each, "image")
        for _, spec in pod_specs.specs(kind, revisions.whole(parts))
        for each in parse.items(spec, "containers")
    ]
    number = str(revision.number) if revision else "never rolled out"
    said = ", ".join(dict.fromkeys(filter(None, images))) or "no image of its own"
    return f"{number} ({short(said, IMAGE)})"


def _kubectl(
    template: Template, chosen: Revision, gone: Sequence[Path], copied: Sequence[Path]
) -> str:
    thing = template.top
    where = ["-n", thing.namespace, f"--to-revision={chosen.number}"]
    if chosen.kept.noted:
        return _patch(thing, chosen, gone, copied)
    if thing.itself.kind == kinds.ROLLOUT.name:
        return shlex.join(["kubectl", "argo", "rollouts", "undo", thing.itself.name, *where])
    return shlex.join(["kubectl", "rollout", "undo", standing.resource(thing), *where])


def _patch(thing: Thing, chosen: Revision, gone: Sequence[Path], copied: Sequence[Path]) -> str:
    """Return the patch with what the shell reads from the revision: nobody types a template."""
    space = ["-n", thing.namespace]
    get = ["kubectl", "get", "controllerrevision", chosen.holder.itself.name, *space, "-o"]
    removed = [f'{{"op":"remove","path":"{pointer(each)}"}}' for each in gone]
    added = [
        f'{{"op":"add","path":"{pointer(each)}","value":\'"$({_read(get, each)})"\'}}'
        for each in copied
    ]
    begin = shlex.join(["kubectl", "patch", standing.resource(thing), *space, "--type=json"])
    return f"{begin} -p '[{','.join([*removed, *added])}]'"


def _read(get: Sequence[str], path: Path) -> str:
    return shlex.join([*get, f"jsonpath={{.data.{'.'.join(path)}}}"])


def _warnings(  # all that was found out
    target: Target,
    template: Template,
    now: Revision | None,
    chosen: Revision,
    notes: Sequence[str],
    sight: Sight,
) -> Iterator[str]:
    changes = _differences(template, chosen)
    other = "no image, argument, variable or probe: other parts of the template"
    yield f"it changes {'; '.join(changes) or other}"
    size = template.work.place.size
    yield from strategy.means(template.work.place.thing, size)
    yield from standing.warnings(template.work, size)
    if now is None:
        never = "was never noted" if chosen.kept.noted else "was never rolled out"
        yield f"the template that stands there {never}, so this cannot be undone"
    roles = sorted(set(target.roles) - {target.role})
    if roles and any("image " in each for each in changes):
        yield f"prefill and decode must run the same version: take {', '.join(roles)} back too"
    yield from _routes(template, sight)
    yield from notes


def _differences(template: Template, chosen: Revision) -> Sequence[str]:
    """Return what becomes another, by the pods that it is about where there are several."""
    kind, before = template.top.itself.kind, revisions.now(template)
    old = dict(pod_specs.specs(kind, revisions.whole(before)))
    new = dict(pod_specs.specs(kind, revisions.whole(chosen.parts)))
    said = [
        f"{where.pods}: {line}" if where.pods else line
        for where in dict.fromkeys((*old, *new))
        for line in differences.between({"spec": old.get(where, {})}, {"spec": new.get(where, {})})
    ]
    return (*said, *_others(kind, before, chosen.parts))


def _others(kind: str, before: Parts, after: Parts) -> Iterator[str]:
    """Yield what becomes another beside the pods: the size of a group, the model of a service."""
    if kind == kinds.GROUPS.name:
        was, becomes = (
            value(revisions.whole(each), (*pod_specs.GROUP, "size")) for each in (before, after)
        )
        if was != becomes:
            yield f"size of a group {was} → {becomes}"
    specs = {each.path for each in pod_specs.PLACES[kind]}
    for path in dict.fromkeys((*before, *after)):
        alike = _digest(before.get(path)) == _digest(after.get(path))
        if kind == kinds.INFERENCE_SERVICE.name and path not in specs and not alike:
            yield f"{'.'.join(path)} changed"


def _routes(template: Template, sight: Sight) -> Iterator[str]:
    """Yield the routes with two pools, one of them of these pods: shifting is the shorter way."""
    labels = _labels(template)
    pools = {
        each.itself.name
        for kind in kinds.POOLS
        for each in _seen(sight.things(kind))
        if _selects(each, labels)
    }
    for route in _seen(sight.things(kinds.ROUTE)):
        for rule in parse.items(parse.section(route.body, "spec"), "rules"):
            backends = [each for each in parse.items(rule, "backendRefs") if _pool(each)]
            names = {parse.text(each, "name") for each in backends}
            if len(names) > 1 and names & pools:
                weights = [
                    f"{parse.text(each, 'name')} {parse.number(each, 'weight', missing=1)}"
                    for each in backends
                ]
                yield (
                    f"HTTPRoute {route.itself.name} leads to two pools ({', '.join(weights)}):"
                    " the documented rollback is to shift its weights, which restarts nothing"
                )


def _labels(template: Template) -> Mapping[str, str]:
    """Return the labels of the pods, as far as their template says them."""
    leaders = value(template.thing.body, (*pod_specs.GROUP, "leaderTemplate"))
    whole = {"template": leaders} if isinstance(leaders, Mapping) else {"template": template.body}
    return parse.texts(parse.section(parse.section(whole, "template"), "metadata"), "labels")


def _seen(listed: tuple[Thing, ...] | Hidden) -> tuple[Thing, ...]:
    return () if isinstance(listed, Hidden) else listed


def _pool(backend: Json) -> bool:
    return backend.get("kind") == "InferencePool"


def _selects(pool: Thing, labels: Mapping[str, str]) -> bool:
    """Tell whether a pool of v1 (`matchLabels`) or v1alpha2 (a plain map) takes such pods."""
    selector = parse.section(parse.section(pool.body, "spec"), "selector")
    chosen = parse.section(selector, "matchLabels") or selector
    return bool(chosen) and all(labels.get(name) == wanted for name, wanted in chosen.items())


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Bring the pod template back to an earlier revision",
    parameters={
        "revision": Parameter(
            shape=Whole(minimum=1, maximum=MOST),
            meaning="To which revision; the one before when it is left out",
        ),
    },
    settle=rolled.settled,
    rights=(
        *templates.RIGHTS,
        *gets(kinds.REPLICA_SET, kinds.CONTROLLER_REVISION),
        *lists(kinds.REPLICA_SET, kinds.CONTROLLER_REVISION, kinds.ROUTE, *kinds.POOLS),
        *patches(*kinds.WORKLOADS, kinds.INFERENCE_SERVICE),
    ),
)
