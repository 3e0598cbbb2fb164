"""What people did since a plan was only planned, and how near that is to it. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from cluster.actions import copying
from cluster.actions.field import ours
from cluster.actions.pointers import path
from cluster.clients import parse
from cluster.clients.objects import Writer
from cluster.clients.things import Thing
from cluster.owners.in_git import dotted
from cluster.owners.place import value
from cluster.shadow.standing import MOST, Pairs, Standing, leaving, named, parts, planned
from incidents.events.run import PlanRecord
from incidents.events.shadow import Did, PeopleActed

ITSELF: Final = frozenset({"kube-controller-manager", "kube-scheduler", "kubelet"})
"""Field managers of Kubernetes: what it does by itself, as an autoscaler's size, no person did."""
MOST_NAMED: Final = 5
"""So many pods and writers are told by their names."""
UNSEEN: Final = "what stood there was not seen when it was planned"


class Way(Enum):
    """How a planned field stands."""

    STILL = "as before"
    REACHED = "as planned"
    TOWARDS = "the planned way"
    ELSE = "something else"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What was there when it was planned: the marks, and the pods with their uids."""

    at: datetime
    marks: Mapping[str, str]
    pods: Pairs


def compare(plan: PlanRecord, step: str, then: Then, now: Standing) -> PeopleActed:
    """Return what people did since then.

    What triaged did itself, in another run, says nothing of people, and what Kubernetes did by
    itself nobody did.
    """
    case = _Case(plan=plan, step=step, then=then, now=now)
    if not planned(plan):
        return _removed(case)
    if not plan.write.uid:
        what = f"what people ran instead of {plan.write.kind} {plan.write.name} is not known"
        return case.told(Did.CANNOT_TELL, what)
    if now.written is None:
        return case.told(Did.OTHERWISE, f"{plan.write.kind} {plan.write.name} was deleted")
    ways = ways_of(plan, then, now.written)
    if all(way is Way.STILL for way in ways):
        return _beside(case)
    return _changed(case, now.written, ways)


def ways_of(plan: PlanRecord, then: Then, written: Thing) -> tuple[Way, ...]:
    """Return how each planned field stands, in the order of the plan."""
    return tuple(
        _way(plan, then, number, value(written.body, path(field)))
        for number, field in enumerate(planned(plan))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Everything that a comparison looks at."""

    plan: PlanRecord
    step: str
    then: Then
    now: Standing

    def told(
        self, did: Did, what: str, by: Sequence[Writer] = (), *, became: Pairs = ()
    ) -> PeopleActed:
        return PeopleActed(
            step=self.step,
            did=did,
            what=what,
            became=became,
            who=tuple(dict.fromkeys(each.manager for each in by))[-MOST_NAMED:],
            at=max((each.at for each in by if each.at is not None), default=None),
        )


def _changed(case: _Case, written: Thing, ways: Sequence[Way]) -> PeopleActed:
    """Return how a change of the planned fields compares."""
    by = _writers(written, [path(each) for each in planned(case.plan)], case.then.at)
    became = _became(case.plan, written)
    shown = [f"{_short(field)} is {_plain(new)} now" for field, new in became]
    what = ", ".join(shown) or f"{_fields(case.plan, ways, Way.REACHED)} became as planned"
    if any(_ours(each) for each in by):
        return case.told(Did.CANNOT_TELL, "triaged changed it itself, in another run")
    if by and not any(map(_person, by)):
        return case.told(Did.NOTHING, f"{what}, by {by[-1].manager}")
    if all(way is Way.REACHED for way in ways):
        return case.told(Did.SAME, what, by, became=became)
    if Way.ELSE in ways:
        fields = _fields(case.plan, ways, Way.ELSE)
        return case.told(Did.OTHERWISE, f"{fields} became something else", by)
    if Way.UNKNOWN in ways:
        return case.told(Did.CANNOT_TELL, UNSEEN)
    return case.told(Did.AMOUNT, what, by, became=became)


def _way(plan: PlanRecord, then: Then, number: int, live: object) -> Way:
    field = planned(plan)[number]
    if _reached(plan, field, live):
        return Way.REACHED
    moved = _moved(plan, number, live)
    if moved is not None:
        return moved
    if field not in then.marks:
        return Way.UNKNOWN
    return Way.STILL if then.marks[field] == copying.digest(live) else Way.ELSE


def _reached(plan: PlanRecord, field: str, live: object) -> bool:
    """Tell whether a field is as planned; a moment is reached by any later one.

    So it is with a restart: whoever restarts by hand writes the moment of then.
    """
    for each in plan.write.copied:
        if each.field == field:
            return copying.digest(live) == each.digest
    wanted = json.loads(dict(plan.write.fields)[field])
    if copying.digest(live) == copying.digest(wanted):
        return True
    due, done = _date(wanted), _date(live)
    return due is not None and done is not None and done >= due


def _moved(plan: PlanRecord, number: int, live: object) -> Way | None:
    """Return which way a number went; None for what is no number, or was none."""
    if number >= min(len(plan.write.fields), len(plan.before)):
        return None
    wanted = _number(json.loads(plan.write.fields[number][1]))
    before, now = _number_in(plan.before[number][1]), _number(live)
    if wanted is None or before is None or now is None:
        return None
    if now == before:
        return Way.STILL
    return Way.TOWARDS if (now > before) == (wanted > before) else Way.ELSE


