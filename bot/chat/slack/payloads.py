"""What people pressed and typed, read from the envelopes that were kept.

Shapes: docs.slack.dev, interaction payloads and slash commands.
"""

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.chat.slack.escape import plain
from incidents.errors import Rejected

COMMAND, INTERACTIVE, EVENT = "slash_commands", "interactive", "events_api"
CLICK = "block_actions"
MOST_TEXT, LONGEST_URL = 600, 600


class Garbled(Rejected):
    """The envelope is none that Slack would send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A person pressed a button; `action` and `value` are what the card gave it.

    `response_url` is as foreign as the rest, and a secret: see `bot/chat/slack/response_url.py`.
    """

    action: str
    value: str
    user: str
    channel: str
    response_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A person typed the command, with this text after it."""

    text: str
    user: str
    channel: str
    response_url: str = field(default="", repr=False)


Heard = Click | Typed


def read(body: bytes) -> Heard | None:
    """Return what a person wants of us; None for an envelope that wants nothing.

    Raises Garbled with what is wrong.
    """
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = f"no JSON: {error}"
        raise Garbled(message) from error
    payload = _object(envelope, "payload")
    kind = _text(envelope, "type")
    if kind == COMMAND:
        return _typed(payload)
    if kind == INTERACTIVE:
        return _click(payload) if _text(payload, "type") == CLICK else None
    if kind == EVENT:
        return None
    message = f"unknown type of envelope: {kind[:80]!r}"
    raise Garbled(message)


def is_our_message(payload: Mapping[str, object]) -> bool:
    """Tell whether Slack tells of a message that this app has posted or edited.

    Shape: docs.slack.dev, Events API, `api_app_id`; event `message`, `app_id`, and the same of the
    message in the subtype `message_changed`.
    """
    ours, event = payload.get("api_app_id"), payload.get("event")
    if not ours or not isinstance(event, Mapping) or event.get("type") != "message":
        return False
    changed = event.get("message")
    said = changed if isinstance(changed, Mapping) else event
    return said.get("app_id") == ours


def _typed(payload: Mapping[str, object]) -> Typed:
    # Slack escapes what is typed; this is what the person saw, in one line.
    text = plain(" ".join(html.unescape(_text(payload, "text")).split()), MOST_TEXT)
    return Typed(
        text=text,
        user=_text(payload, "user_id"),
        channel=_text(payload, "channel_id"),
        response_url=_response_url(payload),
    )


def _click(payload: Mapping[str, object]) -> Click | None:
    actions = payload.get("actions")
    if not isinstance(actions, list) or not actions:
        message = "a click without an action"
        raise Garbled(message)
    pressed = actions[0]
    if not isinstance(pressed, Mapping) or "value" not in pressed:
        return None
    return Click(
        action=_text(pressed, "action_id"),
        value=_text(pressed, "value"),
        user=_text(_object(payload, "user"), "id"),
        channel=_text(_object(payload, "channel"), "id"),
        response_url=_response_url(payload),
    )


def _response_url(payload: Mapping[str, object]) -> str:
    """Return where the answer goes; empty where there is none: the rest counts all the same."""
    found = payload.get("response_url")
    return found if isinstance(found, str) and len(found) <= LONGEST_URL else ""


def _object(of: object, name: str) -> Mapping[str, object]:
    found = of.get(name) if isinstance(of, Mapping) else None
    if not isinstance(found, Mapping):
        message = f"{name} is missing or no object"
        raise Garbled(message)
    return found


def _text(of: object, name: str) -> str:
    found = of.get(name) if isinstance(of, Mapping) else None
    if not isinstance(found, str):
        message = f"{name} is missing or no text"
        raise Garbled(message)
    return found
