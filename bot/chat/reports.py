"""What the runbook's thread and the channels are told: checks, progress, results, the end."""

from collections.abc import Callable, Mapping
from typing import Any  # the table holds functions of many event types

from bot.chat.left import in_short
from bot.chat.message import Block, Context, Fields, Header, Message, Section
from bot.chat.situation import Situation
from incidents.events import run as events
from incidents.events.registry import Event
from incidents.events.run import CheckFinished, Comparison, EffectVerified, SettleObserved
from incidents.incident import DESK
from incidents.linking import VERIFIED
from incidents.run import Run
from incidents.shadow import Watch
from incidents.telling import measured, number, tell

MOST = 12


def thread(run: Run) -> Message:
    """Return the first message of a run's thread."""
    started = run.started
    name, title = (started.runbook, started.title) if started else (run.id, "")
    because = started.because if started else ""
    shadow = "; in shadow: nobody is asked for approval and nothing is changed"
    return Message(
        text=f"Runbook {name}: {title}",
        blocks=(
            Section(strong=f"Runbook {name}", text=title),
            Context(text=f"{because}{shadow if run.shadowed else ''}"),
        ),
    )


def report(event: Event) -> Message | None:
    """Return what the thread is told of an event; None where another message says it."""
    make = _REPORTS.get(type(event))
    return make(event) if make is not None else None


def progress(found: SettleObserved) -> Message:
    """Return how far a change has come; one message per change, edited."""
    return _line(tell(found))


def watched(watch: Watch, run: Run) -> Message | None:
    """Return what people did instead of a run in shadow; one message per plan, edited."""
    if watch.began is None or watch.began.run != run.id or not watch.told:
        return None
    return _line("\n".join(map(tell, watch.told)))


def announcement(situation: Situation) -> Message:
    """Return the line in the severity's channel."""
    incident = situation.incident
    text = f"{incident.severity.value} {incident.label} {incident.status.value}: {incident.title}"
    where = f"#{incident.channel_name}" if incident.channel_name else ""
    return Message(text=text, blocks=(Section(text=text), Context(text=where, page=situation.page)))


def ending(situation: Situation) -> Message:
    """Return the last message before the channel is archived."""
    incident = situation.incident
    first = f"{incident.label} is resolved"
    pointer = f"postmortem {incident.postmortem}; this channel is archived soon"
    return Message(
        text=f"{first}: {incident.resolved_because}",
        blocks=(
            Header(text=first),
            Section(text=incident.resolved_because),
            *_left(situation),
            Context(text=pointer, page=situation.page),
        ),
    )


def _left(situation: Situation) -> tuple[Section, ...]:
    """Return what is left to be done after the end: nobody looks into this channel any more."""
    told = {
        "Left on purpose": in_short(situation, left=True),
        "To be done": in_short(situation, left=False),
    }
    return tuple(Section(strong=name, text=text) for name, text in told.items() if text)


def _check(found: CheckFinished) -> Message:
    title = f"{found.step}: {found.verdict}"
    blocks: tuple[Block, ...] = (Section(strong=title, text=found.because),)
    if found.evidence:
        shown = [measured(one) for one in found.evidence[:MOST]]
        more = len(found.evidence) - len(shown)
        tail = f" (and {more} more on the page)" if more else ""
        blocks += (Context(text="; ".join(shown) + tail),)
    return Message(text=f"{title}: {found.because}", blocks=blocks)


def _result(found: EffectVerified) -> Message:
    title = f"{found.step}: {found.verdict}"
    blocks: tuple[Block, ...] = (Section(strong=title, text=found.because),)
    if found.comparisons:
        blocks += (Fields(pairs=tuple(_compared(one) for one in found.comparisons[: MOST // 2])),)
    return Message(text=f"{title}: {found.because}", blocks=blocks)


def _compared(one: Comparison) -> tuple[str, str]:
    before, after = number(one.before, one.unit), number(one.after, one.unit)
    met = {True: "met", False: "not met", None: "cannot tell"}[one.met]
    return (one.signal, f"{before} → {after} (expected {one.expected}: {met})")


def _told(event: Event) -> Message:
    return _line(tell(event))


def _skipped(event: events.StepSkipped) -> Message | None:
    # What the runbook leaves out by its own rules is no news.
    return None if event.by == DESK else _line(tell(event))


def _stayed(event: events.WatchEnded) -> Message | None:
    # That it stayed is no news: the result above said that it helped.
    return None if event.verdict == VERIFIED else _line(tell(event))


def _line(text: str) -> Message:
    return Message(text=text, blocks=(Section(text=text),))


_REPORTS: Mapping[type, Callable[[Any], Message | None]] = {  # each takes its own event
    events.CheckFinished: _check,
    events.EffectVerified: _result,
    events.StepSkipped: _skipped,
    events.WatchEnded: _stayed,
    **dict.fromkeys(
        (
            events.StepFailed,
            events.WouldHaveActed,
            events.ActionRefused,
            events.PlanVoided,
            events.PlanEdited,
            events.StepFinished,
            events.StepNotApplied,
            events.StepInDoubt,
            events.WroteLate,
            events.DoubtSettled,
            events.AskPosed,
            events.AskAnswered,
            events.StepRetried,
            events.RunContinued,
            events.UndoAsked,
            events.CriterionMet,
            events.RunFinished,
        ),
        _told,
    ),
}
