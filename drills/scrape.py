"""The scraper: reads what each pod says, adds the labels of its target, ends what is gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from drills.model.exposition import Point
from drills.prometheus import labels as label_sets
from drills.prometheus.labels import Labels as LabelSet

Labels = Mapping[str, str]

# Target, metric, varying label, its value.
SeriesKey = tuple[str, str, str, str]


class Samples(Protocol):
    """Where scraped samples go: the store of the Prometheus stand-in."""

    def append(self, labels: LabelSet, value: float, at: datetime) -> None:
        """Keep one sample; raise when it is older than the last of its series."""

    def end(self, labels: LabelSet, at: datetime) -> None:
        """Mark a series stale at a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One scraped pod: the labels that Prometheus adds."""

    scrape: Labels

    @property
    def key(self) -> str:
        """What makes two targets the same one."""
        return f"{self.scrape['job']} {self.scrape['pod']}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Points that have some labels of their own in common, such as the model's name."""

    own: Labels
    points: Iterable[Point]


# What each target said; None is a target that does not answer.
Answers = Iterable[tuple[Target, Iterable[Said] | None]]


class Scraper:
    """Appends one scrape after the other to a store, with `up` and staleness as Prometheus does."""

    def __init__(self, store: Samples) -> None:
        self._store = store
        self._labels: dict[SeriesKey, LabelSet] = {}
        self._alive: dict[str, dict[SeriesKey, LabelSet]] = {}

    def scrape(self, answers: Answers, at: datetime) -> None:
        """Append what the targets say; what was there last time and is not now becomes stale."""
        before, self._alive = self._alive, {}
        for target, points in answers:
            self._alive[target.key] = self._append(target, points, at)
        for target_key, series in before.items():
            self._end(series, self._alive.get(target_key, {}), at)

    def _append(
        self, target: Target, said: Iterable[Said] | None, at: datetime
    ) -> dict[SeriesKey, LabelSet]:
        up = Said(own={}, points=[Point("up", 0 if said is None else 1)])
        alive = {}
        for part in (up, *(said or ())):
            for point in part.points:
                key = (target.key, point.name, point.label, point.of)
                labels = self._labels.get(key) or self._label(key, target.scrape, part.own)
                self._store.append(labels, point.value, at)
                alive[key] = labels
        return alive

    def _label(self, key: SeriesKey, scrape: Labels, own: Labels) -> LabelSet:
        _, name, label, of = key
        varying = {label: of} if label else {}
        labels = label_sets.of({"__name__": name, **own, **varying, **scrape})
        self._labels[key] = labels
        return labels

    def _end(
        self,
        before: dict[SeriesKey, LabelSet],
        now: dict[SeriesKey, LabelSet],
        at: datetime,
    ) -> None:
        for key in before.keys() - now.keys():
            self._store.end(before[key], at)
            # The same pod name may come back at another address.
            self._labels.pop(key, None)
