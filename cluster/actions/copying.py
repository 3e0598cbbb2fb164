"""Values that a write copies from other objects: kept as digests, read when they are used."""

import copy
import hashlib
import json
from collections.abc import Mapping

from cluster.actions.pointers import path, pointer
from cluster.clients.objects import OwnerReference
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Thing
from cluster.owners.place import value
from incidents.errors import Rejected
from incidents.events.run import CopyRecord


def of(
    holder: Thing, source: tuple[str, ...], *, field: tuple[str, ...], without: tuple[str, ...]
) -> CopyRecord:
    """Return how a field gets what stands at `source` of the object that holds it."""
    itself = holder.itself
    return CopyRecord(
        field=pointer(field),
        api_version=itself.api_version,
        kind=itself.kind,
        name=itself.name,
        uid=itself.uid,
        source=pointer(source),
        without=without,
        digest=digest(bare(value(holder.body, source), without)),
    )


def read(kubernetes: Kubernetes, namespace: str, record: CopyRecord) -> object:
    """Return the value; raises Rejected where it is gone or another one, and as reads do."""
    reference = OwnerReference(
        kind=record.kind, name=record.name, uid=record.uid, api_version=record.api_version
    )
    holder = kubernetes.thing(namespace, reference)
    found = bare(value(holder.body, path(record.source)), record.without)
    if holder.itself.uid != record.uid or digest(found) != record.digest:
        message = f"{holder}: {record.source} is not what it was when it was planned"
        raise Rejected(message)
    return found


def bare(given: object, without: tuple[str, ...]) -> object:
    """Return the value without what stands at these pointers."""
    made = copy.deepcopy(given)
    for left_out in without:
        *above, last = path(left_out)
        inner = value(made, above)
        if isinstance(inner, dict):
            inner.pop(last, None)
    return made


def digest(given: object) -> str:
    """Return the SHA-256 of the value; what is null counts as absent, as the API says."""
    written = json.dumps(_present(given), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def _present(given: object) -> object:
    if isinstance(given, Mapping):
        return {key: _present(each) for key, each in given.items() if each is not None}
    return [_present(each) for each in given] if isinstance(given, list) else given
