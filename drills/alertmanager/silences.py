"""Silences: alerts that are kept and not told about."""

import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from drills.alertmanager.labels import Labels
from drills.alertmanager.matchers import Matcher


class State(Enum):
    """Where a silence stands."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Matchers and the time for which they mute."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    created_by: str
    comment: str

    def state(self, now: datetime) -> State:
        """Return whether it mutes at `now`."""
        if now < self.starts_at:
            return State.PENDING
        return State.ACTIVE if now < self.ends_at else State.EXPIRED


class Silences:
    """The silences that one member knows of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Silence] = {}

    def all(self) -> list[Silence]:
        """Return every silence, the expired too."""
        with self._lock:
            return list(self._known.values())

    def find(self, identity: str) -> Silence | None:
        """Return one silence; None when nobody made it."""
        with self._lock:
            return self._known.get(identity)

    def put(self, silence: Silence) -> None:
        """Keep a silence, made here or gossiped; the one written last wins."""
        with self._lock:
            known = self._known.get(silence.id)
            if known is None or known.updated_at <= silence.updated_at:
                self._known[silence.id] = silence

    def muting(self, labels: Labels, now: datetime) -> list[str]:
        """Return the ids of the silences that mute these labels now."""
        return [
            one.id
            for one in self.all()
            if one.state(now) is State.ACTIVE and all(it.fits(labels) for it in one.matchers)
        ]


def made(
    matchers: Sequence[Matcher],
    *,
    starts_at: datetime,
    ends_at: datetime,
    created_by: str,
    comment: str,
    now: datetime,
) -> Silence:
    """Make a silence; a start in the past becomes now. Raises ValueError with the reason."""
    if ends_at <= starts_at:
        msg = "failed to create silence: start time must be before end time"
        raise ValueError(msg)
    if ends_at <= now:
        msg = "failed to create silence: end time can't be in the past"
        raise ValueError(msg)
    return Silence(
        id=str(uuid.uuid4()),
        matchers=tuple(matchers),
        starts_at=max(starts_at, now),
        ends_at=ends_at,
        updated_at=now,
        created_by=created_by,
        comment=comment,
    )


def expired(silence: Silence, now: datetime) -> Silence:
    """Return the silence, ended now."""
    return replace(silence, ends_at=min(now, silence.ends_at), updated_at=now)
