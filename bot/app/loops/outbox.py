"""The outbox's loop: renders what is wanted, sends it, and notes what has come to be."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.app.loops.pause import Pause
from bot.chat.situation import Situation, look
from bot.chat.wanted import base, wanted
from bot.delivery.sender import Sender
from incidents.aggregates import incident_stream
from incidents.commands.incident import NoteChannel
from incidents.desk import Desk
from incidents.incident import Incident, Status
from incidents.journal import Aggregate, Summary
from incidents.people import People
from incidents.ports import Outbox

PLATFORM = "slack"
RECENT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Who speaks and of whom: people, and the address of an incident's page."""

    people: People
    page: Callable[[int], str]


class OutboxLoop:
    """Keeps what is outside in step with the journal."""

    name = "outbox"

    def __init__(
        self, *, desk: Desk, outbox: Outbox, sender: Sender, voice: Voice, pause: Pause
    ) -> None:
        self._desk = desk
        self._outbox = outbox
        self._sender = sender
        self._voice = voice
        self._pause = pause
        self._watched: set[int] | None = None

    def once(self) -> bool:
        """Render what has grown, send what may be sent, note what is there."""
        rendered = [self._render(row) for row in self._outbox.behind()]
        sent = self._sender.once()
        noted = [self._note(number) for number in sorted(self._unarchived())]
        return any(rendered) or sent or any(noted)

    def wait(self) -> None:
        """Wait until the journal grows, or for a turn."""
        self._pause.wait()

    def _render(self, row: Summary) -> bool:
        if row.incident is None:
            self._outbox.want(row.stream, row.version, ())
            return False
        self._unarchived().add(row.incident)
        rows = wanted(self._look(row.incident), now=self._desk.clock())
        self._outbox.want(row.stream, row.version, rows)
        return True

    def _look(self, number: int) -> Situation:
        page = self._voice.page(number)
        return look(self._desk, number, people=self._voice.people, page=page)

    def _note(self, number: int) -> bool:
        """Tell the incident of its channel: that it exists, and that it was archived."""
        incident = self._desk.incident(number)
        told = self._note_channel(incident) or self._note_archive(incident)
        if incident.status is Status.RESOLVED:
            self._end(incident)
        return told

    def _note_channel(self, incident: Incident) -> bool:
        item = self._outbox.get(f"{base(incident)}/channel")
        if incident.channel is not None or item is None or not item.remote:
            return False
        note = NoteChannel(
            platform=PLATFORM, channel=item.remote["channel"], name=item.remote["name"]
        )
        return bool(self._desk.tell(incident_stream(incident.number), note).events)

    def _note_archive(self, incident: Incident) -> bool:
        item = self._outbox.get(f"{base(incident)}/archive")
        if incident.archived or item is None or item.sent_digest is None:
            return False
        note = NoteChannel(
            platform=PLATFORM,
            channel=incident.channel or "",
            name=incident.channel_name or "",
            archived=True,
        )
        return bool(self._desk.tell(incident_stream(incident.number), note).events)

    def _end(self, incident: Incident) -> None:
        """Ask for the archive once its moment has come: time passes without an event."""
        if incident.archived:
            self._unarchived().discard(incident.number)
            return
        rows = wanted(self._look(incident.number), now=self._desk.clock())
        self._outbox.want(incident_stream(incident.number), incident.version, rows)

    def _unarchived(self) -> set[int]:
        """Return the incidents whose channel may still have to change."""
        if self._watched is None:
            rows = self._desk.journal.summaries(aggregate=Aggregate.INCIDENT, limit=RECENT)
            numbers = [row.incident for row in rows if row.incident is not None]
            self._watched = {n for n in numbers if not self._desk.incident(n).archived}
        return self._watched
