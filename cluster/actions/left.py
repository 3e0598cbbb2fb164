"""What an action leaves behind that is not to stay, and whether it still stands."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from cluster.actions import field
from cluster.actions.plan import Plan
from cluster.actions.pointers import path
from cluster.clients.objects import OwnerReference, newest
from cluster.clients.reads import Objects
from cluster.clients.refusals import Missing
from cluster.clients.things import Thing, where
from cluster.owners.in_git import dotted
from cluster.owners.place import value
from incidents.errors import Rejected, Unavailable
from incidents.events.run import LeavesRecord, WriteRecord

HOURS: Final = timedelta(hours=4)
"""How long what stands in the way of a cluster's own work may stay: within a shift."""
DAY: Final = timedelta(days=1)
"""How long a number may stay that is not the usual one: until somebody has seen a day of load."""
NOTES: Final = "/metadata/annotations/"
NORMAL: Final = "replicas"

Says = Callable[[Plan], str]
"""Says what a plan leaves behind, empty where it leaves nothing: the way back is one of those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """That an action leaves something behind: what, and how long it may stay.

    `words` is the line of the documentation.
    """

    words: str
    of: Says
    within: timedelta


class Standing(Enum):
    """Whether what was left still stands."""

    STANDS = "it stands"
    GONE = "it is gone"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look at the live object says, and why."""

    standing: Standing
    because: str


def changed(plan: Plan) -> str:
    """Return what a plan leaves as the change of the object that it writes."""
    what = OwnerReference(kind=plan.write.kind, name=plan.write.name, uid=plan.write.uid)
    return f"{where(plan.write.namespace, what)}: {field.arrows(plan)}"


def on(name: str, meant: str, says: Says = changed) -> Says:
    """Return what says it only of plans in which a parameter has this value."""
    return lambda plan: says(plan) if dict(plan.parameters).get(name) == meant else ""


def of(leaves: Leaves | None, plan: Plan) -> LeavesRecord | None:
    """Return what a plan leaves behind, as it travels with the plan."""
    what = leaves.of(plan) if leaves else ""
    return LeavesRecord(what=what, within=leaves.within) if leaves and what else None


def look(
    objects: Objects,
    write: WriteRecord,
    before: tuple[tuple[str, str], ...],
    back: tuple[tuple[str, str], ...] = (),
) -> Seen:
    """Say whether what was written still stands in the live object; one read.

    A number counts as taken back when it is where it was before, or beyond; with `back` (the step
    to what is normal) when it is normal. Anything else is gone when it is not as it was written.
    """
    reference = OwnerReference(
        kind=write.kind, name=write.name, uid=write.uid, api_version=write.api_version
    )
    what = where(write.namespace, reference)
    try:
        found = objects.thing(write.namespace, reference)
    except Missing:
        return Seen(standing=Standing.GONE, because=f"there is no {what} any more")
    except (Rejected, Unavailable) as error:
        return Seen(standing=Standing.CANNOT_TELL, because=str(error))
    if found.itself.uid != write.uid:
        return Seen(standing=Standing.GONE, because=f"{what} was deleted and made anew")
    return _compared(found, write, before, back)


def _compared(
    found: Thing,
    write: WriteRecord,
    before: tuple[tuple[str, str], ...],
    back: tuple[tuple[str, str], ...],
) -> Seen:
    was = [dict(back).get(NORMAL) or text for _, text in before]
    told = [(name, new, text) for (name, new), text in zip(write.fields, was, strict=False)]
    # A note of ours beside the change is not the change.
    meant = [one for one in told if not one[0].startswith(NOTES)] or told
    if not all(_is_back(value(found.body, path(name)), new, text) for name, new, text in meant):
        return Seen(standing=Standing.STANDS, because="it stands as it was left")
    now = ", ".join(_now(found, name) for name, _, _ in meant)
    return Seen(standing=Standing.GONE, because=f"{found}: {now}{_by(found, meant)}")


def _is_back(live: object, new: str, was: str) -> bool:
    written = json.loads(new)
    if live == written:
        return False
    if not (_counts(live) and _counts(written) and was.lstrip("-").isdecimal()):
        return True
    assert isinstance(live, int)  # noqa: S101  # it counts
    return live <= int(was) if int(was) < written else live >= int(was)


def _counts(one: object) -> bool:
    return isinstance(one, int) and not isinstance(one, bool)


def _now(found: Thing, name: str) -> str:
    live = value(found.body, path(name))
    return f"{path(name)[-1]} is {'not set' if live is None else json.dumps(live)}"


def _by(found: Thing, meant: list[tuple[str, str, str]]) -> str:
    """Return who wrote one of the fields last; of what was taken away nobody is told."""
    names = {dotted(path(name)) for name, _, _ in meant}
    last = newest(each for each in found.writers if each.fields & names)
    return f", written by {last.manager}" if last else ""
