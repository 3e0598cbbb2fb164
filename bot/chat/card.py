"""The approval card: exactly what will happen, and who may let it happen."""

from collections.abc import Mapping

from bot.chat.message import Block, Button, Buttons, Code, Context, Fields, Header, Message, Section
from bot.chat.situation import Situation, Told
from bot.chat.wording import DAY, fate, names, shortened, within
from incidents.approval import Approval, ApprovalState
from incidents.events.approval import ApprovalRequested
from incidents.events.run import ActionPlanned, CheckFinished, LeavesRecord, PlanRecord
from incidents.incident_rules import minutes
from incidents.telling import elsewhere, measured, pairs

APPROVE = "approve"
REJECT = "reject"
SEPARATOR = "|"
TITLE = 120
_VERBS: Mapping[ApprovalState, str] = {
    ApprovalState.REQUESTED: "Approve?",
    ApprovalState.GRANTED: "Approved:",
    ApprovalState.REFUSED: "Rejected:",
    ApprovalState.EXPIRED: "Expired:",
    ApprovalState.VOIDED: "Void:",
    ApprovalState.CONSUMED: "Carried out:",
}


def card(situation: Situation, approval: Approval) -> Message:
    """Return the card as the journal has it, with buttons only while somebody can decide."""
    asked = approval.asked
    title = asked.title if asked else approval.id
    undecided = approval.state is ApprovalState.REQUESTED
    verb = _VERBS[approval.state]
    blocks: tuple[Block, ...] = (Header(text=shortened(f"{verb} {title}", TITLE)),)
    planned = situation.planned(approval)
    if planned is not None and isinstance(planned.event, ActionPlanned):
        blocks += (*_details(planned.event.plan), *_evidence(situation, planned))
    if asked is not None and undecided:
        blocks += _question(situation, approval, asked)
    else:
        blocks += (*_waits(situation, approval), Context(text=_fate(situation, approval)))
    return Message(text=f"{verb} {title}", blocks=blocks)


def button_value(approval: Approval) -> str:
    """Return what a button carries: the approval and the digest of the plan it is for."""
    return f"{approval.id}{SEPARATOR}{approval.digest}"


def read_value(value: str) -> tuple[str, str]:
    """Return approval and digest of a button's value; empty digest where it is none of ours."""
    name, _, digest = value.partition(SEPARATOR)
    return name, digest


def _details(plan: PlanRecord) -> tuple[Block, ...]:
    before = dict(plan.before)
    arrows = ", ".join(f"{name} {before.get(name, 'none')} → {to}" for name, to in plan.after)
    fields = (
        ("Change", arrows),
        ("Object", f"{plan.kind} {plan.namespace}/{plan.name}"),
        *((("Written to", elsewhere(plan)),) if elsewhere(plan) else ()),
        ("Owner", " ← ".join(plan.owner_path)),
        ("Dry run", plan.dry_run),
        *afterwards(plan),
        ("Plan", plan.digest[:12]),
    )
    warnings = tuple(Section(strong="Warning", text=one) for one in plan.warnings)
    return (Fields(pairs=fields), *warnings, Code(text=plan.kubectl))


def afterwards(plan: PlanRecord) -> tuple[tuple[str, str], ...]:
    """Return how the change is taken back, or that it cannot be, and what it leaves behind."""
    left = (("Leaves", _leaves(plan.leaves)),) if plan.leaves else ()
    return (("Undo", _undo(plan)), *left)


def _undo(plan: PlanRecord) -> str:
    back = tuple(pair for pair in plan.inverse if pair[0] != "action")
    action = dict(plan.inverse).get("action", plan.action)
    return f"{action} back to {pairs(back)}" if plan.inverse else "cannot be undone"


def _leaves(found: LeavesRecord) -> str:
    return f"{found.what}; whoever approves takes it back within {minutes(found.within)}"


def _evidence(situation: Situation, planned: Told) -> tuple[Block, ...]:
    """Return the last check before the plan: what it is based on."""
    before = [one for one in situation.told if _earlier(one, planned)]
    checks = [one.event for one in before if isinstance(one.event, CheckFinished)]
    if not checks:
        return ()
    shown = (one for one in checks[-1].evidence if one.pod is None and one.value is not None)
    numbers = "; ".join(map(measured, shown))
    text = f"{checks[-1].verdict}: {checks[-1].because}"
    return (Section(strong="Evidence", text=f"{text}\n{numbers}" if numbers else text),)


def _earlier(one: Told, than: Told) -> bool:
    return one.run == than.run and one.version < than.version


def _question(
    situation: Situation, approval: Approval, asked: ApprovalRequested
) -> tuple[Block, ...]:
    value, sure, no = button_value(approval), f"{asked.title}?", f"Reject: {asked.title}?"
    frozen = (
        Section(
            strong="Frozen",
            text=f"nothing may be changed {within(one.scope)}: it waits for the thaw",
        )
        for one in situation.frozen
    )
    return (
        *frozen,
        Buttons(
            buttons=(
                Button(action=APPROVE, label="Approve", value=value, style="primary", confirm=sure),
                Button(action=REJECT, label="Reject", value=value, style="danger", confirm=no),
            )
        ),
        Context(text=_who(situation, approval, asked)),
    )


def _waits(situation: Situation, approval: Approval) -> tuple[Block, ...]:
    """Return what an approved change still waits for: who pressed must not press again."""
    if approval.state is not ApprovalState.GRANTED:
        return ()
    return tuple(
        Section(strong="Waits", text=run.waits.because)
        for run in situation.runs
        if run.waits is not None and run.step(run.waits.step).approval == approval.id
    )


def _who(situation: Situation, approval: Approval, asked: ApprovalRequested) -> str:
    people = situation.people
    needed = f"{asked.needed} of " if asked.needed > 1 else ""
    voted = f" · {names(approval.votes, people)} approved already" if approval.votes else ""
    who = names(asked.approvers, people) or "nobody"
    edited = f" · edited by {names(asked.edited_by_all, people)}" if asked.edited_by_all else ""
    return f"{needed}{who} may decide{voted}{edited} · expires {asked.expires_at:{DAY}}"


def _fate(situation: Situation, approval: Approval) -> str:
    text = fate(approval, situation.people)
    return text if approval.updated_at is None else f"{text} · {approval.updated_at:{DAY}}"
