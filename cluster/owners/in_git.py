"""Whether a field stands in Git, as far as the object itself tells."""

import json
from collections.abc import Collection
from typing import Final

from cluster.owners.place import Place, value

APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""What was applied last by a client that compares on its side, as Argo CD does by default."""


def declared(place: Place, managers: Collection[str], *, applies: bool = False) -> bool | None:
    """Tell whether Git sets the field; None where the object does not tell.

    With `applies` the owner leaves `APPLIED` on what it applies.
    """
    written = place.thing.annotations.get(APPLIED, "") if applies else ""
    if written:
        try:
            return value(json.loads(written), place.path) is not None
        except (ValueError, RecursionError):
            return None
    field = dotted(place.path)
    mine = [each for each in place.thing.writers if each.manager in managers]
    return True if any(field in each.fields for each in mine) else None


def dotted(path: tuple[str, ...]) -> str:
    """Return the path as managedFields have it; they tell nothing of what is inside a list."""
    first = next((index for index, part in enumerate(path) if part.isdigit()), len(path))
    return ".".join(path[:first])
