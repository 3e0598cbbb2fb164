"""Scales a Deployment: plan, apply, look back, see it settle; the inverse is a scale too."""

import hashlib
import shlex
from collections.abc import Mapping
from operator import itemgetter
from typing import Final

from cluster.actions import size as sizes
from cluster.actions.digest import digest_of
from cluster.actions.plan import Applied, Done, Plan, Settled
from cluster.clients import kinds, parse
from cluster.clients.objects import Deployment, OwnerReference
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Thing, Write
from cluster.owners import autoscaler
from cluster.owners.ownership import Ownership, resolve
from cluster.owners.registry import FINDERS
from cluster.targets.target import Target
from incidents.errors import Conflict, Rejected, Unavailable

OURS: Final = "triaged"
FIELD: Final = "spec.replicas"
SUBRESOURCE: Final = "scale"
# The API server refuses longer names of field managers.
LONGEST: Final = 128
HPA_WRITER: Final = ("kube-controller-manager", "scale")


class Scale:
    """Writes `spec.replicas` of a Deployment through its `/scale` subresource.

    `/scale` needs the right to patch `deployments/scale` alone; patching the Deployment would be
    the right to change its image. A Scale has no annotations of its own that last, so the write is
    recognised by its field manager, `triaged/<key>`, in the Deployment's `managedFields`: the API
    server keeps it there as long as nobody else has changed the number.
    """

    name = "scale"

    def __init__(self, kubernetes: Kubernetes) -> None:
        self._kubernetes = kubernetes

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        """Return the plan for the live Deployment, after a dry run of exactly this write."""
        size = sizes.read(parameters)
        deployment = self._found(target)
        wanted = sizes.wanted(size, deployment.replicas)
        ownership = self._ownership(target, deployment)
        accepted = self._dry_run(deployment, wanted)
        before, after = _replicas(deployment.replicas), _replicas(wanted)
        return Plan(
            action=self.name,
            target=target,
            parameters=size.parameters,
            owner_path=ownership.path,
            before=before,
            after=after,
            uid=deployment.uid,
            resource_version=deployment.resource_version,
            inverse=(("action", self.name), *before),
            kubectl=_kubectl(deployment, wanted),
            dry_run=accepted,
            warnings=(*ownership.warnings, *_warnings(deployment, wanted)),
            reversible=True,
            digest=digest_of(
                action=self.name,
                target=target,
                before=before,
                after=after,
                owner_path=ownership.path,
            ),
        )

    def apply(self, plan: Plan, *, key: str) -> Applied:
        """Write once; also raises NotDone (an Unavailable) when the write certainly never arrived.

        uid and resourceVersion are preconditions: whatever happened since the plan voids it.
        """
        written = self._kubernetes.write(
            Write(
                namespace=plan.target.namespace,
                reference=_reference(plan.target.name, plan.uid),
                resource_version=plan.resource_version,
                change={"spec": {"replicas": _number(plan.after)}},
                subresource=SUBRESOURCE,
                manager=manager(key),
            )
        )
        detail = f"replicas {_number(plan.before)} → {_size(written)}"
        return Applied(resource_version=written.resource_version, detail=detail)

    def already_done(self, plan: Plan, *, key: str) -> Done:
        """Look for our field manager; an untouched resourceVersion proves that nothing happened."""
        try:
            deployment = self._found(plan.target)
        except (Rejected, Unavailable):
            return Done.CANNOT_TELL
        if any(w.manager == manager(key) and FIELD in w.fields for w in deployment.writers):
            return Done.YES
        untouched = deployment.resource_version == plan.resource_version
        return Done.NO if untouched else Done.CANNOT_TELL

    def settled(self, plan: Plan) -> Settled:
        """Count the ready pods, and name who changed the number since.

        `since` may lie before the change when pods were taken away. Raises Rejected when the
        Deployment is gone, Unavailable when the cluster cannot be asked.
        """
        deployment = self._found(plan.target)
        wanted = _number(plan.after)
        pods = self._kubernetes.pods(deployment.namespace, deployment.selector)
        present = [pod for pod in pods if not pod.leaving]
        ready = [pod.ready_since for pod in present if pod.ready_since is not None]
        still = deployment.replicas == wanted
        complete = still and len(ready) == wanted == len(present)
        return Settled(
            ready=len(ready),
            wanted=wanted,
            since=max(ready) if complete else None,
            reverted_by=None if still else self._writer(deployment),
        )

    def _found(self, target: Target) -> Deployment:
        if target.kind != "Deployment":
            message = f"scale {target}: only Deployments can be scaled yet ({target.words})"
            raise Rejected(message)
        deployment = self._kubernetes.deployment(target.namespace, target.name)
        if deployment.uid != target.uid:
            message = f"scale {target}: it was deleted and made anew meanwhile"
            raise Rejected(message)
        return deployment

    def _ownership(self, target: Target, deployment: Deployment) -> Ownership:
        autoscalers = self._kubernetes.autoscalers(target.namespace)
        ownership = resolve(deployment, autoscalers, finders=FINDERS)
        if ownership.fighting:
            reasons = "; ".join(claim.because for claim in ownership.fighting)
            message = f"scale {target}: {reasons}; change it there"
            raise Rejected(message)
        return ownership

    def _dry_run(self, deployment: Deployment, wanted: int) -> str:
        try:
            size = _size(self._kubernetes.write(_dry(deployment, wanted)))
        except Conflict as error:
            message = f"Deployment {deployment.namespace}/{deployment.name} changed while planning"
            raise Unavailable(message) from error
        if size != wanted:
            message = f"the API server would make it {size} replicas, not {wanted}"
            raise Rejected(message)
        return f"accepted by the API server: replicas {deployment.replicas} → {wanted}"

    def _writer(self, deployment: Deployment) -> str:
        dated = [(each.at, each) for each in deployment.writers if FIELD in each.fields and each.at]
        _, last = max(dated, key=itemgetter(0), default=(None, None))
        if last is None:
            return "somebody (the API server does not say who)"
        if (last.manager, last.subresource) != HPA_WRITER:
            return last.manager
        found = autoscaler.of(deployment.name, self._kubernetes.autoscalers(deployment.namespace))
        return autoscaler.name(found) if found else last.manager


