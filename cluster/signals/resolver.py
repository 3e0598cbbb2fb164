"""Finds out which metrics the Prometheus at hand has: releases rename them."""

from datetime import datetime, timedelta
from typing import Final

from cluster.signals import promql
from cluster.signals.answers import Prometheus, Trouble
from cluster.signals.promql import Matcher, Promql

INTERVAL: Final = timedelta(minutes=5)
NAME: Final = "__name__"


class Resolver:
    """Remembers, by namespace, which of the known metrics exist; asks again after an interval."""

    def __init__(
        self, prometheus: Prometheus, *, names: tuple[str, ...], interval: timedelta = INTERVAL
    ) -> None:
        self._prometheus = prometheus
        self._names = names
        self._interval = interval
        self._known: dict[str, tuple[datetime, frozenset[str]]] = {}

    def existing(self, namespace: str, *, at: datetime) -> frozenset[str] | Trouble:
        """Return the metrics that exist, as seen within the interval before this moment."""
        known = self._known.get(namespace)
        if known and timedelta() <= at - known[0] < self._interval:
            return known[1]
        return self.look(namespace, at=at)

    def look(self, namespace: str, *, at: datetime) -> frozenset[str] | Trouble:
        """Return the metrics that exist at this moment, asking once for the newest one."""
        known = self._known.get(namespace)
        if known and known[0] == at:
            return known[1]
        rows = self._prometheus.instant(probe(namespace, self._names), at=at)
        if isinstance(rows, Trouble):
            return rows
        found = frozenset(row.label(NAME) for row in rows)
        # Checks also look back, and what existed an hour ago is not what exists.
        if known is None or at > known[0]:
            self._known[namespace] = (at, found)
        return found


def probe(namespace: str, names: tuple[str, ...]) -> Promql:
    """Return the query with one row for each metric that exists in the namespace."""
    inside = (Matcher(label="namespace", value=namespace),)
    return promql.aggregate("count", promql.named(names, inside), by=(NAME,))