def _became(plan: PlanRecord, written: Thing) -> Pairs:
    """Return what the planned fields are now, where that can be nothing secret."""
    found = ((field, value(written.body, path(field))) for field, _ in plan.write.fields)
    return tuple(
        (field, json.dumps(live))
        for field, live in found
        if _reached(plan, field, live) or _number(live) is not None
    )


def _removed(case: _Case) -> PeopleActed:
    """Return what became of the pods that would have been asked to go."""
    gone, part = _gone(case), _other_part(case)
    if part is not None:
        also = f", and {', '.join(gone[:MOST_NAMED])} went with it" if gone else ""
        return case.told(Did.OTHERWISE, f"{part[0]} changed{also}", part[1])
    wanted = 1 + len(case.plan.write.also)
    if len(gone) == wanted == 1:
        return case.told(Did.SAME, f"Pod {gone[0]} is gone")
    if not gone or case.now.hidden:
        return _pods(case)
    did = Did.SAME if len(gone) == wanted else Did.AMOUNT
    return case.told(did, f"{len(gone)} of {wanted} pods are gone")


def _gone(case: _Case) -> Sequence[str]:
    """Return which of the plan's pods are gone, or go; the first is read by itself."""
    write, pod = case.plan.write, case.now.written
    first = [write.name] if pod is None or leaving(pod) else []
    return [*first, *(name for name, uid in write.also if case.now.pods.get(name) != uid)]


def _beside(case: _Case) -> PeopleActed:
    """Return what else people did, where the planned fields stand as before."""
    part = _other_part(case)
    if part is not None:
        return case.told(Did.OTHERWISE, f"{part[0]} changed", part[1])
    return _pods(case)


def _other_part(case: _Case) -> tuple[str, Sequence[Writer]] | None:
    """Return a part of an object that people changed, and who did."""
    for thing in case.now.things:
        for part in _differing(case.then, thing):
            by = _writers(thing, [tuple(part.split("."))], case.then.at)
            people = [each for each in by if _person(each)]
            if people or not by:
                return named(thing, part), people
    return None


def _differing(then: Then, thing: Thing) -> Sequence[str]:
    """Return the parts that are not as they were; none of an object that was not seen then."""
    of = named(thing, "")
    was = {name.removeprefix(of): old for name, old in then.marks.items() if name.startswith(of)}
    now = parts(thing)
    # Of what was cut off nobody knows whether it was there.
    known = {*was, *now} if was and len(then.marks) < MOST else set(was)
    return [name for name in sorted(known) if was.get(name) != now.get(name)]


def _pods(case: _Case) -> PeopleActed:
    """Return that pods were taken away, or that nothing happened, as far as all of it is seen."""
    now, then, target = case.now, case.then, case.now.target
    if now.hidden:
        return case.told(Did.CANNOT_TELL, now.hidden)
    if target is None:
        return case.told(Did.OTHERWISE, f"{case.plan.kind} {case.plan.name} was deleted")
    if not any(name.startswith(named(target, "")) for name in then.marks):
        return case.told(Did.CANNOT_TELL, UNSEEN)
    gone = [name for name, uid in then.pods if now.pods.get(name) != uid]
    # Of another size pods go by themselves: its autoscaler's, or it had been said before.
    if gone and "spec.replicas" not in _differing(then, target):
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        return case.told(Did.OTHERWISE, f"Pod {gone[0]}{more} went")
    return case.told(Did.NOTHING, "everything stands as it did")


def _writers(thing: Thing, paths: Iterable[tuple[str, ...]], since: datetime) -> Sequence[Writer]:
    """Return who wrote any of the fields since, the last one last.

    Of a size that was written through `/scale` the API server keeps no moment; but whoever writes a
    field takes it from whoever had it, so that who has it now wrote it last.
    """
    # The API server keeps whole seconds: what came in the same second may have come after.
    floor = since.replace(microsecond=0)
    fields = [dotted(each) for each in paths]
    wrote = [each for each in thing.writers if _wrote(each, fields)]
    dated = sorted((each for each in wrote if each.at is not None), key=_moment)
    return [
        *(each for each in dated if _moment(each) >= floor),
        *(each for each in wrote if each.at is None),
    ]


def _moment(writer: Writer) -> datetime:
    return writer.at or datetime.min.replace(tzinfo=UTC)


def _wrote(writer: Writer, fields: Iterable[str]) -> bool:
    """Tell whether a writer has one of the fields, or something inside it."""
    return any(
        one == field or one.startswith(f"{field}.") for field in fields for one in writer.fields
    )


def _ours(writer: Writer) -> bool:
    return ours(writer.manager)


def _person(writer: Writer) -> bool:
    return writer.manager not in ITSELF and not _ours(writer)


def _fields(plan: PlanRecord, ways: Sequence[Way], way: Way) -> str:
    both = zip(planned(plan), ways, strict=True)
    return ", ".join(_short(field) for field, one in both if one is way)


def _short(field: str) -> str:
    return path(field)[-1]


def _plain(new: str) -> str:
    return new.strip('"')


def _date(given: object) -> datetime | None:
    """Return the moment that a value is, None for any other value."""
    if not isinstance(given, str) or "T" not in given:
        return None
    try:
        return parse.moment(given)
    except ValueError:
        return None


def _number(given: object) -> float | None:
    plain = isinstance(given, int | float) and not isinstance(given, bool)
    return float(given) if plain else None  # type: ignore[arg-type]  # `plain` says that it is one


def _number_in(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
