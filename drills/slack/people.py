"""Who is in the workspace: two people on call, an onlooker, and the bot."""

from dataclasses import dataclass

from drills.slack.ids import Mint


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A member of the workspace; `bot_id` is set for the bot user only."""

    id: str
    name: str
    real_name: str
    title: str
    bot_id: str | None = None

    def body(self, team: str) -> dict[str, object]:
        """Return the user object of `users.info`."""
        return {
            "id": self.id,
            "team_id": team,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": False,
            "is_bot": self.bot_id is not None,
            "is_admin": False,
            "is_owner": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_stranger": False,
            "is_app_user": False,
            "tz": "Etc/UTC",
            "tz_offset": 0,
            "profile": {
                "title": self.title,
                "real_name": self.real_name,
                "display_name": self.name,
                "team": team,
            },
        }


def default_people(mint: Mint) -> tuple[User, ...]:
    """Return alice and bob who are on call, carol who only looks on, and the bot."""
    return (
        User(id=mint.make("U"), name="alice", real_name="Alice Arnold", title="SRE on call"),
        User(id=mint.make("U"), name="bob", real_name="Bob Brandt", title="SRE on call"),
        User(id=mint.make("U"), name="carol", real_name="Carol Clarke", title="onlooker"),
        User(
            id=mint.make("U"),
            name="triaged",
            real_name="triaged",
            title="incident desk",
            bot_id=mint.make("B"),
        ),
    )
