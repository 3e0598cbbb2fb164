"""Whether a field stands in Git, as far as the object itself tells."""

import json
from collections.abc import Collection
from typing import Final

from cluster.owners.place import Place, value

APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""What was applied last by a client that compares on its side, as Argo CD does by default."""


HPA: Final = ("kube-controller-manager", "scale")
"""How the autoscalers of Kubernetes write a size."""


def declared(place: Place, managers: Collection[str], *, applies: bool = False) -> bool | None:
    """Tell whether Git sets the field; None where the object does not tell.

    A field that is not there at all is not in Git, nor one that an autoscaler wrote last: it would
    have been brought back. With `applies` the owner leaves `APPLIED` on what it applies.
    """
    if value(place.thing.body, place.path) is None:
        return False
    field = dotted(place.path)
    wrote = [each for each in place.thing.writers if field in each.fields]
    # What was applied last may be older than a change to server-side apply, which leaves no trace.
    if any(each.manager in managers for each in wrote):
        return True
    if applies and (written := place.thing.annotations.get(APPLIED, "")):
        return _applied(written, place)
    return False if any((each.manager, each.subresource) == HPA for each in wrote) else None


def _applied(written: str, place: Place) -> bool | None:
    try:
        return value(json.loads(written), place.path) is not None
    except (ValueError, RecursionError):
        return None


def dotted(path: tuple[str, ...]) -> str:
    """Return the path as managedFields have it; they tell nothing of what is inside a list."""
    first = next((index for index, part in enumerate(path) if part.isdigit()), len(path))
    return ".".join(path[:first])
