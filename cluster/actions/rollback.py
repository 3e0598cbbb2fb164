"""rollback: brings the pod template of a target back to an earlier revision."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cluster import differences
from cluster.actions import revisions, rolled, standing, strategy
from cluster.actions import template as templates
from cluster.actions.action import OF_SIZE, Parameter, Whole, writes_fields
from cluster.actions.field import Edit
from cluster.actions.revisions import Revision
from cluster.actions.template import Template
from cluster.clients import kinds, parse
from cluster.clients.things import Json, Thing
from cluster.owners.ownership import Ownership
from cluster.owners.sight import Hidden, Sight
from cluster.rights import gets, lists, patches
from cluster.targets.target import Target
from cluster.wording import short
from incidents.errors import Rejected

NAME: Final = "rollback"
MOST: Final = 999_999_999
IMAGE: Final = 60
"""So many characters of an image stand beside a revision's number."""


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the template of an earlier revision: the one asked for, or the last."""
    asked = _asked(parameters)
    template = templates.of(NAME, target, sight)
    if parse.section(template.work.place.thing.body, "spec").get("paused") is True:
        message = f"{NAME} {target}: it is paused, so nothing would be rolled back; resume it first"
        raise Rejected(message)
    known = revisions.history(template, sight)
    now = revisions.current(template, known)
    chosen = _chosen(target, asked, known, now)
    was, becomes = _called(now, template.body), _called(chosen, chosen.template)
    place = templates.place(template.thing, template.path)
    owned = templates.owned(NAME, target, place, sight, was=was, becomes=becomes)
    return Edit(
        thing=template.thing,
        fields=(),
        copied=(chosen.copied(template.path),),
        before=(("revision", was),),
        after=(("revision", becomes),),
        parameters=(("revision", str(asked)),) if asked else (),
        owner_path=owned.path,
        inverse=(("action", NAME), ("revision", str(now.number))) if now else (),
        kubectl=_kubectl(template.work.place.thing, chosen),
        warnings=tuple(_warnings(target, template, now, chosen, owned, sight)),
    )


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
    target: Target, asked: int, known: Sequence[Revision], now: Revision | None
) -> Revision:
    others = [each for each in known if each is not now]
    if now is not None and asked == now.number:
        message = f"{NAME} {target}: nothing to change: it is at revision {asked}"
        raise Rejected(message)
    if not others:
        message = f"{NAME} {target}: no other revision is kept; apply its last good manifest again"
        raise Rejected(message)
    found = [each for each in others if asked in (0, each.number)]
    if not found:
        numbers = ", ".join(str(each.number) for each in others)
        message = f"{NAME} {target}: there is no revision {asked} to go to; kept are {numbers}"
        raise Rejected(message)
    return found[0]


def _called(revision: Revision | None, template: Json) -> str:
    """Return `7 (vllm:0.10)`; a template that was never rolled out has no number."""
    spec = parse.section(template, "spec")
    images = [parse.text(each, "image") for each in parse.items(spec, "containers")]
    number = str(revision.number) if revision else "never rolled out"
    return f"{number} ({short(', '.join(images), IMAGE)})"


def _kubectl(thing: Thing, chosen: Revision) -> str:
    where = ["-n", thing.namespace, f"--to-revision={chosen.number}"]
    if thing.itself.kind == kinds.ROLLOUT.name:
        return shlex.join(["kubectl", "argo", "rollouts", "undo", thing.itself.name, *where])
    return shlex.join(["kubectl", "rollout", "undo", standing.resource(thing), *where])


def _warnings(  # all that was found out
    target: Target,
    template: Template,
    now: Revision | None,
    chosen: Revision,
    owned: Ownership,
    sight: Sight,
) -> Iterator[str]:
    changes = differences.between(template.body, chosen.template)
    other = "no image, argument, variable or probe: other parts of the template"
    yield f"it changes {'; '.join(changes) or other}"
    size = template.work.place.size
    yield from strategy.means(template.work.place.thing, size)
    yield from standing.warnings(template.work, size)
    if now is None:
        yield "the template that stands there was never rolled out, so this cannot be undone"
    roles = sorted(set(target.roles) - {target.role})
    if roles and any(": image " in each for each in changes):
        yield f"prefill and decode must run the same version: take {', '.join(roles)} back too"
    yield from _routes(template, sight)
    yield from owned.notes


def _routes(template: Template, sight: Sight) -> Iterator[str]:
    """Yield the routes with two pools, one of them of these pods: shifting is the shorter way."""
    labels = parse.texts(parse.section(template.body, "metadata"), "labels")
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
        *OF_SIZE,
        *gets(kinds.REPLICA_SET, kinds.CONTROLLER_REVISION),
        *lists(kinds.REPLICA_SET, kinds.CONTROLLER_REVISION, kinds.ROUTE, *kinds.POOLS),
        *patches(kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.ROLLOUT),
    ),
)
