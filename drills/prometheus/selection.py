"""Reading series for a query: look-back, windows, staleness."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from drills.prometheus.labels import Labels
from drills.prometheus.store import STALE, Store, Track
from drills.prometheus.tree import Range, Selector
from drills.prometheus.windows import Release, Window

# Prometheus' default --query.lookback-delta, 5 minutes, in milliseconds.
LOOK_BACK: Final = 300_000


@dataclass(slots=True, kw_only=True)
class Reader:
    """The samples that one query sees: read once, so that all of its steps agree.

    start and end: the first and last evaluation, in milliseconds.
    """

    store: Store
    start: int
    end: int
    release: Release
    _tracks: dict[tuple[Selector, int], list[Track]] = field(default_factory=dict)

    def newest(self, selector: Selector, at: int) -> Iterator[tuple[Labels, int, float]]:
        """Yield labels, moment and value of each series' last sample within the look-back."""
        moment = at - selector.offset
        for track in self._select(selector, LOOK_BACK):
            index = bisect_right(track.times, moment) - 1
            if index < 0 or track.times[index] < self._first(moment, LOOK_BACK):
                continue
            if (value := track.values[index]) is not STALE:
                yield track.labels, track.times[index], value

    def windows(self, node: Range, at: int) -> Iterator[tuple[Labels, Window]]:
        """Yield the window of each series that has a sample in it."""
        end = at - node.selector.offset
        for track in self._select(node.selector, node.length):
            first = bisect_left(track.times, self._first(end, node.length))
            last = bisect_right(track.times, end)
            window = self._window(track, (first, last), (end - node.length, end))
            if window.times:
                yield track.labels, window

    def _window(self, track: Track, part: tuple[int, int], border: tuple[int, int]) -> Window:
        times, values = track.times[slice(*part)], track.values[slice(*part)]
        if track.stale:
            alive = [index for index, value in enumerate(values) if value is not STALE]
            times, values = [times[i] for i in alive], [values[i] for i in alive]
        start, end = border
        return Window(start=start, end=end, times=times, values=values, release=self.release)

    def _first(self, end: int, length: int) -> int:
        """Return the oldest moment that still belongs to the window."""
        return end - length + (self.release is Release.V3)

    def _select(self, selector: Selector, length: int) -> list[Track]:
        key = (selector, length)
        if key not in self._tracks:
            start, end = self.start - selector.offset - length, self.end - selector.offset
            self._tracks[key] = self.store.select(selector.matchers, start, end)
        return self._tracks[key]
