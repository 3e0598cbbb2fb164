"""Whatever is told, in whatever order: the journal tells it again, whole and in order."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.aggregates import kind_of
from incidents.commands import run
from incidents.commands.approval import ApprovalCommand, RequestApproval
from incidents.commands.desk import DeskCommand
from incidents.commands.incident import IncidentCommand, Judgement, SetSeverity
from incidents.commands.run import RunCommand
from incidents.desk import Desk
from incidents.errors import Conflict, Rejected
from incidents.incident import Status
from incidents.incident_rules import due
from incidents.policy import Severity
from incidents.timeline import rows
from tests.builders import (
    APPROVAL,
    DIGEST,
    INCIDENT,
    KEY,
    NOON,
    RUN,
    desk,
    judgement,
    later,
    plan,
    report,
    requested,
    started,
)
from tests.property.incidents.strategies import of, one_of

moments = st.integers(min_value=-5, max_value=30).map(later)
people = st.sampled_from(("ann", "ben", "eve"))
judgements = st.builds(
    judgement,
    st.sampled_from(("Down", "Slow", "Full")),
    starts_at=moments,
    ends_at=st.none() | moments,
    severity=st.sampled_from(Severity),
    title=of(str),
)
said: dict[str, st.SearchStrategy[object]] = {
    "key": st.just(KEY),
    "number": st.just(1),
    "alerts": st.lists(judgements, max_size=3).map(tuple),
    "hold": st.just(timedelta(minutes=10)),
    "step": st.sampled_from(("look", "scale", "undo-scale", "criterion-full")),
    "run": st.sampled_from((RUN, "run-1-2")),
    "approval": st.sampled_from((APPROVAL, "approval-1-1-2")),
    "digest": st.sampled_from((DIGEST, "sha256:other")),
    "plan": st.sampled_from((plan(), plan(inverse=(), digest="sha256:other"))),
    "by": people,
    "until": moments,
    "not_after": moments,
    "scopes": st.just(("all",)),
    "scope": st.sampled_from(("all", "llm-d")),
    "started": st.just(started()),
    "requested": st.builds(requested, needed=st.integers(min_value=0, max_value=2)),
}


def to(streams: Sequence[str], kinds: object) -> st.SearchStrategy[tuple[str, object]]:
    return st.tuples(st.sampled_from(streams), one_of(kinds, **said))


told_in_all = st.one_of(
    to([INCIDENT], IncidentCommand),
    to([RUN], RunCommand),
    to([APPROVAL, "approval-1-1-2"], ApprovalCommand),
    to(["desk"], DeskCommand),
)
stories = st.lists(st.tuples(st.integers(min_value=0, max_value=9), told_in_all), max_size=40)

BEGINNING = (
    (INCIDENT, report()),
    (RUN, run.StartRun(started=started())),
    (APPROVAL, RequestApproval(requested=requested())),
)


class Story:
    """A desk to which anything may be said; what does not fit is refused."""

    def __init__(self) -> None:
        self.minutes = 0
        self.desk: Desk = desk(clock=lambda: later(self.minutes))
        for stream, command in BEGINNING:
            self.desk.tell(stream, command)

    def tell(self, wait: int, stream: str, command: object) -> None:
        """Tell it; only the refusals that are promised may be raised."""
        self.minutes += wait
        try:
            self.desk.tell(stream, command)
        except (Rejected, Conflict):
            return


@given(stories)
@settings(max_examples=150)
def test_what_was_folded_step_by_step_is_folded_again_from_its_bytes(
    story: Sequence[tuple[int, tuple[str, object]]],
) -> None:
    """A restart must find every incident as it was, with the row that lists show."""
    told = Story()
    for wait, (stream, command) in story:
        told.tell(wait, stream, command)

    again = desk(told.desk.journal)
    for stream in {recorded.stream for recorded in told.desk.journal.follow(after=0)}:
        assert again.state(stream) == told.desk.state(stream)
        row = kind_of(stream).summary(again.state(stream), again.policy)
        assert told.desk.journal.summary(stream) == row


@given(stories)
@settings(max_examples=100)
def test_the_timeline_is_sorted_and_has_no_gaps(
    story: Sequence[tuple[int, tuple[str, object]]],
) -> None:
    """A row for every event, in order of time, and no version of a stream missing."""
    told = Story()
    for wait, (stream, command) in story:
        told.tell(wait, stream, command)

    shown = rows(told.desk.history(1))
    streams = told.desk.streams(1)
    assert sorted((row.stream, row.version) for row in shown) == sorted(
        (stream, version)
        for stream in streams
        for version in range(1, told.desk.state(stream).version + 1)
    )
    assert all(one.at <= other.at for one, other in pairwise(shown))
    for stream in streams:
        versions = [row.version for row in shown if row.stream == stream]
        assert versions == sorted(versions)


@given(stories)
@settings(max_examples=100)
def test_an_open_incident_always_has_a_due_moment(
    story: Sequence[tuple[int, tuple[str, object]]],
) -> None:
    """What has no next moment is what everybody forgets."""
    told = Story()
    for wait, (stream, command) in story:
        told.tell(wait, stream, command)
        incident = told.desk.incident(1)
        moment = due(incident, told.desk.policy)

        over = incident.status is Status.RESOLVED and incident.postmortem is not None
        assert (moment is None) == over
        assert moment is None or moment >= NOON


@given(st.lists(judgements, min_size=1, max_size=6))
def test_a_person_beats_every_later_alert(alerts: list[Judgement]) -> None:
    """They know something that no rule knows."""
    told = Story()
    said_so = SetSeverity(severity=Severity.P3, by="ann", because="a load test")
    told.tell(0, INCIDENT, said_so)
    for one in alerts:
        told.tell(1, INCIDENT, report(one))

    state = told.desk.incident(1)
    assert (state.severity, state.severity_because) == (Severity.P3, "a load test")
