"""Reads nodes by a shape: plain values come out, what does not fit is a problem with its line."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar, assert_never

from runbooks.language import values
from runbooks.language.document import Entries, Items, Node, Scalar
from runbooks.language.shapes import (
    Argument,
    Atom,
    Choice,
    Duration,
    Field,
    FoundBy,
    Integer,
    ListOf,
    MapOf,
    Number,
    Percent,
    Record,
    Reference,
    Shape,
    Tagged,
    Text,
    Variants,
)

REFERENCE = r"\$([a-z][a-z0-9_]*)"
FOUND = r"\$([a-z][a-z0-9]*(?:-[a-z0-9]+)*)\.(pod|node)"

Read = Argument | list["Read"] | dict[str, "Read"]
"""What a node becomes: the shape says which of these stands where."""

N = TypeVar("N", Scalar, Items, Entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conform:
    """Reads; `complain(line, what)` is called for everything that does not fit."""

    complain: Callable[[int, str], None]

    def read(self, node: Node, shape: Shape, name: str) -> Read | None:
        """Return what the node holds, None where it does not fit; `name` is how to call it."""
        match shape:
            case Text() | Choice() | Integer() | Number() | Percent() | Duration():
                return self._atom(node, shape, name)
            case ListOf():
                return self._list(node, shape, name)
            case MapOf():
                return self._map(node, shape, name)
            case Record():
                return self._record(node, shape, name)
            case Tagged():
                return self._tagged(node, shape, name)
            case Variants():
                return self._variants(node, shape, name)
            case _:
                assert_never(shape)

    def _atom(self, node: Node, shape: Atom, name: str) -> Read | None:
        scalar = self._is(node, Scalar, name)
        if scalar is None:
            return None
        try:
            return values.read(shape, scalar.value)
        except ValueError as error:
            self.complain(node.line, f"{name}: {error}")
            return None

    def _list(self, node: Node, shape: ListOf, name: str) -> Read | None:
        listed = self._is(node, Items, name)
        if listed is None:
            return None
        if len(listed.items) < shape.fewest:
            self.complain(node.line, f"{name}: expected at least {shape.fewest}")
        found = [self.read(item, shape.item, f"{name}[{i}]") for i, item in enumerate(listed.items)]
        return [item for item in found if item is not None]

    def _map(self, node: Node, shape: MapOf, name: str) -> Read | None:
        mapping = self._is(node, Entries, name)
        if mapping is None:
            return None
        found = {}
        for key, item in mapping.entries.items():
            if not re.fullmatch(shape.key, key):
                self.complain(mapping.lines[key], f"{name}: {key!r} is no name")
            found[key] = self.read(item, shape.item, f"{name}.{key}")
        return {key: item for key, item in found.items() if item is not None}

    def _record(self, node: Node, shape: Record, name: str) -> Read | None:
        mapping = self._is(node, Entries, name)
        if mapping is None:
            return None
        self._complete(mapping, shape, name)
        found = {}
        for key, item in mapping.entries.items():
            known = shape.fields.get(key)
            if known is None:
                self.complain(mapping.lines[key], f"{name}: {_unknown(key, shape)}")
            else:
                found[key] = self._field(item, known, f"{name}.{key}")
        return {key: item for key, item in found.items() if item is not None}

    def _field(self, node: Node, known: Field, name: str) -> Read | None:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            named = _named(node.value)
            if named and known.by_reference:
                return named
            if named:
                self.complain(node.line, f"{name}: {node.value}: parameters stand in `with` only")
                return None
        return self.read(node, known.shape, name)

    def _complete(self, mapping: Entries, shape: Record, name: str) -> None:
        for key, known in shape.fields.items():
            if known.required and key not in mapping.entries:
                self.complain(mapping.line, f"{name}: {key} is missing: {known.meaning}")
        if shape.one_of and not set(shape.one_of) & set(mapping.entries):
            self.complain(mapping.line, f"{name}: one of {', '.join(shape.one_of)} is missing")

    def _tagged(self, node: Node, shape: Tagged, name: str) -> Read | None:
        mapping = self._is(node, Entries, name)
        if mapping is None:
            return None
        tag = mapping.entries.get(shape.key)
        if tag is None:
            self.complain(mapping.line, f"{name}: {shape.key} is missing: {_words(shape.records)}")
            return None
        word = tag.value if isinstance(tag, Scalar) else None
        if not isinstance(word, str) or word not in shape.records:
            what = f"{name}.{shape.key}: {word!r} is unknown; known are {_words(shape.records)}"
            self.complain(tag.line, what)
            return None
        return self._record(node, shape.records[word], name)

    def _variants(self, node: Node, shape: Variants, name: str) -> Read | None:
        mapping = self._is(node, Entries, name)
        if mapping is None:
            return None
        there = [key for key in shape.records if key in mapping.entries]
        if len(there) != 1:
            self.complain(node.line, f"{name}: expected exactly one of {_words(shape.records)}")
            return None
        return self._record(node, shape.records[there[0]], name)

    def _is(self, node: Node, kind: type[N], name: str) -> N | None:
        if isinstance(node, kind):
            return node
        words = {Scalar: "one value", Items: "a list", Entries: "fields"}
        self.complain(node.line, f"{name}: expected {words[kind]}, found {words[type(node)]}")
        return None


def _named(text: str) -> Reference | FoundBy | None:
    """Return what is named instead of a value; None for a value."""
    if found := re.fullmatch(FOUND, text):
        return FoundBy(step=found.group(1), what=found.group(2))
    named = re.fullmatch(REFERENCE, text)
    return Reference(name=named.group(1)) if named else None


def _unknown(key: str, shape: Record) -> str:
    if key in shape.never:
        return f"{key}: {shape.never[key]}"
    return f"unknown field {key}; known are {_words(shape.fields)}"


def _words(known: Mapping[str, object]) -> str:
    return ", ".join(known) or "none"
