"""`triaged shadow report`: what runbooks in shadow would have done, and what people then did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final  # Any: what is printed as JSON

from cyclopts import App, Parameter
from cyclopts.validators import Number

from bot.app.cli.output import Json, counted, show, table
from bot.app.configuration_shapes import PEOPLE, POLICY
from bot.app.opening import Opened, opened
from bot.app.settings import load
from cluster.verification import Verdict
from incidents import shadow_counts
from incidents.desk import entries
from incidents.events.run import WouldHaveActed
from incidents.events.shadow import Better, Did
from incidents.journal import Aggregate, Summary
from incidents.shadow import shadow_stream
from incidents.shadow_counts import UNWATCHED, WATCHED, Planned, Row

MOST: Final = 50
"""Rows that are printed; JSON has them all."""
DID: Final[Mapping[str, str]] = {
    Did.SAME.value: "the same",
    Did.AMOUNT.value: "another amount",
    Did.OTHERWISE.value: "otherwise",
    Did.NOTHING.value: "not at all",
    Did.CANNOT_TELL.value: "cannot tell",
    WATCHED: WATCHED,
    UNWATCHED: UNWATCHED,
}
"""How what people did is called where it is counted."""
VERDICTS: Final = (*(one.value for one in Verdict), WATCHED)
ANSWERS: Final = tuple(one.value for one in Better)

shadow = App(name="shadow", help="What runbooks in shadow would have done.")

Days = Annotated[
    int, Parameter(name="--days", validator=Number(gte=1, lte=3650), help="So far back.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What shadow has shown; `runs` began in shadow, and `acting` is what is switched on now.

    `acts` names the runbooks of the rows that act now.
    """

    days: int
    runs: int
    acting: tuple[str, ...]
    everything_in_shadow: bool
    rows: tuple[Row, ...]
    acts: frozenset[str]


@shadow.command
def report(*, days: Days = 30, as_json: Json = False) -> None:
    """Show how often each runbook would have acted, and what people did instead."""
    with opened(load(), needed=(PEOPLE, POLICY)) as desk:
        found = _report(desk, days)
    show(_told(found), _lines(found), as_json=as_json)


def _report(desk: Opened, days: int) -> Report:
    since, policy = desk.clock() - timedelta(days=days), desk.configuration.policy
    rows = desk.store.journal.summaries(aggregate=Aggregate.RUN)
    runs = [row for row in rows if row.opened_at >= since and desk.desk.run(row.stream).shadowed]
    steps = shadow_counts.counted(one for row in runs for one in _planned(desk, row))
    return Report(
        days=days,
        runs=len(runs),
        acting=tuple(sorted(policy.acting)),
        everything_in_shadow=policy.shadow or not policy.acting,
        rows=steps,
        acts=frozenset(one.runbook for one in steps if policy.acts(one.runbook)),
    )


def _planned(desk: Opened, run: Summary) -> Iterator[Planned]:
    """Yield what a run in shadow would have done, each with its watch."""
    started = desk.desk.run(run.stream).started
    for one in entries(desk.store.journal.read(run.stream)):
        if isinstance(one.event, WouldHaveActed) and started is not None:
            watch = desk.desk.watch(shadow_stream(run.stream, one.recorded.version))
            yield Planned(
                runbook=started.runbook,
                step=one.event.step,
                action=one.event.plan.action,
                incident=started.incident,
                watch=watch if watch.began is not None else None,
            )


def _told(found: Report) -> Mapping[str, Any]:  # see the import
    return {
        "days": found.days,
        "runs": found.runs,
        "acting": found.acting,
        "everything_in_shadow": found.everything_in_shadow,
        "rows": [_row(row, found) for row in found.rows],
    }


def _row(row: Row, found: Report) -> Mapping[str, Any]:  # see the import
    return {
        "runbook": row.runbook,
        "step": row.step,
        "action": row.action,
        "would_have": row.would_have,
        "incidents": row.incidents,
        "acts_now": row.runbook in found.acts,
        "people": {_key(name): row.people.get(word, 0) for word, name in DID.items()},
        "verification": {_key(word): row.verification.get(word, 0) for word in VERDICTS},
        "better_without_it": {_key(word): row.better.get(word, 0) for word in ANSWERS},
    }


def _key(name: str) -> str:
    return name.replace(" ", "_")


def _lines(found: Report) -> Iterator[str]:
    on = "none, everything is in shadow"
    if not found.everything_in_shadow:
        on = "all runbooks" if "*" in found.acting else ", ".join(found.acting)
    yield f"switched on: {on}"
    runs = counted(found.runs, "run", "runs")
    yield f"in shadow in the last {counted(found.days, 'day', 'days')}: {runs}"
    shown = found.rows[:MOST]
    if shown:
        head = ("RUNBOOK", "STEP", "ACTION", "WOULD HAVE", "INCIDENTS", "NOW")
        yield from table([head, *(_cells(row, found) for row in shown)])
        yield ""
        yield "what people then did, what verification says of it, whether it got better without:"
        over = ("RUNBOOK", "STEP", "PEOPLE", "VERIFICATION", "BETTER WITHOUT")
        yield from table([over, *map(_seen, shown)])
    if len(found.rows) > MOST:
        yield f"and {len(found.rows) - MOST} more: --json has them all"


def _cells(row: Row, found: Report) -> Sequence[str]:
    now = "acts" if row.runbook in found.acts else "in shadow"
    times = counted(row.would_have, "time", "times")
    return (row.runbook, row.step, row.action, times, str(len(row.incidents)), now)


def _seen(row: Row) -> Sequence[str]:
    people = [(name, row.people.get(word, 0)) for word, name in DID.items()]
    verdicts = [(word, row.verification.get(word, 0)) for word in VERDICTS]
    better = [(word, row.better.get(word, 0)) for word in ANSWERS]
    return (row.runbook, row.step, *map(_counts, (people, verdicts, better)))


def _counts(pairs: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in pairs if count) or "-"
