"""The approval card: exactly what will happen, and who may let it happen."""

from bot.chat.headline import DAY, shortened
from bot.chat.message import Block, Button, Buttons, Code, Context, Fields, Header, Message, Section
from bot.chat.situation import Situation
from incidents.approval import Approval, ApprovalState, fate
from incidents.events.run import PlanRecord
from incidents.telling import measured, pairs

APPROVE = "approve"
REJECT = "reject"
SEPARATOR = "|"


def card(situation: Situation, approval: Approval) -> Message:
    """Return the card as the journal has it, with buttons only while somebody can decide."""
    asked = approval.asked
    plan = _plan(situation, approval)
    title = asked.title if asked else approval.id
    open_now = approval.state is ApprovalState.REQUESTED
    verb = "Approve?" if open_now else approval.state.value.capitalize()
    blocks: tuple[Block, ...] = (Header(text=shortened(f"{verb} {title}", 140)),)
    if plan is not None:
        blocks += _details(plan)
        blocks += _evidence(situation, approval)
    blocks += _decision(situation, approval)
    return Message(text=f"{verb} {title}", blocks=blocks)


def button_value(approval: Approval) -> str:
    """Return what a button carries: the approval and the digest of the plan it is for."""
    return f"{approval.id}{SEPARATOR}{approval.digest}"


def read_value(value: str) -> tuple[str, str]:
    """Return approval and digest of a button's value; empty digest where it is none of ours."""
    name, _, digest = value.partition(SEPARATOR)
    return name, digest


def _plan(situation: Situation, approval: Approval) -> PlanRecord | None:
    run, asked = situation.run_of(approval), approval.asked
    if run is None or asked is None:
        return None
    plan = run.step(asked.step).plan
    # A later plan of the same step has another digest and a card of its own.
    return plan if plan is not None and plan.digest == asked.digest else None


def _details(plan: PlanRecord) -> tuple[Block, ...]:
    before = dict(plan.before)
    arrows = ", ".join(f"{name} {before.get(name, 'none')} → {to}" for name, to in plan.after)
    fields = (
        ("Change", arrows),
        ("Object", f"{plan.kind} {plan.namespace}/{plan.name}"),
        ("Owner", " ← ".join(plan.owner_path)),
        ("Dry run", plan.dry_run),
        ("Undo", pairs(plan.inverse) or "cannot be undone"),
        ("Plan", plan.digest[:12]),
    )
    warnings = tuple(Section(strong="Warning", text=one) for one in plan.warnings)
    return (Fields(pairs=fields), *warnings, Code(text=plan.kubectl))


def _evidence(situation: Situation, approval: Approval) -> tuple[Block, ...]:
    """Return the last check before the plan: what it is based on."""
    asked = approval.asked
    checks = [check for run, check in situation.checks if asked and run == asked.run]
    if not checks:
        return ()
    numbers = "; ".join(measured(one) for one in checks[-1].evidence if one.pod is None)
    text = f"{checks[-1].verdict}: {checks[-1].because}"
    return (Section(strong="Evidence", text=f"{text}\n{numbers}" if numbers else text),)


def _decision(situation: Situation, approval: Approval) -> tuple[Block, ...]:
    asked = approval.asked
    if asked is None or approval.state is not ApprovalState.REQUESTED:
        return (Context(text=_fate(situation, approval)),)
    value = button_value(approval)
    who = ", ".join(situation.people.called(one) for one in asked.approvers) or "nobody"
    sure = f"{asked.title}?"
    needed = f"{asked.needed} of " if asked.needed > 1 else ""
    return (
        Buttons(
            buttons=(
                Button(action=APPROVE, label="Approve", value=value, style="primary", confirm=sure),
                Button(action=REJECT, label="Reject", value=value, style="danger"),
            )
        ),
        Context(text=f"{needed}{who} may decide · expires {asked.expires_at:{DAY}}"),
    )


def _fate(situation: Situation, approval: Approval) -> str:
    text = fate(approval)
    for person in situation.people.all():
        text = text.replace(f"by {person.id}", f"by {person.name}")
    return text if approval.updated_at is None else f"{text} · {approval.updated_at:{DAY}}"