def manager(key: str) -> str:
    """Return the field manager that marks a write as ours, for this run and step alone."""
    name = f"{OURS}/{key}"
    if len(name) <= LONGEST and name.isprintable():
        return name
    return f"{OURS}/{hashlib.sha256(key.encode()).hexdigest()}"


def _reference(name: str, uid: str) -> OwnerReference:
    kind = kinds.DEPLOYMENT
    return OwnerReference(kind=kind.name, name=name, uid=uid, api_version=kind.api_version)


def _size(scale: Thing) -> int:
    """Return the size in an autoscaling/v1 Scale."""
    return parse.number(parse.section(scale.body, "spec"), "replicas")


def _dry(deployment: Deployment, wanted: int) -> Write:
    return Write(
        namespace=deployment.namespace,
        reference=_reference(deployment.name, deployment.uid),
        resource_version=deployment.resource_version,
        change={"spec": {"replicas": wanted}},
        subresource=SUBRESOURCE,
        manager=OURS,
        dry_run=True,
    )


def _kubectl(deployment: Deployment, wanted: int) -> str:
    return shlex.join(
        [
            *("kubectl", "scale", f"deployment/{deployment.name}", "-n", deployment.namespace),
            f"--replicas={wanted}",
            f"--current-replicas={deployment.replicas}",
        ]
    )


def _warnings(deployment: Deployment, wanted: int) -> tuple[str, ...]:
    """Return what makes this a bad moment."""
    found = []
    if deployment.observed_generation < deployment.generation:
        found.append("the Deployment was changed a moment ago and has not been acted on")
    elif deployment.updated < deployment.replicas:
        found.append(f"a rollout is in progress: {deployment.updated} of {deployment.replicas} new")
    if deployment.ready < deployment.replicas:
        found.append(f"only {deployment.ready} of {deployment.replicas} pods are ready")
    if deployment.paused:
        found.append("the Deployment is paused")
    if wanted < deployment.replicas:
        found.append("requests on the pods that go are cut off")
    return tuple(found)


def _replicas(number: int) -> tuple[tuple[str, str], ...]:
    return (("replicas", str(number)),)


def _number(pairs: tuple[tuple[str, str], ...]) -> int:
    return int(dict(pairs)["replicas"])
