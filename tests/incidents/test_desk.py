"""The desk: read, decide, append; and again when somebody was first."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from incidents.commands.approval import RequestApproval
from incidents.commands.desk import Freeze
from incidents.commands.incident import Acknowledge, Mitigate, Resolve, SetSeverity, Tick
from incidents.commands.run import StartRun
from incidents.desk import KEPT, TRIES, Desk
from incidents.errors import (
    Conflict,
    HoldConflict,
    Rejected,
    RequirementConflict,
    VersionConflict,
)
from incidents.events.incident import Acknowledged, SeverityChanged
from incidents.freeze import FreezeState
from incidents.journal import Append, Appended, Delivery, Recorded
from incidents.policy import Severity
from incidents.ports import Journal
from storage.memory import MemoryStore
from tests.builders import (
    APPROVAL,
    INCIDENT,
    NOON,
    RUN,
    desk,
    judgement,
    later,
    report,
    requested,
    started,
)
from tests.incidents.telling_runs import CLAIM, PLAN

ACK = Acknowledge(by="ann", via="slack")
P1 = SetSeverity(severity=Severity.P1, by="ben", because="users call")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def told(store: MemoryStore) -> Desk:
    """Return a desk with one open incident."""
    one = desk(store.journal)
    one.tell(INCIDENT, report())
    return one


def interrupted(journal: Journal, meanwhile: Callable[[], object]) -> Desk:
    """Return a desk that is overtaken between reading and appending: it asks the time there."""

    def clock() -> datetime:
        meanwhile()
        return NOON

    return desk(journal, clock=clock)


def test_a_command_answers_with_its_events_and_the_state_after_them(told: Desk) -> None:
    """Whoever told it need not read again."""
    answer = told.tell(INCIDENT, ACK)

    assert answer.events == (Acknowledged(by="ann", via="slack"),)
    assert (answer.stream, answer.repeated) == (INCIDENT, False)
    assert answer.state == told.incident(1) == desk(told.journal).incident(1)


def test_every_event_carries_how_it_came(told: Desk) -> None:
    """Whoever asks why finds the delivery or the click that was the cause."""
    told.tell(INCIDENT, ACK, append_id="click-1", cause="inbox-7")

    event = told.journal.read(INCIDENT)[-1]
    assert (event.event_id, event.append_id, event.cause, event.correlation, event.at) == (
        "click-1.0",
        "click-1",
        "inbox-7",
        "click-1",
        NOON,
    )


def test_a_command_that_changes_nothing_appends_nothing(told: Desk) -> None:
    """A repeated alert must cost a read and no more."""
    before = told.journal.head()

    answer = told.tell(INCIDENT, report())

    assert (answer.events, answer.state) == ((), told.incident(1))
    assert told.journal.head() == before


def test_whoever_is_overtaken_decides_again(store: MemoryStore, told: Desk) -> None:
    """Two clicks on one incident both count, one after the other."""
    late = interrupted(store.journal, lambda: told.incident(1).override or told.tell(INCIDENT, P1))

    answer = late.tell(INCIDENT, ACK)

    assert [one.kind for one in store.journal.read(INCIDENT)][-2:] == [
        "SeverityChanged",
        "Acknowledged",
    ]
    assert (answer.state.severity, answer.state.acknowledged_by) == (Severity.P1, "ann")


def test_whoever_is_overtaken_may_be_too_late(store: MemoryStore, told: Desk) -> None:
    """The second decision is made on what the first one left."""
    late = interrupted(
        store.journal,
        lambda: told.incident(1).acknowledged_by or told.tell(INCIDENT, ACK),
    )

    with pytest.raises(Rejected, match="ann has INC-1 already"):
        late.tell(INCIDENT, Acknowledge(by="ben", via="cli"))


def test_it_gives_up_when_others_are_always_first(store: MemoryStore, told: Desk) -> None:
    """A storm must not keep a thread for ever; the caller tries again later."""
    tries = list[int]()
    late = interrupted(store.journal, lambda: (tries.append(1), told.tell(INCIDENT, P1)))

    with pytest.raises(VersionConflict, match=f"incident-1: others were first {TRIES} times"):
        late.tell(INCIDENT, ACK)

    assert len(tries) == TRIES


def test_a_second_incident_for_one_key_is_a_conflict(told: Desk) -> None:
    """One problem is one incident: the loser joins the one that is open."""
    with pytest.raises(HoldConflict) as taken:
        told.tell("incident-2", report(judgement("Other"), number=2))

    assert (taken.value.kind, taken.value.key, taken.value.holder) == (
        "open_incident",
        "local/llm-d/llama-3-70b",
        INCIDENT,
    )
    assert told.incident(2).opened is None


def test_two_problems_that_counted_alike_do_not_share_a_number(
    store: MemoryStore, told: Desk
) -> None:
    """Whoever loses the number looks again where the alerts belong."""
    other = report(judgement("Other"), number=2, key="local/llm-d/other")
    third = report(judgement("Third"), number=2, key="local/llm-d/third")
    late = interrupted(
        store.journal,
        lambda: told.incident(2).opened or told.tell("incident-2", other),
    )

    with pytest.raises(Conflict, match="incident-2 was opened for local/llm-d/other"):
        late.tell("incident-2", third)

    assert [one.fired.name for one in told.incident(2).alerts.values()] == ["Other"]


def test_an_ended_incident_frees_its_key(told: Desk) -> None:
    """The same alert next week is a new incident."""
    told.tell(INCIDENT, Resolve(by="ann", because="over"))
    told.tell("incident-2", report(judgement(starts_at=later(9)), number=2))

    assert told.incident(2).number == 2


def test_a_claim_without_a_granted_approval_is_a_conflict(told: Desk) -> None:
    """The rule holds in the append, whoever decided before it."""
    told.tell(RUN, StartRun(started=started()))
    told.tell(RUN, PLAN)
    told.tell(APPROVAL, RequestApproval(requested=requested()))

    with pytest.raises(RequirementConflict, match="approval-1-1-1 is requested, not granted"):
        told.tell(RUN, CLAIM)


def test_what_was_told_under_an_id_is_told_once(store: MemoryStore, told: Desk) -> None:
    """A loop that died after its commit tells it again, and nothing happens twice."""
    first = told.tell(INCIDENT, P1, append_id="again")
    other = desk(store.journal)

    again = other.tell(INCIDENT, P1, append_id="again")

    assert (again.events, again.repeated) == ((), True)
    assert again.state == first.state == other.incident(1)


def test_an_append_finishes_its_deliveries(store: MemoryStore, told: Desk) -> None:
    """A delivery is done in the transaction of its append, or it is still pending."""
    kept = store.inbox.submit(source="slack", body=b"click").result(1)
    assert [one.inbox_id for one in pending(store)] == [kept.inbox_id]

    told.tell(INCIDENT, ACK, inbox=(kept.inbox_id,))

    assert pending(store) == []


def pending(store: MemoryStore) -> Sequence[Delivery]:
    return store.inbox.pending()


def test_what_is_no_stream_is_refused(told: Desk) -> None:
    """A wrong name from a command line must not begin a stream."""
    with pytest.raises(Rejected, match="'teapot-1' is no stream"):
        told.tell("teapot-1", ACK)


def test_the_streams_of_an_incident_are_found_by_their_summaries(told: Desk) -> None:
    """Nothing is found by folding all streams."""
    told.tell(RUN, StartRun(started=started()))
    told.tell(APPROVAL, RequestApproval(requested=requested()))
    told.tell("desk", Freeze(scope="all", by="ann", reason="a migration"))
    told.tell("incident-2", report(judgement("Other"), number=2, key="other"))

    assert told.streams(1) == (INCIDENT, RUN, APPROVAL)
    assert [one.recorded.kind for one in told.history(1)] == [
        "IncidentOpened",
        "AlertFired",
        "RunStarted",
        "ApprovalRequested",
    ]
    assert (told.run(RUN).started, told.approval(APPROVAL).asked) == (started(), requested())
    assert told.freeze().frozen["all"].reason == "a migration"


def test_what_does_not_exist_is_empty() -> None:
    """Whoever asks for a wrong number gets an answer, not an error."""
    empty = desk()

    assert (empty.incident(9).opened, empty.run("run-9-1").started) == (None, None)
    assert (empty.approval("approval-9-1-1").asked, empty.freeze()) == (None, FreezeState())


class CountingJournal:
    """A journal over another one, which notes after which version it is read."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.afters: list[int] = []

    def append(self, request: Append) -> Appended:
        return self.journal.append(request)

    def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        self.afters.append(after)
        return self.journal.read(stream, after=after)


