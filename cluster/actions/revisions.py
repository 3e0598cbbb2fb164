"""The earlier templates of a workload, as the cluster keeps them.

Sources: k8s.io/kubernetes pkg/controller/deployment/util and pkg/controller/history, argo-rollouts
utils/annotations. A LeaderWorkerSet forgets the earlier ones when an update is done: lws
pkg/controllers/leaderworkerset_controller.go, TruncateRevisions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.actions import copying
from cluster.actions.template import Template
from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.things import Json, Thing
from cluster.owners.place import value
from cluster.owners.sight import Hidden, Sight
from incidents.errors import Rejected
from incidents.events.run import CopyRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How a kind of workload keeps its history: in which objects, and how they are numbered.

    `mark` is the annotation with the number, empty where it stands in `revision`. The template is
    at `source`, and `without` are pointers of what is the keeper's own in it.
    """

    kind: Kind
    mark: str
    source: tuple[str, ...]
    without: tuple[str, ...]


HASH: Final = "rollouts-pod-template-hash"
KEPT: Final[Mapping[str, Kept]] = {
    kinds.DEPLOYMENT.name: Kept(
        kind=kinds.REPLICA_SET,
        mark="deployment.kubernetes.io/revision",
        source=("spec", "template"),
        without=("/metadata/labels/pod-template-hash",),
    ),
    kinds.ROLLOUT.name: Kept(
        kind=kinds.REPLICA_SET,
        mark="rollout.argoproj.io/revision",
        source=("spec", "template"),
        without=(f"/metadata/labels/{HASH}",),
    ),
    kinds.STATEFUL_SET.name: Kept(
        kind=kinds.CONTROLLER_REVISION,
        mark="",
        source=("data", "spec", "template"),
        without=("/$patch",),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A template that was rolled out: its number, and the object that keeps it."""

    number: int
    holder: Thing
    kept: Kept

    @property
    def template(self) -> Json:
        """Return the template without what is the keeper's own; raises Malformed."""
        found = copying.bare(value(self.holder.body, self.kept.source), self.kept.without)
        return parse.section({"template": found}, "template")

    @property
    def digest(self) -> str:
        """Return what equal templates have in common."""
        return copying.digest(self.template)

    def copied(self, field: tuple[str, ...]) -> CopyRecord:
        """Return how a field becomes this template."""
        source, without = self.kept.source, self.kept.without
        return copying.of(self.holder, source, field=field, without=without)


def history(template: Template, sight: Sight) -> Sequence[Revision]:
    """Return the revisions that are kept, the newest first; raises Rejected where none can be."""
    top = template.work.place.thing
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
        if (above := each.controller) and above.uid == top.itself.uid
        if (number := _number(each, kept)) > 0
    ]
    return sorted(found, key=lambda one: one.number, reverse=True)


def current(template: Template, known: Sequence[Revision]) -> Revision | None:
    """Return the revision whose template stands there; None for one that was never rolled out.

    A Rollout's template has no defaults, those of its ReplicaSets have, and a quantity may be
    written otherwise: then the Rollout's own status tells.
    """
    now = template.body
    same = [each for each in known if each.digest == copying.digest(now)]
    top = template.work.place.thing
    if same or top.itself.kind != kinds.ROLLOUT.name:
        return next(iter(same), None)
    hashed = value(top.body, ("status", "currentPodHash")) or ""
    derived = [each for each in known if derives(now, each.template)]
    told = [each for each in known if each.holder.labels.get(HASH) == hashed]
    return next(iter((*derived, *told)), None)


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


def _number(holder: Thing, kept: Kept) -> int:
    """Return the revision's number, 0 where there is none."""
    if not kept.mark:
        return parse.number(holder.body, "revision")
    written = holder.annotations.get(kept.mark, "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 0  # noqa: PLR2004  # no longer number is a count
