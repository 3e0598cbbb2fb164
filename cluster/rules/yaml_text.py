"""Writes YAML: mappings, lists, numbers and texts, with comments where a key begins with `#`.

Every text that a reader of YAML could take for something else stands in quotes.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

Value = str | int | float | Sequence["Value"] | Mapping[str, "Value"]
"""What can be written; a mapping's key `#` holds a comment that stands above the mapping."""

COMMENT: Final = "#"
WIDTH: Final = 100
_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./:-]*(?<!:)|[0-9]+[smhd]")
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_LINE: Final = 90


def document(value: Mapping[str, Value], *, head: str = "") -> str:
    """Return the document with `head` as its first comment."""
    return "\n".join([*comment(head), *_mapping(value, 0)]) + "\n"


def comment(text: str, indent: int = 0) -> list[str]:
    """Return the text as lines of a comment; a blank line stands between paragraphs."""
    lead = " " * indent + "# "
    found: list[str] = []
    for paragraph in filter(None, text.split("\n\n")):
        whole = " ".join(paragraph.split())
        found += [lead.rstrip()] if found else []
        found += textwrap.wrap(whole, WIDTH, initial_indent=lead, subsequent_indent=lead)
    return found


def _mapping(value: Mapping[str, Value], indent: int) -> Iterator[str]:
    for key, item in value.items():
        if key != COMMENT:
            yield from _entry(f"{' ' * indent}{_text(key)}:", item, indent)


def _entry(lead: str, item: Value, indent: int) -> Iterator[str]:
    if isinstance(item, Mapping):
        yield lead if item else f"{lead} {{}}"
        yield from _mapping(item, indent + 2)
    elif isinstance(item, str):
        yield from _said(lead, item, indent + 2)
    elif isinstance(item, Sequence):
        yield lead if item else f"{lead} []"
        yield from _items(item, indent + 2)
    else:
        yield f"{lead} {item}"


def _items(items: Sequence[Value], indent: int) -> Iterator[str]:
    pad = " " * indent
    for item in items:
        if isinstance(item, Mapping):
            said = item.get(COMMENT, "")
            yield from comment(said if isinstance(said, str) else "", indent)
            first, *rest = _mapping(item, indent + 2)
            yield f"{pad}- {first.lstrip()}"
            yield from rest
        else:
            yield from _entry(f"{pad}-", item, indent)


def _said(lead: str, text: str, indent: int) -> Iterator[str]:
    """Yield a text: as it is, in quotes, or as a block when it has lines of its own."""
    if "\n" in text:
        yield f"{lead} |-"
        yield from (f"{' ' * indent}{line}".rstrip() for line in text.split("\n"))
    elif len(text) > _LINE and " " in text and not text.startswith(" "):
        yield f"{lead} >-"
        yield from textwrap.wrap(
            text,
            WIDTH,
            initial_indent=" " * indent,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    else:
        yield f"{lead} {_text(text)}"


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
