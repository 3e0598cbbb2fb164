"""apply_manifest: the target as a file declares it, by server-side apply; nothing is forced.

The API server refuses what would change a field that somebody else owns, and names both. The plan
holds no word of the manifest, which may hold secrets, but its digest and that of what it changes.
"""

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from cluster import differences
from cluster.actions import (
    field,
    manifests,
    pod_specs,
    rolled,
    setting,
    signature,
    standing,
    strategy,
)
from cluster.actions import template as templates
from cluster.actions.action import Action, Parameter, Words
from cluster.actions.field import Edit
from cluster.actions.manifests import Manifests, NoManifests
from cluster.actions.plan import Applied, Done, Plan, Settled
from cluster.actions.template import Template
from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.parse import Malformed
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Json, Patch, Thing, Write
from cluster.owners.place import value
from cluster.owners.sight import LiveSight, Sight
from cluster.rights import patches
from cluster.targets.target import Target
from cluster.wording import short
from incidents.errors import Conflict, Rejected, Unavailable

NAME: Final = "apply_manifest"
MANIFEST: Final = "manifest"
MARKS: Final = "triaged.dev/"
MARK: Final = f"{MARKS}applied"
"""How our marks begin: those that other writes of ours leave are theirs, and would conflict."""
MOST: Final = 20
"""So many fields are named on a card, and asked for their owners."""
AFTERWARDS: Final = "what stands there now is kept nowhere, so this cannot be undone"
OWNS: Final = "afterwards triaged owns these fields: whoever applies them has to say the same"

PREFILL: Final = ("spec", "prefill")
NO_TEMPLATE: Final = frozenset(
    {
        *("replicas", "strategy", "updateStrategy", "rolloutStrategy", "startupPolicy", "prefill"),
        *("minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit", "paused"),
        *("scaling", "router", "podManagementPolicy", "persistentVolumeClaimRetentionPolicy"),
    }
)
"""Parts beside what pods are made from; one that is not known counts as what they are made from."""

Path = tuple[str, ...]


