"""Modals and Home tabs that are open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from drills.slack.bodies import Body, Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An open view of one person; `body` is what the app sent, `hash` changes with it.

    `previous` and `root` name the views below it on the stack; `errors` are what the app said
    about the last submission, by block id.
    """

    id: str
    user: str
    body: Mapping[str, object]
    hash: str
    root: str
    opened: datetime
    previous: str | None = None
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def home(self) -> bool:
        """Say whether the view is a Home tab rather than a modal."""
        return self.body.get("type") == "home"

    def json(self, identity: Identity) -> Body:
        """Return the view as `views.open` answers it."""
        defaults: Body = {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "submit": None,
            "close": None,
            "state": {"values": {}},
        }
        return (
            defaults
            | dict(self.body)
            | {
                "id": self.id,
                "hash": self.hash,
                "team_id": identity.team,
                "app_id": identity.app,
                "app_installed_team_id": identity.team,
                "bot_id": identity.bot.bot_id,
                "root_view_id": self.root,
                "previous_view_id": self.previous,
            }
        )
