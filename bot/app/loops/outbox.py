"""The outbox's loop: renders what is wanted, sends it, and notes what has come to be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from bot.app.loops.pause import Pause
from bot.app.loops.watched import Watched
from bot.chat.situation import Situation, look
from bot.chat.wanted import ARCHIVE, CHANNEL, base, wanted
from bot.delivery.sender import Sender
from incidents.aggregates import incident_stream
from incidents.commands.incident import NoteChannel
from incidents.desk import Desk
from incidents.errors import Unavailable
from incidents.incident import Incident, Status
from incidents.incident_rules import archives_at
from incidents.journal import Summary, Wanted
from incidents.people import People
from incidents.ports import Outbox

log = structlog.get_logger()

PLATFORM = "slack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Who speaks and of whom: people, and the address of an incident's page."""

    people: People
    page: Callable[[int], str]


class OutboxLoop:
    """Keeps what is outside in step with the journal; used by one thread at a time.

    Where nobody delivers to a chat nothing is wanted there, so that the day somebody does no
    channels appear for incidents of long ago.
    """

    name = "outbox"

    def __init__(
        self, *, desk: Desk, outbox: Outbox, sender: Sender, voice: Voice, pause: Pause
    ) -> None:
        self._desk = desk
        self._outbox = outbox
        self._sender = sender
        self._voice = voice
        self._pause = pause
        self._watched = Watched(desk)

    def once(self) -> bool:
        """Render what has grown, send what may be sent, note what is there."""
        self._watched.catch_up()
        rendered = self._render(self._outbox.behind())
        sent = self._sender.once()
        noted = [self._note(number) for number in self._watched.awake()]
        return rendered or sent or any(noted)

    def wait(self) -> None:
        """Wait until the journal grows, or for a turn."""
        self._pause.wait(after=self._watched.seen)

    def _render(self, behind: Sequence[Summary]) -> bool:
        """Render each incident once, however many of its streams have grown."""
        rendered = set[int]()
        for row in behind:
            if row.incident is None:
                # A freeze shows in every incident that is not over.
                for number in self._watched.everything() - rendered:
                    self._want(number)
                self._outbox.want(row.stream, row.version, ())
                continue
            rows = () if row.incident in rendered else self._rows(row.incident)
            self._outbox.want(row.stream, row.version, rows)
            rendered.add(row.incident)
        return bool(behind)

    def _want(self, number: int) -> None:
        stream = incident_stream(number)
        incident = self._desk.incident(number)
        self._outbox.want(stream, incident.version, self._rows(number))

    def _rows(self, number: int) -> tuple[Wanted, ...]:
        # The archive is asked for by `_end`, when everything else is there.
        return tuple(row for row in self._wanted(number) if row.kind != ARCHIVE)

    def _wanted(self, number: int) -> tuple[Wanted, ...]:
        if not self._sender.delivers(CHANNEL):
            return ()
        try:
            return wanted(self._look(number), now=self._desk.clock())
        except Unavailable:
            raise
        except Exception:
            # One incident that cannot be shown must not silence the others; its next event tries.
            log.exception("cannot be rendered", incident=number)
            return ()

    def _look(self, number: int) -> Situation:
        page = self._voice.page(number)
        return look(self._desk, number, people=self._voice.people, page=page)

    def _note(self, number: int) -> bool:
        """Tell the incident of its channel: that it exists, and that it was archived."""
        incident = self._desk.incident(number)
        if self._note_channel(incident) or self._note_archive(incident):
            return True
        if incident.status is Status.RESOLVED:
            return self._end(incident)
        if incident.channel is not None or not self._sender.delivers(CHANNEL):
            self._watched.sleep(number)
        return False

    def _note_channel(self, incident: Incident) -> bool:
        if incident.channel is not None:
            return False
        item = self._outbox.get(f"{base(incident)}/channel")
        if item is None or not item.remote:
            return False
        note = NoteChannel(
            platform=PLATFORM, channel=item.remote["channel"], name=item.remote["name"]
        )
        return bool(self._desk.tell(incident.id, note).events)

    def _note_archive(self, incident: Incident) -> bool:
        if incident.archived or incident.status is not Status.RESOLVED:
            return False
        item = self._outbox.get(f"{base(incident)}/archive")
        if item is None or item.sent_digest is None:
            return False
        channel, name = incident.channel or "", incident.channel_name or ""
        note = NoteChannel(platform=PLATFORM, channel=channel, name=name, archived=True)
        return bool(self._desk.tell(incident.id, note).events)

    def _end(self, incident: Incident) -> bool:
        """Ask for the archive once its moment has come: time passes without an event."""
        if incident.archived or self._is_hopeless(incident):
            self._watched.forget(incident.number)
            return False
        moment = archives_at(incident, self._desk.policy)
        if (
            moment is None
            or self._desk.clock() < moment
            or self._outbox.get(f"{base(incident)}/archive")
        ):
            return False
        rows = self._wanted(incident.number)
        if not rows or not all(self._is_settled(row) for row in rows if row.kind != ARCHIVE):
            return False
        self._outbox.want(incident.id, incident.version, rows)
        return True

    def _is_hopeless(self, incident: Incident) -> bool:
        """Return whether nothing more can come of this incident's channel."""
        items = [self._outbox.get(f"{base(incident)}/{one}") for one in (CHANNEL, ARCHIVE)]
        unheard = incident.postmortem is not None and not self._sender.delivers(CHANNEL)
        return unheard or any(item is not None and item.dead is not None for item in items)

    def _is_settled(self, row: Wanted) -> bool:
        """Return whether exactly this is outside, or will never be."""
        item = self._outbox.get(row.key)
        return item is not None and (item.dead is not None or item.sent_digest == row.digest)
