"""What a message says: its text, blocks and metadata, taken from a call and judged."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drills.slack.arguments import Arguments
from drills.slack.blockkit.blocks import message_problems
from drills.slack.blockkit.rules import Problem
from drills.slack.errors import refuse
from drills.slack.messages import Block
from drills.slack.text import stored
from drills.slack.workspace import Workspace

TEXT_LIMIT = 40_000
MARKDOWN_LIMIT = 12_000
UPDATE_LIMIT = 4_000
# Not documented: seen by bolt-js#2509 at about this sum over legal blocks.
BLOCKS_TOTAL = 13_200
# Not documented: Slack only says that there is a limit.
METADATA_LIMIT = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The judged content of a message; `cut` says that the text was too long and was cut."""

    text: str
    blocks: tuple[Block, ...]
    metadata: Mapping[str, object] | None
    cut: bool


def read(workspace: Workspace, arguments: Arguments, *, too_long: str) -> Content:
    """Return the content of a call; raises Refused as Slack would.

    `too_long` is the method's code for blocks that are too long all together.
    """
    if arguments.structure("attachments", code="invalid_attachments"):
        refuse("invalid_arguments", response_metadata=_messages(["attachments are not rehearsed"]))
    blocks = blocks_of(workspace, arguments, too_long=too_long)
    text = _text(arguments, blocks)
    return Content(
        text=stored(text[:TEXT_LIMIT]),
        blocks=blocks,
        metadata=_metadata(arguments),
        cut=len(text) > TEXT_LIMIT,
    )


def blocks_of(workspace: Workspace, arguments: Arguments, *, too_long: str) -> tuple[Block, ...]:
    """Return the blocks of a call with ids on those that had none."""
    given = arguments.structure("blocks", code="invalid_blocks_format")
    if given is None or given == []:
        return ()
    refuse_problems(message_problems(given), code="invalid_blocks")
    assert isinstance(given, Sequence)  # noqa: S101 (message_problems has found that it is)
    if _characters(given) > BLOCKS_TOTAL:
        refuse(too_long)
    return with_ids(workspace, given)


def with_ids(workspace: Workspace, blocks: Sequence[object]) -> tuple[Block, ...]:
    """Return blocks with a `block_id` each, and elements with an `action_id` each."""
    return tuple(_with_id(workspace, block) for block in blocks if isinstance(block, Mapping))


def refuse_problems(problems: Sequence[Problem], *, code: str) -> None:
    """Refuse with this code and the problems' JSON pointers, unless there are none."""
    if problems:
        sentences = [problem.sentence() for problem in problems]
        refuse(code, errors=sentences, response_metadata=_messages(sentences))


def _messages(sentences: Sequence[str]) -> dict[str, object]:
    return {"messages": [f"[ERROR] {sentence}" for sentence in sentences]}


def _text(arguments: Arguments, blocks: tuple[Block, ...]) -> str:
    text = arguments.text("text")
    markdown = arguments.text("markdown_text")
    if markdown and (text or blocks):
        refuse("markdown_text_conflict")
    if len(markdown) > MARKDOWN_LIMIT:
        refuse("invalid_arguments")
    if not (text or markdown or blocks):
        refuse("no_text")
    return text or markdown


def _metadata(arguments: Arguments) -> Mapping[str, object] | None:
    given = arguments.structure("metadata", code="invalid_metadata_format")
    if given is None:
        return None
    if not isinstance(given, Mapping) or set(given) != {"event_type", "event_payload"}:
        refuse("invalid_metadata_format")
    kind, payload = given["event_type"], given["event_payload"]
    if not isinstance(kind, str) or not kind or not isinstance(payload, Mapping):
        refuse("invalid_metadata_format")
    if len(json.dumps(given)) > METADATA_LIMIT:
        refuse("metadata_too_large")
    return given


def _characters(value: object) -> int:
    if isinstance(value, Mapping):
        own = value.get("text")
        length = len(own) if isinstance(own, str) else 0
        return length + sum(_characters(part) for part in value.values())
    if isinstance(value, list):
        return sum(_characters(part) for part in value)
    return 0


def _with_id(workspace: Workspace, block: Mapping[str, object]) -> Block:
    named = {"block_id": _short_id(workspace), **block}
    elements = block.get("elements")
    if block.get("type") == "actions" and isinstance(elements, list):
        named["elements"] = [_with_action_id(workspace, element) for element in elements]
    for name in ("accessory", "element"):
        element = block.get(name)
        if isinstance(element, Mapping) and element.get("type") != "image":
            named[name] = _with_action_id(workspace, element)
    return named


def _with_action_id(workspace: Workspace, element: Mapping[str, object]) -> Block:
    return {"action_id": _short_id(workspace), **element}


def _short_id(workspace: Workspace) -> str:
    return f"gen{workspace.mint.number():05d}"
