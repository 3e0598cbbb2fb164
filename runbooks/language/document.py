"""YAML that people write, read into nodes that know their line; the one place that reads YAML."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any  # the parser ships no types for its events

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from runbooks.language.problem import Problem

DEEPEST = 12
LARGEST = 256 * 1024

Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value; what stands in quotes is always text."""

    value: Plain
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list."""

    items: Sequence["Node"]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """A mapping of text keys; `lines` says where each key stands."""

    entries: Mapping[str, "Node"]
    lines: Mapping[str, int]
    line: int


Node = Scalar | Items | Entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What was read; with problems the root holds what could be read around them."""

    root: Node | None
    problems: tuple[Problem, ...] = ()


def read(text: str, *, file: str) -> Document:
    """Read one YAML document; everything that reads differently than it looks is a problem.

    Duplicate keys, anchors, aliases, tags, keys that are no text, a second document and nesting
    deeper than 12 are refused. Only `true`, `false`, `null`, `~` and decimal numbers without
    quotes are not text: `no`, `1e3` and `0x10` stay what was written.
    """
    if len(text) > LARGEST:
        what = f"larger than {LARGEST // 1024} KiB"
        return Document(root=None, problems=(Problem(file=file, line=1, what=what),))
    reader = _Reader(file=file)
    try:
        root = reader.document(iter(YAML(typ="rt", pure=True).parse(text)))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = str(getattr(error, "problem", None) or str(error).splitlines()[0])
        reader.refuse(mark.line if mark else 0, f"no YAML: {what}")
        root = None
    return Document(root=root, problems=tuple(reader.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    file: str
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, line: int, what: str) -> None:
        self.problems.append(Problem(file=self.file, line=line + 1, what=what))

    def document(self, events: Iterator[Any]) -> Node | None:  # events have no types
        root: Node | None = None
        documents = 0
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
            if documents > 1:
                self.refuse(event.start_mark.line, "a second document; one file holds one")
                return root
            if not kind.startswith(("Stream", "Document")):
                root = self.node(event, events, 0)
        if root is None:
            self.refuse(0, "the file is empty")
        return root

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:  # see document
        line = event.start_mark.line
        self._plainness(event, line)
        kind = type(event).__name__
        if kind == "SequenceStartEvent":
            return self._items(events, line, _deeper(depth, event.start_mark))
        if kind == "MappingStartEvent":
            return self._entries(events, line, _deeper(depth, event.start_mark))
        if kind == "AliasEvent":
            return Scalar(value=None, line=line + 1)
        return Scalar(value=_plain(_written(event), quoted=event.style is not None), line=line + 1)

    def _plainness(self, event: Any, line: int) -> None:  # see document
        if type(event).__name__ == "AliasEvent":
            self.refuse(line, f"alias *{event.anchor}; write it out")
        elif event.anchor:
            self.refuse(line, f"anchor &{event.anchor}; write it out where it is used")
        if getattr(event, "tag", None):
            self.refuse(line, f"tag {event.tag}; values need none")

    def _items(self, events: Iterator[Any], line: int, depth: int) -> Items:  # see document
        items = []
        while type(event := next(events)).__name__ != "SequenceEndEvent":
            items.append(self.node(event, events, depth))
        return Items(items=tuple(items), line=line + 1)

    def _entries(self, events: Iterator[Any], line: int, depth: int) -> Entries:  # see document
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while type(event := next(events)).__name__ != "MappingEndEvent":
            at = event.start_mark.line
            key = self.node(event, events, depth)
            value = self.node(next(events), events, depth)
            if not isinstance(key, Scalar) or not isinstance(key.value, str):
                self.refuse(at, "a key must be text")
            elif key.value in entries:
                self.refuse(at, f"{key.value} stands here twice, first in line {lines[key.value]}")
            else:
                entries[key.value] = _beside(value, at + 1)
                lines[key.value] = at + 1
        return Entries(entries=entries, lines=lines, line=line + 1)


def _written(event: Any) -> str:  # see document
    """Return the text of a scalar; the parser marks with a bell where it folded a line of `>`."""
    text: str = event.value
    return text.replace("\a", "") if event.style == ">" else text


def _beside(value: Node, line: int) -> Node:
    """Return a value that was left out with the line of its key; the parser takes the next one."""
    left_out = isinstance(value, Scalar) and value.value is None
    return Scalar(value=None, line=line) if left_out else value


def _deeper(depth: int, mark: Any) -> int:  # a position, of the parser's own type
    if depth == DEEPEST:
        raise MarkedYAMLError(problem=f"nested deeper than {DEEPEST}", problem_mark=mark)
    return depth + 1


_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None}


def _plain(value: str, *, quoted: bool) -> Plain:
    if quoted:
        return value
    if value in _WORDS or not value:
        return _WORDS.get(value)
    if re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        return int(value)
    if re.fullmatch(r"[+-]?[0-9]{1,18}\.[0-9]{1,18}", value):
        return float(value)
    return value
