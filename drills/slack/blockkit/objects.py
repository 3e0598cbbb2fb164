"""Composition objects: text, confirm, options (docs.slack.dev, composition objects)."""

from drills.slack.blockkit.rules import (
    Rule,
    Shape,
    boolean,
    both,
    choice,
    exactly_one,
    items,
    may,
    must,
    record,
    string,
    typed,
)

TEXT_LIMIT = 3000
OPTION_TEXT = 75


def plain_text(high: int = TEXT_LIMIT) -> Rule:
    """Accept a plain_text object of at most `high` characters."""
    return typed({"plain_text": record(_plain(high))})


def any_text(high: int = TEXT_LIMIT) -> Rule:
    """Accept a plain_text or mrkdwn object of at most `high` characters."""
    return typed({"plain_text": record(_plain(high)), "mrkdwn": record(_mrkdwn(high))})


def confirm() -> Rule:
    """Accept a confirmation dialog."""
    return record(
        {
            "title": must(plain_text(100)),
            "text": must(any_text(300)),
            "confirm": must(plain_text(30)),
            "deny": must(plain_text(30)),
            "style": may(choice("primary", "danger")),
        }
    )


def option(*, url: bool = False, mrkdwn: bool = False) -> Rule:
    """Accept one option; only an overflow's has a URL, only a box or radio button has mrkdwn."""
    text = any_text if mrkdwn else plain_text
    shape = {
        "text": must(text(OPTION_TEXT)),
        "value": must(string(1, 150)),
        "description": may(text(OPTION_TEXT)),
    }
    return record(shape | ({"url": may(string(1, 3000))} if url else {}))


def option_lists() -> Rule:
    """Accept options or option groups, of which an element must have exactly one."""
    return both(exactly_one("options", "option_groups"))


def option_group() -> Rule:
    """Accept a labelled group of options."""
    return record({"label": must(plain_text(75)), "options": must(items(1, 100, option()))})


def image(*, block: bool) -> Rule:
    """Accept an image block, or an image element where `block` is False."""
    shape: Shape = {
        "type": must(string(1, 20)),
        "image_url": may(string(1, 3000)),
        "slack_file": may(record({"id": may(string(9, 20)), "url": may(string(1, 3000))})),
        "alt_text": must(string(1, 2000)),
    }
    title = {"title": may(plain_text(2000)), "block_id": may(string(1, 255))}
    return both(
        record({**shape, **(title if block else {})}), exactly_one("image_url", "slack_file")
    )


def _plain(high: int) -> Shape:
    return {"type": must(string(1, 20)), "text": must(string(1, high)), "emoji": may(boolean)}


def _mrkdwn(high: int) -> Shape:
    return {"type": must(string(1, 20)), "text": must(string(1, high)), "verbatim": may(boolean)}
