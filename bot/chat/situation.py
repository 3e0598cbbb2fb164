"""What the views look at: an incident with its runs and approvals, and who people are."""

from collections.abc import Iterable
from dataclasses import dataclass

from incidents.approval import Approval
from incidents.desk import Desk, entries
from incidents.events.desk import Frozen
from incidents.events.registry import Event
from incidents.events.run import ActionPlanned
from incidents.followups import FollowUps, followups_stream
from incidents.freeze import ALL
from incidents.incident import Incident
from incidents.people import People
from incidents.policy import Policy, Severity
from incidents.run import Run
from incidents.shadow import Watch

RUN, APPROVAL, SHADOW = "run-", "approval-", "shadow-"
NOTHING_LEFT = FollowUps(id=followups_stream(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event of a run, by its version in the run's stream."""

    run: str
    version: int
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One incident as it stands.

    `told` is what happened in its runs, in order; `severities` are those it has had, the first
    one first; `frozen` is what keeps it from changing anything; `page` is the address of its
    page, empty for none; `watches` are over what people did where a run is in shadow, `follow_ups`
    what is left to be done.
    """

    incident: Incident
    policy: Policy
    people: People
    runs: tuple[Run, ...] = ()
    approvals: tuple[Approval, ...] = ()
    told: tuple[Told, ...] = ()
    severities: tuple[Severity, ...] = ()
    page: str = ""
    frozen: tuple[Frozen, ...] = ()
    watches: tuple[Watch, ...] = ()
    follow_ups: FollowUps = NOTHING_LEFT

    def planned(self, approval: Approval) -> Told | None:
        """Return the plan that was approved or is to be, also when the step has another now."""
        for one in self.told:
            if isinstance(one.event, ActionPlanned) and one.event.approval == approval.id:
                return one
        return None


def look(desk: Desk, number: int, *, people: People, page: str = "") -> Situation:
    """Return what the views look at for one incident, as the journal has it now."""
    streams, incident = desk.streams(number), desk.incident(number)
    return Situation(
        incident=incident,
        policy=desk.policy,
        people=people,
        runs=tuple(desk.run(one) for one in streams if one.startswith(RUN)),
        approvals=tuple(desk.approval(one) for one in streams if one.startswith(APPROVAL)),
        told=_told(desk, [one for one in streams if one.startswith(RUN)]),
        severities=tuple(dict.fromkeys((*incident.severities, incident.severity))),
        page=page,
        frozen=_frozen(desk, incident),
        watches=tuple(desk.watch(one) for one in streams if one.startswith(SHADOW)),
        follow_ups=desk.follow_ups(number) if followups_stream(number) in streams else NOTHING_LEFT,
    )


def _told(desk: Desk, runs: Iterable[str]) -> tuple[Told, ...]:
    """Return what happened in the runs; the incident's own stream may be a storm's, and is left."""
    recorded = [one for run in runs for one in desk.journal.read(run)]
    recorded.sort(key=lambda one: (one.at, one.position))
    return tuple(
        Told(run=one.recorded.stream, version=one.recorded.version, event=one.event)
        for one in entries(recorded)
    )


def _frozen(desk: Desk, incident: Incident) -> tuple[Frozen, ...]:
    standing = desk.freeze().frozen
    scopes = (ALL, incident.opened.namespace if incident.opened else "")
    return tuple(standing[scope] for scope in scopes if scope in standing)
