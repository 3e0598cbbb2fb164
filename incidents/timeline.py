"""The timeline: rows read from the journal, in order, with nothing left out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from incidents import telling
from incidents.desk import Entry
from incidents.events.incident import AlertFired, AlertResolved
from incidents.events.registry import Event


class Weight(Enum):
    """How much a row matters to somebody who reads in a hurry."""

    HEADLINE = "headline"
    STEP = "step"
    DETAIL = "detail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row; `by` is a person's id or `triaged`, `stream` and `version` say where it stands."""

    at: datetime
    text: str
    by: str
    weight: Weight
    kind: str
    stream: str
    version: int
    step: str | None = None


def rows(history: Iterable[Entry]) -> tuple[Row, ...]:
    """Return a row for every event of the history, sorted by moment, then by position."""
    ordered = sorted(history, key=lambda one: (one.recorded.at, one.recorded.position))
    unseen = {_occurrence(one) for one in ordered if _unseen(one.event)}
    return tuple(_row(one, seen=_occurrence(one) not in unseen) for one in ordered)


def _unseen(event: Event) -> bool:
    return isinstance(event, AlertResolved) and not event.seen_firing


def _occurrence(entry: Entry) -> tuple[str, datetime] | None:
    """Return which occurrence of an alert began or ended; None for any other event."""
    event = entry.event
    if isinstance(event, AlertFired | AlertResolved):
        return event.fingerprint, event.starts_at
    return None


def _row(entry: Entry, *, seen: bool) -> Row:
    event, recorded = entry.event, entry.recorded
    return Row(
        at=recorded.at,
        text=_text(event, seen=seen),
        by=getattr(event, "by", "triaged"),
        weight=_WEIGHTS.get(recorded.kind, Weight.STEP),
        kind=recorded.kind,
        stream=recorded.stream,
        version=recorded.version,
        step=getattr(event, "step", None) or None,
    )


def _text(event: Event, *, seen: bool) -> str:
    """Return what happened; an occurrence that was not `seen` firing is not said to have fired."""
    if isinstance(event, AlertFired) and not seen:
        return telling.unseen(event)
    return telling.tell(event)


_WEIGHTS: Mapping[str, Weight] = {
    **dict.fromkeys(
        (
            "IncidentOpened",
            "Gathered",
            "Reopened",
            "FlappingBegan",
            "ChildHidden",
            "Hidden",
            "CameForward",
            "SeverityChanged",
            "TargetAsked",
            "TargetChosen",
            "Mitigated",
            "Relapsed",
            "IncidentResolved",
            "Escalated",
            "PlanEdited",
            "StepFinished",
            "StepInDoubt",
            "StepWaits",
            "WouldHaveActed",
            "PeopleActed",
            "ActJudged",
            "ShadowEnded",
            "WroteLate",
            "EffectVerified",
            "WatchEnded",
            "ApprovalGiven",
            "ApprovalRefused",
            "FollowUpReminded",
            "FollowUpDone",
            "SilenceAsked",
            "SilenceFailed",
            "SilenceEndAsked",
            "Frozen",
            "Thawed",
        ),
        Weight.HEADLINE,
    ),
    **dict.fromkeys(
        (
            "StepGoesOn",
            "ShadowBegan",
            "RunBegan",
            "RunEnded",
            "ApprovalConsumed",
            "ChannelOpened",
            "ChannelArchived",
            "PostmortemWritten",
        ),
        Weight.DETAIL,
    ),
}
