"""An incident that another one explains: what it hears, and what it says."""

import pytest

from incidents.commands.incident import ComeForward, Hide, HideChild, Resolve, Tick
from incidents.errors import Rejected
from incidents.events import incident as events
from incidents.gathering import Gathering
from incidents.hiding import hiding, near, parents
from incidents.incident import DESK
from incidents.keeping import Rules
from tests.builders import NOON, judgement, later, policy, report
from tests.incidents.telling_incidents import after, begin, decided

HIDE = Hide(under=2, rule="inhibition:down", because="Down fires there")
CHILD = HideChild(key="local/n/m", rule="inhibition:down", because="hidden under Down")
FORWARD = ComeForward(by=DESK, because="INC-2 is over")
OVER = Resolve(by="ann", because="over")


def test_a_child_is_listed_once() -> None:
    """A hundred alerts of one model are one line."""
    listed = after(begin(), CHILD)

    assert listed.children == {"local/n/m": "hidden under Down"}
    assert decided(listed, CHILD).events == ()
    assert decided(after(begin(), OVER), CHILD).events == ()


def test_an_incident_is_hidden_once_and_not_when_it_is_over() -> None:
    """What is told twice is told once."""
    hidden = after(begin(), HIDE)

    assert (hidden.under, hidden.hidden_because) == (2, "Down fires there")
    assert decided(hidden, HIDE).events == ()
    assert decided(after(begin(), OVER), HIDE).events == ()
    assert after(hidden, OVER).under is None


def test_time_alone_changes_only_what_is_hidden_where_no_parent_is() -> None:
    """All others need not be looked at until something happens."""
    rules = Rules(gathering=Gathering())

    assert near(after(begin(), HIDE), rules)
    assert not near(begin(), rules)


def test_only_a_person_hears_that_it_is_not_hidden() -> None:
    """The desk looks again and again; a person expects an answer."""
    assert decided(begin(), FORWARD).events == ()
    with pytest.raises(Rejected) as refused:
        decided(begin(), ComeForward(by="ann", because="no"))

    assert str(refused.value) == "INC-1 is not hidden"


def test_what_a_person_brings_forward_is_not_hidden_again() -> None:
    """What the desk brings forward is, when its parent fires again."""
    by_person = after(after(begin(), HIDE), ComeForward(by="ann", because="another pool"))
    by_desk = after(after(begin(), HIDE), FORWARD)

    assert decided(by_person, HIDE).events == ()
    assert [type(one) for one in decided(by_desk, HIDE).events] == [events.Hidden]


def test_a_hidden_incident_calls_nobody() -> None:
    """Its parent does."""
    late = later(600)

    assert decided(after(begin(), HIDE), Tick(), at=late).events == ()
    assert [type(one) for one in decided(begin(), Tick(), at=late).events] == [events.Escalated]


def test_what_is_over_or_quiet_neither_hides_nor_is_hidden() -> None:
    """Only what fires explains, and only what fires needs an explanation."""
    rules = Rules(gathering=policy().gathering)
    down = begin(report(judgement("EPPNoReadyEndpoints")))
    quiet = begin(report(judgement("EPPNoReadyEndpoints", ends_at=later(1))))

    assert len(parents(down, rules.gathering)) == 1
    assert parents(quiet, rules.gathering) == ()
    assert parents(after(down, OVER), rules.gathering) == ()
    assert parents(after(down, HIDE), rules.gathering) == ()
    assert parents(down, Gathering()) == ()
    assert [hiding(one, rules, NOON) for one in (down, quiet, after(down, OVER))] == [None] * 3


def test_a_late_report_reopens_nothing_that_is_open() -> None:
    """Two processes may find the same end; the second one only brings its alerts."""
    again = report(judgement("Late"), reopen="it came back 1 min after its end")
    told = [type(one).__name__ for one in decided(begin(), again).events]

    assert told == ["AlertFired"]


def test_a_reopened_incident_takes_its_key_and_has_nobody() -> None:
    """Nobody who had it may still be awake; what was verified no longer counts."""
    over = after(begin(), OVER)
    again = report(judgement(starts_at=later(9)), reopen="it came back 1 min after its end")
    decision = decided(over, again, at=later(9))

    assert [one.kind for one in decision.take] == ["open_incident", "occurrence"]
    state = after(over, again, at=later(9))
    assert (state.resolved_at, state.reopened_at, state.reopenings) == (None, later(9), 1)
