"""The memory twin's index of summaries: asking for a few must not cost a look at all."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from datetime import datetime

from incidents.journal import Aggregate, Summary

Timed = tuple[datetime, int, str]


class Index:
    """Summaries by what is asked for; used under somebody's lock."""

    def __init__(self) -> None:
        self._born: dict[str, int] = {}
        self._all: dict[Aggregate, dict[str, Summary]] = {one: {} for one in Aggregate}
        self._open: dict[Aggregate, dict[int, Summary]] = {one: {} for one in Aggregate}
        self._line: dict[Aggregate, list[int]] = {one: [] for one in Aggregate}
        self._timed: list[Timed] = []
        self.last = 0

    def put(self, summary: Summary) -> None:
        """Enter a stream's summary in place of the one before."""
        born = self._born.setdefault(summary.stream, len(self._born))
        before = self._all[summary.aggregate].get(summary.stream)
        if before is not None and before.next_due is not None:
            del self._timed[bisect_left(self._timed, (before.next_due, born, summary.stream))]
        if summary.next_due is not None:
            insort(self._timed, (summary.next_due, born, summary.stream))
        self._all[summary.aggregate][summary.stream] = summary
        self._put_open(summary, born)
        self.last = max(self.last, summary.incident or 0)

    def newest(self, aggregate: Aggregate, *, open_only: bool) -> Iterator[Summary]:
        """Return the summaries of an aggregate, newest first."""
        if not open_only:
            return reversed(self._all[aggregate].values())
        found = self._open[aggregate]
        return (found[born] for born in reversed(self._line[aggregate]))

    def due(self, now: datetime, *, limit: int) -> Sequence[str]:
        """Return the streams whose moment has come, earliest first."""
        end = bisect_right(self._timed, now, key=lambda one: one[0])
        return [stream for _, _, stream in self._timed[: min(end, limit)]]

    def _put_open(self, summary: Summary, born: int) -> None:
        """Keep what is open in the order of its birth: one that is open again has its old place."""
        found, line = self._open[summary.aggregate], self._line[summary.aggregate]
        if summary.closed_at is None:
            if born not in found:
                insort(line, born)
            found[born] = summary
        elif found.pop(born, None) is not None:
            del line[bisect_left(line, born)]
