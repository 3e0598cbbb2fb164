"""cool_down: what was changed a moment ago is given time to show what it did."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cluster.actions import field
from cluster.actions.plan import Plan
from cluster.clients.objects import Writer, newest
from cluster.clients.things import Thing
from cluster.guardrails.guard import Answer, CannotTell, Guard, Later, Warned
from cluster.guardrails.scene import Scene
from cluster.owners.in_git import dotted
from cluster.owners.sight import Hidden
from incidents.events.run import PlanRecord


def judge(scene: Scene) -> Iterator[Answer]:
    """Wait after the last change by the same action; taking it back never waits.

    That it was ours the object itself says (`metadata.managedFields`), and what it was the journal;
    when, the one or the other: of a write through `/scale` the object keeps no moment. A pod that
    goes takes the mark with it: there the other guards count what is left.
    """
    pause = scene.limits.cool_down
    if not pause or not (scene.plan.write.fields or scene.plan.write.copied):
        return
    if not scene.plan.write.uid:
        return  # it is to be made, so that nobody has changed it
    found = scene.written()
    if not isinstance(found, Thing):
        why = found.because if isinstance(found, Hidden) else "it is gone"
        yield CannotTell(f"when it was changed last: {why}")
        return
    last = _last(scene.plan, found)
    if last is None:
        return
    before = scene.past(last.manager.removeprefix(f"{field.OURS}/"))
    at = last.at or (before.at if before else None)
    if at is None:
        yield Warned("triaged changed it, and nobody knows when: that may not show yet")
    elif scene.at < at + pause:
        yield from _young(scene, at, before.plan if before else None)


def _young(scene: Scene, at: datetime, before: PlanRecord | None) -> Iterator[Answer]:
    said = f"triaged changed it at {at:%H:%M:%S} UTC"
    if before is None:
        yield Warned(f"{said}; what that did may not show yet")
        return
    if before.action != scene.plan.action or takes_back(scene.plan, before):
        return
    until = at + scene.limits.cool_down
    yield Later(f"{said}, by {before.action}; it cools down until {until:%H:%M:%S} UTC")


def takes_back(plan: Plan, before: PlanRecord) -> bool:
    """Tell whether a plan writes what stood there before the other one."""
    return plan.write.uid == before.write.uid and dict(plan.after) == dict(before.before)


def _last(plan: Plan, found: Thing) -> Writer | None:
    """Return as whom we wrote one of the plan's fields last; None where we did not."""
    fields = {dotted(each) for each in field.written_paths(plan)}
    return newest(
        each for each in found.writers if field.ours(each.manager) and _touches(each.fields, fields)
    )


def _touches(written: frozenset[str], fields: set[str]) -> bool:
    """Tell whether a writer owns one of the fields, or what stands below it."""
    return any(one == each or one.startswith(f"{each}.") for one in written for each in fields)


GUARD: Final = Guard(
    name="cool_down",
    meaning="The same action waits until its last change has had time to show",
    judge=judge,
)
