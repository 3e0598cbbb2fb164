"""Reading error budgets: what the recording rules keep of them, and the incidents meanwhile."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from cluster.rules.budget import BAD, BUDGET, EVENTS, PLANNED, SPENT
from cluster.signals.answers import Prometheus, Row, Track, Trouble
from cluster.signals.promql import Promql, call, selector
from cluster.signals.reading import Why
from incidents import budgets
from incidents.budgets import SLOT, Budget, Ledger, Slot
from incidents.desk import Desk
from incidents.errors import Rejected, Unavailable
from incidents.journal import Aggregate
from incidents.maintenance import Interval, Window, concerns, excuses, intervals
from incidents.objectives import WINDOW, Objective, Objectives, consequences
from incidents.objectives import budget as allowed_share
from runbooks.language import duration

NOTHING: Final = Objectives()
LONGEST: Final = timedelta(days=90)
CHUNK: Final = timedelta(days=5)

Labels = tuple[tuple[str, str], ...]


def read(
    prometheus: Prometheus, desk: Desk | None, *, at: datetime, promised: Objectives = NOTHING
) -> tuple[Budget, ...]:
    """Return every budget that is recorded or promised; without a desk no incident is known.

    Planned work is taken out, both what the rules recorded and what the desk's policy says.
    Raises Unavailable or Rejected where Prometheus gives no complete answer, or none is recorded
    and none is promised.
    """
    away = () if desk is None else tuple(filter(excuses, desk.policy.gathering.maintenance))
    ledgers = tuple(_excused(one, away, at) for one in _ledgers(prometheus, at, promised))
    longest = max((one.window for one in ledgers), default=WINDOW)
    known = [] if desk is None else list(troubles(desk, since=at - longest, now=at))
    found = (_agreed(budgets.budget(one, known, at), promised) for one in ledgers)
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


def _order(one: Budget) -> tuple[str, ...]:
    ledger = one.ledger
    return (ledger.objective, ledger.namespace, ledger.model, ledger.pool)


def _excused(ledger: Ledger, away: Sequence[Window], at: datetime) -> Ledger:
    """Return the ledger without the slots in which any work on its place was planned."""
    first = at - ledger.window
    found = {
        slot
        for window in away
        if concerns(window, namespace=ledger.namespace, model=ledger.model)
        for interval in intervals(window, Interval(start=first, end=at))
        for slot in _slots_of(interval, first, at)
    }
    return replace(ledger, planned=ledger.planned | found)


def _slots_of(interval: Interval, first: datetime, at: datetime) -> Iterator[datetime]:
    """Yield the ends of the slots that overlap the interval; the last slot ends `at`."""
    start, end = max(interval.start, first), min(interval.end, at)
    slot = at - (at - start - timedelta.resolution) // SLOT * SLOT
    while slot - SLOT < end:
        yield slot
        slot += SLOT


def _agreed(one: Budget, promised: Objectives) -> Budget:
    if one.left is None:
        return one
    agreed = consequences(promised.policy, 1 - one.left)
    return replace(one, agreed=tuple(each.then for each in agreed))


def _ledgers(prometheus: Prometheus, at: datetime, promised: Objectives) -> Iterator[Ledger]:
    kept = _instant(prometheus, selector(BUDGET), at)
    recorded = {row.label("objective") for row in kept}
    missing = [one for one in promised.in_force if one.name not in recorded]
    yield from map(_unrecorded, missing)
    if not kept and missing:
        return
    if not kept:
        message = f"no objective is recorded there: {BUDGET} has no series"
        raise Rejected(message)
    windows = {
        **_windows(_instant(prometheus, selector(SPENT), at)),
        **{one.name: min(one.window, LONGEST) for one in promised.in_force},
    }
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
                _during(planned, name, labels if mine else None),
            )


def _unrecorded(objective: Objective) -> Ledger:
    """Return what is promised in the file and recorded nowhere: its rules are not in force."""
    return Ledger(
        objective=objective.name,
        kind=objective.kind.value,
        allowed=allowed_share(objective),
        window=objective.window,
        service=objective.service,
        namespace=objective.namespace,
        model=objective.model,
        pool=objective.pool,
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
        pool=said.get("pool", ""),
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
    planned: Mapping[Labels, Mapping[datetime, float]], name: str, labels: Labels | None
) -> frozenset[datetime]:
    """Return when maintenance was planned for it: its labels say no more than the place.

    Without labels nothing of the objective was seen, which all its maintenance may explain.
    """
    said = None if labels is None else dict(labels)
    found = set[datetime]()
    for where, moments in planned.items():
        place = {pair for pair in where if pair[0] in {"namespace", "model_name"} and pair[1]}
        if _of(where) == name and (said is None or place <= said.items()):
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
