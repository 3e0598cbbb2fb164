"""Everything that a document is made of."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from bot.postmortem.names import decided, named
from incidents.approval import Approval
from incidents.desk import Desk, Entry
from incidents.events.incident import AlertFired
from incidents.followups import FollowUp
from incidents.incident import Incident
from incidents.people import People
from incidents.ports import Texts
from incidents.run import Run
from incidents.shadow import Watch

E = TypeVar("E")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One incident with its history, in which names stand for ids; `texts` are by digest.

    `left` is all that was left to be done of it, also what is done by now; `watches` are over what
    people did where a run is in shadow.
    """

    incident: Incident
    runs: tuple[Run, ...]
    approvals: tuple[Approval, ...]
    history: tuple[Entry, ...]
    texts: Mapping[str, str]
    left: tuple[FollowUp, ...] = ()
    watches: tuple[Watch, ...] = ()

    @property
    def follow_ups(self) -> tuple[str, ...]:
        """Return what is still to be done, with who and until when."""
        return tuple(map(_follow_up, (one for one in self.left if one.open)))

    def told(self, kind: type[E]) -> Iterator[tuple[datetime, str, E]]:
        """Yield moment, stream and event of every event of a kind, in order."""
        for entry in self.history:
            if isinstance(entry.event, kind):
                yield entry.recorded.at, entry.recorded.stream, entry.event

    def annotations(self, fired: AlertFired) -> Mapping[str, str] | None:
        """Return what the alert's sender wrote; None where it was erased or never kept."""
        kept = self.texts.get(fired.text)
        if kept is None:
            return None
        found = json.loads(kept)
        return {str(name): str(value) for name, value in found.items()}


def collect(number: int, *, desk: Desk, texts: Texts, people: People) -> Story | None:
    """Read the story of an incident; None where there is none of that number."""
    incident = desk.incident(number)
    if incident.opened is None:
        return None
    streams = desk.streams(number)
    approvals = (desk.approval(one) for one in streams if one.startswith("approval-"))
    digests = sorted({one.fired.text for one in incident.alerts.values() if one.fired.text})
    return Story(
        incident=incident,
        runs=tuple(desk.run(one) for one in streams if one.startswith("run-")),
        approvals=tuple(decided(one, people) for one in approvals),
        history=named(desk.history(number), people),
        texts=texts.read(digests),
        watches=tuple(desk.watch(one) for one in streams if one.startswith("shadow-")),
        left=tuple(
            dataclasses.replace(one, owner=people.called(one.owner))
            for one in desk.follow_ups(number).all.values()
        ),
    )


def _follow_up(one: FollowUp) -> str:
    if one.left:
        return f"Left on purpose: {one.made.what} ({one.owner}, until {one.due:%Y-%m-%d %H:%M} UTC)"
    return f"{one.made.what} ({one.owner}, until {one.due:%Y-%m-%d})"
