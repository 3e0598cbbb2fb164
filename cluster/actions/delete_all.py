"""delete_all: deletes all pods of a target at once, and only while none of them is ready.

Each goes by its uid. A pod of which nothing answers loses nothing by it, so that half of them gone
is no worse than none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from cluster.actions import member, removal, setting, signature, turns
from cluster.actions.action import Action
from cluster.actions.digest import digest_of
from cluster.actions.plan import Applied, Done, DryRunRefused, Plan, Settled
from cluster.clients import kinds
from cluster.clients.objects import OwnerReference
from cluster.clients.parse import Malformed
from cluster.clients.ports import Kubernetes
from cluster.clients.refusals import Forbidden, Missing
from cluster.clients.things import Removal, Thing
from cluster.owners import workload
from cluster.owners.sight import LiveSight, Sight
from cluster.owners.workload import Workload
from cluster.rights import deletes
from cluster.targets.target import Target
from incidents.errors import Conflict, NotDone, Rejected, Unavailable
from incidents.events.run import WriteRecord

NAME: Final = "delete_all"
MOST: Final = 100
"""More pods than this are not deleted in one go: the claim would run out meanwhile."""
SHOWN: Final = 3


class DeleteAll:
    """An action after which all pods of a target are gone; it cannot be undone."""

    name = NAME

    def __init__(self, kubernetes: Kubernetes) -> None:
        self._kubernetes = kubernetes

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        """Read all pods, and ask for a dry run of each removal."""
        setting.given(NAME, parameters, ())
        sight = LiveSight(self._kubernetes, target.namespace)
        try:
            work = workload.of(target, sight)
            pods = _going(target, work, sight)
            made = _made(target, work, pods)
        except Malformed as error:
            message = f"{NAME} {target}: {error} of it, or of a pod, is not as its API says"
            raise Rejected(message) from error
        for removed in _removals(made, dry_run=True):
            self._try(made, removed)
        return replace(made, dry_run="accepted by the API server")

    def apply(self, plan: Plan, *, key: str) -> Applied:
        """Ask once for each pod, unless one of them has become ready meanwhile."""
        try:
            self._refuse_ready(plan)
        except Unavailable as error:
            raise NotDone(str(error)) from error
        agent = signature.agent(plan.signed, key)
        asked, removals = 0, _removals(plan, dry_run=False, agent=agent)
        for removed in removals:
            try:
                self._kubernetes.delete(removed)
            except (Missing, Conflict):
                continue  # it is gone by itself, and another one may have its name
            except (Rejected, Unavailable) as error:
                if not asked:
                    raise
                message = f"{asked} of {len(removals)} pods were asked to go; then: {error}"
                raise Unavailable(message) from error
            asked += 1
        if not asked:
            message = f"none of the {len(removals)} pods is there any more"
            raise Conflict(message)
        return Applied(resource_version="", detail=f"{asked} pods were asked to go")

    def already_done(self, plan: Plan, *, key: str) -> Done:  # noqa: ARG002  # pods that are gone have no mark
        """Tell whether all of these pods are gone or going; of some of them nobody can tell."""
        try:
            gone = [self._gone(plan, name, uid) for name, uid in _named(plan)]
        except (Rejected, Unavailable):
            return Done.CANNOT_TELL
        if all(gone):
            return Done.YES
        return Done.CANNOT_TELL if any(gone) else Done.NO

    def settled(self, plan: Plan) -> Settled:
        """Count the ready pods of the target; it has come about when others took their place."""
        return removal.replaced(self._kubernetes, plan.target, {uid for _, uid in _named(plan)})

    def _try(self, made: Plan, removed: Removal) -> None:
        try:
            self._kubernetes.delete(removed)
        except (Conflict, Missing) as error:
            message = f"{removed} changed while planning"
            raise Unavailable(message) from error
        except Forbidden as error:
            said = replace(made, dry_run=f"no dry run: {error}")
            raise DryRunRefused(str(error), plan=said) from error

    def _refuse_ready(self, plan: Plan) -> None:
        sight = LiveSight(self._kubernetes, plan.target.namespace)
        _refuse_ready(plan.target, _own(plan.target, workload.of(plan.target, sight), sight))

    def _gone(self, plan: Plan, name: str, uid: str) -> bool:
        pod = OwnerReference(kind=kinds.POD.name, name=name, api_version=kinds.POD.api_version)
        try:
            found = self._kubernetes.thing(plan.write.namespace, pod)
        except Missing:
            return True
        return found.itself.uid != uid or turns.leaving(found)


def _going(target: Target, work: Workload, sight: Sight) -> Sequence[Thing]:
    own = _own(target, work, sight)
    _refuse_ready(target, own)
    staying = sorted(
        (each for each in own if not turns.leaving(each)), key=lambda each: each.itself.name
    )
    if not staying:
        left = f"all of its {len(own)} pods go already" if own else "it has no pod"
        message = f"{NAME} {target}: nothing to delete: {left}"
        raise Rejected(message)
    if len(staying) > MOST:
        message = f"{NAME} {target}: it has {len(staying)} pods, and at most {MOST} are deleted"
        raise Rejected(message)
    return staying


def _own(target: Target, work: Workload, sight: Sight) -> Sequence[Thing]:
    return member.all_of(NAME, target, work, sight)


def _refuse_ready(target: Target, own: Sequence[Thing]) -> None:
    ready = sorted(each.itself.name for each in own if turns.ready(each))
    if ready:
        more = f" and {len(ready) - SHOWN} more" if len(ready) > SHOWN else ""
        message = (
            f"{NAME} {target}: {len(ready)} of {len(own)} pods are ready:"
            f" {', '.join(ready[:SHOWN])}{more}; restart_one takes one at a time"
        )
        raise Rejected(message)


def _made(target: Target, work: Workload, pods: Sequence[Thing]) -> Plan:
    first, *others = pods
    write = WriteRecord(
        api_version=kinds.POD.api_version,
        kind=kinds.POD.name,
        namespace=first.namespace,
        name=first.itself.name,
        uid=first.itself.uid,
        subresource="",
        fields=(),
        also=tuple((each.itself.name, each.itself.uid) for each in others),
    )
    names = ", ".join(each.itself.name for each in pods)
    before = (("pods", f"{len(pods)}, none of them ready: {names}"),)
    after = (("pods", "gone, and made anew"),)
    path = (str(work.place),)
    return Plan(
        action=NAME,
        target=target,
        parameters=(),
        owner_path=path,
        before=before,
        after=after,
        uid=target.uid,
        resource_version=first.resource_version,
        inverse=(),
        kubectl=_kubectl(target, pods),
        dry_run="",
        warnings=tuple(_warnings(pods)),
        reversible=False,
        write=write,
        digest=digest_of(
            action=NAME, target=target, before=before, after=after, owner_path=path, write=write
        ),
    )


def _warnings(pods: Sequence[Thing]) -> Sequence[str]:
    youngest = max(member.made_at(each) for each in pods)
    gpus = sum(map(member.gpus_of, pods))
    said = [
        f"the youngest was made at {youngest:%Y-%m-%d %H:%M:%S} UTC; one that loads is lost too",
        "no disruption budget is asked",
    ]
    return [*said, f"{gpus} GPUs do nothing until the model is loaded again"] if gpus else said


def _kubectl(target: Target, pods: Sequence[Thing]) -> str:
    names = " ".join(each.itself.name for each in pods)
    return f"kubectl delete pod -n {target.namespace} {names}"


def _named(plan: Plan) -> Sequence[tuple[str, str]]:
    return [(plan.write.name, plan.write.uid), *plan.write.also]


def _removals(plan: Plan, *, dry_run: bool, agent: str = "") -> Sequence[Removal]:
    return [
        Removal(namespace=plan.write.namespace, name=name, uid=uid, dry_run=dry_run, agent=agent)
        for name, uid in _named(plan)
    ]


ACTION: Final = Action(
    name=NAME,
    meaning="Delete all pods of a target at once, while none of them is ready",
    parameters={},
    make=DeleteAll,
    stands=True,
    rights=tuple(sorted({*member.RIGHTS, *deletes(kinds.POD)})),
)
