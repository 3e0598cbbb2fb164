"""Deciding and folding in a line: what the tests of incidents share."""

from datetime import datetime

from incidents.commands.incident import IncidentCommand, ReportAlerts
from incidents.decision import Decision
from incidents.events.incident import IncidentEvent
from incidents.incident import Incident, evolve
from incidents.incident_rules import decide
from incidents.policy import Policy
from tests.builders import INCIDENT, NOON, policy, report


def decided(
    state: Incident,
    command: IncidentCommand,
    *,
    at: datetime = NOON,
    rules: Policy | None = None,
) -> Decision[IncidentEvent]:
    """Return what follows from the command at noon, under the default policy."""
    return decide(state, command, at, rules or policy())


def grown(state: Incident, *told: IncidentEvent, at: datetime = NOON) -> Incident:
    """Return the state after the events."""
    for event in told:
        state = evolve(state, event, at)
    return state


def begin(first: ReportAlerts | None = None) -> Incident:
    """Return an incident opened at noon by its first report."""
    empty = Incident(id=INCIDENT)
    return grown(empty, *decided(empty, first or report()).events)


def after(state: Incident, command: IncidentCommand, *, at: datetime = NOON) -> Incident:
    """Return the state after the command."""
    return grown(state, *decided(state, command, at=at).events, at=at)
