"""What shadow has shown of each step: how often people did the same, and what came of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from incidents.events.shadow import Did
from incidents.shadow import Watch

WATCHED = "still watched"
UNWATCHED = "not watched"
PEOPLE = (*(one.value for one in Did), WATCHED, UNWATCHED)
"""What is said of people, the nearest first; not watched is what an earlier release planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A step that would have acted in an incident, and its watch; None where there was none."""

    runbook: str
    step: str
    action: str
    incident: int
    watch: Watch | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A step of a runbook, with how often each thing was so.

    `people` counts what they did, by the words of PEOPLE. `verification` counts the verdicts about
    what they did, as far as it can be judged; `better` whether it got better without the step.
    """

    runbook: str
    step: str
    action: str
    would_have: int
    incidents: tuple[int, ...]
    people: Mapping[str, int] = field(default_factory=dict)
    verification: Mapping[str, int] = field(default_factory=dict)
    better: Mapping[str, int] = field(default_factory=dict)


def counted(planned: Iterable[Planned]) -> tuple[Row, ...]:
    """Return a row for each step, the most frequent first; each plan counts once for people."""
    found = dict[tuple[str, str, str], list[Planned]]()
    for one in planned:
        found.setdefault((one.runbook, one.step, one.action), []).append(one)
    steps = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(_row(name, ones) for name, ones in steps)


def _row(name: tuple[str, str, str], ones: list[Planned]) -> Row:
    runbook, step, action = name
    watches = [one.watch for one in ones if one.watch is not None]
    return Row(
        runbook=runbook,
        step=step,
        action=action,
        would_have=len(ones),
        incidents=tuple(sorted({one.incident for one in ones})),
        people=Counter(_people(one.watch) for one in ones),
        verification=Counter(_verdicts(watches)),
        better=Counter(_better(watches)),
    )


def _people(watch: Watch | None) -> str:
    """Return what people did; what was seen already counts while the watch goes on."""
    if watch is None:
        return UNWATCHED
    return watch.did.value if watch.did is not None else WATCHED


def _verdicts(watches: Iterable[Watch]) -> Iterable[str]:
    for one in watches:
        if one.proof is not None:
            yield one.proof.verdict
        elif one.unproven:
            yield WATCHED


def _better(watches: Iterable[Watch]) -> Iterable[str]:
    for one in watches:
        if one.ended is not None and one.ended.better is not None:
            yield one.ended.better.value
