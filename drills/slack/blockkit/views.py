"""Modals and Home tabs: what may stand in a view (docs.slack.dev, views)."""

import json
from collections.abc import Mapping

from drills.slack.blockkit.blocks import view_block_problems
from drills.slack.blockkit.objects import plain_text
from drills.slack.blockkit.rules import (
    Field,
    Problem,
    Rule,
    boolean,
    may,
    must,
    record,
    string,
    typed,
)

VIEW_BYTES = 250_000


def view_problems(view: object) -> tuple[Problem, ...]:
    """Return what is wrong with a view."""
    problems = list(typed({"modal": _modal(), "home": _home()})(view, "/view"))
    if isinstance(view, Mapping) and "blocks" in view:
        problems += view_block_problems(view["blocks"])
        problems += _submit_problems(view)
    return tuple(problems)


def too_large(view: object) -> bool:
    """Say whether a view is over 250 kB as JSON."""
    return len(json.dumps(view).encode()) > VIEW_BYTES


def _submit_problems(view: Mapping[str, object]) -> list[Problem]:
    blocks = view["blocks"]
    asks = isinstance(blocks, list) and any(
        isinstance(block, Mapping) and block.get("type") == "input" for block in blocks
    )
    if asks and view.get("type") == "modal" and "submit" not in view:
        return [Problem(pointer="/view", message="missing required field: submit")]
    return []


def _common() -> dict[str, Field]:
    return {
        "type": must(string(1, 10)),
        "blocks": must(lambda _value, _at: iter(())),
        "private_metadata": may(string(0, 3000)),
        "callback_id": may(string(0, 255)),
        "external_id": may(string(0, 255)),
    }


def _modal() -> Rule:
    return record(
        _common()
        | {
            "title": must(plain_text(24)),
            "submit": may(plain_text(24)),
            "close": may(plain_text(24)),
            "clear_on_close": may(boolean),
            "notify_on_close": may(boolean),
            "submit_disabled": may(boolean),
        }
    )


def _home() -> Rule:
    return record(_common())
