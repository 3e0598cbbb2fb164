"""What is left to be done: a message for each change that was left on purpose, and reminders."""

from bot.chat.card import SEPARATOR
from bot.chat.message import Block, Button, Buttons, Context, Header, Message, Section
from bot.chat.situation import Situation
from bot.chat.wording import DAY, shortened
from incidents.followups import FollowUp, newest
from incidents.people import People

UNDO, NORMAL = "undo", "normal"
"""The actions of the buttons: ask for the undo, or for what goes back to what is normal."""
TITLE = 120


def button_value(one: FollowUp) -> str:
    """Return what a button carries: the run and the step whose change it takes back."""
    return f"{one.made.run}{SEPARATOR}{one.made.step}"


def left(situation: Situation, one: FollowUp) -> Message:
    """Return the message of a change that was left on purpose, as the journal has it."""
    return _message("Left on purpose", situation, one)


def reminder(situation: Situation, one: FollowUp) -> Message:
    """Return the reminder of what is still to be done, for the channel of the severity."""
    return _message(f"{situation.incident.label}: still open", situation, one)


def in_short(situation: Situation, *, left: bool) -> str:
    """Return in one line what is open: changes that were left, or what runbooks leave to do."""
    found = (one for one in situation.follow_ups.open if one.left is left)
    return "; ".join(f"{one.made.what} ({stands(one, situation.people)})" for one in found)


def stands(one: FollowUp, people: People) -> str:
    """Return whose it is and until when, or that it is done and why."""
    if one.done is not None:
        return f"done: {one.done.because}"
    return f"{people.called(one.owner)}, until {one.due:{DAY}}"


def _message(first: str, situation: Situation, one: FollowUp) -> Message:
    what, said = one.made.what, stands(one, situation.people)
    blocks: tuple[Block, ...] = (
        Header(text=shortened(f"{first if one.open else 'Done'}: {what}", TITLE)),
        Section(text=said),
    )
    if one.open:
        blocks += _ways(situation, one)
    return Message(text=f"{first}: {what} ({said})", blocks=blocks)


def _ways(situation: Situation, one: FollowUp) -> tuple[Block, ...]:
    """Return how it is ended: the buttons ask for a plan, which somebody has to approve."""
    made, label = one.made, situation.follow_ups.label(one.made.number)
    offered = ((UNDO, "Undo", made.undo), (NORMAL, "Back to normal", bool(made.back)))
    buttons = tuple(
        Button(
            action=action,
            label=name,
            value=button_value(one),
            confirm=f"Plan it and ask for approval: {made.what}",
        )
        for action, name, possible in offered
        if possible and newest(situation.follow_ups, one)
    )
    typed = Context(text=f"triaged followups done, give or later {label}", page=situation.page)
    return (Buttons(buttons=buttons), typed) if buttons else (typed,)
