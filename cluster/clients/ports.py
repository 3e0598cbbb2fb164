"""The port through which targets, owners and actions see a cluster."""

from collections.abc import Sequence
from typing import Protocol

from cluster.clients.objects import Autoscaler, Deployment, Pod, ReplicaSet, Resize, Resized


class Kubernetes(Protocol):
    """One cluster.

    Every method asks once. All raise Rejected for what stays wrong (gone, forbidden, invalid; the
    message says which object) and Unavailable for what may pass.
    """

    def deployment(self, namespace: str, name: str) -> Deployment:
        """Return the Deployment as it is now."""

    def replica_set(self, namespace: str, name: str) -> ReplicaSet:
        """Return the ReplicaSet as it is now."""

    def pods(self, namespace: str, selector: str) -> Sequence[Pod]:
        """Return the pods that fit a label selector, in the API's text form."""

    def autoscalers(self, namespace: str) -> Sequence[Autoscaler]:
        """Return all HorizontalPodAutoscalers of the namespace."""

    def resize(self, resize: Resize) -> Resized:
        """Write the size once, with its preconditions.

        Raises Conflict when the object is another or has changed, Rejected when the write was
        refused, NotDone when it certainly never arrived, Unavailable when nobody knows.
        """
