"""What one person is told about what they pressed or typed."""

from collections.abc import Iterable, Sequence

from bot.chat.headline import freezes, now, word
from bot.chat.left import in_short
from bot.chat.message import Message, Section
from bot.chat.situation import Situation
from bot.chat.wording import fate, names, shortened, within
from incidents.approval import Approval
from incidents.events.desk import Frozen
from incidents.incident import Incident
from incidents.people import People, Person
from incidents.run import Run
from incidents.run_rules import next_approval
from incidents.targeting import answer, called, unlisted

HELP = """\
/incident status: how it stands, here or everywhere
/incident ack: you take it
/incident resolve [reason] [--false-positive]: it is over
/incident target [Deployment decode] [reason]: which workload is meant, where several fit
/incident freeze [reason]: nothing may be changed any more, anywhere
/incident thaw [reason]: changes may be approved and carried out again
Changes are approved or rejected with the buttons on their cards. Only the people whom the policy \
names may approve; everybody in people.yaml may do the rest."""
NO_INCIDENT = "This is no incident's channel: type it in the incident's own, its name begins inc-."
NO_OPEN_INCIDENT = "No incident is open."
OLD_BUTTON = "This button is of another release: nothing was done. /incident help says what to do."
VOTED = "You approved it already; another person is needed."
DENIED = "You may not decide this: {who} may."
OWN_REQUEST = "You asked for it, so somebody else must approve it."
OWN_EDIT = "You edited it, so somebody else must approve it."
SHORT = 80


def said(text: str) -> Message:
    """Return a text as a message, with a section for each of its paragraphs."""
    paragraphs = [one for one in text.split("\n\n") if one.strip()]
    return Message(text=text, blocks=tuple(Section(text=one) for one in paragraphs))


def unknown_command(verb: str) -> str:
    """Return what is said to a word that is no command."""
    return f"/incident {shortened(verb, SHORT)}: there is no such command. Try /incident help."


def taking_back(run: Run) -> str:
    """Return what is said to whoever asked to take a change back: it is not done yet."""
    approval = next_approval(run)
    return (
        f"Asked: it is planned now. {approval} then waits for a yes (triaged approve {approval})."
    )


def stranger(person: Person) -> str:
    """Return what is said to somebody who is in no list of people."""
    return f"You may read but not command: {person.slack} is not in people.yaml."


def barred(approval: Approval, person: Person, people: People) -> str:
    """Return why this person may not decide."""
    asked = approval.asked
    if asked is None or person.id not in asked.approvers:
        return DENIED.format(who=names(asked.approvers if asked else (), people) or "nobody")
    return OWN_REQUEST if person.id == asked.requested_by else OWN_EDIT


def too_late(approval: Approval, people: People) -> str:
    """Return what became of it, for whoever comes second."""
    return f"Too late: {fate(approval, people)}."


def acknowledged(incident: Incident) -> str:
    """Return what is said to whoever has taken an incident."""
    return f"{incident.label} is yours."


def resolved(incident: Incident) -> str:
    """Return what is said to whoever has resolved an incident."""
    how = " as a false positive" if incident.false_positive else ""
    return f"{incident.label} is resolved{how}: {incident.resolved_because}"


def candidates(incident: Incident) -> str:
    """Return which workloads may be meant, and how one is chosen."""
    if not incident.candidates:
        return f"{incident.label}: nobody asked which workload is meant."
    named = [f"{called(one)}: {one.words}" for one in incident.candidates]
    fit = "\n".join(filter(None, [*named, unlisted(incident)]))
    chosen = f"\n{answer(incident)}" if incident.choice else ""
    how = f"/incident target {called(incident.candidates[0])} [reason]"
    return f"{fit}{chosen}\nChoose as in {how}"


def target(incident: Incident) -> str:
    """Return what is said to whoever has chosen the workload."""
    return f"{incident.label} is about {incident.target_chosen}: it is looked at from the beginning"


def chosen_already(incident: Incident, people: People) -> str:
    """Return what is said to whoever chooses what was chosen before."""
    by = incident.choice.by if incident.choice else ""
    return f"Chosen already: {answer(incident, people.called(by))}."


def frozen(scope: str) -> str:
    """Return what is said to whoever has frozen a scope."""
    return f"Frozen: nothing is changed {within(scope)} until somebody types /incident thaw."


def thawed(scope: str) -> str:
    """Return what is said to whoever has thawed a scope."""
    return f"Thawed: changes {within(scope)} may be approved and carried out again."


def status(situations: Sequence[Situation], standing: Iterable[Frozen], people: People) -> str:
    """Return in a few lines each how incidents stand, and then every freeze in force.

    The freezes are a paragraph of their own: a list that is too long loses its end, not them.
    """
    shown = "\n".join(map(_standing, situations)) or NO_OPEN_INCIDENT
    held = "\n".join(f"Frozen: {one}" for one in freezes(standing, people))
    return f"{shown}\n\n{held}" if held else shown


def _standing(situation: Situation) -> str:
    incident = situation.incident
    first = f"{incident.severity.value} {incident.label} {word(situation)}: {incident.title}"
    where = f"{incident.severity_because}. Now: {now(situation)}"
    kept = " ".join(in_short(situation, left=True).split())
    left = f"\nLeft on purpose: {shortened(kept, 4 * SHORT)}" if kept else ""
    return f"{shortened(first, 2 * SHORT)}\n{' '.join(where.split())}{left}"
