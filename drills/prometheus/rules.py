"""Evaluates rule groups at their interval: records series, keeps alerts, says what to send."""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final
from urllib.parse import quote_plus

from drills.prometheus import evaluate
from drills.prometheus import labels as label_sets
from drills.prometheus.alerts import Alert, PostableAlert, RuleAlerts, postable
from drills.prometheus.errors import Failed, OutOfOrder, QueryError
from drills.prometheus.labels import Labels
from drills.prometheus.rule_files import AlertingRule, Group, Rule
from drills.prometheus.store import Store
from drills.prometheus.values import Sample, Scalar, Vector
from drills.prometheus.windows import Release

# After a longer pause the oldest rounds are left out, as Prometheus leaves out what it missed.
MOST_ROUNDS: Final = 240


@dataclass(slots=True, kw_only=True)
class RuleState:
    """What became of a rule so far."""

    rule: Rule
    alerts: RuleAlerts | None
    written: frozenset[Labels] = frozenset()
    evaluated_at: datetime | None = None
    error: str = ""


@dataclass(slots=True, kw_only=True)
class GroupState:
    """A group, its rules, and when it was evaluated last."""

    group: Group
    rules: tuple[RuleState, ...]
    evaluated_at: datetime | None = None


class RuleGroups:
    """All rules of a Prometheus; `evaluate` may be called at any pace.

    external_url: the address in generatorURL. open_ends: leave endsAt out of firing alerts;
    for an Alertmanager that lives on real time (see `alerts.postable`).
    """

    def __init__(
        self,
        store: Store,
        groups: Iterable[Group],
        *,
        external_url: str = "http://localhost:9090",
        open_ends: bool = False,
        release: Release = Release.V3,
    ) -> None:
        self._store = store
        self._external_url = external_url.rstrip("/")
        self._open_ends = open_ends
        self._release = release
        self._lock = Lock()
        self._groups = tuple(_begin(group) for group in groups)

    def evaluate(self, at: datetime) -> list[PostableAlert]:
        """Evaluate every round that became due up to this moment, each at its own moment.

        Returns what to post to /api/v2/alerts, in order. A rule that fails keeps its alerts
        and shows its error under /api/v1/rules.
        """
        with self._lock:
            return [
                alert
                for group in self._groups
                for moment in _rounds(group, at)
                for alert in self._round(group, moment)
            ]

    def states(self) -> Sequence[GroupState]:
        """Return a copy of the groups with their alerts."""
        with self._lock:
            return deepcopy(self._groups)

    def _round(self, state: GroupState, at: datetime) -> Iterator[PostableAlert]:
        for rule in state.rules:
            rule.evaluated_at, rule.error = at, ""
            try:
                samples = self._samples(rule, at)
            except QueryError as error:
                rule.error = str(error)
                continue
            for alert in rule.alerts.to_send(at) if rule.alerts else ():
                yield self._postable(alert, rule.rule, state.group, at)
            self._write(rule, samples, at)

    def _samples(self, state: RuleState, at: datetime) -> Sequence[Sample]:
        value = evaluate.instant(self._store, state.rule.expr, at, release=self._release)
        match value:
            case Vector(samples):
                found = samples
            case Scalar(number):
                found = (Sample(label_sets.EMPTY, number),)
            case _:
                message = "rule result is not a vector or scalar"
                raise Failed(message)
        if state.alerts is not None:
            return state.alerts.observe(found, at)
        return _recorded(state.rule, found)

    def _write(self, state: RuleState, samples: Sequence[Sample], at: datetime) -> None:
        try:
            for labels, value in samples:
                self._store.append(dict(labels), value, at)
            written = frozenset(labels for labels, _ in samples)
            for labels in state.written - written:
                self._store.end(dict(labels), at)
            state.written = written
        except OutOfOrder as error:
            state.error = str(error)

    def _postable(self, alert: Alert, rule: Rule, group: Group, at: datetime) -> PostableAlert:
        generator = f"{self._external_url}/graph?g0.expr={quote_plus(rule.expr)}&g0.tab=1"
        return postable(
            alert,
            at=at,
            interval=group.interval,
            generator=generator,
            open_end=self._open_ends,
        )


def _begin(group: Group) -> GroupState:
    return GroupState(
        group=group,
        rules=tuple(
            RuleState(
                rule=rule,
                alerts=RuleAlerts(rule) if isinstance(rule, AlertingRule) else None,
            )
            for rule in group.rules
        ),
    )


def _rounds(state: GroupState, at: datetime) -> Iterator[datetime]:
    """Yield the moments that are due, oldest first, noting each as done."""
    last, interval = state.evaluated_at, state.group.interval
    if last is None:
        first = at
    else:
        first = last + interval
        missed = (at - first) // interval + 1 - MOST_ROUNDS
        first += max(0, missed) * interval
    while first <= at:
        state.evaluated_at = first
        yield first
        first += interval


def _recorded(rule: Rule, samples: Sequence[Sample]) -> Sequence[Sample]:
    own = dict(rule.labels) | {label_sets.NAME: rule.name}
    found = [Sample(label_sets.of(dict(each.labels) | own), each.value) for each in samples]
    if len({each.labels for each in found}) < len(found):
        message = "vector contains metrics with the same labelset after applying rule labels"
        raise Failed(message)
    return found