@pytest.fixture
def counting(store: MemoryStore) -> CountingJournal:
    return CountingJournal(store.journal)


def test_a_state_is_folded_on_from_the_version_that_is_known(counting: CountingJournal) -> None:
    """A long incident must not be read from its beginning for every click."""
    told = desk(counting)
    told.tell(INCIDENT, report())
    desk(counting.journal).tell(INCIDENT, P1)
    counting.afters.clear()

    seen = [told.incident(1).severity, told.incident(1).severity]

    assert seen == [Severity.P1, Severity.P1]
    assert counting.afters == [2, 3]


def test_what_is_kept_is_bounded(counting: CountingJournal) -> None:
    """A year of incidents must not stay in memory."""
    told = desk(counting)
    for number in range(1, KEPT + 2):
        told.tell(f"incident-{number}", Tick())
    told.tell(INCIDENT, report())
    for number in range(1, KEPT + 2):
        told.tell(f"incident-{number}", Tick())
    counting.afters.clear()

    told.incident(1)

    assert counting.afters == [0]


def test_two_threads_that_tell_at_once_are_both_heard(store: MemoryStore, told: Desk) -> None:
    """Loops, listeners and the command line share one desk."""
    words = [f"word {number}" for number in range(40)]

    def tell(word: str) -> None:
        told.tell(INCIDENT, SetSeverity(severity=Severity.P1, by="ann", because=word))

    with ThreadPoolExecutor(max_workers=2) as threads:
        list(threads.map(tell, words))

    said = [one.event for one in told.history(1) if isinstance(one.event, SeverityChanged)]
    assert sorted(one.because for one in said) == sorted(words)
    assert told.incident(1) == desk(store.journal).incident(1)
    versions = [one.version for one in store.journal.read(INCIDENT)]
    assert versions == list(range(1, len(versions) + 1))


def test_an_event_stands_at_the_moment_of_its_decision(store: MemoryStore) -> None:
    """The state that was decided from and the row that is kept agree about the time."""
    moments = iter([NOON, later(1)])
    told = desk(store.journal, clock=lambda: next(moments))
    told.tell(INCIDENT, report())
    answer = told.tell(INCIDENT, Mitigate(by="ann", because="rolled back"))

    assert answer.state.mitigated_at == later(1)
    assert [one.at for one in store.journal.read(INCIDENT)] == [NOON, NOON, later(1)]
