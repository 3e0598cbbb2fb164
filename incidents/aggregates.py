"""The aggregates by the names of their streams: how each is folded, decided and summed up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any  # an aggregate's state, event and command are its own types

from incidents import (
    approval,
    followups,
    freeze,
    incident,
    incident_rules,
    kept,
    run,
    run_rules,
    shadow,
    silence,
    snooze,
)
from incidents.decision import Decision
from incidents.errors import Rejected
from incidents.journal import Aggregate, Summary
from incidents.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one kind of stream works; every function is pure."""

    empty: Callable[[str], Any]
    evolve: Callable[[Any, Any, datetime], Any]
    decide: Callable[[Any, Any, datetime, Policy], Decision[Any]]
    summary: Callable[[Any, Policy], Summary]


def kind_of(stream: str) -> Kind:
    """Return how the stream works; raises Rejected for a name that no aggregate has."""
    name = stream.partition("-")[0]
    if name not in _KINDS:
        message = f"{stream!r} is no stream"
        raise Rejected(message)
    return _KINDS[name]


def incident_stream(number: int) -> str:
    """Return the name of an incident's stream."""
    return f"incident-{number}"


def incident_number(stream: str) -> int:
    """Return the number of the incident that a stream is of; raises Rejected for any other."""
    name, _, number = stream.partition("-")
    if name != "incident" or not number.isdecimal():
        message = f"{stream!r} is no incident's stream"
        raise Rejected(message)
    return int(number)


def _incident_summary(state: incident.Incident, policy: Policy) -> Summary:
    opened_at, updated_at = _moments(state)
    return Summary(
        stream=state.id,
        aggregate=Aggregate.INCIDENT,
        version=state.version,
        incident=state.number,
        state=state.status.value,
        severity=state.severity.value,
        title=state.title,
        key=state.opened.key if state.opened else None,
        opened_at=opened_at,
        updated_at=updated_at,
        closed_at=state.resolved_at,
        next_due=incident_rules.due(state, policy),
    )


def _run_summary(state: run.Run, _: Policy) -> Summary:
    opened_at, updated_at = _moments(state)
    return Summary(
        stream=state.id,
        aggregate=Aggregate.RUN,
        version=state.version,
        incident=state.started.incident if state.started else None,
        state=run_rules.state(state),
        title=run_rules.title(state),
        opened_at=opened_at,
        updated_at=updated_at,
        closed_at=updated_at if state.outcome else None,
        next_due=run_rules.due(state),
    )


def _approval_summary(state: approval.Approval, _: Policy) -> Summary:
    opened_at, updated_at = _moments(state)
    asked = state.asked
    return Summary(
        stream=state.id,
        aggregate=Aggregate.APPROVAL,
        version=state.version,
        incident=asked.incident if asked else None,
        state=state.state.value,
        title=asked.title if asked else state.id,
        opened_at=opened_at,
        updated_at=updated_at,
        closed_at=None if state.state in approval.OPEN else updated_at,
        next_due=approval.due(state),
        digest=state.digest,
        not_after=state.expires_at,
    )


def _desk_summary(state: freeze.FreezeState, _: Policy) -> Summary:
    opened_at, updated_at = _moments(state)
    return Summary(
        stream=state.id,
        aggregate=Aggregate.DESK,
        version=state.version,
        incident=None,
        state="frozen" if state.frozen else "open",
        title="the desk",
        opened_at=opened_at,
        updated_at=updated_at,
    )


def _kept_summary(state: kept.Kept, _: Policy) -> Summary:
    opened_at, updated_at = _moments(state)
    return Summary(
        stream=state.id,
        aggregate=Aggregate.KEPT,
        version=state.version,
        incident=None,
        state="kept" if state.alerts else "empty",
        title=f"{len(state.alerts)} alerts of {state.key}",
        key=state.key,
        opened_at=opened_at,
        updated_at=updated_at,
        closed_at=None if state.alerts else updated_at,
        next_due=kept.due(state),
    )


