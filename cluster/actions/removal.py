"""A pod that is to go, once, by its uid: plan, apply, the look back, and who takes its place."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cluster.actions import member, setting, signature
from cluster.actions.action import Action, Parameter, Words
from cluster.actions.digest import digest_of
from cluster.actions.member import Member
from cluster.actions.plan import Applied, Done, DryRunRefused, Plan, Settled
from cluster.clients import kinds
from cluster.clients.objects import OwnerReference, Pod
from cluster.clients.parse import Malformed
from cluster.clients.ports import Kubernetes
from cluster.clients.refusals import Forbidden, Missing
from cluster.clients.things import Removal
from cluster.owners import workload
from cluster.owners.sight import LiveSight, Sight
from cluster.rights import Right, deletes, evicts
from cluster.targets.target import Target
from incidents.errors import Conflict, Rejected, Unavailable
from incidents.events.run import WriteRecord

POD: Final = Parameter(
    shape=Words(pattern=r"[a-z0-9][-a-z0-9.]{0,252}", example="decode-7d9f-x2x4z"),
    required=True,
    meaning="Name of the pod, which must be the target's",
)
Check = Callable[[Target, Member, Sight], tuple[str, ...]]
"""Says what an approver should know; raises Rejected where the pod must not go in this way."""
Choose = Callable[[Target, Mapping[str, str], Sight], str]
"""Names the pod that goes, from what was asked for.

Raises Rejected where none should, Unavailable where the next one has to wait.
"""


def named(_: Target, asked: Mapping[str, str], __: Sight) -> str:
    """Return the pod that people have named."""
    return asked.get("pod", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Which pod goes and how: by eviction or not, after `grace` seconds (None for its own)."""

    name: str
    check: Check
    evicts: bool = False
    grace: int | None = None
    choose: Choose = named
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: {"pod": POD})

    def kubectl(self, target: Target, pod: str) -> str:
        """Return the equal command; kubectl evicts only through the API's own path."""
        if self.evicts:
            path = f"/api/v1/namespaces/{target.namespace}/pods/{pod}/eviction"
            return f"kubectl create --raw {path} -f eviction.json"
        force = " --force --grace-period=0" if self.grace == 0 else ""
        return f"kubectl delete pod {pod} -n {target.namespace}{force}"


def removes(way: Way, *, meaning: str, rights: tuple[Right, ...] = ()) -> Action:
    """Return the action that lets one pod go; `rights` are what its own check needs besides."""
    goes = evicts(kinds.POD) if way.evicts else deletes(kinds.POD)
    return Action(
        name=way.name,
        meaning=meaning,
        parameters=way.parameters,
        make=lambda kubernetes: RemovalAction(kubernetes, way=way),
        rights=tuple(sorted({*member.RIGHTS, *goes, *rights})),
        stands=True,
    )


