"""Who else owns the number of replicas: somebody to warn of, or somebody who fights back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cluster.clients.objects import Autoscaler, Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Somebody besides the Deployment writes this field.

    `fights` says that a change made by hand does not stay; `because` is for the approver.
    """

    owner: str
    because: str
    fights: bool


Finder = Callable[[Deployment, Sequence[Autoscaler]], Claim | None]
"""Looks for one kind of owner; pure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """The path from the object to its outermost owner, in words, and who claims the field."""

    path: tuple[str, ...]
    claims: tuple[Claim, ...]

    @property
    def fighting(self) -> tuple[Claim, ...]:
        """Return the claims of those who would undo a change."""
        return tuple(claim for claim in self.claims if claim.fights)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what the approver should know of the others."""
        return tuple(claim.because for claim in self.claims if not claim.fights)


def resolve(
    deployment: Deployment, autoscalers: Sequence[Autoscaler], *, finders: Sequence[Finder]
) -> Ownership:
    """Ask every finder; several owners at once are common."""
    found = [finder(deployment, autoscalers) for finder in finders]
    claims = tuple(claim for claim in found if claim)
    path = (f"Deployment {deployment.name}", *(claim.owner for claim in claims if claim.fights))
    return Ownership(path=path, claims=claims)
