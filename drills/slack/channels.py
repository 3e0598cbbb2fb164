"""Channels: what they are, and how Slack judges their names."""

import re
from dataclasses import dataclass
from datetime import datetime

from drills.slack.errors import refuse

NAME_LIMIT = 80
TOPIC_LIMIT = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel as it is now; `topic` and `purpose` are as Slack stores them, escaped."""

    id: str
    name: str
    creator: str
    created: datetime
    members: tuple[str, ...]
    private: bool = False
    general: bool = False
    archived: bool = False
    topic: str = ""
    purpose: str = ""
    previous_names: tuple[str, ...] = ()

    def body(self, team: str, *, reader: str) -> dict[str, object]:
        """Return the channel object of `conversations.info` as this user gets it."""
        created = int(self.created.timestamp())
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.private,
            "is_group": self.private,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.private,
            "is_archived": self.archived,
            "is_general": self.general,
            "is_member": reader in self.members,
            "is_shared": False,
            "is_ext_shared": False,
            "is_org_shared": False,
            "created": created,
            "creator": self.creator,
            "context_team_id": team,
            "topic": {"value": self.topic, "creator": self.creator, "last_set": created},
            "purpose": {"value": self.purpose, "creator": self.creator, "last_set": created},
            "previous_names": list(self.previous_names),
            "num_members": len(self.members),
        }


def require_name(name: str) -> None:
    """Raise Refused with Slack's code when a channel cannot be named so."""
    if not name:
        code = "invalid_name_required"
    elif len(name) > NAME_LIMIT:
        code = "invalid_name_maxlength"
    elif re.fullmatch(r"[-_]+", name):
        code = "invalid_name_punctuation"
    elif not re.fullmatch(r"[a-z0-9_-]+", name):
        code = "invalid_name_specials"
    else:
        return
    refuse(code)
