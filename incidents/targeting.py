"""Which workload an incident is about, where several fit: the question, and a person's answer."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from incidents.commands.incident import AskTarget, ChooseTarget
from incidents.decision import Decision
from incidents.errors import Rejected
from incidents.events.incident import (
    Acknowledged,
    IncidentEvent,
    TargetAsked,
    TargetChosen,
    Workload,
)
from incidents.incident import Incident, Status

MOST_NAMED: Final = 5
"""So many candidates are named in one line; of the others there is a number."""
MOST_ASKED: Final = 50
"""So many candidates can be chosen from, by kind and name; more are too many to look through."""
LONGEST_WORDS: Final = 500
"""Longer ways up to a candidate, in characters, are cut: their names come from the cluster."""


def called(workload: Workload) -> str:
    """Return what a person says to choose it: `Deployment decode`."""
    return f"{workload.kind} {workload.name}"


def named(candidates: Iterable[Workload]) -> str:
    """Return the candidates in a line, as a person says them."""
    return ", ".join(map(called, candidates))


def question(incident: Incident) -> tuple[Workload, ...]:
    """Return the candidates that a person is to choose from; none where nothing is asked."""
    if incident.status is Status.RESOLVED:
        return ()
    answered = incident.target_chosen in map(called, incident.candidates)
    return () if answered else incident.candidates


def fitting(incident: Incident) -> int:
    """Return how many workloads fit: the candidates, and those that were too many to name."""
    return len(incident.candidates) + incident.unnamed


def choosing(incident: Incident) -> str:
    """Return in one line what a person is to do about the question; empty where nothing is asked.

    A few candidates are named in it, the others are a number.
    """
    candidates = question(incident)
    if not candidates:
        return ""
    left = fitting(incident) - MOST_NAMED
    more = f" and {left} more" if left > 0 else ""
    return f"say which workload is meant: {named(candidates[:MOST_NAMED])}{more}"


def unlisted(incident: Incident) -> str:
    """Return that more workloads fit than can be listed and chosen; empty where all are."""
    if not incident.unnamed:
        return ""
    return f"{incident.unnamed} more fit and are not listed: have the alert say more of its place"


def answer(incident: Incident, by: str = "") -> str:
    """Return what was chosen and who said so, by id or as `by` calls them; empty for nothing."""
    choice = incident.choice
    if choice is None:
        return ""
    return f"{choice.chosen}, chosen by {by or choice.by} of {choice.of}"


def ask(incident: Incident, command: AskTarget) -> Decision[IncidentEvent]:
    """Return that a person is asked, once about the same candidates in whatever order.

    One whose way up is another, as when its owner was made anew, is not the same.
    """
    if incident.status is Status.RESOLVED:
        return Decision()
    found = _ordered(command.candidates)
    asked = TargetAsked(candidates=found[:MOST_ASKED], more=len(found[MOST_ASKED:]))
    known = TargetAsked(candidates=incident.candidates, more=incident.unnamed)
    if not found or asked == known:
        return Decision()
    return Decision(events=(asked,))


def choose(incident: Incident, command: ChooseTarget) -> Decision[IncidentEvent]:
    """Return that a person chose; whoever chooses is at it, so it is taken where nobody has it.

    Raises Rejected, with what there is to choose from, for anything else.
    """
    if incident.status is Status.RESOLVED:
        message = f"{incident.label} was resolved by {incident.resolved_by}"
        raise Rejected(message)
    if not incident.candidates:
        message = f"{incident.label}: nobody asked which workload is meant"
        raise Rejected(message)
    if command.chosen not in map(called, incident.candidates):
        there = named(incident.candidates)
        message = f"{incident.label}: {command.chosen!r} is none of its candidates: {there}"
        raise Rejected(message)
    if command.chosen == incident.target_chosen:
        return Decision()
    chosen = TargetChosen(
        chosen=command.chosen,
        of=fitting(incident),
        by=command.by,
        because=command.because,
    )
    taken = Acknowledged(by=command.by, via=command.via)
    return Decision(events=(chosen, taken) if incident.acknowledged_by is None else (chosen,))


def _ordered(candidates: Iterable[Workload]) -> tuple[Workload, ...]:
    """Return each candidate once, by kind and name: two of one name cannot be told apart."""
    found = {called(one): _cut(one) for one in sorted(candidates, key=_words)}
    return tuple(found[name] for name in sorted(found))


def _cut(workload: Workload) -> Workload:
    words = workload.words
    fits = len(words) <= LONGEST_WORDS
    return workload if fits else replace(workload, words=f"{words[: LONGEST_WORDS - 1]}…")


def _words(workload: Workload) -> tuple[str, str, str]:
    return workload.kind, workload.name, workload.words
