"""What follows from facts that were asked for again: something is seen now, or it is worse."""

from incidents.commands.incident import NoteFacts
from incidents.decision import Decision
from incidents.events.incident import IncidentEvent, LookedAgain, SeverityChanged
from incidents.incident import DESK, Incident, Status
from incidents.severity import worse

LIVE = "live:"
"""With this begins the name of a rule that rests on facts; no other raises by a second look."""


def note(incident: Incident, command: NoteFacts) -> Decision[IncidentEvent]:
    """Return that something is seen that was not, and that the incident is worse.

    It is never lowered, and a person's word stands. That numbers change is no event.
    """
    if incident.status is Status.RESOLVED:
        return Decision()
    before = {one.name for one in incident.seen if one.value is not None}
    news = any(one.value is not None and one.name not in before for one in command.facts)
    raised = _raised(incident, command)
    if not news and not raised:
        return Decision()
    return Decision(events=(LookedAgain(name=command.name, facts=command.facts), *raised))


def _raised(incident: Incident, command: NoteFacts) -> tuple[SeverityChanged, ...]:
    by_facts = command.rule.startswith(LIVE) and not incident.override
    if not by_facts or not worse(command.severity, incident.severity):
        return ()
    changed = SeverityChanged(
        was=incident.severity.value,
        now=command.severity.value,
        because=command.because,
        rule=command.rule,
        by=DESK,
    )
    return (changed,)
