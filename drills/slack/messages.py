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
    for part in _objects(blocks):
        found += _calls(part)
    return tuple(dict.fromkeys(found))


def _calls(part: Mapping[str, object]) -> list[str]:
    """Return whom one object of a block calls: mrkdwn by its words, rich text by its elements."""
    match part:
        case {"type": "mrkdwn", "text": str(text)}:
            bare = [] if part.get("verbatim") else _BARE_CALL.findall(text)
            return [*_CALL.findall(text), *[f"!{word}" for word in bare]]
        case {"type": "user", "user_id": str(user)}:
            return [f"@{user}"]
        case {"type": "usergroup", "usergroup_id": str(group)}:
            return [f"!subteam^{group}"]
        case {"type": "broadcast", "range": str(everybody)}:
            return [f"!{everybody}"]
        case _:
            return []


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, Mapping):
        yield value
        for part in value.values():
            yield from _objects(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _objects(part)