class ApplyManifest:
    """One server-side apply of a file's object."""

    name = NAME

    def __init__(self, kubernetes: Kubernetes, declared: Manifests) -> None:
        self._kubernetes = kubernetes
        self._manifests = declared

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        """Read live state and the file, and ask for a dry run of applying it."""
        sight = LiveSight(self._kubernetes, target.namespace)
        try:
            edit = self._decide(target, parameters, sight)
        except Malformed as error:
            message = f"{NAME} {target}: {error} of it, or of an owner, is not as its API says"
            raise Rejected(message) from error
        return field.plan(self._kubernetes, NAME, target, edit)

    def apply(self, plan: Plan, *, key: str) -> Applied:
        """Apply once; a file that became another since the plan is refused."""
        name, itself = dict(plan.parameters)[MANIFEST], plan.write
        manifest = self._manifests.read(name)
        if _called(name, manifest) != dict(plan.after)[MANIFEST]:
            message = f"{NAME} {plan.target}: manifest {name} is another one since it was planned"
            raise Rejected(message)
        reference = OwnerReference(
            kind=itself.kind, name=itself.name, uid=itself.uid, api_version=itself.api_version
        )
        asked = _write(
            itself.namespace, reference, plan.resource_version, manifest, _marks(plan, key)
        )
        agent = signature.agent(plan.signed, key)
        done = self._kubernetes.write(replace(asked, dry_run=False, agent=agent))
        return Applied(resource_version=done.resource_version, detail=field.arrows(plan))

    def already_done(self, plan: Plan, *, key: str) -> Done:
        """Look for our mark; an untouched resourceVersion proves that nothing happened."""
        try:
            found = field.written(self._kubernetes, plan)
        except (Rejected, Unavailable):
            return Done.CANNOT_TELL
        if found.annotations.get(MARK) == key:
            return Done.YES
        return Done.NO if found.resource_version == plan.resource_version else Done.CANNOT_TELL

    def settled(self, plan: Plan) -> Settled:
        """Say how far it has come; it stands as long as applying it again would change nothing."""
        found = rolled.settled(self._kubernetes, plan)
        live = field.written(self._kubernetes, plan)
        manifest = self._manifests.read(dict(plan.parameters)[MANIFEST])
        try:
            answer = self._tried(live, manifest)
        except Rejected:
            answer = None  # somebody owns by now what was applied
        if answer is not None and not list(_changed(live, answer)):
            return found
        return replace(found, ready=0, since=None, reverted_by=_last(live), words="it was changed")

    def _tried(self, thing: Thing, manifest: Json) -> Thing:
        """Return what the object would become; raises Rejected with who owns what would change."""
        itself, version = thing.itself, thing.resource_version
        try:
            return self._kubernetes.write(_write(thing.namespace, itself, version, manifest, {}))
        except Conflict as error:
            message = f"{thing} changed while planning"
            raise Unavailable(message) from error

    def _decide(self, target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
        name = setting.given(NAME, parameters, (MANIFEST,)).get(MANIFEST, "")
        manifest = self._manifests.read(name)
        template = templates.outermost(NAME, target, sight)
        thing = template.top
        _refuse_another(target, name, manifest, thing)
        answer = self._tried(thing, manifest)
        changes = list(_changed(thing, answer))
        if not changes:
            raise setting.unchanged(NAME, target, f"what {name} says", "what is there")
        was, becomes = (
            f"{len(changes)} fields differ ({_of(thing, answer)})",
            _called(name, manifest),
        )
        owned = [
            templates.owned(
                NAME, target, templates.place(thing, each), sight, was=was, becomes=becomes
            )
            for each in changes[:MOST]
        ]
        notes = dict.fromkeys(note for each in owned for note in each.notes)
        means = tuple(_means(template, answer, changes))
        return Edit(
            thing=thing,
            fields=(),
            before=((MANIFEST, was), *((name, now) for name, now, _ in means)),
            after=((MANIFEST, becomes), *((name, new) for name, _, new in means)),
            parameters=((MANIFEST, name),),
            owner_path=owned[0].path,
            inverse=(),
            kubectl=_kubectl(thing, name),
            warnings=(*_warnings(template, answer, changes), *notes),
        )


def _refuse_another(target: Target, name: str, manifest: Json, thing: Thing) -> None:
    """Raise Rejected for the manifest of another object than the target's."""
    meta = parse.section(manifest, "metadata")
    said = (
        parse.text(manifest, "apiVersion"),
        parse.text(manifest, "kind"),
        parse.text(meta, "namespace") or thing.namespace,
        parse.text(meta, "name"),
    )
    itself = thing.itself
    if said != (itself.api_version, itself.kind, thing.namespace, itself.name):
        message = f"{NAME} {target}: manifest {name} is of {short(' '.join(said))}, not of {thing}"
        raise Rejected(message)


def _marks(plan: Plan, key: str) -> Mapping[str, str]:
    """Return the annotations that say which run and step applied it, for what and by whose word."""
    said = signature.notes(plan.signed)
    return {MARK: key, **{f"{MARK}-{name.removeprefix(MARKS)}": said[name] for name in said}}


def _write(
    namespace: str, itself: OwnerReference, version: str, manifest: Json, notes: Mapping[str, str]
) -> Write:
    """Return the dry run of applying the manifest to this version of the object."""
    meta = parse.section(manifest, "metadata")
    marked = {**parse.texts(meta, "annotations"), **notes}
    return Write(
        namespace=namespace,
        reference=itself,
        resource_version=version,
        change={**manifest, "metadata": {**meta, **({"annotations": marked} if marked else {})}},
        patch=Patch.APPLY,
        manager=field.OURS,
        dry_run=True,
    )


def _changed(live: Thing, answer: Thing) -> Iterator[Path]:
    """Yield where the declared parts of two states of an object are not the same."""
    yield from _different(live.body.get("spec"), answer.body.get("spec"), ("spec",))
    for name in ("labels", "annotations"):
        one, other = (_declared(each, name) for each in (live, answer))
        yield from _different(one, other, ("metadata", name))


def _declared(thing: Thing, name: str) -> Mapping[str, str]:
    """Return labels or annotations without our own marks."""
    found = parse.texts(parse.section(thing.body, "metadata"), name)
    return {each: text for each, text in found.items() if not each.startswith(MARKS)}


def _different(one: object, other: object, path: Path) -> Iterator[Path]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in sorted({*map(str, one), *map(str, other)}):
            yield from _different(one.get(name), other.get(name), (*path, name))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _different(left, right, (*path, str(index)))
    elif one != other:
        yield path


def _means(
    template: Template, answer: Thing, changes: Sequence[Path]
) -> Iterator[tuple[str, str, str]]:
    """Yield the size, the digest of what pods are made from and the images, now and afterwards.

    Guards judge by them. Nothing is said where the other role of a service changes as well, or
    what an autoscaler of it may do.
    """
    live = template.top
    service = live.itself.kind == kinds.INFERENCE_SERVICE.name
    at = template.path[:-1] if service else ("spec",)
    if service and any(_beyond(at, path) for path in changes):
        return
    now, new = (value(each.body, (*at, templates.SIZE)) for each in (live, answer))
    size = template.work.place.size
    if now == new or isinstance(new, int):
        yield templates.SIZE, str(size), str(size if now == new else new)
    yield templates.DIGEST, _pods(live, at), _pods(answer, at)
    images = [_images(each, at) for each in (live, answer)]
    if images[1]:
        yield templates.IMAGES, images[0], images[1]


def _beyond(at: Path, path: Path) -> bool:
    """Tell whether a change of a service is about more than the pods of the role that is meant."""
    other = (path[:2] == PREFILL) is not (at == PREFILL)
    return path[0] == "spec" and (other or "scaling" in path)


def _pods(thing: Thing, at: Path) -> str:
    """Return the digest of all that pods are made from: no size, and no way of rolling out."""
    spec = parse.section({"spec": value(thing.body, at)}, "spec")
    made = {name: found for name, found in spec.items() if name not in NO_TEMPLATE}
    return manifests.digest(made)


def _images(thing: Thing, at: Path) -> str:
    """Return which container has which image, as `main=vllm:1`."""
    found = {
        f"{parse.text(each, 'name')}={parse.text(each, 'image')}"
        for where, spec in pod_specs.specs(thing.itself.kind, thing.body)
        for each in parse.items(spec, "containers")
        if (where.path[:2] == PREFILL) is (at == PREFILL) and parse.text(each, "image")
    }
    return ", ".join(sorted(found))


def _of(live: Thing, answer: Thing) -> str:
    """Return the digest of what is there and what it would become."""
    both = [[each.body.get("spec"), each.labels] for each in (live, answer)]
    written = json.dumps(both, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[: manifests.SHOWN]


def _called(name: str, manifest: Json) -> str:
    return f"{name} ({manifests.digest(manifest)})"


def _warnings(template: Template, answer: Thing, changes: Sequence[Path]) -> Iterator[str]:
    kind, thing = answer.itself.kind, template.top
    specs = dict(pod_specs.specs(kind, thing.body))
    said = [
        line
        for where, spec in pod_specs.specs(kind, answer.body)
        for line in differences.between({"spec": specs.get(where, {})}, {"spec": spec})
    ]
    named = [".".join(path) for path in changes[:MOST]]
    more = f" and {len(changes) - MOST} more" if len(changes) > MOST else ""
    yield f"it changes {'; '.join(said)}" if said else "it changes no image, argument or variable"
    yield short(f"fields: {', '.join(named)}", 600) + more
    yield AFTERWARDS
    yield OWNS
    work = template.work
    if any(path[:2] != ("spec", "replicas") for path in changes):
        yield from strategy.means(work.place.thing, work.place.size)
    yield from standing.warnings(work, work.place.size)


def _kubectl(thing: Thing, name: str) -> str:
    begin = ["kubectl", "apply", "--server-side", f"--field-manager={field.OURS}"]
    return shlex.join([*begin, "-n", thing.namespace, "-f", f"{name}.yaml"])


def _last(live: Thing) -> str:
    """Return who wrote the object last, other than triaged and what counts its pods."""
    others = [
        (each.at, each.manager)
        for each in live.writers
        if each.at and not field.ours(each.manager) and each.subresource != "status"
    ]
    return max(others, default=(None, "somebody (the API server does not say who)"))[1]


ACTION: Final = Action(
    name=NAME,
    meaning="Make the target as a file of the configuration declares it",
    parameters={
        MANIFEST: Parameter(
            shape=Words(pattern=manifests.NAMED, example="decode"),
            required=True,
            meaning="Which file of the folder `manifests`, without `.yaml`",
        )
    },
    make=lambda kubernetes: ApplyManifest(kubernetes, NoManifests()),
    declared=ApplyManifest,
    rights=(*templates.RIGHTS, *patches(*kinds.WORKLOADS, kinds.INFERENCE_SERVICE)),
)
