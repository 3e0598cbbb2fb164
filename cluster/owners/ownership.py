"""Who else writes a size: who moves the write elsewhere, who bars it, and who is to be told of."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from cluster.clients.kinds import Kind
from cluster.owners.place import Place
from cluster.owners.sight import Sight
from cluster.rights import Right


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The size is written elsewhere; a place that is not `firm` gives way to one that is.

    `note` is told where it did.
    The number here `follows` the one there, unless nobody reads it any more.
    """

    to: Place
    firm: bool = True
    follows: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """A size written here does not stay, or nobody can tell; `advice` is what a person should do.

    With `only_here` it is about the number at this very place: it bars a place further out as far
    as this number follows that one.
    `aside` follows the object in the path: `in Git through Argo CD with self-heal`. `file` says
    which file a pull request would change, empty where none would.
    """

    because: str
    advice: str
    only_here: bool = False
    aside: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """The approver should know of it; the size stays all the same."""

    because: str = ""
    aside: str = ""


Claim = Moved | Barred | Noted
Find = Callable[[Place, Sight], Claim | None]
"""Looks for one kind of owner of a place; asks the sight and nothing else."""


class Proof(Enum):
    """What a row of the owners' page rests on."""

    REAL = "real controller"
    IMITATED = "imitated"
    READ_ONLY = "read only"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerKind:
    """What a module of this folder declares as `OWNER`.

    `controls` are the controllers, as (API group, kind), that it knows: any other controller of an
    object is an operator that nobody here knows. `rights` are what looking for it needs; one that
    looks at `sizes` alone needs none of them for anything else, and one that looks at some kinds
    `only` needs them for those.
    """

    name: str
    find: Find
    controls: frozenset[tuple[str, str]] = frozenset()
    proof: Proof = Proof.IMITATED
    rights: tuple[Right, ...] = ()
    sizes: bool = False
    only: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """The way from the workload to its outermost owner, and where its size is written.

    `place` is where a size would be written; with anything in `barred` it would not stay there.
    """

    path: tuple[str, ...]
    place: Place
    barred: tuple[Barred, ...] = ()
    notes: tuple[str, ...] = ()


def pull_request(barred: Barred, place: Place, *, was: str, becomes: str, because: str) -> str:
    """Return the text of the pull request that would make the change, empty where none would."""
    if not barred.file:
        return ""
    what = f"{place.thing.itself.kind} {place.thing.namespace}/{place.thing.itself.name}"
    return f"Pull request: in {barred.file}, {what}, {place.dotted}: {was} → {becomes}; {because}"
