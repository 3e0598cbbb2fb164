"""The earlier templates of a workload: those that the cluster keeps, and those that we noted.

Sources: k8s.io/kubernetes pkg/controller/deployment/util and pkg/controller/history, argo-rollouts
utils/annotations. A LeaderWorkerSet forgets the earlier ones when an update is done (lws
pkg/controllers/leaderworkerset_controller.go, TruncateRevisions) and KServe never keeps any: of
these `triaged snapshot` notes them, see `cluster.snapshots`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.actions import copying
from cluster.actions.pointers import pointer
from cluster.actions.template import Template
from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.things import Json, Thing
from cluster.owners.place import value
from cluster.owners.sight import Hidden, Sight
from cluster.snapshots import generation
from incidents.errors import Rejected
from incidents.events.run import CopyRecord

Path = tuple[str, ...]
Parts = Mapping[Path, object]
"""What a revision is about: values of an object by their path, of those that are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How the history of a kind is kept: in which objects, and how they are numbered.

    `mark` is the annotation with the number, empty where it stands in `revision`. The parts are
    below `within`, at the paths that they have in the workload, and `without` are pointers of what
    is the keeper's own in each. `noted` ones are ours.
    """

    kind: Kind
    parts: Sequence[Path]
    mark: str = ""
    within: Path = ()
    without: tuple[str, ...] = ()
    noted: bool = False


HASH: Final = "rollouts-pod-template-hash"
TEMPLATE: Final = (("spec", "template"),)
KEPT: Final[Mapping[str, Kept]] = {
    kinds.DEPLOYMENT.name: Kept(
        kind=kinds.REPLICA_SET,
        parts=TEMPLATE,
        mark="deployment.kubernetes.io/revision",
        without=("/metadata/labels/pod-template-hash",),
    ),
    kinds.ROLLOUT.name: Kept(
        kind=kinds.REPLICA_SET,
        parts=TEMPLATE,
        mark="rollout.argoproj.io/revision",
        without=(f"/metadata/labels/{HASH}",),
    ),
    kinds.STATEFUL_SET.name: Kept(
        kind=kinds.CONTROLLER_REVISION, parts=TEMPLATE, within=("data",), without=("/$patch",)
    ),
    **{
        name: Kept(kind=kinds.CONTROLLER_REVISION, parts=parts, within=("data",), noted=True)
        for name, parts in generation.PARTS.items()
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What was rolled out: its number, and the object that keeps it."""

    number: int
    holder: Thing
    kept: Kept

    @property
    def parts(self) -> Parts:
        """Return its parts without what is the keeper's own."""
        found = {path: value(self.holder.body, self._source(path)) for path in self.kept.parts}
        return {
            path: copying.bare(each, self.kept.without)
            for path, each in found.items()
            if each is not None
        }

    @property
    def digest(self) -> str:
        """Return what equal revisions have in common."""
        return digest(self.parts)

    def copied(self, path: Path) -> CopyRecord:
        """Return how a part of the workload becomes that of this revision."""
        source, without = self._source(path), self.kept.without
        return copying.of(self.holder, source, field=path, without=without)

    def _source(self, path: Path) -> Path:
        return (*self.kept.within, *path)


def history(template: Template, sight: Sight) -> Sequence[Revision]:
    """Return the revisions that are kept, the newest first; raises Rejected where none can be."""
    top = template.top
    kept = KEPT.get(top.itself.kind)
    if kept is None:
        message = f"{top}: a {top.itself.kind} keeps no history; apply its last good manifest again"
        raise Rejected(message)
    listed = sight.things(kept.kind)
    if isinstance(listed, Hidden):
        message = f"{top}: its history cannot be read: {listed.because}"
        raise Rejected(message)
    found = [
        Revision(number=number, holder=each, kept=kept)
        for each in listed
        if _of(each, top, kept) and (number := _number(each, kept)) > 0
    ]
    found.sort(key=lambda one: one.number, reverse=True)
    return _once(found) if kept.noted else found


def now(template: Template) -> Parts:
    """Return the parts as they stand in the workload."""
    kept = KEPT[template.top.itself.kind]
    found = {path: value(template.thing.body, path) for path in kept.parts}
    return {path: each for path, each in found.items() if each is not None}


def digest(parts: Parts) -> str:
    """Return what equal parts have in common."""
    return copying.digest({pointer(path): each for path, each in parts.items()})


def current(template: Template, known: Sequence[Revision]) -> Revision | None:
    """Return the revision whose template stands there; None for one that was never rolled out.

    A Rollout's template has no defaults, those of its ReplicaSets have, and a quantity may be
    written otherwise: then the Rollout's own status tells.
    """
    standing = now(template)
    same = [each for each in known if each.digest == digest(standing)]
    top = template.top
    if same or top.itself.kind != kinds.ROLLOUT.name:
        return next(iter(same), None)
    hashed = value(top.body, ("status", "currentPodHash")) or ""
    given = standing.get(TEMPLATE[0])
    derived = [each for each in known if derives(given, each.parts.get(TEMPLATE[0]))]
    told = [each for each in known if each.holder.labels.get(HASH) == hashed]
    return next(iter((*derived, *told)), None)


def whole(parts: Parts) -> Json:
    """Return the parts as an object that has nothing else."""
    made: dict[str, object] = {}
    for path, part in parts.items():
        inner = made
        for name in path[:-1]:
            inner = inner.setdefault(name, {})  # type: ignore[assignment]  # made here
        inner[path[-1]] = part
    return made


def derives(given: object, full: object) -> bool:
    """Tell whether all that is given is the same in the full one, which may have more.

    As apimachinery's DeepDerivative, by which kubectl-argo-rollouts compares templates.
    """
    if isinstance(given, Mapping):
        return isinstance(full, Mapping) and all(
            derives(each, full.get(name)) for name, each in given.items() if each is not None
        )
    if isinstance(given, list) and isinstance(full, list):
        return len(given) == len(full) and all(
            derives(one, other) for one, other in zip(given, full, strict=True)
        )
    return given == full


def _of(holder: Thing, top: Thing, kept: Kept) -> bool:
    """Tell whether it is of the workload's history; ours say so in a label."""
    if kept.noted:
        return holder.labels.get(generation.OF) == top.itself.uid
    above = holder.controller
    return above is not None and above.uid == top.itself.uid


def _once(found: Sequence[Revision]) -> Sequence[Revision]:
    """Return the newest of those that are the same: what came back was noted again."""
    once: dict[str, Revision] = {}
    for each in found:
        once.setdefault(each.digest, each)
    return list(once.values())


def _number(holder: Thing, kept: Kept) -> int:
    """Return the revision's number, 0 where there is none."""
    if not kept.mark:
        return parse.number(holder.body, "revision")
    written = holder.annotations.get(kept.mark, "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 0  # noqa: PLR2004  # no longer number is a count
