"""What runs Jobs of templates, beside the port `Kubernetes`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cluster.clients.kinds import Kind
from cluster.clients.things import Json, Thing
from cluster.jobs.templates import Templates


class Makes(Protocol):
    """What it takes of a cluster; both raise as the port does."""

    def create(
        self,
        namespace: str,
        kind: Kind,
        body: Json,
        *,
        manager: str,
        dry_run: bool = False,
        agent: str = "",
    ) -> Thing:
        """Create an object once; raises Conflict where there is one of that name."""

    def log(
        self, namespace: str, pod: str, container: str, *, previous: bool, lines: int, size: int
    ) -> str:
        """Return the end of a container's log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Where templates are, what makes Jobs of them, and what takes secrets out of their logs."""

    templates: Templates
    makes: Makes
    redact: Callable[[str], str]
