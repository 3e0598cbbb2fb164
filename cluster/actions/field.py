"""One write of fields of one object: dry run, plan, apply, and the look back."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cluster.actions import copying, signature
from cluster.actions.digest import digest_of
from cluster.actions.plan import Applied, Done, DryRunRefused, Plan
from cluster.actions.pointers import path, pointer
from cluster.clients.objects import OwnerReference
from cluster.clients.ports import Kubernetes
from cluster.clients.refusals import Forbidden
from cluster.clients.things import Json, Patch, Thing, Write
from cluster.owners.in_git import dotted
from cluster.owners.place import value
from cluster.targets.target import Target
from incidents.errors import Conflict, NotDone, Rejected, Unavailable
from incidents.events.run import CopyRecord, WriteRecord

OURS: Final = "triaged"
RUN: Final = "triaged.dev/run"
"""The annotation that says which run and step wrote an object last."""
# The API server refuses longer names of field managers.
LONGEST: Final = 128

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What an action has decided to write, and what people are told of it.

    `fields` are paths of the object with their new values, None to take one away; `copied` are
    those whose values must not stand in a plan. `before` and `after` name the same values for
    people, in the same order: first the fields, then what is copied.
    """

    thing: Thing
    fields: tuple[tuple[tuple[str, ...], object], ...]
    before: Pairs
    after: Pairs
    parameters: Pairs
    owner_path: tuple[str, ...]
    inverse: Pairs
    kubectl: str
    subresource: str = ""
    warnings: tuple[str, ...] = ()
    copied: tuple[CopyRecord, ...] = ()


def plan(kubernetes: Kubernetes, action: str, target: Target, edit: Edit) -> Plan:
    """Return the plan, after a dry run of exactly this write.

    Raises Rejected for an object without uid or version: `/scale` of a custom kind takes a write
    without them as one of any version.
    """
    itself = edit.thing.itself
    if not (itself.uid and edit.thing.resource_version):
        message = (
            f"{action} {target}: the API server does not say which version of {edit.thing} it is"
        )
        raise Rejected(message)
    write = WriteRecord(
        api_version=itself.api_version,
        kind=itself.kind,
        namespace=edit.thing.namespace,
        name=itself.name,
        uid=itself.uid,
        subresource=edit.subresource,
        fields=tuple((pointer(path), _json(new)) for path, new in edit.fields),
        bare=not edit.thing.annotations,
        copied=edit.copied,
    )
    made = Plan(
        action=action,
        target=target,
        parameters=edit.parameters,
        owner_path=edit.owner_path,
        before=edit.before,
        after=edit.after,
        uid=target.uid,
        resource_version=edit.thing.resource_version,
        inverse=edit.inverse,
        kubectl=edit.kubectl,
        dry_run="",
        warnings=edit.warnings,
        reversible=bool(edit.inverse),
        write=write,
        digest=digest_of(
            action=action,
            target=target,
            before=edit.before,
            after=edit.after,
            owner_path=edit.owner_path,
            write=write,
        ),
    )
    return replace(made, dry_run=_dry_run(kubernetes, made))


def apply(kubernetes: Kubernetes, plan: Plan, *, key: str) -> Applied:
    """Write once, with the plan's preconditions: whatever happened since the plan voids it."""
    try:
        copies = _copies(kubernetes, plan)
    except Unavailable as error:
        raise NotDone(str(error)) from error
    written = kubernetes.write(_write(plan, copies, key=key))
    return Applied(resource_version=written.resource_version, detail=arrows(plan))


def already_done(kubernetes: Kubernetes, plan: Plan, *, key: str) -> Done:
    """Look for our mark; an untouched resourceVersion proves that nothing happened.

    The annotation is written together with the fields. A subresource has none: there the field
    manager is the mark, which stays as long as nobody else has changed the number.
    """
    try:
        found = written(kubernetes, plan)
    except (Rejected, Unavailable):
        return Done.CANNOT_TELL
    if plan.write.subresource:
        paths = [dotted(each) for each in written_paths(plan)]
        mine = [each for each in found.writers if each.manager == manager(key)]
        done = any(field in each.fields for each in mine for field in paths)
    else:
        done = found.annotations.get(RUN) == key
    if done:
        return Done.YES
    return Done.NO if found.resource_version == plan.resource_version else Done.CANNOT_TELL


def written(kubernetes: Kubernetes, plan: Plan) -> Thing:
    """Return the object that the plan is about to write, or has written.

    Raises Rejected when it is gone or another one, Unavailable when nobody can tell.
    """
    found = kubernetes.thing(plan.write.namespace, _reference(plan.write))
    if found.itself.uid != plan.write.uid:
        message = f"{found}: it was deleted and made anew meanwhile"
        raise Rejected(message)
    return found


def stands(plan: Plan, found: Thing) -> bool:
    """Tell whether all fields are as they were written."""
    fields = plan.write.fields
    return all(_json(value(found.body, path(field))) == new for field, new in fields) and all(
        copying.digest(value(found.body, path(each.field))) == each.digest
        for each in plan.write.copied
    )


