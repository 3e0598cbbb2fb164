"""One generation of what makes pods: which parts of an object it is, and how it is noted. Pure.

It is noted as a ControllerRevision beside the object: the API server lets nobody change the data of
one, it goes when its object goes, and whoever may read it may read the object's template as well.
Sources: the types of lws api/leaderworkerset/v1, KServe pkg/apis/serving/v1alpha2, and k8s.io/api
apps/v1.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from cluster.actions import copying
from cluster.clients import kinds, parse
from cluster.clients.things import Json, Thing
from cluster.owners.place import value

Path = tuple[str, ...]

OF: Final = "triaged.dev/generation-of"
"""The label that says whose generation it is, by the uid of the object."""
WORKLOAD: Final = ("parallelism", "labels", "annotations", "template", "worker")
PARTS: Final[Mapping[str, Sequence[Path]]] = {
    kinds.GROUPS.name: (("spec", "leaderWorkerTemplate"),),
    kinds.INFERENCE_SERVICE.name: (
        *(("spec", part) for part in ("model", "storageInitializer", "baseRefs", *WORKLOAD)),
        *(("spec", "prefill", part) for part in WORKLOAD),
    ),
}
"""What makes the pods of the kinds that keep no earlier templates themselves; never a size."""
LONGEST: Final = 200
"""So many characters of a name stand in the name of its generation, which may have 253."""


def parts(thing: Thing) -> Json:
    """Return the parts of an object that are its generation, as the object has them."""
    made: dict[str, object] = {}
    for path in PARTS[thing.itself.kind]:
        found = value(thing.body, path)
        if found is not None:
            _put(made, path, found)
    return made


def same(one: Json, other: Json) -> bool:
    """Tell whether two generations are one; what is null or empty counts as absent.

    A controller in Go writes `resources: {}` where the object that it read says nothing.
    """
    return _filled(one) == _filled(other)


def noted(revision: Thing) -> Json:
    """Return what a ControllerRevision holds, without the directives of its keeper."""
    held = copying.bare(revision.body.get("data"), DIRECTIVES)
    return held if isinstance(held, Mapping) else {}


DIRECTIVES: Final = ("/spec/leaderWorkerTemplate/$patch",)


def number(revision: Thing) -> int:
    """Return the number of a ControllerRevision."""
    return parse.number(revision.body, "revision")


def body(thing: Thing, held: Json, number: int) -> Json:
    """Return the ControllerRevision that notes a generation of an object.

    It names the object as its owner, so that it goes with it, and not as its controller: those that
    look for their own history do not find it.
    """
    itself = thing.itself
    name = f"triaged-{itself.name[:LONGEST]}-{copying.digest(held)[:10]}-{number}"
    owner = {
        "apiVersion": itself.api_version,
        "kind": itself.kind,
        "name": itself.name,
        "uid": itself.uid,
    }
    return {
        "apiVersion": kinds.CONTROLLER_REVISION.api_version,
        "kind": kinds.CONTROLLER_REVISION.name,
        "metadata": {
            "name": name,
            "namespace": thing.namespace,
            "labels": {OF: itself.uid},
            "ownerReferences": [owner],
        },
        "revision": number,
        "data": held,
    }


def _filled(given: object) -> object:
    if isinstance(given, Mapping):
        found = {name: _filled(each) for name, each in given.items()}
        return {name: each for name, each in found.items() if each not in (None, {}, [])}
    return [_filled(each) for each in given] if isinstance(given, list) else given


def _put(made: dict[str, object], path: Path, found: object) -> None:
    for part in path[:-1]:
        inner = made.setdefault(part, {})
        assert isinstance(inner, dict)  # noqa: S101  # no part contains another
        made = inner
    made[path[-1]] = found
