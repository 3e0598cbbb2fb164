"""What one person is told about what they pressed or typed."""

from bot.chat.headline import now, word
from bot.chat.message import Message, Section
from bot.chat.situation import Situation
from bot.chat.wording import fate, names, shortened, within
from incidents.approval import Approval
from incidents.incident import Incident
from incidents.people import People, Person

HELP = """\
/incident status: how it stands, here or everywhere
/incident ack: you take it
/incident resolve [reason] [--false-positive]: it is over
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
SHORT = 80


def said(text: str) -> Message:
    """Return a sentence as a message."""
    return Message(text=text, blocks=(Section(text=text),))


def unknown_command(verb: str) -> str:
    """Return what is said to a word that is no command."""
    return f"/incident {shortened(verb, SHORT)}: there is no such command. Try /incident help."


def stranger(person: Person) -> str:
    """Return what is said to somebody who is in no list of people."""
    return f"You may read but not command: {person.slack} is not in people.yaml."


def barred(approval: Approval, person: Person, people: People) -> str:
    """Return why this person may not decide."""
    asked = approval.asked
    if asked is not None and person.id in asked.approvers:
        return OWN_REQUEST
    return DENIED.format(who=names(asked.approvers if asked else (), people) or "nobody")


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


def frozen(scope: str) -> str:
    """Return what is said to whoever has frozen a scope."""
    return f"Frozen: nothing is changed {within(scope)} until somebody types /incident thaw."


def thawed(scope: str) -> str:
    """Return what is said to whoever has thawed a scope."""
    return f"Thawed: changes {within(scope)} may be approved and carried out again."


def status(situation: Situation) -> str:
    """Return in two lines how an incident stands."""
    incident = situation.incident
    first = f"{incident.severity.value} {incident.label} {word(situation)}: {incident.title}"
    where = f"{incident.severity_because}. Now: {now(situation)}"
    return f"{shortened(first, 2 * SHORT)}\n{where}"
