"""Messages as Block Kit, within Slack's limits (docs.slack.dev, Block Kit)."""

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

# Each below Slack's own: 150, 3000, 2000, 75, 2000, 300; `chat.update` takes 4000 of text.
HEADER, TEXT, FIELD, LABEL, VALUE, CONFIRM, FALLBACK = 140, 2800, 1800, 70, 2000, 280, 3500
STRONG = 75
MOST_BLOCKS, MOST_FIELDS, MOST_TEXT = 49, 10, 12_000
NOTHING = "-"

Json = Mapping[str, Any]


def payload(message: Message) -> dict[str, Any]:
    """Return `text` and `blocks` of a message; what is too much for one message is left out.

    A message whose blocks are too long in all fails though each is legal; that limit is not
    documented and lies at about 13 200 characters. Buttons are never left out.
    """
    blocks = [_block(one) for one in message.blocks]
    return {"text": mrkdwn(message.text, FALLBACK) or NOTHING, "blocks": _within(blocks)}


def _within(blocks: Sequence[Json]) -> list[Json]:
    actions = [one for one in blocks if one["type"] == "actions"]
    room, kept, left_out = MOST_TEXT - sum(map(_length, actions)), list[Json](), 0
    for block in blocks:
        fits = _length(block) <= room and len(kept) < MOST_BLOCKS
        if block in actions or (fits and not left_out):
            kept.append(block)
            room -= 0 if block in actions else _length(block)
        else:
            left_out += 1
    note = f"{left_out} parts are left out here; the incident's page has them all"
    return [*kept, _context(note)] if left_out else kept


def _length(block: object) -> int:
    if isinstance(block, str):
        return len(block)
    if isinstance(block, Mapping):
        return sum(_length(value) for value in block.values())
    return sum(_length(value) for value in block) if isinstance(block, list) else 0


def _block(block: Block) -> Json:
    match block:
        case Header(text=text):
            return {"type": "header", "text": _plain(text, HEADER)}
        case Section(text=text, strong=strong):
            lead = f"*{mrkdwn(strong, STRONG)}*  " if strong else ""
            return {"type": "section", "text": _mrkdwn(lead + (mrkdwn(text, TEXT) or NOTHING))}
        case Fields(pairs=pairs):
            fields = [_field(name, value) for name, value in pairs[:MOST_FIELDS]]
            return {"type": "section", "fields": fields}
        case Code(text=text):
            return {"type": "section", "text": _mrkdwn(f"```{code(text, TEXT) or NOTHING}```")}
        case Context(text=text, page=page):
            return _context(text, page)
        case Buttons(buttons=buttons):
            return {"type": "actions", "elements": [_button(one) for one in buttons]}


def _field(name: str, value: str) -> Json:
    return _mrkdwn(f"*{mrkdwn(name, STRONG)}*\n{mrkdwn(value, FIELD) or NOTHING}")


def _context(text: str, page: str = "") -> Json:
    shown = [mrkdwn(text, TEXT)] if text else []
    linked = [f"<{page}|page>"] if _linkable(page) else []
    joined = " · ".join(shown + linked) or NOTHING
    return {"type": "context", "elements": [_mrkdwn(joined)]}


def _linkable(page: str) -> bool:
    """Return whether this address of ours can stand in a link as it is."""
    fits = page.startswith(("http://", "https://")) and page.isascii() and page.isprintable()
    return fits and len(page) <= STRONG * 4 and not set(page) & set(" <>|")


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
    return {"type": "plain_text", "text": plain(text, most) or NOTHING, "emoji": False}


def _mrkdwn(text: str) -> Json:
    # Without `verbatim` Slack would turn "@here" and addresses in foreign text into real ones.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
