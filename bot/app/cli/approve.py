"""`triaged approve` and `triaged reject`: the same decision as in Slack, from the server."""

import sys
from typing import Annotated, cast  # a told state is its aggregate's own type

from cyclopts import Parameter

from bot.app.cli.output import Json, show
from bot.app.cli.person import person
from bot.app.cli.reason import Reason
from bot.app.configuration_shapes import PEOPLE
from bot.app.opening import Opened, opened
from bot.app.settings import load
from bot.chat import replies
from bot.chat.card import afterwards
from bot.chat.wording import fate, names
from incidents.approval import Approval, ApprovalState, barred
from incidents.commands.approval import Approve, Refuse
from incidents.errors import NotAllowed, Rejected
from incidents.events.run import PlanRecord
from incidents.people import Person
from incidents.telling import change

Digest = Annotated[str, Parameter(help="Digest of the plan; without it the plan is only shown.")]


def approve(approval: str, digest: Digest = "", /, *, as_json: Json = False) -> None:
    """Approve exactly the plan with this digest, as the person behind this login."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        if not digest:
            _show_plan(desk, approval, as_json=as_json)
            return
        who = person(desk.configuration.people)
        command = Approve(by=who.id, via="cli", digest=digest)
        _decide(desk, approval, command, who, as_json=as_json)


def reject(
    approval: str, digest: str, /, *, reason: Reason = "rejected", as_json: Json = False
) -> None:
    """Say no to exactly the plan with this digest."""
    with opened(load(), needed=(PEOPLE,)) as desk:
        who = person(desk.configuration.people)
        command = Refuse(by=who.id, via="cli", digest=digest, reason=reason)
        _decide(desk, approval, command, who, as_json=as_json)


def _decide(
    desk: Opened, approval: str, command: Approve | Refuse, who: Person, *, as_json: bool
) -> None:
    """Let the person decide; `by` are ids for programs, people read names."""
    people = desk.configuration.people
    state = _told(desk, _named(approval), command)
    if barred(state, command.by) is not None:
        raise NotAllowed(replies.barred(state, who, people))
    found = {"approval": state.id, "state": state.state.value, "by": state.decided_by}
    show(found, [f"{state.id}: {fate(state, people)}"], as_json=as_json)


def _told(desk: Opened, stream: str, command: Approve | Refuse) -> Approval:
    """Return the approval after the decision; raises Rejected where it comes too late."""
    try:
        return cast("Approval", desk.desk.tell(stream, command).state)
    except Rejected as error:
        state = desk.desk.approval(stream)
        if state.asked is None or state.state is ApprovalState.REQUESTED:
            raise
        message = f"too late, {stream}: {fate(state, desk.configuration.people)}"
        raise Rejected(message) from error


def _show_plan(desk: Opened, approval: str, *, as_json: bool) -> None:
    state = desk.desk.approval(_named(approval))
    asked = state.asked
    if asked is None:
        message = f"there is no {approval}"
        raise Rejected(message)
    step = desk.desk.run(asked.run).step(asked.step)
    plan = step.plan if step.approval == state.id else None  # else it is another one's
    waits = state.state is ApprovalState.REQUESTED
    people = desk.configuration.people
    who = names(asked.approvers, people) or "nobody"
    many = f"{asked.needed} of " if asked.needed > 1 else ""
    lines = [
        f"{state.id}: {fate(state, people)}",
        asked.title,
        *([] if plan is None else _told_of(plan)),
        f"expires {asked.expires_at:%Y-%m-%d %H:%M:%S} UTC; approvers {many}{who}",
        *([f"to approve: triaged approve {state.id} {asked.digest}"] if waits else []),
    ]
    show({"approval": state.id, "asked": asked, "plan": plan}, lines, as_json=as_json)
    sys.stdout.flush()


def _told_of(plan: PlanRecord) -> list[str]:
    """Return what the card says of a plan, its way back among it."""
    after = (f"{name.lower()}: {said}" for name, said in afterwards(plan))
    return [change(plan), plan.kubectl, *plan.warnings, *after]


def _named(approval: str) -> str:
    """Return the stream's name; the number alone is enough."""
    return approval if approval.startswith("approval-") else f"approval-{approval}"
