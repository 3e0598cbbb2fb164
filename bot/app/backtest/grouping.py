"""Notices: when Alertmanager would have told us of which alerts, grouped as our snippet says.

Read from prometheus/alertmanager `dispatch/dispatch.go` and `notify/dedup_stage.go` (0.25 to 0.28).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.app.backtest.occurrences import Labels, Occurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a group waits before it tells, and between two times that it does.

    It is for alerts whose `severity` is one of these; empty is for all others.
    """

    wait: timedelta
    interval: timedelta
    severities: frozenset[str] = frozenset()


GROUP_BY = ("alertname", "namespace", "model_name", "pool")
TIMINGS = (
    Timing(
        wait=timedelta(seconds=10),
        interval=timedelta(minutes=1),
        severities=frozenset({"critical", "page"}),
    ),
    Timing(wait=timedelta(seconds=30), interval=timedelta(minutes=5)),
)
"""As in `deploy/alertmanager/alertmanager.yaml`: the first that an alert fits is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a webhook would have said at a moment: these fire, and these have ended."""

    at: datetime
    firing: tuple[Occurrence, ...]
    ended: tuple[Occurrence, ...]


def notices(occurrences: Iterable[Occurrence]) -> tuple[Notice, ...]:
    """Return the notices of all groups, the earliest first."""
    groups = dict[tuple[Timing, tuple[str, ...]], list[Occurrence]]()
    for one in sorted(occurrences, key=lambda each: (each.starts_at, each.labels)):
        labels = dict(one.labels)
        shared = tuple(labels.get(name, "") for name in GROUP_BY)
        groups.setdefault((_timing(labels), shared), []).append(one)
    found = [notice for key, group in groups.items() for notice in _of_group(group, key[0])]
    return tuple(sorted(found, key=lambda one: one.at))


def body(notice: Notice) -> bytes:
    """Return the notice as Alertmanager would have posted it (version 4), without annotations."""
    alerts = [
        *(_alert(one, "firing") for one in notice.firing),
        *(_alert(one, "resolved") for one in notice.ended),
    ]
    status = "firing" if notice.firing else "resolved"
    return json.dumps({"version": "4", "status": status, "alerts": alerts}).encode()


def _timing(labels: Mapping[str, str]) -> Timing:
    said = labels.get("severity", "")
    return next(one for one in TIMINGS if not one.severities or said in one.severities)


def _of_group(group: Sequence[Occurrence], timing: Timing) -> Iterator[Notice]:
    """Yield the notices of a group; `told` is what Alertmanager noted when it told us last."""
    told: tuple[frozenset[str], frozenset[str]] | None = None
    held, at = _Held(group), group[0].starts_at + timing.wait
    while True:
        firing, ended = held.at(at)
        now = _prints(firing), _prints(ended)
        if _news(told, now):
            told = now
            yield Notice(at=at, firing=firing, ended=ended)
        change = held.next_change(at)
        if change is None:
            return
        # A group that is empty is forgotten: the next alert begins another, and that one waits.
        at = _turn(at, change, timing) if firing else change + timing.wait


class _Held:
    """What a group holds: of each series the latest only, since labels name an alert."""

    def __init__(self, group: Sequence[Occurrence]) -> None:
        self._coming = list(reversed(group))
        self._there: dict[Labels, Occurrence] = {}

    def at(self, moment: datetime) -> tuple[tuple[Occurrence, ...], tuple[Occurrence, ...]]:
        """Return what fires and what has ended; what has ended is forgotten after it."""
        while self._coming and self._coming[-1].starts_at <= moment:
            one = self._coming.pop()
            self._there[one.labels] = one
        ended = tuple(one for one in self._there.values() if _ended(one, moment))
        for one in ended:
            del self._there[one.labels]
        return tuple(self._there.values()), ended

    def next_change(self, moment: datetime) -> datetime | None:
        """Return when something changes next; None where nothing will."""
        ends = [one.ends_at for one in self._there.values() if one.ends_at is not None]
        starts = [self._coming[-1].starts_at] if self._coming else []
        return min((one for one in (*ends, *starts) if one > moment), default=None)


def _news(
    told: tuple[frozenset[str], frozenset[str]] | None,
    now: tuple[frozenset[str], frozenset[str]],
) -> bool:
    firing, ended = now
    if told is None:
        return bool(firing)
    if not firing <= told[0]:
        return True
    if not firing:
        return bool(told[0])
    return not ended <= told[1]


def _turn(at: datetime, change: datetime, timing: Timing) -> datetime:
    """Return the group's first turn at or after the change."""
    return at + -((at - change) // timing.interval) * timing.interval


def _ended(one: Occurrence, at: datetime) -> bool:
    return one.ends_at is not None and one.ends_at <= at


def _prints(ones: Iterable[Occurrence]) -> frozenset[str]:
    return frozenset(one.fingerprint for one in ones)


def _alert(one: Occurrence, status: str) -> dict[str, object]:
    ended = one.ends_at.isoformat() if one.ends_at and status == "resolved" else None
    return {
        "status": status,
        "labels": dict(one.labels),
        "annotations": {},
        "startsAt": one.starts_at.isoformat(),
        "endsAt": ended or "0001-01-01T00:00:00Z",
        "fingerprint": one.fingerprint,
    }
