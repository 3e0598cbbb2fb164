"""Deliveries that cannot be handled: set aside, visible, replayable, and a person learns."""

from collections.abc import Sequence

import pytest

from alert_webhooks.registry import sources
from bot.app.intake import Intake
from bot.app.loops.inbox import InboxLoop
from incidents.alert import Alert
from incidents.errors import Unavailable
from incidents.incident import Status
from incidents.journal import Delivery
from incidents.policy import Severity
from incidents.severity import judge
from storage.memory import MemoryStore
from storage.writer import Hooks
from tests.alert_webhooks.bodies import UNREADABLE, alert, body, resolved
from tests.bot.intake.desks import Office, choose
from tests.builders import alert as unlabelled

UNREAD = "it is not JSON: not JSON: Expecting value (character 0)"


def test_a_person_learns_of_what_cannot_be_read(office: Office) -> None:
    """An alert that we cannot read is still an alert, and no less bad than one that says little."""
    office.deliver(b"")

    [incident] = office.incidents
    assert (incident.title, incident.severity, incident.severity_because) == (
        "A delivery from alertmanager:prod was set aside: it is not JSON",
        judge(unlabelled("Unheard"), {}, office.policy).severity,
        "nobody knows what it says, and alerts may be missing until somebody looks",
    )
    assert incident.severity is Severity.P2
    assert office.aside == [(1, UNREAD)]


def test_one_incident_per_source_counts_what_was_set_aside(office: Office) -> None:
    """A broken template delivers every five minutes; ten channels tell no more than one."""
    office.deliver(b"", b"nonsense", b"[]", b"")
    office.deliver(b"", source="alertmanager:staging")

    assert [(one.title.partition(" from ")[2], len(one.alerts)) for one in office.incidents] == [
        ("alertmanager:prod was set aside: it is not JSON", 4),
        ("alertmanager:staging was set aside: it is not JSON", 1),
    ]
    assert len(office.aside) == 5
    assert office.incidents[0].firing == 4


def test_a_source_that_goes_on_does_not_fill_the_journal(office: Office) -> None:
    """The twentieth says what the first one said; all of them are kept aside."""
    office.deliver(*[b""] * 25)
    before = office.store.journal.head()

    office.deliver(*[b""] * 5)

    assert office.store.journal.head() == before
    assert ([len(one.alerts) for one in office.incidents], len(office.aside)) == ([20], 30)


def test_it_stays_open_until_a_person_has_looked(office: Office) -> None:
    """By itself nothing that was set aside gets better."""
    office.deliver(b"")
    office.calm()
    still = office.incidents[0].status
    office.resolve(1)
    office.now += office.policy.gathering.reopen
    office.deliver(b"")

    assert still is Status.INVESTIGATING
    assert [one.status for one in office.incidents] == [Status.RESOLVED, Status.INVESTIGATING]


@pytest.mark.parametrize("name", UNREADABLE)
def test_every_unreadable_body_is_set_aside_with_its_reason(office: Office, name: str) -> None:
    """The reason names the place, so that whoever repairs it finds it."""
    office.deliver(UNREADABLE[name][0])

    [(_, because)] = office.aside
    assert because is not None
    assert UNREADABLE[name][1] in because
    assert len(office.incidents) == 1


def test_the_neighbours_of_an_unreadable_delivery_are_told_first(office: Office) -> None:
    """Rubbish in front must not delay an alert."""
    office.deliver(b"", body(alert()))

    assert [one.number for one in office.incidents if "KV cache" in one.title] == [1]


def test_a_body_above_the_cap_opens_one_incident(office: Office) -> None:
    """Alerts were in it that nobody has seen."""
    office.keep(b"{" * 100, source="oversized:alertmanager:prod", key="d1")
    office.keep(b"{" * 100, source="oversized:alertmanager:prod", key="d1")
    office.keep(b"[" * 100, source="oversized:alertmanager:prod", key="d2")
    office.work()

    [incident] = office.incidents
    assert incident.title == (
        "A delivery from oversized:alertmanager:prod was set aside: it is above the cap"
    )
    assert [inbox_id for inbox_id, _ in office.aside] == [2, 1]
    assert len(incident.alerts) == 2


def test_what_is_too_large_and_what_cannot_be_read_are_one_senders(office: Office) -> None:
    """One broken receiver is one thing to mend."""
    office.keep(b"{" * 100, source="oversized:alertmanager:prod", key="d1")
    office.deliver(b"")

    assert [len(one.alerts) for one in office.incidents] == [2]


class Poison:
    """Handles everything but bodies that say so."""

    def __init__(self) -> None:
        self.healed = False
        self.handled: list[int] = []

    def __call__(self, deliveries: Sequence[Delivery]) -> None:
        for one in deliveries:
            if one.body == b"poison" and not self.healed:
                message = "swallowed it"
                raise RuntimeError(message)
            if one.inbox_id not in self.handled:
                self.handled.append(one.inbox_id)
        self.store.inbox.done([one.inbox_id for one in deliveries])

    store: MemoryStore


