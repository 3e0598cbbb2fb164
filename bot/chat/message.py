"""A message as a value, for any chat platform; all of its texts are shown as they are."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any  # JSON of the outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line, in large letters."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A paragraph; `strong` stands before it in bold letters."""

    text: str
    strong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Names with values, side by side where there is room."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Text to be copied: a command."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A remark in small letters; `page` is the address of a page of ours, shown as a link."""

    text: str
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button: `action` says what is meant, `value` carries what the server needs to decide.

    `style` is `primary`, `danger` or empty; `confirm` is asked before it counts.
    """

    action: str
    label: str
    value: str
    style: str = ""
    confirm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons:
    """Buttons in a row."""

    buttons: tuple[Button, ...]


Block = Header | Section | Fields | Code | Context | Buttons


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message; `text` is what notifications and screen readers say."""

    text: str
    blocks: tuple[Block, ...] = ()


def written(message: Message) -> Mapping[str, Any]:
    """Return the message as JSON's own types, for the outbox."""
    blocks = [{"block": type(one).__name__, **asdict(one)} for one in message.blocks]
    return {"text": message.text, "blocks": blocks}


def read(found: Mapping[str, Any]) -> Message:
    """Return the message that `written` made."""
    return Message(text=found["text"], blocks=tuple(_block(one) for one in found["blocks"]))


def canonical(body: Mapping[str, Any]) -> bytes:
    """Return JSON that is the same for the same content."""
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")


def _block(found: Mapping[str, Any]) -> Block:
    values = {name: value for name, value in found.items() if name != "block"}
    if found["block"] == "Fields":
        return Fields(pairs=tuple((name, value) for name, value in values["pairs"]))
    if found["block"] == "Buttons":
        return Buttons(buttons=tuple(Button(**one) for one in values["buttons"]))
    return _PLAIN[found["block"]](**values)


_PLAIN: Mapping[str, type[Header | Section | Code | Context]] = {
    one.__name__: one for one in (Header, Section, Code, Context)
}
