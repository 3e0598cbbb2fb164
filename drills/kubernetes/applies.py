"""Server-side apply: an object becomes as somebody declares it, where nobody else owns the field.

Source: the Kubernetes documentation, "Server-Side Apply"; sigs.k8s.io/structured-merge-diff. Nobody
forces anything here, and no object is made by it.
"""

from collections.abc import Callable, Iterator

from drills.kubernetes import managed_fields, refusals
from drills.kubernetes.managed_fields import Path
from drills.kubernetes.objects import Object, View, copied

Merge = Callable[[View, View], Object]


def applied(before: View, declared: View, *, manager: str, merge: Merge) -> Object:
    """Return the object as it becomes; raises Refusal 409 that names who owns what would change.

    `merge` brings two objects together, keyed lists by their key.
    """
    given = managed_fields.leaves(declared)
    if conflicts := list(_conflicts(before, given, manager)):
        raise refusals.owned_by_others(conflicts)
    after = merge(before, {name: each for name, each in declared.items() if name != "status"})
    for path in _left_out(before, given, manager):
        _remove(after, path)
    return after


def fields(declared: View) -> frozenset[Path]:
    """Return what somebody owns who has applied this."""
    return frozenset(managed_fields.leaves(declared))


def _conflicts(
    before: View, given: dict[Path, object], manager: str
) -> Iterator[tuple[str, str, str]]:
    """Yield who owns a field that would become another, through which version, and the field."""
    now = managed_fields.leaves(before)
    for entry in before.get("metadata", {}).get("managedFields") or ():
        if (entry["manager"], entry["operation"]) == (manager, "Apply"):
            continue
        for path in sorted(managed_fields.paths_of(entry["fieldsV1"]) & given.keys()):
            if path in now and now[path] != given[path]:
                yield entry["manager"], entry["apiVersion"], _dotted(path)


def _left_out(before: View, given: dict[Path, object], manager: str) -> Iterator[Path]:
    """Yield what the same manager declared before and no longer does, unless others own it too."""
    entries = before.get("metadata", {}).get("managedFields") or ()
    ours = [x for x in entries if (x["manager"], x["operation"]) == (manager, "Apply")]
    others = [x for x in entries if x not in ours]
    kept = {path for each in others for path in managed_fields.paths_of(each["fieldsV1"])}
    for entry in ours:
        yield from sorted(managed_fields.paths_of(entry["fieldsV1"]) - given.keys() - kept)


def _remove(after: Object, path: Path) -> None:
    """Take one field of mappings away; items of keyed lists stay, as nobody here leaves one out."""
    if any(not part.startswith("f:") for part in path):
        msg = "leaving an item of a list out of what is applied"
        raise refusals.not_implemented(msg)
    inner = after
    for part in path[:-1]:
        inner[part[2:]] = inner = copied(inner.get(part[2:], {}))
    inner.pop(path[-1][2:], None)


def _dotted(path: Path) -> str:
    """Return `.spec.containers[name="vllm"].image` for a path of fieldsV1."""
    said = ""
    for part in path:
        kind, _, rest = part.partition(":")
        keyed = rest.strip("{}").replace('":', "=", 1).replace('"', "", 1)
        said += f".{rest}" if kind == "f" else f"[{keyed}]"
    return said
