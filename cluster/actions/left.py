"""What an action leaves behind that is not to stay, and whether it still stands."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Final

from cluster.actions import engine_words, field
from cluster.actions.plan import Plan
from cluster.actions.pointers import path
from cluster.clients.objects import OwnerReference, newest
from cluster.clients.quantities import quantity
from cluster.clients.reads import Objects
from cluster.clients.refusals import Missing
from cluster.clients.things import Json, Thing, where
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
NONE: Final = "none"
"""What actions tell of a value that is not there."""
FLAG: Final = "--"

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
    to what is normal) when it is normal. A mark is gone when it is another; a word when it is as
    before. Of anything between nobody can tell.
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
    names = [name for name, _ in before]
    told = list(zip(write.fields, was, names, strict=False))
    # A note of ours beside the change is not the change.
    meant = [one for one in told if not one[0][0].startswith(NOTES)] or told
    looks = {_looked(found, name, new, text, words) for (name, new), text, words in meant}
    if Standing.STANDS in looks:
        return Seen(standing=Standing.STANDS, because="it stands as it was left")
    if Standing.CANNOT_TELL in looks:
        because = f"{found}: it is neither as it was left nor as before"
        return Seen(standing=Standing.CANNOT_TELL, because=because)
    now = ", ".join(_now(found, name) for (name, _), _, _ in meant)
    by = _by(found, [name for (name, _), _, _ in meant])
    return Seen(standing=Standing.GONE, because=f"{found}: {now}{by}")


def _looked(found: Thing, name: str, new: str, was: str, told: str) -> Standing:
    """Compare one field; `told` is its name for people, and of a flag ends with the flag."""
    at, written = path(name), json.loads(new)
    if told.rpartition(" ")[2].startswith(FLAG):
        return _flag(found, at, written, told.rpartition(" ")[2], was)
    live = value(found.body, at)
    if live == written:
        return Standing.STANDS
    if _counts(live) and _counts(written) and was.lstrip("-").isdecimal():
        return _number(Decimal(str(live)), Decimal(str(written)), Decimal(was))
    if isinstance(written, str):
        return _text(NONE if live is None else str(live), written, was)
    if live is not None and (_counts(written) or isinstance(written, (list, dict))):
        return Standing.GONE if str(live) == was else Standing.CANNOT_TELL
    return Standing.GONE


def _flag(found: Thing, at: tuple[str, ...], written: object, flag: str, was: str) -> Standing:
    """Compare a flag with the line as it is now: its words may have moved, or be others."""
    depth = next((i for i, part in enumerate(at) if part in engine_words.PARTS), len(at))
    container = value(found.body, at[:depth])
    if not isinstance(container, Mapping):
        return Standing.CANNOT_TELL
    line = written if isinstance(written, list) else [] if written is None else [written]
    try:
        now = _valued(container, flag)
        meant = _valued({"args": line}, flag)
    except Rejected:
        return Standing.CANNOT_TELL
    if isinstance(written, str) and meant == NONE:
        # It stands in the word behind the flag.
        meant = written
    return _text(now, meant, was)


def _valued(container: Json, flag: str) -> str:
    found = engine_words.find(container, flag, about=flag)
    return NONE if found is None else found.value


def _text(live: str, written: str, was: str) -> Standing:
    if live in {written, was}:
        return Standing.STANDS if live == written else Standing.GONE
    numbers = [quantity(one) for one in (live, written, was)]
    if None in numbers:
        return Standing.CANNOT_TELL
    now, left, before = (one for one in numbers if one is not None)
    return _number(now, left, before)


def _number(live: Decimal, written: Decimal, was: Decimal) -> Standing:
    """Compare numbers: half of the way is not back."""
    back = live <= was if was < written else live >= was
    return Standing.GONE if back and live != written else Standing.STANDS


def _counts(one: object) -> bool:
    return isinstance(one, int) and not isinstance(one, bool)


def _now(found: Thing, name: str) -> str:
    live = value(found.body, path(name))
    return f"{path(name)[-1]} is {'not set' if live is None else json.dumps(live)}"


def _by(found: Thing, meant: Sequence[str]) -> str:
    """Return who wrote one of the fields last; of what was taken away nobody is told."""
    names = {dotted(path(name)) for name in meant}
    last = newest(each for each in found.writers if each.fields & names)
    return f", written by {last.manager}" if last else ""
