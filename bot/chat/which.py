"""The question which workload is meant, where several fit: a button for each, and its answer."""

from collections.abc import Sequence

from bot.chat.card import SEPARATOR
from bot.chat.message import Block, Button, Buttons, Context, Header, Message, Section
from bot.chat.situation import Situation
from bot.chat.wording import DAY
from incidents.events.incident import Workload
from incidents.incident import Incident
from incidents.targeting import answer, called, fitting, named, question, unlisted

TARGET = "target-"
"""Begins the action of each button; its number makes it the only one of that name."""
MOST_BUTTONS, MOST_SHOWN = 5, 10
WHICH = "Which workload is meant?"
HOW = "/incident target {} [reason]"


def which(situation: Situation) -> Message | None:
    """Return the question as the journal has it, with buttons only while it is open.

    None where one workload at most was ever found to fit.
    """
    incident = situation.incident
    if not incident.candidates:
        return None
    candidates = question(incident)
    return _open(incident, candidates) if candidates else _answered(situation)


def button_value(incident: Incident, workload: Workload) -> str:
    """Return what a button carries: the incident and the workload, by kind and name."""
    return f"{incident.id}{SEPARATOR}{called(workload)}"


def _open(incident: Incident, candidates: Sequence[Workload]) -> Message:
    names = named(candidates)
    fit = (
        f"{fitting(incident)} fit what the alerts say. Until somebody chooses, nothing is looked "
        "at and nothing is changed."
    )
    shown = (Section(strong=called(one), text=one.words) for one in candidates[:MOST_SHOWN])
    buttons = tuple(
        Button(action=f"{TARGET}{number}", label=called(one), value=button_value(incident, one))
        for number, one in enumerate(candidates[:MOST_BUTTONS], start=1)
    )
    blocks: tuple[Block, ...] = (
        Header(text=WHICH),
        Section(text=fit),
        *shown,
        Buttons(buttons=buttons),
        *(Context(text=one) for one in filter(None, [unlisted(incident)])),
        Context(text=_ways(candidates)),
    )
    return Message(text=f"{WHICH} {names}", blocks=blocks)


def _ways(candidates: Sequence[Workload]) -> str:
    """Return who may choose, and how those are chosen that have no button."""
    typed = f"or type {HOW.format(called(candidates[-1]))}"
    if len(candidates) > MOST_BUTTONS:
        typed += "; /incident target lists them all"
    return f"everybody in people.yaml may choose · {typed}"


def _answered(situation: Situation) -> Message:
    """Return the answer; where nobody gave one, that it is no longer asked."""
    incident, choice = situation.incident, situation.incident.choice
    if choice is None or choice.chosen not in map(called, incident.candidates):
        over = "Nobody chose, and the incident is over."
        return Message(text=f"{WHICH} {over}", blocks=(Header(text=WHICH), Context(text=over)))
    who = situation.people.called(choice.by)
    when = f" · {incident.chosen_at:{DAY}}" if incident.chosen_at else ""
    why = f" · {choice.because}" if choice.because else ""
    others = [one for one in incident.candidates if called(one) != choice.chosen]
    change = f" · {HOW.format(called(others[0]))} changes it" if others else ""
    return Message(
        text=f"{WHICH} {answer(incident, who)}",
        blocks=(
            Header(text=f"Meant: {choice.chosen}"),
            Section(text="It is looked at from the beginning."),
            Context(text=f"{answer(incident, who)}{when}{why}{change}"),
        ),
    )
