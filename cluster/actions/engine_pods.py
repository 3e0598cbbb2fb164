"""The containers that run a target's engine, where they are declared, and one write to all of them.

A LeaderWorkerSet and a service of KServe may have several templates with an engine in each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.actions import pod_specs, standing, strategy
from cluster.actions import template as templates
from cluster.actions.field import Edit
from cluster.actions.template import Template
from cluster.clients import kinds, parse
from cluster.clients.things import Json
from cluster.drift import engine_line
from cluster.owners.ownership import Ownership
from cluster.owners.place import value
from cluster.owners.sight import Sight
from cluster.targets.target import Target
from incidents.errors import Rejected

Path = tuple[str, ...]
NONE: Final = "none"
"""What is told of a value that is not there, and asked for to take one away."""
APART: Final = "these were not alike before, so this cannot be undone"
BEGIN: Final = "all pods begin anew and load the model again; requests on them are cut off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A container that runs the engine, or the `spec` of its pod; `path` leads to it."""

    path: Path
    body: Json
    pods: str

    def named(self, what: str) -> str:
        """Return what a value of it is called where several pods have one."""
        return f"{self.pods} {what}" if self.pods else what


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that becomes another: where it is written, how, and what people are told of it."""

    parameter: str
    path: Path
    becomes: object
    what: str
    was: str
    now: str


Pairs = tuple[tuple[str, str], ...]
Wish = Callable[[Engine], Sequence[Change]]
"""Says what becomes another in one engine; raises Rejected with why it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an action wants of every engine, and how it is asked for again.

    `undo` returns the inverse from what was, by its parameter. With `whole_pods` the wish is about
    the specs of pods and not about containers.
    """

    action: str
    wish: Wish
    parameters: Pairs
    undo: Callable[[Mapping[str, str]], Pairs]
    whole_pods: bool = False
    warnings: Sequence[str] = ()


def edit(target: Target, sight: Sight, wanted: Wanted) -> Edit:
    """Return the one write of all that is wanted; where engines were not alike it has no inverse.

    Raises Rejected where nothing would change, or would not stay.
    """
    template = templates.outermost(wanted.action, target, sight)
    changes = _changes(target, template, wanted)
    owned = [_owned(target, template, wanted.action, each, sight) for each in changes]
    fields = _fields(changes)
    before = _before(changes)
    return Edit(
        thing=template.thing,
        fields=fields,
        before=tuple((each.what, each.was) for each in changes),
        after=tuple((each.what, each.now) for each in changes),
        parameters=wanted.parameters,
        owner_path=owned[0].path,
        inverse=() if before is None else wanted.undo(before),
        kubectl=standing.patched(template.thing, fields),
        warnings=(
            *(BEGIN, *wanted.warnings),
            *(() if before is not None else (APART,)),
            *strategy.means(template.work.place.thing, template.work.place.size),
            *standing.warnings(template.work, template.work.place.size),
            *dict.fromkeys(note for each in owned for note in each.notes),
        ),
    )


def _fields(changes: Sequence[Change]) -> tuple[tuple[Path, object], ...]:
    """Return what is written; values that make the same missing object make it together."""
    found: dict[Path, object] = {}
    for each in changes:
        found[each.path] = _merged(found.get(each.path), each.becomes)
    return tuple(found.items())


def _merged(one: object, other: object) -> object:
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        return other
    return {**one, **{name: _merged(one.get(name), each) for name, each in other.items()}}


def _changes(target: Target, template: Template, wanted: Wanted) -> Sequence[Change]:
    if parse.section(template.work.place.thing.body, "spec").get("paused") is True:
        message = f"{wanted.action} {target}: it is paused, so nothing would be rolled out"
        raise Rejected(message)
    engines = _pods(template) if wanted.whole_pods else of(wanted.action, target, template)
    changes = [change for each in engines for change in wanted.wish(each)]
    if not changes:
        message = f"{wanted.action} {target}: nothing to change: it is as asked"
        raise Rejected(message)
    return changes


def _owned(
    target: Target, template: Template, action: str, change: Change, sight: Sight
) -> Ownership:
    place = templates.place(template.thing, change.path)
    return templates.owned(action, target, place, sight, was=change.was, becomes=change.now)


def _before(changes: Sequence[Change]) -> Mapping[str, str] | None:
    """Return what was by parameter; None where one parameter changes what was not alike."""
    found: dict[str, str] = {}
    for each in changes:
        if found.setdefault(each.parameter, each.was) != each.was:
            return None
    return found


def of(action: str, target: Target, template: Template) -> Sequence[Engine]:
    """Return the containers that run the engine, one of each spec; raises Rejected for none."""
    found = [engine for each in _pods(template) if (engine := _serving(each)) is not None]
    if not found:
        message = f"{action} {target}: nothing tells which container is the engine"
        raise Rejected(message)
    return found


def _pods(template: Template) -> Sequence[Engine]:
    """Return the specs of the target's pods; of a service those of its role alone."""
    thing = template.thing
    service = thing.itself.kind == kinds.INFERENCE_SERVICE.name
    return [
        Engine(path=where.path, body=spec, pods=where.pods)
        for where, spec in pod_specs.specs(thing.itself.kind, thing.body)
        if not service or where.path[:-1] == template.path[:-1]
    ]


def _serving(pods: Engine) -> Engine | None:
    """Return the container that serves models; one alone is it, and `main` is of KServe."""
    containers = parse.items(pods.body, "containers")
    serving = [i for i, each in enumerate(containers) if engine_line.line(words(each)).models]
    named = [i for i, each in enumerate(containers) if parse.text(each, "name") == MAIN]
    alone = list(range(len(containers))) if len(containers) == 1 else []
    for found in (serving, named, alone):
        if len(found) == 1:
            path = (*pods.path, "containers", str(found[0]))
            return Engine(path=path, body=containers[found[0]], pods=pods.pods)
    return None


MAIN: Final = "main"


def words(container: Json) -> list[str]:
    """Return command and arguments of a container, one after the other."""
    return [
        str(word)
        for part in ("command", "args")
        if isinstance(said := container.get(part), list)
        for word in said
    ]


def put(engine: Engine, path: Path, new: object) -> tuple[Path, object]:
    """Return where and what to write so that `new` stands at a path of the engine.

    A JSON patch makes no object on its way: from the first that is missing on all is written.
    """
    for depth in range(1, len(path)):
        if value(engine.body, path[:depth]) is None:
            for name in reversed(path[depth:]):
                new = {name: new}
            return (*engine.path, *path[:depth]), new
    return (*engine.path, *path), new
