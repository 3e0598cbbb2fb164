"""Messages: what was posted, and whom it calls."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Block = Mapping[str, object]

_CALL = re.compile(r"<(@[UW][A-Z0-9]+|!here|!channel|!everyone|!subteam\^S[A-Z0-9]+)(?:\|[^>]*)?>")
_BARE_CALL = re.compile(r"(?<![\w<!])@(here|channel|everyone)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it is now; `text` is what Slack stores, with `&`, `<` and `>` escaped.

    `ts` is empty before it was posted; `seen_by` names the one person of an ephemeral message,
    `pings` whom it calls.
    """

    channel: str
    author: str
    text: str
    ts: str = ""
    blocks: tuple[Block, ...] = ()
    metadata: Mapping[str, object] | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    subtype: str | None = None
    edited_ts: str | None = None
    seen_by: str | None = None
    reactions: tuple[tuple[str, str], ...] = ()
    pings: tuple[str, ...] = ()


def pings(text: str, blocks: tuple[Block, ...]) -> tuple[str, ...]:
    """Return whom a message calls, such as `!here` or `@U07A…`, in the order of its text.

    In blocks a plain `@here` calls too unless the text object is verbatim; in `text` it does
    not, because `link_names` is off for bots (docs.slack.dev, formatting message text).
    """
    found = list(_CALL.findall(text))
    for element in _text_objects(blocks):
        if element.get("type") != "mrkdwn":
            continue
        content = str(element.get("text", ""))
        found += _CALL.findall(content)
        if not element.get("verbatim", False):
            found += [f"!{word}" for word in _BARE_CALL.findall(content)]
    return tuple(dict.fromkeys(found))


def _text_objects(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, Mapping):
        if value.get("type") in {"mrkdwn", "plain_text"}:
            yield value
        for part in value.values():
            yield from _text_objects(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _text_objects(part)
