"""How long each stage took, and what was done."""

from datetime import timedelta

from incidents.commands.approval import Approve, RequestApproval
from incidents.commands.incident import Acknowledge, Mitigate, Relapse, Resolve
from incidents.commands.run import StartRun
from incidents.desk import Desk
from incidents.incident import Incident
from incidents.measures import Measures, measure
from tests.builders import (
    APPROVAL,
    DIGEST,
    INCIDENT,
    NOON,
    RUN,
    claim,
    desk,
    judgement,
    later,
    policy,
    report,
    requested,
    started,
)
from tests.incidents.telling_runs import CLAIM, DOUBT, FINISH, PLAN, SETTLE, VERIFY

MITIGATE = Mitigate(by="triaged", because="4 → 6", run=RUN, step="scale-decode")
SECOND = "approval-1-1-2"


class Hands:
    """A desk whose clock is set before each command."""

    def __init__(self) -> None:
        self.minutes = 0.0
        self.desk: Desk = desk(clock=lambda: later(self.minutes), rules=policy())

    def at(self, minutes: float, stream: str, command: object) -> None:
        self.minutes = minutes
        self.desk.tell(stream, command)

    def measured(self) -> Measures:
        return measure(self.desk.incident(1), self.desk.history(1))


def test_the_stages_count_from_the_first_alert() -> None:
    """Users suffered before anybody was told."""
    hands = Hands()
    early = judgement("Early", starts_at=later(-3))
    hands.at(0, INCIDENT, report(judgement(), early))
    hands.at(2, INCIDENT, Acknowledge(by="ann", via="slack"))
    hands.at(2, RUN, StartRun(started=started()))
    hands.at(3, RUN, PLAN)
    hands.at(3, APPROVAL, RequestApproval(requested=requested()))
    hands.at(7, APPROVAL, Approve(by="ann", via="slack", digest=DIGEST))
    hands.at(7, RUN, CLAIM)
    hands.at(8, RUN, FINISH)
    hands.at(20, RUN, VERIFY)
    hands.at(20, INCIDENT, MITIGATE)
    hands.at(40, INCIDENT, Resolve(by="ann", because="over"))

    assert hands.measured() == Measures(
        to_detect=timedelta(minutes=3),
        to_acknowledge=timedelta(minutes=5),
        to_mitigate=timedelta(minutes=23),
        to_resolve=timedelta(minutes=43),
        approval_wait=timedelta(minutes=4),
        alerts=2,
        changes=1,
        verified=1,
    )


def test_a_stage_that_was_not_reached_is_nothing_and_not_zero() -> None:
    """Zero minutes would be the best figure of all."""
    hands = Hands()
    hands.at(0, INCIDENT, report())

    assert hands.measured() == Measures(
        to_detect=timedelta(),
        to_acknowledge=None,
        to_mitigate=None,
        to_resolve=None,
        approval_wait=None,
        alerts=1,
        changes=0,
        verified=0,
    )


def test_an_incident_without_alerts_has_no_beginning_to_count_from() -> None:
    """A span from nowhere is no span."""
    measured = measure(Incident(id=INCIDENT, acknowledged_at=NOON), ())

    assert (measured.to_detect, measured.to_acknowledge) == (None, None)


def test_what_relapsed_was_not_mitigated() -> None:
    """The figure must not praise a change that did not last."""
    hands = Hands()
    hands.at(0, INCIDENT, report())
    hands.at(5, INCIDENT, MITIGATE)
    hands.at(9, INCIDENT, Relapse(because="fired again"))
    relapsed = hands.measured().to_mitigate
    hands.at(30, INCIDENT, MITIGATE)

    assert (relapsed, hands.measured().to_mitigate) == (None, timedelta(minutes=30))


def test_a_doubt_that_a_person_settled_as_applied_is_a_change() -> None:
    """The world was changed, whoever found out."""
    hands = Hands()
    hands.at(0, INCIDENT, report())
    hands.at(0, RUN, StartRun(started=started()))
    hands.at(0, RUN, PLAN)
    hands.at(0, APPROVAL, RequestApproval(requested=requested()))
    hands.at(0, APPROVAL, Approve(by="ann", via="slack", digest=DIGEST))
    hands.at(0, RUN, claim())
    hands.at(1, RUN, DOUBT)
    hands.at(2, RUN, SETTLE)

    assert (hands.measured().changes, hands.measured().verified) == (1, 0)


def test_the_longest_wait_for_a_yes_counts() -> None:
    """The slowest question is the one to make faster."""
    hands = Hands()
    hands.at(0, INCIDENT, report())
    hands.at(0, APPROVAL, RequestApproval(requested=requested()))
    hands.at(0, SECOND, RequestApproval(requested=requested()))
    hands.at(2, SECOND, Approve(by="ann", via="slack", digest=DIGEST))
    hands.at(6, APPROVAL, Approve(by="ann", via="slack", digest=DIGEST))

    assert hands.measured().approval_wait == timedelta(minutes=6)
