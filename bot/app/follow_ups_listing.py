"""What is left to be done, of all incidents, for people and for machines."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from incidents.desk import Desk
from incidents.followups import FollowUp, FollowUps
from incidents.journal import Aggregate
from incidents.people import People

Listed = Mapping[str, object]
"""One follow-up as JSON shows it."""


def listing(desk: Desk, *, people: People, incident: int | None = None) -> list[Listed]:
    """Return what is open, what is due first at the top; of one incident also what is done."""
    rows = desk.journal.summaries(
        aggregate=Aggregate.FOLLOW_UPS, incident=incident, open_only=incident is None
    )
    now, found = desk.clock(), list[tuple[FollowUps, FollowUp]]()
    for row in rows:
        if row.incident is not None:
            state = desk.follow_ups(row.incident)
            found += [(state, one) for one in state.all.values() if one.open or incident]
    found.sort(key=lambda each: (not each[1].open, each[1].due, each[0].incident))
    return [_plain(state, one, people, now) for state, one in found]


def lines(found: Sequence[Listed]) -> Iterator[str]:
    """Yield the listing as lines."""
    for one in found:
        kind = "left" if one["left"] else "to do"
        if one["done"]:
            yield f"{one['follow_up']}  done: {one['what']}: {one['because']}"
            continue
        late = "overdue since" if one["overdue"] else "until"
        who = f"{one['owner_name']}, {late} {one['due']}"
        yield f"{one['follow_up']}  {kind}: {one['what']} ({who})"
        if one["undo"]:
            yield f"    triaged followups undo {one['follow_up']} takes it back"
        if one["normal"]:
            yield f"    triaged followups normal {one['follow_up']} goes back to {one['normal']}"


def _plain(state: FollowUps, one: FollowUp, people: People, now: datetime) -> Listed:
    made = one.made
    return {
        "follow_up": state.label(made.number),
        "incident": state.incident,
        "number": made.number,
        "left": one.left,
        "what": made.what,
        "owner": one.owner,
        "owner_name": people.called(one.owner),
        "due": f"{one.due:%Y-%m-%d %H:%M} UTC",
        "due_at": one.due,
        "overdue": one.open and one.due <= now,
        "reminders": one.reminders,
        "run": made.run,
        "step": made.step,
        "undo": made.undo and one.open,
        "normal": ", ".join(f"{name} {value}" for name, value in made.back if name != "action"),
        "done": not one.open,
        "because": one.done.because if one.done else "",
        "done_by": one.done.by if one.done else None,
    }
