"""The history: what must be true at the cut and at the end, whatever was killed when."""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.app.opening import Opened, sqlite_file
from incidents.approval import ApprovalState
from incidents.desk import Entry
from incidents.events.run import StepInDoubt, StepStarted
from incidents.incident import Incident, Status
from incidents.journal import Aggregate, Head
from incidents.linking import owed
from incidents.run import Run
from incidents.timeline import rows
from tests.crash.story import writes
from tests.rehearsing import Stage

OWN_CHANNEL = "inc-"
HEADLINE = "incident-1/headline"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the desk remembers, seen through a store of its own, and what the world knows."""

    opened: Opened
    stage: Stage
    acknowledged: Sequence[str]

    @property
    def incident(self) -> Incident:
        """Return the first incident."""
        return self.opened.desk.incident(1)

    @property
    def runs(self) -> list[Run]:
        """Return all runs."""
        found = self.opened.store.journal.summaries(aggregate=Aggregate.RUN)
        return [self.opened.desk.run(row.stream) for row in found]

    @property
    def entries(self) -> Sequence[Entry]:
        """Return everything that happened, or nothing where nothing did."""
        return self.opened.desk.history(1) if self.incident.opened else ()

    def started(self) -> list[StepStarted]:
        """Return the claims."""
        return [one.event for one in self.entries if isinstance(one.event, StepStarted)]


def cut(history: History) -> Iterator[str]:
    """Yield what is wrong right after the kill, before anybody repairs it."""
    if len(writes(history.stage)) > len(history.started()):
        yield "the cluster was changed before the change was claimed"
    yield from _acknowledged(history)


def end(history: History, *, heads: Sequence[Head]) -> Iterator[str]:
    """Yield what is wrong when the story is over; `heads` are those seen on the way."""
    yield from _acknowledged(history)
    yield from _one_of_each(history)
    yield from _outside(history)
    yield from _effects(history)
    yield from _approvals(history)
    yield from _settled(history)
    yield from _told(history, heads)
    yield from _postmortem(history)


def _acknowledged(history: History) -> Iterator[str]:
    bodies = [body for _, body in _inbox(history)]
    kept = Counter(hashlib.sha256(body).hexdigest() for body in bodies)
    lost = Counter(history.acknowledged) - kept
    if lost:
        yield f"{lost.total()} deliveries were answered with 2xx and are not in the inbox"
    text = b"\n".join(bodies).decode()
    for envelope in history.stage.slack()["envelopes"]:
        # An event that is sent again comes in a new envelope: it is kept once, by its own id.
        name = envelope["payload"].get("event_id") or envelope["envelope_id"]
        if envelope["state"] == "acknowledged" and name not in text:
            yield f"{name} was acknowledged to Slack and is not kept"


def _inbox(history: History) -> list[tuple[str, bytes]]:
    return list(_select(history, "select source, body from inbox"))


def _one_of_each(history: History) -> Iterator[str]:
    journal = history.opened.store.journal
    incidents = len(journal.summaries(aggregate=Aggregate.INCIDENT))
    if incidents != 1:
        yield f"there are {incidents} incidents"
    names = [one["name"] for one in _channels(history)]
    if len(names) != 1:
        yield f"there are {len(names)} channels: {', '.join(names)}"


def _channels(history: History) -> list[dict[str, Any]]:
    found = history.stage.slack()["channels"]
    return [one for one in found if one["name"].startswith(OWN_CHANNEL)]


def _outside(history: History) -> Iterator[str]:
    slack = history.stage.slack()
    posted = [message for channel in slack["channels"] for message in channel["messages"]]
    keys = Counter(key for message in posted if (key := _key(message)))
    for key, count in keys.items():
        if count > 1:
            yield f"{key} was posted {count} times"
    sent = _select(history, "select key from outbox where kind = 'message' and remote like '%ts%'")
    for (key,) in sent:
        if not keys[key]:
            yield f"{key} counts as posted and is not there"
    if not keys[HEADLINE]:
        yield "there is no headline"
    if len(pins := [pin for one in _channels(history) for pin in one["pins"]]) != 1:
        yield f"{len(pins)} messages are pinned"


def _key(message: dict[str, Any]) -> str | None:
    found: str | None = ((message.get("metadata") or {}).get("event_payload") or {}).get("key")
    return found


def _effects(history: History) -> Iterator[str]:
    done, started = writes(history.stage), history.started()
    doubt = any(isinstance(one.event, StepInDoubt) for one in history.entries)
    if len(done) > 1:
        yield f"the cluster was changed {len(done)} times"
    if len(started) > 1:
        yield f"{len(started)} changes were claimed"
    if not done and not doubt:
        yield "the cluster was not changed, and nobody doubts"
    if not done and history.incident.mitigated_at is not None:
        yield "mitigated without a change"


def _approvals(history: History) -> Iterator[str]:
    journal, desk = history.opened.store.journal, history.opened.desk
    used = Counter(one.approval for one in history.started())
    for row in journal.summaries(aggregate=Aggregate.APPROVAL):
        kinds = [one.kind for one in journal.read(row.stream)]
        if kinds.count("ApprovalGiven") > 1 or kinds.count("ApprovalConsumed") > 1:
            yield f"{row.stream} was given or consumed twice: {', '.join(kinds)}"
        if used[row.stream] > 1:
            yield f"{row.stream} was used {used[row.stream]} times"
        consumed = desk.approval(row.stream).state is ApprovalState.CONSUMED
        if consumed != bool(used[row.stream]):
            yield f"{row.stream} is {row.state}, and was used {used[row.stream]} times"
    for name in used:
        if journal.hold("used", name) is None:
            yield f"{name} was used and could be used again"


def _settled(history: History) -> Iterator[str]:
    store, incident = history.opened.store, history.incident
    if not (incident.status is Status.RESOLVED and incident.archived and incident.postmortem):
        yield f"the incident is {incident.status.value}, archived: {incident.archived}"
    yield from _owed(history)
    yield from (f"{run.id} is not over" for run in history.runs if run.outcome is None)
    for one in history.runs:
        if one.watched is not None:
            yield f"{one.id} was not watched to the end"
    if store.inbox.pending() or store.inbox.aside():
        yield "the inbox is not empty"
    if behind := store.outbox.behind():
        yield f"not rendered: {', '.join(row.stream for row in behind)}"
    yield from (f"{item.key} was given up: {item.dead}" for item in store.outbox.dead())
    waiting = "select key from outbox where since is not null and dead is null"
    yield from (f"{key} was never sent" for (key,) in _select(history, waiting))
    for kind, key in _select(history, "select kind, key from holds where kind = 'claim'"):
        yield f"the hold {kind} {key} was not released"


def _owed(history: History) -> Iterator[str]:
    opened = history.opened
    found = opened.store.journal.summaries(aggregate=Aggregate.APPROVAL)
    approvals = {row.stream: opened.desk.approval(row.stream) for row in found}
    debts = owed(history.incident, history.runs, approvals, opened.desk.policy, opened.desk.clock())
    for one in debts:
        yield f"{one.stream} is owed {type(one.command).__name__}"


def _told(history: History, heads: Sequence[Head]) -> Iterator[str]:
    broken = history.opened.store.journal.verify(heads=heads)
    if broken is not None:
        yield f"the chain breaks at {broken.stream} {broken.version}: {broken.because}"
    for stream in history.opened.desk.streams(1):
        versions = [one.version for one in history.opened.store.journal.read(stream)]
        if versions != list(range(1, len(versions) + 1)):
            yield f"{stream} has gaps: {versions}"
    moments = [row.at for row in rows(history.entries)]
    if moments != sorted(moments):
        yield "the timeline is not in order"


def _postmortem(history: History) -> Iterator[str]:
    folder = history.opened.settings.postmortems
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if names != ["INC-1.html", "INC-1.md"]:
        yield f"the postmortems are {names}"
        return
    noted = [one for one in history.entries if one.recorded.kind == "PostmortemWritten"]
    digests = [json.loads(one.recorded.body)["digest"] for one in noted]
    written = hashlib.sha256((folder / "INC-1.md").read_bytes()).hexdigest()
    if digests != [written]:
        yield f"the postmortem noted is not the one written: {digests}"


def _select(history: History, query: str) -> list[Any]:
    file = sqlite_file(history.opened.settings) or Path()
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()
