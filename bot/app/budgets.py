"""Reading error budgets: what the recording rules keep of them, and the incidents meanwhile."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from cluster.signals.answers import Prometheus, Row, Track, Trouble
from cluster.signals.promql import Promql, call, selector
from cluster.signals.reading import Why
from incidents import budgets
from incidents.budgets import SLOT, Budget, Ledger, Slot
from incidents.desk import Desk
from incidents.errors import Rejected, Unavailable
from incidents.journal import Aggregate
from runbooks.language import duration

EVENTS: Final = "triaged:objective:events"
BAD: Final = "triaged:objective:bad"
BUDGET: Final = "triaged:objective:budget"
PLANNED: Final = "triaged:objective:planned"
SPENT: Final = "triaged:objective:budget_spent"
"""Recorded by `deploy/prometheus`, one series for each objective and service."""
WINDOW: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=90)
CHUNK: Final = timedelta(days=5)

Labels = tuple[tuple[str, str], ...]


def read(prometheus: Prometheus, desk: Desk | None, *, at: datetime) -> tuple[Budget, ...]:
    """Return every budget that is recorded, by objective; without a desk no incident is known.

    Raises Unavailable or Rejected where Prometheus gives no complete answer.
    """
    ledgers = tuple(_ledgers(prometheus, at))
    longest = max((one.window for one in ledgers), default=WINDOW)
    known = [] if desk is None else list(troubles(desk, since=at - longest, now=at))
    found = (budgets.budget(one, known, at) for one in ledgers)
    return tuple(sorted(found, key=_order))


def troubles(desk: Desk, *, since: datetime, now: datetime) -> Iterator[budgets.Trouble]:
    """Yield the incidents that lasted into the time since then; one that is open lasts to now."""
    for row in desk.journal.summaries(aggregate=Aggregate.INCIDENT):
        if row.incident is None or (row.closed_at is not None and row.closed_at < since):
            continue
        state = desk.incident(row.incident)
        if state.opened is None or state.opened_at is None:
            continue
        began = (one.fired.starts_at for one in state.alerts.values())
        yield budgets.Trouble(
            number=row.incident,
            start=min((*began, state.opened_at)),
            end=state.resolved_at or now,
            namespace=state.opened.namespace,
            model=state.opened.model,
        )


def _order(one: Budget) -> tuple[str, str, str]:
    return (one.ledger.objective, one.ledger.namespace, one.ledger.model)


def _ledgers(prometheus: Prometheus, at: datetime) -> Iterator[Ledger]:
    kept = _instant(prometheus, selector(BUDGET), at)
    if not kept:
        message = f"no objective is recorded there: {BUDGET} has no series"
        raise Rejected(message)
    windows = _windows(_instant(prometheus, selector(SPENT), at))
    longest = max((*windows.values(), WINDOW))
    events = _slots(prometheus, EVENTS, at, longest)
    bad = _slots(prometheus, BAD, at, longest)
    planned = _slots(prometheus, PLANNED, at, longest)
    for row in kept:
        name = row.label("objective")
        mine = {labels: found for labels, found in events.items() if _of(labels) == name}
        # Without any series there still is the promise: nobody can tell whether it is kept.
        for labels in mine or {row.labels: {}}:
            yield _ledger(
                row,
                labels,
                windows.get(name, WINDOW),
                _paired(mine.get(labels, {}), bad.get(labels)),
                _during(planned, name, labels),
            )


def _ledger(
    row: Row,
    labels: Labels,
    window: timedelta,
    slots: Mapping[datetime, Slot],
    planned: frozenset[datetime],
) -> Ledger:
    said = dict(labels)
    return Ledger(
        objective=row.label("objective"),
        kind=row.label("kind"),
        allowed=row.value,
        window=window,
        service=row.label("service"),
        namespace=said.get("namespace", ""),
        model=said.get("model_name", ""),
        slots=slots,
        planned=planned,
    )


def _paired(
    events: Mapping[datetime, float], bad: Mapping[datetime, float] | None
) -> Mapping[datetime, Slot]:
    """Return the slots in which both are known: without the bad ones nothing is surely good."""
    return {
        moment: Slot(events=count, bad=bad[moment])
        for moment, count in events.items()
        if bad is not None and moment in bad
    }


def _during(
    planned: Mapping[Labels, Mapping[datetime, float]], name: str, labels: Labels
) -> frozenset[datetime]:
    """Return when maintenance was planned for it: its labels say no more than the place."""
    said = dict(labels)
    found = set[datetime]()
    for where, moments in planned.items():
        place = {key: value for key, value in where if key in {"namespace", "model_name"}}
        if _of(where) == name and all(said.get(key, "") in {"", v} for key, v in place.items()):
            found |= set(moments)
    return frozenset(found)


def _windows(rows: Sequence[Row]) -> Mapping[str, timedelta]:
    found = dict[str, timedelta]()
    for row in rows:
        try:
            found[row.label("objective")] = min(duration.parse(row.label("window")), LONGEST)
        except ValueError:
            continue
    return found


def _slots(
    prometheus: Prometheus, name: str, at: datetime, window: timedelta
) -> Mapping[Labels, Mapping[datetime, float]]:
    """Return the mean of each slot of each series; a slot without a sample is missing."""
    query = call("avg_over_time", selector(name, window=SLOT))
    found = dict[Labels, dict[datetime, float]]()
    start = at - window + SLOT
    while start <= at:
        end = min(start + CHUNK - SLOT, at)
        for track in _range(prometheus, query, start, end):
            labels = tuple(pair for pair in track.labels if pair[0] != "__name__")
            # Neither NaN nor infinity is a count.
            numbers = {moment: value for moment, value in track.points if abs(value) < float("inf")}
            found.setdefault(labels, {}).update(numbers)
        start += CHUNK
    return found


def _of(labels: Labels) -> str:
    return dict(labels).get("objective", "")


def _instant(prometheus: Prometheus, query: Promql, at: datetime) -> tuple[Row, ...]:
    found = prometheus.instant(query, at=at)
    if isinstance(found, Trouble):
        raise _error(found)
    return found


def _range(
    prometheus: Prometheus, query: Promql, start: datetime, end: datetime
) -> tuple[Track, ...]:
    found = prometheus.range(query, start=start, end=end, step=SLOT)
    if isinstance(found, Trouble):
        raise _error(found)
    return found


def _error(trouble: Trouble) -> Rejected | Unavailable:
    message = f"the budgets cannot be read: {trouble.why.value}: {trouble.detail}"
    return Rejected(message) if trouble.why is Why.REFUSED else Unavailable(message)
