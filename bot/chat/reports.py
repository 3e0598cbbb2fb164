"""What the runbook's thread and the channel are told: checks, results, the end."""

from bot.chat.message import Block, Context, Fields, Header, Message, Section
from bot.chat.situation import Situation
from incidents.events.run import CheckFinished, Comparison, EffectVerified
from incidents.run import Run
from incidents.telling import measured, number

MOST = 12


def thread(run: Run) -> Message:
    """Return the first message of a run's thread."""
    started = run.started
    title = started.title if started else run.id
    because = started.because if started else ""
    name = started.runbook if started else ""
    text = f"Runbook {name}: {title}"
    return Message(
        text=text,
        blocks=(Section(strong=f"Runbook {name}", text=title), Context(text=f"{because}")),
    )


def check(found: CheckFinished) -> Message:
    """Return what a check found, with its numbers."""
    blocks: tuple[Block, ...] = (
        Section(strong=f"{found.step}: {found.verdict}", text=found.because),
    )
    if found.evidence:
        shown = [measured(one) for one in found.evidence[:MOST]]
        more = len(found.evidence) - len(shown)
        tail = f" (and {more} more on the page)" if more else ""
        blocks += (Context(text="; ".join(shown) + tail),)
    return Message(text=f"{found.step}: {found.verdict}: {found.because}", blocks=blocks)


def result(found: EffectVerified) -> Message:
    """Return what became of a change, before and after."""
    title = f"{found.step}: {found.verdict}"
    blocks: tuple[Block, ...] = (Section(strong=title, text=found.because),)
    if found.comparisons:
        blocks += (Fields(pairs=tuple(_compared(one) for one in found.comparisons[: MOST // 2])),)
    return Message(text=f"{title}: {found.because}", blocks=blocks)


def announcement(situation: Situation) -> Message:
    """Return the line in the severity's channel."""
    incident = situation.incident
    text = f"{incident.severity.value} {incident.label} {incident.status.value}: {incident.title}"
    return Message(text=text, blocks=(Section(text=text), Context(text=situation.page)))


def ending(situation: Situation) -> Message:
    """Return the last message before the channel is archived."""
    incident = situation.incident
    text = f"{incident.label} is resolved: {incident.resolved_because}"
    return Message(
        text=text,
        blocks=(
            Header(text=f"{incident.label} is resolved"),
            Section(text=incident.resolved_because),
            Context(text=f"postmortem {incident.postmortem}; this channel is archived now"),
        ),
    )


def answer(text: str) -> Message:
    """Return what one person is told about what they pressed or typed."""
    return Message(text=text, blocks=(Section(text=text),))


def _compared(one: Comparison) -> tuple[str, str]:
    before, after = number(one.before, one.unit), number(one.after, one.unit)
    met = {True: "met", False: "not met", None: "cannot tell"}[one.met]
    return (one.signal, f"{before} → {after} (expected {one.expected}: {met})")
