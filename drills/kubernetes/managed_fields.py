"""Who last wrote which field: `metadata.managedFields` as the API server keeps it.

Source: sigs.k8s.io/structured-merge-diff, fieldsV1 format: `f:NAME` for a field,
`k:{"KEY":VALUE}` for an item of a keyed list, `.` for the item itself.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from drills.kubernetes import list_keys
from drills.kubernetes.objects import Object, View, stamp

Path: TypeAlias = tuple[str, ...]

# What the server writes itself belongs to nobody.
_NOBODYS = frozenset(
    ("f:metadata", f"f:{name}")
    for name in (
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generateName",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "uid",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes: the field manager, and the subresource through which it does.

    Whoever applies owns all that was `applied`, and nothing else under that name.
    """

    manager: str
    subresource: str = ""
    applied: frozenset[Path] = frozenset()

    @property
    def operation(self) -> str:
        """Return what the entry of this writer is called."""
        return "Apply" if self.applied else "Update"


def rewritten(before: View, after: View, *, writer: Writer, now: datetime) -> list[Object]:
    """Return managedFields after `writer` turned `before` into `after`.

    A changed field moves to the writer; a removed field is nobody's; a writer that changed
    nothing is not entered.
    """
    old, new = leaves(before), leaves(after)
    changed = {path for path, value in new.items() if path not in old or old[path] != value}
    kept: list[Object] = []
    mine: set[Path] = set(writer.applied & new.keys()) or set(changed)
    for entry in before.get("metadata", {}).get("managedFields") or ():
        paths = paths_of(entry["fieldsV1"]) & new.keys()
        if _same(entry, writer):
            mine |= set() if writer.applied else paths
        elif paths - changed:
            kept.append(entry | {"fieldsV1": tree(paths - changed)})
    if not mine:
        return kept
    return [*kept, _entry(mine, writer, api_version=str(after["apiVersion"]), now=now)]


def leaves(thing: View) -> dict[Path, object]:
    """Return every path of an object that somebody can own, with its value."""
    found: dict[Path, object] = {}
    for name, value in thing.items():
        if name not in {"apiVersion", "kind"}:
            _collect((f"f:{name}",), name, value, found)
    return {path: value for path, value in found.items() if path[:2] not in _NOBODYS}


def tree(paths: Iterable[Path]) -> Object:
    """Write paths as fieldsV1."""
    root: Object = {}
    for path in sorted(paths):
        node = root
        for part in path:
            node = node.setdefault(part, {})
    return root


def paths_of(fields: Mapping[str, View], prefix: Path = ()) -> set[Path]:
    """Read fieldsV1 back into paths."""
    found: set[Path] = set()
    for part, inner in fields.items():
        path = (*prefix, part)
        found |= paths_of(inner, path) if inner else {path}
    return found


def _collect(path: Path, name: str, value: object, found: dict[Path, object]) -> None:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            _collect((*path, f"f:{key}"), key, inner, found)
        return
    key = list_keys.merge_key(name, value) if isinstance(value, list) else ""
    if not key or not isinstance(value, list) or not value:
        found[path] = value
        return
    _collect_items(path, key, value, found)


def _collect_items(
    path: Path, key: str, items: Sequence[Mapping[str, object]], found: dict[Path, object]
) -> None:
    for item in items:
        here = (*path, "k:" + json.dumps({key: item[key]}, separators=(",", ":")))
        found[(*here, ".")] = None
        for name, inner in item.items():
            _collect((*here, f"f:{name}"), name, inner, found)


def _same(entry: View, writer: Writer) -> bool:
    given = (entry["manager"], entry.get("subresource", ""), entry["operation"])
    return given == (writer.manager, writer.subresource, writer.operation)


def _entry(paths: set[Path], writer: Writer, *, api_version: str, now: datetime) -> Object:
    # A real API server keeps no moment of what is written through `/scale`.
    moment = {} if writer.subresource == "scale" else {"time": stamp(now)}
    entry: Object = {
        "manager": writer.manager,
        "operation": writer.operation,
        "apiVersion": api_version,
        **moment,
        "fieldsType": "FieldsV1",
        "fieldsV1": tree(paths),
    }
    return entry | ({"subresource": writer.subresource} if writer.subresource else {})
