"""A mapping that never changes and grows cheaply: what a storm adds is not copied each time."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

THIN = 64
"""So many entries lie in the upper layer: copying them costs less than copying thousands."""


class Layers(Mapping[K, V]):
    """Two layers, of which the upper one counts; `put` returns another one and shares the lower.

    A plain copy of every entry for every new one is quadratic: ten thousand alerts of one incident
    took seconds to fold. It equals any mapping with the same entries, in whatever order.
    """

    __slots__ = ("_lower", "_upper")

    def __init__(self, lower: Mapping[K, V] | None = None) -> None:
        self._lower: Mapping[K, V] = lower if lower is not None else {}
        self._upper: dict[K, V] = {}

    def put(self, key: K, value: V) -> "Layers[K, V]":
        """Return the mapping with this entry; one that was there keeps its place in the order."""
        upper = {**self._upper, key: value}
        if len(upper) > THIN:
            return Layers({**self._lower, **upper})
        found = Layers(self._lower)
        found._upper = upper
        return found

    def __getitem__(self, key: K) -> V:
        return self._upper[key] if key in self._upper else self._lower[key]

    def __iter__(self) -> Iterator[K]:
        yield from self._lower
        yield from (key for key in self._upper if key not in self._lower)

    def __len__(self) -> int:
        return len(self._lower) + sum(1 for key in self._upper if key not in self._lower)

    def __repr__(self) -> str:
        return f"Layers({dict(self)!r})"
