"""A target: one workload of one cluster."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """What an incident knows of its target, from the alert's labels."""

    namespace: str
    model: str
    role: str = "decode"
    cluster: str = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A workload that was found; `pods` are the names of its pods at that moment.

    `roles` are the roles that pods of this model have in the namespace; empty when nobody looked.
    """

    cluster: str
    namespace: str
    kind: str
    name: str
    uid: str
    model: str
    role: str
    pods: tuple[str, ...]
    roles: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Targets(Protocol):
    """Finds workloads."""

    def find(self, selector: Selector) -> Target:
        """Return the one workload.

        Raises Rejected when none or several match (the message names them), Unavailable when
        the cluster cannot be asked.
        """
