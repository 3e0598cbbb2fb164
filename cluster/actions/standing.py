"""How a workload stands before a change, and how a person would write the change."""

import json
import shlex
from collections.abc import Sequence

from cluster.clients import kinds, parse
from cluster.clients.things import Json, Thing
from cluster.owners.place import Unit
from cluster.owners.workload import Workload


def warnings(work: Workload, wanted: int) -> tuple[str, ...]:
    """Return what makes this a bad moment; of kinds that do not count their replicas nothing."""
    thing, size = work.place.thing, work.place.size
    found = list(_counts(thing, size)) if thing.itself.kind in kinds.REPLICATED else []
    if work.place.unit is Unit.GROUPS and work.each > 1:
        found.append(f"each replica is a group of {work.each} pods")
    if wanted < size:
        found.append("requests on the pods that go are cut off")
    return tuple(found)


def _counts(thing: Thing, size: int) -> Sequence[str]:
    status, kind = parse.section(thing.body, "status"), thing.itself.kind
    unit = "groups" if kind == kinds.GROUPS.name else "pods"
    updated, ready = parse.number(status, "updatedReplicas"), parse.number(status, "readyReplicas")
    found = []
    if _observed(status) < thing.generation:
        found.append(f"the {kind} was changed a moment ago and has not been acted on")
    elif updated < size:
        found.append(f"a rollout is in progress: {updated} of {size} new")
    if ready < size:
        found.append(f"only {ready} of {size} {unit} are ready")
    if parse.section(thing.body, "spec").get("paused") is True:
        found.append(f"the {kind} is paused")
    return found


def _observed(status: Json) -> int:
    """Return `observedGeneration`; Argo Rollouts writes it as text."""
    found = str(status.get("observedGeneration", 0))
    return int(found) if found.isascii() and found.isdigit() else 0


def resource(thing: Thing) -> str:
    """Return how kubectl names an object: `deployment/decode`, or the plural with its group."""
    kind = kinds.BY_NAME.get((thing.itself.group, thing.itself.kind))
    if kind is None or kind.group in {"", "apps"}:
        return f"{thing.itself.kind.lower()}/{thing.itself.name}"
    return f"{kind.plural}.{kind.group}/{thing.itself.name}"


def patched(thing: Thing, fields: Sequence[tuple[Sequence[str], object]]) -> str:
    """Return the patch as a person would type it."""
    lists = any(part.isdigit() for path, _ in fields for part in path)
    change: object = (
        [{"op": "replace", "path": "/" + "/".join(path), "value": new} for path, new in fields]
        if lists
        else _merged(fields)
    )
    body = json.dumps(change, separators=(",", ":"))
    return shlex.join(
        [
            *("kubectl", "patch", resource(thing), "-n", thing.namespace),
            f"--type={'json' if lists else 'merge'}",
            *("-p", body),
        ]
    )


def _merged(fields: Sequence[tuple[Sequence[str], object]]) -> dict[str, object]:
    whole: dict[str, object] = {}
    for path, new in fields:
        inner = whole
        for part in path[:-1]:
            found = inner.setdefault(part, {})
            inner = found if isinstance(found, dict) else {}
        inner[path[-1]] = new
    return whole
