"""The objects of the cluster: one store, one rising version, one history."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from drills.kubernetes import admission, managed_fields, quotas, refusals
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.names import Names
from drills.kubernetes.objects import (
    Object,
    View,
    copied,
    labels_of,
    name_of,
    namespace_of,
    stamp,
    terminating,
)
from drills.kubernetes.resources import NAMESPACES, PODS, QUOTAS, Resource
from drills.kubernetes.selectors import by_fields, by_labels

Change: TypeAlias = Callable[[Object], Object]
_Key: TypeAlias = tuple[str, str, str]

HISTORY = 20_000  # changes a watch can look back on; older ones are 410, as after etcd's compaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One stored change, as a watch tells it."""

    version: int
    kind: str  # ADDED, MODIFIED or DELETED
    resource: Resource
    thing: Object


class Cluster:
    """What an API server stores; safe for many threads, every object handed out is a copy.

    `now` is the world's clock. All methods raise Refusal where the real server would refuse.
    """

    def __init__(self, *, now: Callable[[], datetime], seed: int = 0) -> None:
        self.names = Names(seed)
        self.lock = threading.RLock()
        self._now = now
        self._version = 1000
        self._objects: dict[_Key, Object] = {}
        self._history: list[Happened] = []
        self._forgotten = 0  # up to this version nothing is known any more
        self._installed: frozenset[Resource] = frozenset()

    def now(self) -> datetime:
        """Return the moment with which writes are stamped."""
        return self._now()

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Stamp what is written inside with this moment; the clock stands still meanwhile."""
        with self.lock:
            running, self._now = self._now, lambda: moment
            try:
                yield
            finally:
                self._now = running

    @property
    def version(self) -> int:
        """The resourceVersion of the newest change."""
        return self._version

    @property
    def forgotten(self) -> int:
        """The version up to which nothing is known any more."""
        return self._forgotten

    @property
    def installed(self) -> frozenset[Resource]:
        """The custom kinds that this cluster has."""
        return self._installed

    def install(self, *resources: Resource) -> None:
        """Add custom kinds, as applying their definitions does."""
        self._installed |= frozenset(resources)

    def uninstall(self) -> None:
        """Take all custom kinds away again, and their objects."""
        with self.lock:
            gone = {one.qualified for one in self._installed}
            self._objects = {key: x for key, x in self._objects.items() if key[0] not in gone}
            self._installed = frozenset()

    def uids(self) -> frozenset[str]:
        """Return the uids of everything that is there."""
        with self.lock:
            return frozenset(thing["metadata"]["uid"] for thing in self._objects.values())

    def create(
        self, resource: Resource, given: Object, *, writer: Writer, dry_run: bool = False
    ) -> Object:
        """Store a new object; 404 without its namespace, 409 when the name is taken.

        A pod over a quota is 403.
        """
        with self.lock:
            made = admission.on_create(given, resource)
            self._name(made, resource)
            if resource == PODS:
                namespace = namespace_of(made)
                quotas.admit(made, self.look(QUOTAS, namespace), self.look(PODS, namespace))
            self._stamp_new(made, resource)
            made["metadata"]["managedFields"] = managed_fields.rewritten(
                {}, made, writer=writer, now=self.now()
            )
            if dry_run:
                return made
            return self._store("ADDED", resource, made)

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """Return one object; 404 when there is none."""
        with self.lock:
            return copied(self._find(resource, namespace, name))

    def select(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> list[Object]:
        """Return the objects that fit, by namespace and name; an empty namespace is all of them."""
        return [copied(dict(one)) for one in self.look(resource, namespace, labels, fields)]

    def look(
        self, resource: Resource, namespace: str = "", labels: str = "", fields: str = ""
    ) -> list[View]:
        """Return what `select` does, to be read only: no copies, the stored objects themselves.

        Stored objects are replaced, never changed, so what was read stays as it was.
        """
        fits, chosen = by_labels(labels), by_fields(fields, resource)
        with self.lock:
            return [
                self._objects[key]
                for key in sorted(self._objects)
                if key[0] == resource.qualified
                and namespace in ("", key[1])
                and fits(labels_of(self._objects[key]))
                and chosen(self._objects[key])
            ]

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Change,
        *,
        writer: Writer,
        dry_run: bool = False,
    ) -> Object:
        """Change one object; 409 when `change` leaves an older resourceVersion or another uid in.

        A change that changes nothing stores nothing. A dry run answers with the object as it would
        be, under the version that it still has.
        """
        with self.lock:
            before = self._find(resource, namespace, name)
            wanted = change(copied(before))
            after = admission.on_update(before, wanted, resource, writer.subresource)
            if after == before:
                return copied(before)
            entries = managed_fields.rewritten(before, after, writer=writer, now=self.now())
            after["metadata"]["managedFields"] = entries
            return after if dry_run else self._store("MODIFIED", resource, after)

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        version: str = "",
        grace: float | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Remove one object and return its last form; pods first terminate for their grace."""
        with self.lock:
            before = copied(self._find(resource, namespace, name))
            _meet(before, resource, uid=uid, version=version)
            if dry_run:
                return before
            default = before.get("spec", {}).get("terminationGracePeriodSeconds", 30)
            seconds = int(default if grace is None else grace)
            if resource == PODS and seconds > 0 and before.get("spec", {}).get("nodeName"):
                return self._terminate(before, seconds)
            del self._objects[_key(resource, before)]
            return self._happened("DELETED", resource, before)

    def since(self, version: int, resource: Resource, namespace: str = "") -> list[Happened]:
        """Return what happened after `version`, oldest first; 410 when that was forgotten."""
        with self.lock:
            if version < self._forgotten:
                msg = f"too old resource version: {version} ({self._forgotten})"
                raise refusals.gone(msg)
            return [
                one
                for one in self._history
                if one.version > version
                and one.resource == resource
                and namespace in ("", namespace_of(one.thing))
            ]

    def forget(self) -> None:
        """Forget the history, as a compaction of etcd does: older watches are told 410."""
        with self.lock:
            self._forgotten = self._version
            self._history.clear()

    def snapshot(self) -> Mapping[_Key, Object]:
        """Return everything stored, for `restore`."""
        with self.lock:
            return copied(self._objects)

    def restore(self, snapshot: Mapping[_Key, Object]) -> None:
        """Put everything back as it was; versions go on rising and histories begin anew."""
        with self.lock:
            self._objects = copied(dict(snapshot))
            for thing in self._objects.values():
                self._version += 1
                thing["metadata"]["resourceVersion"] = str(self._version)
            self.forget()

    def _name(self, made: Object, resource: Resource) -> None:
        metadata = made.setdefault("metadata", {})
        if not metadata.get("name"):
            if not metadata.get("generateName"):
                wrong = "Required value: name or generateName is required"
                raise refusals.invalid(resource.kind, "", [("metadata.name", wrong)])
            metadata["name"] = metadata["generateName"] + self.names.suffix()
        if resource.namespaced:
            self._find(NAMESPACES, "", metadata.setdefault("namespace", "default"))
        if _key(resource, made) in self._objects:
            raise refusals.already_exists(resource.qualified, metadata["name"])

    def _stamp_new(self, made: Object, resource: Resource) -> None:
        metadata = made["metadata"]
        for field in ("resourceVersion", "managedFields", "deletionTimestamp"):
            metadata.pop(field, None)
        metadata["uid"] = self.names.uid()
        metadata["creationTimestamp"] = stamp(self.now())
        if "status" in resource.subresources:
            metadata["generation"] = 1
            made["status"] = {}
        if resource == NAMESPACES:
            made["status"] = {"phase": "Active"}
        if resource == PODS:
            made["status"] = {"phase": "Pending", "qosClass": "Burstable"}

    def _find(self, resource: Resource, namespace: str, name: str) -> Object:
        found = self._objects.get((resource.qualified, namespace, name))
        if found is None:
            raise refusals.not_found(resource.qualified, name)
        return found

    def _terminate(self, pod: Object, seconds: int) -> Object:
        if terminating(pod):
            return pod
        pod["metadata"]["deletionTimestamp"] = stamp(self.now())
        pod["metadata"]["deletionGracePeriodSeconds"] = seconds
        return self._store("MODIFIED", PODS, pod)

    def _store(self, kind: str, resource: Resource, thing: Object) -> Object:
        stored = self._happened(kind, resource, thing)
        self._objects[_key(resource, thing)] = copied(stored)
        return stored

    def _happened(self, kind: str, resource: Resource, thing: Object) -> Object:
        self._version += 1
        thing["metadata"]["resourceVersion"] = str(self._version)
        told = copied(thing)
        self._history.append(
            Happened(version=self._version, kind=kind, resource=resource, thing=told)
        )
        if len(self._history) > HISTORY:
            self._forgotten = self._history.pop(0).version
        return thing


def _key(resource: Resource, thing: Object) -> _Key:
    return resource.qualified, namespace_of(thing), name_of(thing)


def _meet(thing: Object, resource: Resource, *, uid: str, version: str) -> None:
    """Check a delete's preconditions."""
    for field, wanted, called, happened in (
        ("uid", uid, "UID", "deleted and then recreated"),
        ("resourceVersion", version, "ResourceVersion", "modified"),
    ):
        found = thing["metadata"][field]
        if wanted and wanted != found:
            why = (
                f"the {called} in the precondition ({wanted}) does not match the {called} in "
                f"record ({found}). The object might have been {happened}"
            )
            kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
            raise refusals.conflict(kind, name_of(thing), why)