class RemovalAction:
    """An action after which one pod is gone; it cannot be undone."""

    def __init__(self, kubernetes: Kubernetes, *, way: Way) -> None:
        self.name = way.name
        self._way = way
        self._kubernetes = kubernetes

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        """Read the pod and what goes with it, and ask for a dry run."""
        asked = setting.given(self.name, parameters, tuple(self._way.parameters))
        sight = LiveSight(self._kubernetes, target.namespace)
        try:
            name = self._way.choose(target, asked, sight)
            found = member.find(self.name, target, name, sight)
            told = (*self._way.check(target, found, sight), *self._told(found))
        except Malformed as error:
            message = f"{self.name} {target}: {error} of it, or of an owner, is not as its API says"
            raise Rejected(message) from error
        made = self._made(target, asked, found, told)
        try:
            self._send(made, dry_run=True)
        except Conflict as error:
            message = f"Pod {target.namespace}/{name} changed while planning"
            raise Unavailable(message) from error
        except Forbidden as error:
            said = replace(made, dry_run=f"no dry run: {error}")
            raise DryRunRefused(str(error), plan=said) from error
        return replace(made, dry_run="accepted by the API server")

    def apply(self, plan: Plan, *, key: str) -> Applied:
        """Ask once; the uid keeps any other pod of that name."""
        self._send(plan, dry_run=False, agent=signature.agent(plan.signed, key))
        return Applied(resource_version="", detail=f"{plan.write.name} was asked to go")

    def already_done(self, plan: Plan, *, key: str) -> Done:  # noqa: ARG002  # a pod that is gone has no mark
        """Tell whether that very pod is gone or going; who asked for it nobody keeps."""
        try:
            found = self._kubernetes.thing(plan.write.namespace, _reference(plan.write))
        except Missing:
            return Done.YES
        except (Rejected, Unavailable):
            return Done.CANNOT_TELL
        if found.itself.uid != plan.write.uid:
            return Done.YES
        metadata = found.body.get("metadata")
        going = isinstance(metadata, Mapping) and "deletionTimestamp" in metadata
        # What is to be forced was going before.
        return Done.YES if going and self._way.grace != 0 else Done.NO

    def settled(self, plan: Plan) -> Settled:
        """Count the ready pods of the target; it has come about when another took its place."""
        return replaced(self._kubernetes, plan.target, {plan.write.uid})

    def _told(self, found: Member) -> Iterator[str]:
        if found.gpus:
            yield f"{found.gpus} GPUs do nothing until the model is loaded again"
        pods = self._kubernetes.pods(found.thing.namespace, found.work.selector)
        if found.pod.ready_since is not None and not found.pod.leaving:
            yield "requests on it are cut off"
            if not _others(pods, found):
                yield "no other pod of the target is ready"

    def _made(
        self, target: Target, asked: Mapping[str, str], found: Member, told: tuple[str, ...]
    ) -> Plan:
        itself, pod = found.thing.itself, found.pod
        write = WriteRecord(
            api_version=kinds.POD.api_version,
            kind=kinds.POD.name,
            namespace=found.thing.namespace,
            name=itself.name,
            uid=itself.uid,
            subresource="eviction" if self._way.evicts else "",
            fields=(),
        )
        before = (("pod", f"{itself.name} on {pod.node or 'no node'}"),)
        after = (("pod", _after(found)),)
        path = (f"Pod {itself.name}", str(found.work.place))
        return Plan(
            action=self.name,
            target=target,
            parameters=tuple(asked.items()),
            owner_path=path,
            before=before,
            after=after,
            uid=target.uid,
            resource_version=found.thing.resource_version,
            inverse=(),
            kubectl=self._way.kubectl(target, itself.name),
            dry_run="",
            warnings=told,
            reversible=False,
            write=write,
            digest=digest_of(
                action=self.name,
                target=target,
                before=before,
                after=after,
                owner_path=path,
                write=write,
            ),
        )

    def _send(self, plan: Plan, *, dry_run: bool, agent: str = "") -> None:
        removal = Removal(
            namespace=plan.write.namespace,
            name=plan.write.name,
            uid=plan.write.uid,
            grace=self._way.grace,
            dry_run=dry_run,
            agent=agent,
        )
        send = self._kubernetes.evict if self._way.evicts else self._kubernetes.delete
        send(removal)


def replaced(kubernetes: Kubernetes, target: Target, gone: Collection[str]) -> Settled:
    """Count the ready pods of the target, and say whether others took the place of these uids."""
    work = workload.of(target, LiveSight(kubernetes, target.namespace))
    pods = kubernetes.pods(target.namespace, work.selector)
    present = [pod for pod in pods if not (pod.leaving or pod.finished)]
    ready = [pod.ready_since for pod in present if pod.ready_since is not None]
    wanted = work.place.size * work.each
    there = any(pod.uid in gone for pod in pods)
    complete = not there and len(ready) == wanted == len(present)
    return Settled(
        ready=len(ready), wanted=wanted, since=max(ready, default=None) if complete else None
    )


def refuse_leaving(action: str, target: Target, found: Member) -> None:
    """Raise Rejected for a pod that goes already."""
    if found.pod.leaving:
        message = f"{action} {target}: {found.thing} goes already"
        raise Rejected(message)


def _after(found: Member) -> str:
    number = len(found.leaves)
    if number == 1:
        return "gone, and made anew"
    return f"gone with its group of {number} pods, and made anew"


def _others(pods: Sequence[Pod], found: Member) -> bool:
    gone = {each.itself.uid for each in found.leaves}
    return any(each.ready_since and not each.leaving and each.uid not in gone for each in pods)


def _reference(write: WriteRecord) -> OwnerReference:
    return OwnerReference(
        kind=write.kind, name=write.name, uid=write.uid, api_version=write.api_version
    )
