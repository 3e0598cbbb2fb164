"""Bolt's listeners: they acknowledge; whatever follows is decided from the inbox."""

import re
from collections.abc import Callable
from typing import Any  # Bolt's arguments are its own

from slack_bolt import Ack, App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.chat import replies
from bot.chat.slack.blocks import payload

Answer = Callable[[str, str, str], str | None]
"""Returns what a command (its text, user and channel) is answered at once, if it only reads."""

ANYTHING = re.compile(".*", re.DOTALL)


def listening(answer: Answer, *, bot_token: str, base_url: str) -> App:
    """Return a Bolt app that acknowledges everything; it asks Slack nothing by itself.

    Bolt answers 200 and runs nothing while its own `auth.test` fails, so authorization is a
    constant here: a socket is opened with our token, and nobody else's envelopes come over it.
    """

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=bot_token)

    app = App(
        client=WebClient(base_url=base_url, retry_handlers=[]),
        authorize=authorize,
        token_verification_enabled=False,
        request_verification_enabled=False,
        # In this thread, so that an acknowledgement is never sent by one that nobody ends.
        process_before_response=True,
    )

    def command(ack: Ack, body: dict[str, Any]) -> None:
        said = answer(body.get("text", ""), body.get("user_id", ""), body.get("channel_id", ""))
        ack(**payload(replies.said(said))) if said else ack()

    app.command(ANYTHING)(command)
    for listen in (app.action, app.view, app.view_closed, app.shortcut, app.options, app.event):
        listen(ANYTHING)(_noted)
    return app


def _noted(ack: Ack) -> None:
    ack()
