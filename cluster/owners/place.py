"""A place where a size can be written: a field of an object, and what it counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from cluster.actions.pointers import pointer
from cluster.clients.objects import OwnerReference
from cluster.clients.parse import Malformed
from cluster.clients.things import Thing

SHORT: Final = {"HorizontalPodAutoscaler": "HPA"}
"""What people call a kind, where that is not its name."""


class Unit(Enum):
    """What a number at a place counts."""

    PODS = "pods"
    GROUPS = "groups"
    FLOOR = "floor"
    OTHER = "no size"
    SETTING = "setting"
    """No number of replicas: such a place has no `size`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A field of an object, as it was read; `path` leads to it, through lists by their indexes.

    `missing` is what the API takes an absent field for. A floor has a `ceiling`, the path of the
    most that its autoscaler may make, and `missing_ceiling`. `words` names it for people.
    """

    thing: Thing
    path: tuple[str, ...]
    unit: Unit
    subresource: str = ""
    missing: int = 1
    ceiling: tuple[str, ...] = ()
    missing_ceiling: int = 0
    words: str = ""

    @property
    def size(self) -> int:
        """Return the number that stands there; raises Malformed for anything else."""
        return _number(self.thing.body, self.path, self.missing)

    @property
    def most(self) -> int:
        """Return the ceiling that stands there; raises Malformed for anything else."""
        return _number(self.thing.body, self.ceiling, self.missing_ceiling)

    @property
    def dotted(self) -> str:
        """Return the field as people write it: `spec.roles[1].spec.replicas`."""
        parts = [f"[{part}]" if part.isdigit() else f".{part}" for part in self.path]
        return "".join(parts).removeprefix(".")

    @property
    def pointer(self) -> str:
        """Return the field as a JSON pointer: `/spec/roles/1/spec/replicas`."""
        return pointer(self.path)

    def __str__(self) -> str:
        return self.words or called(self.thing.itself)


def called(reference: OwnerReference) -> str:
    """Return `HPA decode`, `Deployment decode`."""
    return f"{SHORT.get(reference.kind, reference.kind)} {reference.name}"


def value(body: object, path: Sequence[str]) -> object:
    """Return what stands at a path, None where nothing does."""
    for part in path:
        if isinstance(body, Mapping):
            body = body.get(part)
        elif isinstance(body, list) and part.isdigit() and int(part) < len(body):
            body = body[int(part)]
        else:
            return None
    return body


def _number(body: object, path: Sequence[str], missing: int) -> int:
    found = value(body, path)
    if found is None:
        return missing
    if not isinstance(found, int) or isinstance(found, bool):
        raise Malformed(".".join(path))
    return found
