"""The timeline: rows read from the journal, in order, with nothing left out."""

import pytest

from incidents.commands.incident import Acknowledge
from incidents.commands.run import StartRun
from incidents.desk import Entry
from incidents.events.incident import Acknowledged, CalmBroken, Escalated, IncidentOpened
from incidents.events.registry import Event, to_bytes
from incidents.events.run import StepSkipped
from incidents.journal import Recorded
from incidents.timeline import Row, Weight, rows
from tests.builders import INCIDENT, NOON, RUN, desk, judgement, later, report, started
from tests.incidents.samples import EVENTS
from tests.incidents.telling_runs import CHECK


def entry(event: Event, *, position: int = 1, minutes: float = 0) -> Entry:
    kind, schema, body = to_bytes(event)
    recorded = Recorded(
        position=position,
        stream=INCIDENT,
        version=position,
        event_id=f"e{position}",
        append_id=f"a{position}",
        kind=kind,
        schema=schema,
        body=body,
        at=later(minutes),
    )
    return Entry(recorded=recorded, event=event)


def test_the_timeline_is_told_by_the_journal_alone() -> None:
    """Nothing writes it: what is not in the journal is not on it."""
    clock = iter([NOON, later(1), later(2), later(3)])
    told = desk(clock=lambda: next(clock))
    told.tell(INCIDENT, report())
    told.tell(RUN, StartRun(started=started()))
    told.tell(INCIDENT, Acknowledge(by="ann", via="slack"))
    told.tell(RUN, CHECK)

    assert [
        (one.at, one.text, one.by, one.kind, one.stream, one.version, one.step)
        for one in rows(told.history(1))
    ] == [
        (
            NOON,
            "INC-1 opened for llm-d/llama-3-70b",
            "triaged",
            "IncidentOpened",
            INCIDENT,
            1,
            None,
        ),
        (
            NOON,
            "VLLMPreemptionsHigh fired (P2: users wait longer), reported by alertmanager:a",
            "triaged",
            "AlertFired",
            INCIDENT,
            2,
            None,
        ),
        (
            later(1),
            "runbook cache-evictions (0123456789ab) runs: its name matches",
            "triaged",
            "RunStarted",
            RUN,
            1,
            None,
        ),
        (later(2), "acknowledged by ann through slack", "ann", "Acknowledged", INCIDENT, 3, None),
        (later(3), "look: exhausted: 97 %", "triaged", "CheckFinished", RUN, 2, "look"),
    ]


def test_an_alert_that_had_ended_is_not_said_to_have_fired() -> None:
    """Nobody saw it fire: a row that says so would stand at a moment at which nothing rang."""
    told = desk()
    told.tell(INCIDENT, report(judgement(), judgement("Late", ends_at=later(1), seen_firing=False)))
    told.tell(INCIDENT, report(judgement(ends_at=later(2), seen_firing=False)))

    alerts = [one.text for one in rows(told.history(1)) if one.kind.startswith("Alert")]

    assert alerts == [
        "VLLMPreemptionsHigh fired (P2: users wait longer), reported by alertmanager:a",
        "Late resolved (never seen firing) (P2: users wait longer), reported by alertmanager:a",
        "Late ended at 12:01:00",
        "VLLMPreemptionsHigh ended at 12:02:00",
    ]


def test_rows_of_one_moment_stand_in_the_order_of_the_journal() -> None:
    """One append is one moment: what follows must not be shown before what it follows from."""
    events = [CalmBroken(), Acknowledged(by="ann", via="cli")]
    told = [entry(event, position=number) for number, event in enumerate(events, start=1)]

    shown = rows([told[1], entry(CalmBroken(), position=3, minutes=-1), told[0]])

    assert [one.version for one in shown] == [3, 1, 2]


@pytest.mark.parametrize(
    ("event", "row"),
    [
        pytest.param(
            StepSkipped(step="pause", by="ann", because="not now"),
            Row(
                at=NOON,
                text="pause left out: not now",
                by="ann",
                weight=Weight.STEP,
                kind="StepSkipped",
                stream=INCIDENT,
                version=1,
                step="pause",
            ),
            id="by-a-person",
        ),
        pytest.param(
            Escalated(because="nobody came", run=None, criterion=None),
            Row(
                at=NOON,
                text="escalated: nobody came",
                by="triaged",
                weight=Weight.HEADLINE,
                kind="Escalated",
                stream=INCIDENT,
                version=1,
            ),
            id="by-the-clock",
        ),
    ],
)
def test_a_row_says_who_and_where(event: Event, row: Row) -> None:
    """A reader finds the event again, and knows whom to ask."""
    assert rows([entry(event)]) == (row,)


def test_every_kind_of_event_has_a_row() -> None:
    """A kind that the timeline left out would be a gap that nobody sees."""
    told = [entry(event, position=number) for number, event in enumerate(EVENTS, start=1)]

    shown = rows(told)

    assert [one.kind for one in shown] == [one.recorded.kind for one in told]
    assert {one.weight for one in shown} == set(Weight)
    assert isinstance(told[0].event, IncidentOpened)