@pytest.fixture
def poison(office: Office) -> Poison:
    """Return the handler of a second kind of delivery."""
    handler = Poison()
    handler.store = office.store  # type: ignore[assignment]  # the memory store of the fixture
    office.more = {"slack": handler}
    office.restart()
    return handler


def test_poison_is_set_aside_after_three_attempts(office: Office, poison: Poison) -> None:
    """One row that always fails must not be tried for ever, nor be forgotten."""
    office.keep(b"poison", source="slack:T1")
    turns = [(office.loop.once(), office.aside)[1] for _ in range(3)]

    assert turns[:2] == [[], []]
    assert office.aside == [(1, "handling it failed: RuntimeError: swallowed it")]
    assert [one.title for one in office.incidents] == [
        "A delivery from slack:T1 was set aside: handling it failed"
    ]


def test_the_neighbours_of_poison_go_on_at_once(office: Office, poison: Poison) -> None:
    """No delivery waits behind one that fails."""
    office.keep(b"a", b"poison", b"b", source="slack:T1")
    office.keep(body(alert()))

    office.loop.once()

    assert poison.handled == [1, 3]
    assert [one.inbox_id for one in office.store.inbox.pending()] == [2]
    assert len(office.incidents) == 1


def test_poison_can_be_replayed_when_it_is_healed(office: Office, poison: Poison) -> None:
    """The bytes are still there: after the repair nothing has to be sent again."""
    office.deliver(b"poison", source="slack:T1")
    poison.healed = True

    office.store.inbox.replay(1)
    office.work()

    assert (poison.handled, office.aside, office.store.inbox.pending()) == ([1], [], [])


def test_a_delivery_that_nothing_handles_is_set_aside(office: Office) -> None:
    """A role that is missing or a typing mistake must show."""
    office.deliver(b"?", source="carrier-pigeon:1")

    assert office.aside == [
        (1, "handling it failed: LookupError: nothing handles deliveries from carrier-pigeon:1")
    ]


def test_an_alert_on_which_we_fail_does_not_stop_the_others(office: Office) -> None:
    """A bug that one alert finds must not blind the desk to the rest."""

    def stumble(one: Alert) -> tuple[str, str]:
        if one.name == "Cursed":
            message = "no runbook"
            raise KeyError(message)
        return choose(one)

    intake = Intake(
        desk=office.desk,
        inbox=office.store.inbox,
        texts=office.store.texts,
        sources=sources(),
        choose=stumble,
    )
    office.loop = InboxLoop(
        inbox=office.store.inbox, handlers=intake.handlers(), unhandled=intake.unhandled
    )
    office.deliver(body(alert(labels={"alertname": "Cursed"})), body(alert(fingerprint="b")))

    assert [len(one.alerts) for one in office.incidents] == [1, 1]
    assert office.aside == [(1, "handling it failed: KeyError: 'no runbook'")]


def test_a_store_that_is_away_is_nobodys_fault() -> None:
    """An hour without the database must not set a single delivery aside."""
    away = [False]

    def fail(_: str) -> None:
        if away[0]:
            message = "the database is away"
            raise Unavailable(message)

    office = Office(store=MemoryStore(hooks=Hooks(before_commit=fail)))
    office.keep(body(alert()))
    away[0] = True
    for _ in range(5):
        with pytest.raises(Unavailable):
            office.loop.once()
    away[0] = False
    office.work()

    assert (len(office.incidents), office.aside) == (1, [])


def test_a_crash_after_any_commit_ends_in_the_same_place() -> None:
    """Every commit may be the last of a process; the next one finishes what it began."""
    story = [
        body(alert(), alert(labels={"namespace": "b"}, fingerprint="b")),
        # An end for the resolved incident and a new occurrence for the next: two appends.
        body(resolved(fingerprint="0"), alert(fingerprint="1")),
        b"",
        b"[]",
    ]
    expected = survive(story, dies_after=10_000)

    outcomes = [survive(story, dies_after=number) for number in range(1, 16)]

    assert outcomes == [expected] * len(outcomes)


class Killed(BaseException):
    """The process ends here; nothing that it runs catches it."""


def survive(
    story: Sequence[bytes], *, dies_after: int
) -> tuple[list[tuple[str, int, int]], int, int]:
    """Return what is there when the desk dies after so many commits and is started again."""
    left = [1_000_000]

    def count(_: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    office = Office(store=MemoryStore(hooks=Hooks(after_commit=count)))
    office.deliver(body(alert(fingerprint="0")))
    office.resolve(1)
    office.keep(*story)
    left[0] = dies_after
    try:
        office.work()
    except Killed:
        office.restart()
        office.work()
    told = sorted((one.title, len(one.alerts), one.firing) for one in office.incidents)
    return told, len(office.aside), len(office.store.inbox.pending())
