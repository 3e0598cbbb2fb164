"""Occurrences of alerts, from the steps at which their series were seen firing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from alert_webhooks.fingerprint import fingerprint
from cluster.signals.answers import Track

STATE = "alertstate"
NAME = "__name__"
# Prometheus tells Alertmanager that an alert ends four resends after it was sent last.
MISSED = timedelta(minutes=4)
"""A gap so long is none, where Prometheus says that the alert was active all the time."""

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """An alert that fired, up to `ends_at`; None where it still does at the end of the history.

    With `cut` it fired already when the history begins.
    """

    labels: Labels
    starts_at: datetime
    ends_at: datetime | None
    cut: bool = False

    @property
    def name(self) -> str:
        """Return the alert's name."""
        return dict(self.labels).get("alertname", "")

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint that Alertmanager gives these labels."""
        return fingerprint(dict(self.labels))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Steps in a row at which a series was seen; `active` is since when, where that is known."""

    first: datetime
    last: datetime
    active: datetime | None


class Sightings:
    """What was seen of each series, chunk by chunk in the order of time."""

    def __init__(self, *, step: timedelta) -> None:
        self._step = step
        self._spans: dict[Labels, list[_Span]] = {}

    def add(self, firing: Sequence[Track], since: Sequence[Track]) -> None:
        """Take a chunk: the steps at which `ALERTS` fired, and what `ALERTS_FOR_STATE` said."""
        active = {_labels(track): _moments(track) for track in since}
        for track in firing:
            labels = _labels(track)
            known = active.get(labels, {})
            spans = self._spans.setdefault(labels, [])
            for moment, _ in track.points:
                self._see(spans, moment, known.get(moment))

    def occurrences(self, *, start: datetime, end: datetime) -> tuple[Occurrence, ...]:
        """Return the occurrences between the two, the earliest first."""
        found = (
            self._occurrence(labels, span, start, end)
            for labels, spans in self._spans.items()
            for span in spans
        )
        return tuple(sorted(found, key=lambda one: (one.starts_at, one.labels)))

    def _see(self, spans: list[_Span], moment: datetime, active: datetime | None) -> None:
        last = spans[-1] if spans else None
        if last is None or not self._same(last, moment, active):
            spans.append(_Span(first=moment, last=moment, active=active))
        else:
            spans[-1] = replace(last, last=moment, active=active or last.active)

    def _same(self, span: _Span, moment: datetime, active: datetime | None) -> bool:
        """Tell whether it never ended in between."""
        known = span.active is not None and active is not None
        if moment - span.last <= self._step:
            return span.active == active or not known
        # A rule that was not evaluated for a while leaves a gap and ends nothing.
        return known and span.active == active and moment - span.last <= MISSED

    def _occurrence(
        self, labels: Labels, span: _Span, start: datetime, end: datetime
    ) -> Occurrence:
        cut = span.first <= start
        began = span.active if cut and span.active is not None else span.first
        over = span.last + self._step
        return Occurrence(
            labels=labels, starts_at=began, ends_at=None if over > end else over, cut=cut
        )


def _labels(track: Track) -> Labels:
    return tuple(pair for pair in track.labels if pair[0] not in {STATE, NAME})


def _moments(track: Track) -> Mapping[datetime, datetime]:
    """Return since when it was active, by step; the value is in seconds since 1970."""
    return {at: datetime.fromtimestamp(value, tz=UTC) for at, value in track.points if value > 0}


def noisiest(occurrences: Iterable[Occurrence]) -> Mapping[str, int]:
    """Return how often each alert fired, the most often first."""
    counts = dict[str, int]()
    for one in occurrences:
        counts[one.name] = counts.get(one.name, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
