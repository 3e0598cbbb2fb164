"""`triaged shadow report`: what runbooks in shadow would have done, and which are switched on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Annotated, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from bot.app.cli.output import Json, counted, show, table
from bot.app.configuration_shapes import PEOPLE, POLICY
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.desk import entries
from incidents.events.run import SHADOW, RunStarted, WouldHaveActed
from incidents.journal import Aggregate, Summary

MOST: Final = 50
"""Rows that are printed; JSON has them all."""
UNCOMPARED: Final = "whether people did the same is not compared: cannot tell"

shadow = App(name="shadow", help="What runbooks in shadow would have done.")

Days = Annotated[
    int, Parameter(name="--days", validator=Number(gte=1, lte=3650), help="So far back.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How often a step of a runbook would have acted, and in which incidents."""

    runbook: str
    step: str
    action: str
    would_have: int
    incidents: tuple[int, ...]
    acts_now: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What shadow has shown; `runs` began in shadow, and `acting` is what is switched on now."""

    days: int
    runs: int
    acting: tuple[str, ...]
    everything_in_shadow: bool
    rows: tuple[Row, ...]


@shadow.command
def report(*, days: Days = 30, as_json: Json = False) -> None:
    """Show how often each runbook would have acted, and which are switched on."""
    with opened(load(), needed=(PEOPLE, POLICY)) as desk:
        found = _report(desk, days)
    told = {**asdict(found), "done_by_people": None, "because": UNCOMPARED}
    show(told, _lines(found), as_json=as_json)


def _report(desk: Opened, days: int) -> Report:
    since, policy = desk.clock() - timedelta(days=days), desk.configuration.policy
    found = desk.store.journal.summaries(aggregate=Aggregate.RUN)
    told = [one for row in found if row.opened_at >= since for one in _told(desk, row)]
    begun = [one for one, _ in told if isinstance(one, RunStarted)]
    return Report(
        days=days,
        runs=len(begun),
        acting=tuple(sorted(policy.acting)),
        everything_in_shadow=policy.shadow or not policy.acting,
        rows=tuple(_rows(desk, told)),
    )


def _told(desk: Opened, run: Summary) -> Iterator[tuple[RunStarted | WouldHaveActed, RunStarted]]:
    """Yield the beginning of a run in shadow, and what it would have done, each with that."""
    started: RunStarted | None = None
    for one in entries(desk.store.journal.read(run.stream)):
        if isinstance(one.event, RunStarted) and one.event.mode == SHADOW:
            started = one.event
            yield started, started
        elif isinstance(one.event, WouldHaveActed) and started is not None:
            yield one.event, started


def _rows(
    desk: Opened, told: Sequence[tuple[RunStarted | WouldHaveActed, RunStarted]]
) -> Iterator[Row]:
    acts = [(one, run) for one, run in told if isinstance(one, WouldHaveActed)]
    counts = Counter((run.runbook, one.step, one.plan.action) for one, run in acts)
    where: Mapping[tuple[str, str, str], set[int]] = {key: set() for key in counts}
    for one, run in acts:
        where[run.runbook, one.step, one.plan.action].add(run.incident)
    for key, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        runbook, step, action = key
        yield Row(
            runbook=runbook,
            step=step,
            action=action,
            would_have=count,
            incidents=tuple(sorted(where[key])),
            acts_now=desk.configuration.policy.acts(runbook),
        )


def _lines(found: Report) -> Iterator[str]:
    on = "none, everything is in shadow"
    if not found.everything_in_shadow:
        on = "all runbooks" if "*" in found.acting else ", ".join(found.acting)
    yield f"switched on: {on}"
    runs = counted(found.runs, "run", "runs")
    yield f"in shadow in the last {counted(found.days, 'day', 'days')}: {runs}"
    if found.rows:
        head = ("RUNBOOK", "STEP", "ACTION", "WOULD HAVE", "INCIDENTS", "NOW")
        yield from table([head, *map(_cells, found.rows[:MOST])])
    if len(found.rows) > MOST:
        yield f"and {len(found.rows) - MOST} more: --json has them all"
    yield UNCOMPARED


def _cells(row: Row) -> Sequence[str]:
    now = "acts" if row.acts_now else "in shadow"
    times = counted(row.would_have, "time", "times")
    return (row.runbook, row.step, row.action, times, str(len(row.incidents)), now)
