"""The port through which targets, owners and actions see a cluster."""

from collections.abc import Sequence
from typing import Protocol

from cluster.clients.kinds import Kind
from cluster.clients.objects import (
    Autoscaler,
    Deployment,
    Owner,
    OwnerReference,
    Pod,
    Pool,
    Route,
    Workload,
)
from cluster.clients.things import Removal, Thing, Write


class Kubernetes(Protocol):
    """One cluster.

    A write is asked once. A read may be repeated: once after a cut, and after a 429 as long as its
    deadline allows. All raise Rejected for what stays wrong (the message says which object):
    Missing for what is not there, Forbidden for what we may not see; and Unavailable for what may
    pass. Lists are whole or refused: what is longer than the client's limit raises Rejected.
    """

    def deployment(self, namespace: str, name: str) -> Deployment:
        """Return the Deployment as it is now."""

    def owner(self, namespace: str, reference: OwnerReference) -> Owner:
        """Return the object that a reference names, whatever its uid.

        Raises Missing also for a kind that is not installed, Rejected for one we cannot read.
        """

    def pods(self, namespace: str, selector: str) -> Sequence[Pod]:
        """Return the pods that fit a label selector, in the API's text form."""

    def pools(self, namespace: str) -> Sequence[Pool]:
        """Return the InferencePools of v1, or where there are none those of v1alpha2.

        A cluster without that kind has none.
        """

    def routes(self, namespace: str) -> Sequence[Route]:
        """Return the HTTPRoutes; a cluster without that kind has none."""

    def workloads(self, namespace: str, kind: Kind) -> Sequence[Workload]:
        """Return the workloads of a kind of `kinds.WORKLOADS`.

        A cluster without that kind has none.
        """

    def autoscalers(self, namespace: str) -> Sequence[Autoscaler]:
        """Return all HorizontalPodAutoscalers of the namespace."""

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        """Return the object that a reference names, whatever its uid.

        `namespace` is empty for a kind without namespaces. Raises as `owner` does.
        """

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        """Return the objects of a kind that fit a label selector, in the API's text form.

        A cluster without that kind has none.
        """

    def write(self, write: Write) -> Thing:
        """Write once, with its preconditions; the answer is the object, or its subresource.

        Raises Conflict when the object is another or has changed, Rejected when the write was
        refused, NotDone when it certainly never arrived, Unavailable when nobody knows.
        """

    def evict(self, removal: Removal) -> None:
        """Ask once that a pod goes, as far as its disruption budget allows.

        Raises as `write` does; a budget that forbids it is NotDone.
        """

    def delete(self, removal: Removal) -> None:
        """Delete a pod once, whatever its disruption budget says. Raises as `write` does."""
