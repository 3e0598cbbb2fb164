"""What one person sees: the channels, the open one, a thread, a modal; values for the templates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drills.slack.board import Bookmark
from drills.slack.channels import Channel
from drills.slack.ids import in_micros
from drills.slack.messages import Block, Message
from drills.slack.people import User
from drills.slack.views import View
from drills.slack.workspace import Workspace

# Messages of one author within this time stand under one name, as in Slack.
TOGETHER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One message as it stands on the screen; `lead` says that its author is shown again."""

    message: Message
    author: str
    tone: str
    at: datetime
    lead: bool
    new_day: bool
    pinned: bool
    replies: int
    reactions: tuple[tuple[str, int], ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Return the blocks of the message."""
        return self.message.blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The whole screen of one person at one moment."""

    person: User
    people: tuple[User, ...]
    channels: tuple[Channel, ...]
    latest: Mapping[str, str]
    channel: Channel
    followed: bool
    rows: tuple[Row, ...]
    pins: tuple[Row, ...]
    bookmarks: tuple[Bookmark, ...]
    parent: Row | None
    thread: tuple[Row, ...]
    modal: View | None
    names: Mapping[str, str]
    members: int
    now: datetime
    version: int


def desk(workspace: Workspace, *, person: str, channel: str, thread: str) -> Desk:
    """Return what a person sees in a channel; without one, in the newest, archived or not."""
    with workspace.lock:
        user = workspace.person(person)
        channels = _visible(workspace, user)
        newest = max(channels, key=lambda c: c.id)
        room = next((c for c in channels if channel in {c.id, c.name}), newest)
        board = workspace.boards[room.id]
        parent = board.find(thread) if thread else None
        shown = [*board.top_level(), *_own(board.ephemeral.values(), user, None)]
        below = board.replies(thread) if parent else []
        return Desk(
            person=user,
            people=tuple(u for u in workspace.people.values() if u.bot_id is None),
            channels=channels,
            latest={c.id: workspace.boards[c.id].last_ts or "" for c in channels},
            channel=room,
            followed=not channel,
            rows=_rows(workspace, shown),
            pins=_rows(workspace, [board.messages[ts] for ts in board.pins]),
            bookmarks=tuple(board.bookmarks),
            parent=_rows(workspace, [parent])[0] if parent else None,
            thread=_rows(workspace, [*below, *_own(board.ephemeral.values(), user, thread)])
            if parent
            else (),
            modal=_modal(workspace, user),
            names=_names(workspace),
            members=len(room.members),
            now=workspace.now(),
            version=workspace.version,
        )


def _visible(workspace: Workspace, user: User) -> tuple[Channel, ...]:
    """Return the channels of a person: open before archived, each newest first."""
    newest = list(workspace.channels.values())[::-1]
    seen = [c for c in newest if not c.private or user.id in c.members]
    return tuple(sorted(seen, key=lambda channel: channel.archived))


def _own(messages: Iterable[Message], user: User, thread: str | None) -> list[Message]:
    return [m for m in messages if m.seen_by == user.id and m.thread_ts == thread]


def _modal(workspace: Workspace, user: User) -> View | None:
    mine = [v for v in workspace.views.values() if v.user == user.id and not v.home]
    return mine[-1] if mine else None


def _names(workspace: Workspace) -> dict[str, str]:
    people = {user.id: user.name for user in workspace.people.values()}
    channels = {channel.id: channel.name for channel in workspace.channels.values()}
    return people | channels | {group.id: group.handle for group in workspace.groups.values()}


def _rows(workspace: Workspace, messages: Iterable[Message]) -> tuple[Row, ...]:
    rows: list[Row] = []
    for message in sorted(messages, key=lambda message: in_micros(message.ts)):
        rows.append(_row(workspace, message, rows[-1] if rows else None))
    return tuple(rows)


def _row(workspace: Workspace, message: Message, above: Row | None) -> Row:
    author = workspace.people.get(message.author)
    board = workspace.boards[message.channel]
    at = datetime.fromtimestamp(in_micros(message.ts) / 1_000_000, UTC)
    counts = {name: 0 for name, _user in message.reactions}
    for name, _user in message.reactions:
        counts[name] += 1
    return Row(
        message=message,
        author=author.name if author else "Slackbot",
        tone=_tone(message, author),
        at=at,
        lead=above is None or not _continues(above, message, at),
        new_day=above is None or above.at.date() != at.date(),
        pinned=message.ts in board.pins,
        replies=len(board.replies(message.ts)),
        reactions=tuple(counts.items()),
    )


def _tone(message: Message, author: User | None) -> str:
    if message.subtype:
        return "system"
    if author is None:
        return "slackbot"
    return "bot" if author.bot_id else "human"


def _continues(above: Row, message: Message, at: datetime) -> bool:
    same = above.message.author == message.author and above.message.seen_by == message.seen_by
    together = at - above.at < TOGETHER
    small = message.subtype is None and not message.blocks
    return same and together and small and above.tone != "system"