def _snooze_summary(state: snooze.SnoozeState, _: Policy) -> Summary:
    opened_at, updated_at = _moments(state)
    return Summary(
        stream=state.id,
        aggregate=Aggregate.SNOOZE,
        version=state.version,
        incident=None,
        state="over" if state.ended else "snoozed",
        title=str(state.began.which) if state.began else state.id,
        opened_at=opened_at,
        updated_at=updated_at,
        closed_at=updated_at if state.ended else None,
        next_due=snooze.due(state),
    )


def _silence_summary(state: silence.Silence, _: Policy) -> Summary:
    opened_at, updated_at = _moments(state)
    return Summary(
        stream=state.id,
        aggregate=Aggregate.SILENCE,
        version=state.version,
        incident=state.asked.incident if state.asked else None,
        state=state.state,
        title=silence.title(state),
        opened_at=opened_at,
        updated_at=updated_at,
        closed_at=None if state.open else updated_at,
    )


def _shadow_summary(state: shadow.Watch, _: Policy) -> Summary:
    opened_at, updated_at = _moments(state)
    return Summary(
        stream=state.id,
        aggregate=Aggregate.SHADOW,
        version=state.version,
        incident=state.began.incident if state.began else None,
        state=shadow.state(state),
        title=shadow.title(state),
        opened_at=opened_at,
        updated_at=updated_at,
        closed_at=updated_at if state.ended else None,
    )


def _followups_summary(state: followups.FollowUps, _: Policy) -> Summary:
    opened_at, updated_at = _moments(state)
    return Summary(
        stream=state.id,
        aggregate=Aggregate.FOLLOW_UPS,
        version=state.version,
        incident=state.incident,
        state=followups.standing(state),
        title=f"{len(state.open)} of {len(state.all)} follow-ups of INC-{state.incident} are open",
        opened_at=opened_at,
        updated_at=updated_at,
        closed_at=None if state.open else updated_at,
        next_due=followups.due(state),
    )


def _moments(state: Any) -> tuple[datetime, datetime]:  # every aggregate has these two
    if state.opened_at is None or state.updated_at is None:
        message = f"{state.id} has no events"
        raise Rejected(message)
    return state.opened_at, state.updated_at


_KINDS: Mapping[str, Kind] = {
    "incident": Kind(
        empty=lambda stream: incident.Incident(id=stream),
        evolve=incident.evolve,
        decide=incident_rules.decide,
        summary=_incident_summary,
    ),
    "run": Kind(
        empty=lambda stream: run.Run(id=stream),
        evolve=run.evolve,
        decide=lambda state, command, now, _: run_rules.decide(state, command, now),
        summary=_run_summary,
    ),
    "approval": Kind(
        empty=lambda stream: approval.Approval(id=stream),
        evolve=approval.evolve,
        decide=lambda state, command, now, _: approval.decide(state, command, now),
        summary=_approval_summary,
    ),
    "desk": Kind(
        empty=lambda _: freeze.FreezeState(),
        evolve=freeze.evolve,
        decide=lambda state, command, _, __: freeze.decide(state, command),
        summary=_desk_summary,
    ),
    "kept": Kind(
        empty=lambda stream: kept.Kept(id=stream),
        evolve=kept.evolve,
        decide=lambda state, command, now, _: kept.decide(state, command, now),
        summary=_kept_summary,
    ),
    "snooze": Kind(
        empty=lambda stream: snooze.SnoozeState(id=stream),
        evolve=snooze.evolve,
        decide=snooze.decide,
        summary=_snooze_summary,
    ),
    "silence": Kind(
        empty=lambda stream: silence.Silence(id=stream),
        evolve=silence.evolve,
        decide=silence.decide,
        summary=_silence_summary,
    ),
    "shadow": Kind(
        empty=lambda stream: shadow.Watch(id=stream),
        evolve=shadow.evolve,
        decide=lambda state, command, _, __: shadow.decide(state, command),
        summary=_shadow_summary,
    ),
    "followups": Kind(
        empty=lambda stream: followups.FollowUps(id=stream),
        evolve=followups.evolve,
        decide=followups.decide,
        summary=_followups_summary,
    ),
}
