"""What an action would do, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from cluster.actions.signature import UNSIGNED, Signature
from cluster.targets.target import Target
from incidents.errors import Rejected
from incidents.events.run import LeavesRecord, WriteRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Exactly what will happen, to exactly which object.

    `write` is the one write, and the object that it is for: the autoscaler or the operator above
    the target where a number of the target's own would not stay. Its uid and `resource_version` are
    the preconditions; `uid` is the target's. `digest` covers action, target, before, after, owner
    path and the write itself, and not the resourceVersion, which changes with every status update.
    `inverse` is the step that undoes it: its action and parameters. `signed` says for what and by
    whom it was approved, once it was: it is told with the write, and is no part of the digest.
    `people` must agree at least, and `loads` is how long a new pod takes to serve, None where
    nobody knows. `leaves` is what stays behind and is not to, None where nothing does.
    """

    action: str
    target: Target
    parameters: tuple[tuple[str, str], ...]
    owner_path: tuple[str, ...]
    before: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, str], ...]
    uid: str
    resource_version: str
    inverse: tuple[tuple[str, str], ...]
    kubectl: str
    dry_run: str
    warnings: tuple[str, ...]
    reversible: bool
    digest: str
    write: WriteRecord
    signed: Signature = UNSIGNED
    people: int = 1
    loads: timedelta | None = None
    leaves: LeavesRecord | None = None


class DryRunRefused(Rejected):
    """The API server does not let us try the write of a plan, which its `dry_run` says."""

    def __init__(self, message: str, *, plan: Plan) -> None:
        super().__init__(message)
        self.plan = plan


class Done(Enum):
    """What the world says of a plan whose outcome is not known."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The write was accepted: what the API server answered."""

    resource_version: str
    detail: str


class Verb(Protocol):
    """An action: one module, registered by its name."""

    name: str

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        """Read live state, find the owner, ask for a dry run.

        Raises Rejected with the reason when it must not be done, DryRunRefused where the right to
        try it is missing, Unavailable when the cluster cannot be asked. Changes nothing.
        """

    def apply(self, plan: Plan, *, key: str) -> Applied:
        """Write once, with the plan's preconditions; never repeats by itself.

        Raises Conflict when the object changed meanwhile, Rejected when the write was refused
        (certainly nothing happened), Unavailable when the outcome is not known.
        """

    def already_done(self, plan: Plan, *, key: str) -> Done:
        """Ask the world whether our own write (recognised by `key`) took place."""

    def settled(self, plan: Plan) -> "Settled":
        """Say how far the change has come: whether it still stands and how many pods are ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How far an applied change has come.

    `reverted_by` names the writer who changed the field back; `ready` and `wanted` count pods;
    `since` is the moment from which all wanted pods were ready, None while they are not. Of a
    change that is not about pods, `words` say how it stands, and one of one is as it should be.
    """

    ready: int
    wanted: int
    since: datetime | None
    reverted_by: str | None = None
    words: str = ""

    @property
    def said(self) -> str:
        """Return how it stands, for people."""
        return self.words or f"{self.ready} of {self.wanted} pods ready"