def written_paths(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """Return where the plan writes."""
    fields = (field for field, _ in plan.write.fields)
    return tuple(path(each) for each in (*fields, *(copy.field for copy in plan.write.copied)))


def manager(key: str) -> str:
    """Return the field manager that marks a write as ours, for this run and step alone."""
    name = f"{OURS}/{key}"
    if len(name) <= LONGEST and name.isprintable():
        return name
    return f"{OURS}/{hashlib.sha256(key.encode()).hexdigest()}"


def ours(name: str) -> bool:
    """Tell whether a field manager is triaged: of one run and step, or of what it applies."""
    return name == OURS or name.startswith(f"{OURS}/")


def arrows(plan: Plan) -> str:
    """Return `replicas 4 → 6`."""
    before = dict(plan.before)
    return ", ".join(f"{name} {before.get(name, 'none')} → {new}" for name, new in plan.after)


def _dry_run(kubernetes: Kubernetes, plan: Plan) -> str:
    asked = _write(plan, _copies(kubernetes, plan), key=None)
    try:
        answer = kubernetes.write(asked)
    except Conflict as error:
        what = f"{plan.write.kind} {plan.write.namespace}/{plan.write.name}"
        message = f"{what} changed while planning"
        raise Unavailable(message) from error
    except Forbidden as error:
        said = replace(plan, dry_run=f"no dry run: {error}")
        raise DryRunRefused(str(error), plan=said) from error
    for (field, new), (name, shown) in zip(plan.write.fields, plan.after, strict=False):
        found = value(answer.body, path(field))
        if _json(found) != new:
            message = f"the API server would make it {found} {name}, not {shown}"
            raise Rejected(message)
    if not stands(plan, answer):
        message = f"the API server would make it something else than asked: {arrows(plan)}"
        raise Rejected(message)
    return f"accepted by the API server: {arrows(plan)}"


def _copies(kubernetes: Kubernetes, plan: Plan) -> Pairs:
    """Return the fields that are copied, with their values as JSON."""
    space = plan.write.namespace
    return tuple(
        (each.field, _json(copying.read(kubernetes, space, each))) for each in plan.write.copied
    )


def _write(plan: Plan, copies: Pairs, *, key: str | None) -> Write:
    """Return the write; without a key it is the dry run of it."""
    marks = not plan.write.subresource
    parts = {part for field, _ in plan.write.fields for part in path(field)}
    # A merge patch would leave in place what the copied value does not have.
    lists = bool(copies) or any(part.isdigit() for part in parts)
    notes = {RUN: key or f"{OURS}/dry-run", **signature.notes(plan.signed)} if marks else {}
    change: Json | Sequence[Json] = (
        _operations(plan, copies, notes) if lists else _merge(plan, notes)
    )
    return Write(
        namespace=plan.write.namespace,
        reference=_reference(plan.write),
        resource_version=plan.resource_version,
        change=change,
        patch=Patch.JSON if lists else Patch.MERGE,
        subresource=plan.write.subresource,
        manager=OURS if key is None else manager(key),
        dry_run=key is None,
        agent="" if key is None else signature.agent(plan.signed, key),
    )


def _merge(plan: Plan, notes: Mapping[str, str]) -> Json:
    change: dict[str, object] = {}
    for field, new in plan.write.fields:
        _put(change, path(field), json.loads(new))
    for name, note in notes.items():
        _put(change, ("metadata", "annotations", name), note)
    return change


def _put(change: dict[str, object], where: Sequence[str], new: object) -> None:
    for part in where[:-1]:
        inner = change.setdefault(part, {})
        assert isinstance(inner, dict)  # noqa: S101  # fields of one object do not contain each other
        change = inner
    change[where[-1]] = new


def _operations(plan: Plan, copies: Pairs, notes: Mapping[str, str]) -> Sequence[Json]:
    """Return the change as a JSON patch; `add` also replaces what is there, but for an element."""
    made: list[Json] = [
        {"op": _operation(field), "path": field, "value": json.loads(new)}
        if new != "null"
        else {"op": "remove", "path": field}
        for field, new in (*plan.write.fields, *copies)
    ]
    where = "/metadata/annotations"
    if notes and plan.write.bare:
        return [*made, {"op": "add", "path": where, "value": notes}]
    marks = ({"op": "add", "path": where + pointer([n]), "value": notes[n]} for n in notes)
    return [*made, *marks]


def _operation(field: str) -> str:
    """Return what puts a value there: `add` would push an element of a list along."""
    return "replace" if path(field)[-1].isdigit() else "add"


def _reference(write: WriteRecord) -> OwnerReference:
    return OwnerReference(
        kind=write.kind, name=write.name, uid=write.uid, api_version=write.api_version
    )


def _json(new: object) -> str:
    return json.dumps(new, sort_keys=True, separators=(",", ":"))
