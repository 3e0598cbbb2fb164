"""Who last wrote a field of an object, from its `metadata.managedFields`. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json
from cluster.drift.findings import Written

Part = str | tuple[str, str]
"""A field's name, or the key and its value that tell one item of a list: `("name", "vllm")`."""

Field = tuple[Part, ...]
"""Where a field stands: `("spec", "replicas")`."""

SHOWN: Final = 100
# What is written through `/scale` has no moment, and is taken from whoever had it.
_NO_MOMENT: Final = datetime.max.replace(tzinfo=UTC)


def last(body: Json, field: Field) -> Written | None:
    """Return who wrote the field last; None where the object does not say.

    Several may own a field with the same value; the one that wrote last is named. Raises Malformed.
    """
    found = [
        Written(by=_name(entry), at=parse.moment(parse.text(entry, "time")))
        for entry in parse.items(parse.section(body, "metadata"), "managedFields")
        if _holds(parse.section(entry, "fieldsV1"), field)
    ]
    return max(found, key=lambda one: (one.at or _NO_MOMENT, one.by), default=None)


def _name(entry: Json) -> str:
    """Return the manager, with the subresource through which it wrote."""
    manager, through = parse.text(entry, "manager"), parse.text(entry, "subresource")
    return f"{manager} (through {through})"[:SHOWN] if through else manager[:SHOWN]


def _holds(fields: Json, field: Field) -> bool:
    here: object = fields
    for part in field:
        if not isinstance(here, Mapping):
            return False
        here = here.get(f"f:{part}") if isinstance(part, str) else _item(here, part)
        if here is None:
            return False
    return True


def _item(fields: Mapping[str, object], part: tuple[str, str]) -> object:
    """Return what stands below a list's item; its key holds all that tells it from others."""
    name, value = part
    for key, inner in fields.items():
        if key.startswith("k:") and _read(key[2:]).get(name) == value:
            return inner
    return None


def _read(written: str) -> Mapping[str, object]:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}
