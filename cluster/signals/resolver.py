"""Finds out which metrics the Prometheus at hand has: releases rename them."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Final

from cluster.signals import promql
from cluster.signals.answers import Prometheus, Row, Trouble
from cluster.signals.promql import Matcher, Promql
from cluster.signals.series import Place
from cluster.signals.together import fulfil

INTERVAL: Final = timedelta(minutes=5)
NAME: Final = "__name__"

Names = Mapping[Place, frozenset[str]]
"""The metrics that exist, by the label that holds the namespace they are about."""


class Resolver:
    """Remembers, by namespace, which of the known metrics exist; asks again after an interval.

    Of several who look at one moment one asks, and the others wait for the same answer.
    """

    def __init__(
        self, names: Mapping[Place, tuple[str, ...]], *, interval: timedelta = INTERVAL
    ) -> None:
        self._names = names
        self._interval = interval
        self._known: dict[str, tuple[datetime, Names]] = {}
        self._lock = threading.Lock()
        self._looking: dict[tuple[str, datetime], Future[Names | Trouble]] = {}

    def existing(self, namespace: str, *, at: datetime, prometheus: Prometheus) -> Names | Trouble:
        """Return the metrics that exist, as seen within the interval before this moment."""
        known = self._known.get(namespace)
        if known and timedelta() <= at - known[0] < self._interval:
            return known[1]
        return self.look(namespace, at=at, prometheus=prometheus)

    def look(self, namespace: str, *, at: datetime, prometheus: Prometheus) -> Names | Trouble:
        """Return the metrics that exist at this moment, asking once for the newest one."""
        known = self._known.get(namespace)
        if known and known[0] == at:
            return known[1]
        with self._lock:
            there = self._looking.get((namespace, at))
            coming = there or self._looking.setdefault((namespace, at), Future())
        if there is None:
            fulfil(coming, lambda: self._ask(namespace, at, prometheus))
            # Only who looks meanwhile shares it: whoever tries again asks again.
            self._looking.pop((namespace, at))
        return coming.result()

    def _ask(self, namespace: str, at: datetime, prometheus: Prometheus) -> Names | Trouble:
        known = self._known.get(namespace)
        rows = prometheus.instant(probe(namespace, self._names), at=at)
        if isinstance(rows, Trouble):
            return rows
        found = {
            place: frozenset(row.label(NAME) for row in rows if _place(row) is place)
            for place in Place
        }
        # Checks also look back, and what existed an hour ago is not what exists.
        if known is None or at > known[0]:
            self._known[namespace] = (at, found)
        return found


def probe(namespace: str, names: Mapping[Place, tuple[str, ...]]) -> Promql:
    """Return the one query with a row for each metric that exists, in each of its places."""
    asked = []
    for place, listed in names.items():
        if listed:
            label = place.value
            inside = (Matcher(label=label, value=namespace),) if label else ()
            by = (NAME, label) if label else (NAME,)
            asked.append(promql.aggregate("count", promql.named(listed, inside), by=by))
    return promql.either(*asked)


def _place(row: Row) -> Place:
    for place in (Place.EXPORTED, Place.OWN):
        if row.label(place.value):
            return place
    return Place.CLUSTER
