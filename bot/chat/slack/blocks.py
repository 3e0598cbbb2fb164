"""Messages as Block Kit, within Slack's limits."""

from collections.abc import Mapping, Sequence
from typing import Any  # Block Kit is JSON

from bot.chat.message import (
    Block,
    Button,
    Buttons,
    Code,
    Context,
    Fields,
    Header,
    Message,
    Section,
)
from bot.chat.slack.escape import code, mrkdwn, plain

HEADER, SECTION, FIELD, LABEL, VALUE, CONFIRM, FALLBACK = 150, 2900, 1900, 75, 2000, 280, 3500
MOST_BLOCKS, MOST_FIELDS, MOST_TEXT = 50, 10, 12_000

Json = Mapping[str, Any]


def payload(message: Message) -> dict[str, Any]:
    """Return `text` and `blocks` of a message; what is too much for one message is left out.

    A message whose blocks are too long in all fails though each is legal; the limit is not
    documented and lies at about 13 200 characters.
    """
    blocks = [_block(one) for one in message.blocks]
    return {"text": mrkdwn(message.text, FALLBACK), "blocks": _within(blocks)}


def _within(blocks: Sequence[Json]) -> list[Json]:
    kept, room = list[Json](), MOST_TEXT
    for block in blocks[: MOST_BLOCKS - 1]:
        room -= _length(block)
        if room < 0:
            left_out = len(blocks) - len(kept)
            note = f"{left_out} parts are left out here; the page has them all"
            return [*kept, _context(note)]
        kept.append(block)
    return kept


def _length(block: object) -> int:
    if isinstance(block, str):
        return len(block)
    if isinstance(block, Mapping):
        return sum(_length(value) for value in block.values())
    return sum(_length(value) for value in block) if isinstance(block, list) else 0


def _block(block: Block) -> Json:
    match block:
        case Header(text=text):
            return {"type": "header", "text": _plain(text or "-", HEADER)}
        case Section(text=text, strong=strong):
            lead = f"*{mrkdwn(strong, LABEL)}*  " if strong else ""
            return {"type": "section", "text": _mrkdwn(lead + mrkdwn(text or "-", SECTION - 100))}
        case Fields(pairs=pairs):
            fields = [_field(name, value) for name, value in pairs[:MOST_FIELDS]]
            return {"type": "section", "fields": fields}
        case Code(text=text):
            return {"type": "section", "text": _mrkdwn(f"```{code(text or '-', SECTION)}```")}
        case Context(text=text):
            return _context(text)
        case Buttons(buttons=buttons):
            return {"type": "actions", "elements": [_button(one) for one in buttons]}


def _field(name: str, value: str) -> Json:
    return _mrkdwn(f"*{mrkdwn(name, LABEL)}*\n{mrkdwn(value or '-', FIELD - 100)}")


def _context(text: str) -> Json:
    return {"type": "context", "elements": [_mrkdwn(mrkdwn(text or "-", SECTION))]}


def _button(button: Button) -> Json:
    made: dict[str, Any] = {
        "type": "button",
        "action_id": button.action,
        "text": _plain(button.label, LABEL),
        "value": button.value[:VALUE],
    }
    if button.style:
        made["style"] = button.style
    if button.confirm:
        made["confirm"] = {
            "title": _plain("Are you sure?", LABEL),
            "text": _plain(button.confirm, CONFIRM),
            "confirm": _plain("Yes", LABEL),
            "deny": _plain("No", LABEL),
        }
    return made


def _plain(text: str, most: int) -> Json:
    return {"type": "plain_text", "text": plain(text, most), "emoji": False}


def _mrkdwn(text: str) -> Json:
    # Without `verbatim` Slack would turn "@here" and addresses in foreign text into real ones.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
