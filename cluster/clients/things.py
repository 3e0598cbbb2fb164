"""Any object of the cluster, and one write of it, as owners and actions need them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from cluster.clients.objects import OwnerReference, Writer

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """An object of any kind; `namespace` is empty where its kind has none.

    `body` is all of it, as the API server answered; the rest is read from its `metadata`.
    """

    itself: OwnerReference
    namespace: str
    resource_version: str
    generation: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[OwnerReference, ...] = ()
    writers: tuple[Writer, ...] = ()
    body: Json = field(default_factory=dict)

    @property
    def controller(self) -> OwnerReference | None:
        """Return the one that keeps it as it is."""
        return next((owner for owner in self.owners if owner.controller), None)

    def __str__(self) -> str:
        return where(self.namespace, self.itself)


class Patch(Enum):
    """How a change is written; the values are the content types of the API."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    APPLY = "application/apply-patch+yaml"
    """Server-side apply: the object as it is declared, which JSON says as well as YAML."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write, with what it must find: this object, in this version.

    `reference` has the object's uid. `change` is what it becomes, for MERGE and APPLY an object and
    for JSON a list of operations, without the preconditions: the client adds them. `subresource` is
    `scale`, `status` or empty, `manager` names the writer in `metadata.managedFields`, and
    `dry_run` asks for the answer alone. `agent` stands in the User-Agent, behind our name.
    """

    namespace: str
    reference: OwnerReference
    resource_version: str
    change: Json | Sequence[Json]
    manager: str
    patch: Patch = Patch.MERGE
    subresource: str = ""
    dry_run: bool = False
    agent: str = ""

    def __str__(self) -> str:
        what = where(self.namespace, self.reference)
        match self.subresource:
            case "scale":
                return f"scale {what}"
            case "":
                return f"change {what}"
            case part:
                return f"change the {part} of {what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One pod that is to go, with its uid: another one of the same name stays.

    `grace` is in seconds, None for the pod's own; 0 forces it, which is right only where nothing of
    it can run any more. `agent` is as in a write.
    """

    namespace: str
    name: str
    uid: str
    grace: int | None = None
    dry_run: bool = False
    agent: str = ""

    def __str__(self) -> str:
        return f"Pod {self.namespace}/{self.name}"


def where(namespace: str, reference: OwnerReference) -> str:
    """Return how people are told of an object: `Deployment llm-d/decode`, `Node gpu-1`."""
    name = f"{namespace}/{reference.name}" if namespace else reference.name
    return f"{reference.kind} {name}"


def preconditioned(write: Write) -> object:
    """Return the body of a patch that the API server refuses (409) for another state or object.

    A uid or resourceVersion that is written and is not the object's is a conflict in both forms,
    where a JSON patch's own `test` would make it an invalid request.
    """
    must = {"uid": write.reference.uid, "resourceVersion": write.resource_version}
    if isinstance(write.change, Mapping):
        given = write.change.get("metadata", {})
        meta = {**given, **must} if isinstance(given, Mapping) else must
        return {**write.change, "metadata": meta}
    first = [{"op": "replace", "path": f"/metadata/{name}", "value": must[name]} for name in must]
    return [*first, *write.change]
