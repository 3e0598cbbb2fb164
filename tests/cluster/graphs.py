"""Objects and their owners, as tests write them down; a sight that needs no cluster."""

from collections.abc import Iterable, Mapping

from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.owners.sight import Hidden
from cluster.targets.target import Target

NAMESPACE = "llm-d"
ARGO_CD = "argocd"


def made(  # noqa: PLR0913  # an object has so many parts
    kind: Kind,
    name: str = "decode",
    spec: Mapping[str, object] | None = None,
    *,
    above: Mapping[str, object] | None = None,
    labels: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
    writers: Iterable[tuple[str, Mapping[str, object]]] = (),
    namespace: str = NAMESPACE,
) -> dict[str, object]:
    """Return an object as the API server writes it."""
    owner = {**above, "controller": True} if above else None
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{kind.name}-{name}",
            "resourceVersion": "7",
            "labels": dict(labels or {}),
            "annotations": dict(notes or {}),
            "ownerReferences": [owner] if owner else [],
            "managedFields": [{"manager": who, "fieldsV1": fields} for who, fields in writers],
        },
        "spec": dict(spec or {}),
    }


def refer(kind: Kind, name: str = "decode") -> dict[str, object]:
    """Return how others refer to an object, as an owner or as what is scaled."""
    uid = f"uid-{kind.name}-{name}"
    return {"apiVersion": kind.api_version, "kind": kind.name, "name": name, "uid": uid}


def target(kind: Kind, name: str = "decode", *, role: str = "decode") -> Target:
    """Return an object as the target that was found."""
    return Target(
        cluster="local",
        namespace=NAMESPACE,
        kind=kind.name,
        name=name,
        uid=f"uid-{kind.name}-{name}",
        model="llama",
        role=role,
        pods=(),
        api_version=kind.api_version,
    )


class Seen:
    """A sight of these objects; kinds in `hidden` may not be seen."""

    def __init__(self, *objects: dict[str, object], hidden: Iterable[Kind] = ()) -> None:
        self._things = [parse.thing(each) for each in objects]
        self._hidden = {each.name for each in hidden}

    def things(self, kind: Kind) -> tuple[Thing, ...] | Hidden:
        if kind.name in self._hidden:
            return Hidden(because=f"no permission to list {kind.plural}")
        return tuple(each for each in self._things if each.itself.kind == kind.name)

    def thing(self, reference: OwnerReference, *, namespace: str = "") -> Thing | Hidden | None:
        if reference.kind in self._hidden:
            return Hidden(because=f"no permission to get {reference.kind}")
        wanted = (reference.kind, reference.name, namespace or NAMESPACE)
        for each in self._things:
            if (each.itself.kind, each.itself.name, each.namespace) == wanted:
                return each
        return None


DEPLOYMENT = made(kinds.DEPLOYMENT, spec={"replicas": 4, "selector": {"matchLabels": {"a": "b"}}})
