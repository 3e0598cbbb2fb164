"""The blocks, per surface, and what must hold over all blocks of a payload.

Limits: docs.slack.dev, Block Kit blocks (January 2026). Blocks that are not listed here are
refused as unsupported, whether Slack knows them or not.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from drills.slack.blockkit.elements import beside_section, in_actions, in_context, in_input
from drills.slack.blockkit.objects import any_text, image, plain_text
from drills.slack.blockkit.rules import (
    Field,
    Problem,
    Problems,
    Rule,
    at_least_one,
    boolean,
    both,
    choice,
    integer,
    items,
    may,
    must,
    record,
    string,
    typed,
)

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MARKDOWN_TOTAL = 12_000


def message_problems(blocks: object) -> tuple[Problem, ...]:
    """Return what is wrong with the blocks of a message."""
    return tuple(_checked(blocks, "/blocks", most=MESSAGE_BLOCKS, each=_in_message()))


def view_block_problems(blocks: object) -> tuple[Problem, ...]:
    """Return what is wrong with the blocks of a modal or Home tab."""
    return tuple(_checked(blocks, "/view/blocks", most=VIEW_BLOCKS, each=_in_view()))


def _checked(blocks: object, at: str, *, most: int, each: Rule) -> Problems:
    yield from items(1, most, each)(blocks, at)
    if isinstance(blocks, Sequence) and not isinstance(blocks, str):
        yield from _over_all(blocks, at)


def _over_all(blocks: Sequence[object], at: str) -> Problems:
    shaped = [block for block in blocks if isinstance(block, Mapping)]
    for name in _repeated(block.get("block_id") for block in shaped):
        yield Problem(pointer=at, message=f"block_id already exists: {name}")
    for block in shaped:
        for name in _repeated(element.get("action_id") for element in _elements(block)):
            yield Problem(pointer=at, message=f"action_id already exists: {name}")
    if sum(block.get("type") == "table" for block in shaped) > 1:
        yield Problem(pointer=at, message="only one table allowed")
    markdown = sum(len(str(b.get("text", ""))) for b in shaped if b.get("type") == "markdown")
    if markdown > MARKDOWN_TOTAL:
        message = f"markdown blocks must be less than {MARKDOWN_TOTAL + 1} characters in all"
        yield Problem(pointer=at, message=message)


def _repeated(names: Iterable[object]) -> list[str]:
    counts = Counter(name for name in names if isinstance(name, str))
    return [name for name, count in counts.items() if count > 1]


def _elements(block: Mapping[str, object]) -> list[Mapping[str, object]]:
    listed = block.get("elements")
    return [e for e in listed if isinstance(e, Mapping)] if isinstance(listed, list) else []


def _block(**fields: Field) -> Rule:
    common = {"type": must(string(1, 60)), "block_id": may(string(1, 255))}
    return record(common | fields)


def _anything(_value: object, _at: str) -> Problems:
    yield from ()


def _section() -> Rule:
    shape = _block(
        text=may(any_text(3000)),
        fields=may(items(1, 10, any_text(2000))),
        accessory=may(beside_section()),
        expand=may(boolean),
    )
    return both(shape, at_least_one("text", "fields"))


def _rich_text() -> Rule:
    inline = typed(
        dict.fromkeys(
            ("text", "link", "emoji", "user", "channel", "usergroup", "broadcast", "date", "color"),
            _anything,
        )
    )
    leaf = {"type": must(string(1, 40)), "elements": must(items(0, 1000, inline))}
    section = record(leaf)
    border = {"border": may(integer(0, 1))}
    lists = {
        "type": must(string(1, 40)),
        "elements": must(items(1, 1000, section)),
        "style": must(choice("bullet", "ordered")),
        "indent": may(integer(0, 8)),
        "offset": may(integer(0, 10_000)),
    }
    parts = {
        "rich_text_section": section,
        "rich_text_quote": record(leaf | border),
        "rich_text_preformatted": record(leaf | border | {"language": may(string(1, 40))}),
        "rich_text_list": record(lists | border),
    }
    return _block(elements=must(items(1, 1000, typed(parts))))


def _table() -> Rule:
    cell = typed({"raw_text": _anything, "rich_text": _anything})
    column = record({"align": may(choice("left", "center", "right")), "is_wrapped": may(boolean)})
    return _block(
        rows=must(items(1, 100, items(1, 20, cell))),
        column_settings=may(items(1, 20, column)),
    )


def _everywhere() -> Mapping[str, Rule]:
    return {
        "header": _block(text=must(plain_text(150)), level=may(integer(1, 4))),
        "section": _section(),
        "divider": _block(),
        "context": _block(elements=must(items(1, 10, in_context()))),
        "actions": _block(elements=must(items(1, 25, in_actions()))),
        "image": image(block=True),
        "rich_text": _rich_text(),
    }


@cache
def _in_message() -> Rule:
    markdown = _block(text=must(string(1, MARKDOWN_TOTAL)))
    return typed({**_everywhere(), "markdown": markdown, "table": _table()})


@cache
def _in_view() -> Rule:
    field = _block(
        label=must(plain_text(2000)),
        element=must(in_input()),
        hint=may(plain_text(2000)),
        optional=may(boolean),
        dispatch_action=may(boolean),
    )
    return typed({**_everywhere(), "input": field})
