"""A silence: what is wanted is written before, what came of it after, and doubt in between."""

from datetime import datetime

import pytest

from incidents.commands.silence import (
    AskEnd,
    AskSilence,
    NoteFailure,
    NoteGone,
    NoteSilence,
    SilenceCommand,
)
from incidents.desk import Desk
from incidents.errors import Conflict, Rejected
from incidents.matchers import parse
from incidents.silence import Silence, silence_stream, title
from incidents.timeline import rows
from tests.builders import desk, later, report

STREAM = silence_stream(1, 1)
FIRST, SECOND = "http://am-0:9093", "http://am-1:9093"
LOST = NoteFailure(address=FIRST, because="ReadTimeout", certain=False)
REFUSED = NoteFailure(address=FIRST, because="HTTP 400", certain=True)
MADE = NoteSilence(address=FIRST, silence="8a0f")
GONE = NoteGone(address=FIRST)
END = AskEnd(by="ben", because="it is over")


def ask(
    *matchers: str, until: datetime | None = None, because: str = "known", at: tuple[str, ...] = ()
) -> AskSilence:
    return AskSilence(
        incident=1,
        matchers=tuple(map(parse, matchers or ("alertname=KVCacheFull",))),
        until=until or later(120),
        by="ann",
        because=because,
        at=at or (FIRST,),
    )


def after(*commands: SilenceCommand) -> Silence:
    """Return the silence after it was asked for and these commands."""
    told = desk()
    for command in (ask(), *commands):
        told.tell(STREAM, command)
    state: Silence = told.state(STREAM)
    return state


@pytest.mark.parametrize(
    ("commands", "state", "still"),
    [
        pytest.param([], "in doubt", True, id="asked-and-then-a-crash"),
        pytest.param([MADE], "standing", True, id="made"),
        pytest.param([LOST], "in doubt", True, id="the-answer-was-lost"),
        pytest.param([REFUSED], "failed", False, id="refused"),
        pytest.param([LOST, MADE], "standing", True, id="found-again"),
        pytest.param([MADE, END], "standing", True, id="end-asked"),
        pytest.param([MADE, END, GONE], "ended", False, id="ended"),
        pytest.param([MADE, END, LOST], "in doubt", True, id="the-answer-to-its-end-was-lost"),
        pytest.param([MADE, END, REFUSED], "standing", True, id="could-not-be-ended"),
        pytest.param([END, GONE], "ended", False, id="ended-out-of-doubt"),
    ],
)
def test_nobody_is_told_more_than_is_known(
    commands: list[SilenceCommand], state: str, *, still: bool
) -> None:
    """A silence that may stand must not be shown as gone, nor one that is gone as standing."""
    found = after(*commands)

    assert (found.state, found.open) == (state, still)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(MADE, id="made"),
        pytest.param(LOST, id="lost"),
        pytest.param(REFUSED, id="refused"),
        pytest.param(END, id="end"),
    ],
)
def test_the_same_answer_twice_is_one(command: SilenceCommand) -> None:
    """Whoever asks again adds nothing to the timeline."""
    first = [MADE] if command in (END, LOST) else []

    assert after(*first, command).version == after(*first, command, command).version


def test_what_was_never_there_cannot_go() -> None:
    """Ending twice says it once."""
    assert after(MADE, END, GONE).version == after(MADE, END, GONE, GONE).version


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        pytest.param(ask("alertname!=Watchdog"), "silences nearly everything", id="everything"),
        pytest.param(ask(because="  "), "say why: others will read it", id="no-reason"),
        pytest.param(ask(until=later(0)), "ends in the future, and within 168 h", id="no-end"),
        pytest.param(ask(until=later(7 * 24 * 60 + 1)), "within 168 h", id="too-long"),
        pytest.param(END, "there is no silence-1-1", id="unknown"),
    ],
)
def test_a_silence_that_is_a_danger_is_refused(command: SilenceCommand, complaint: str) -> None:
    """What is silenced for ever, or altogether, is an outage that nobody hears of."""
    with pytest.raises(Rejected) as refused:
        desk().tell(STREAM, command)

    assert complaint in str(refused.value)


def test_two_people_do_not_get_one_number() -> None:
    """The second would overwrite what the first wanted."""
    told = desk()
    told.tell(STREAM, ask())

    with pytest.raises(Conflict):
        told.tell(STREAM, ask())


@pytest.mark.parametrize(
    ("commands", "command", "complaint"),
    [
        pytest.param([REFUSED], END, "silence-1-1 has failed already", id="nothing-to-end"),
        pytest.param([MADE], AskEnd(by="ben", because=""), "say why", id="no-reason"),
    ],
)
def test_an_end_that_does_not_fit_is_refused(
    commands: list[SilenceCommand], command: SilenceCommand, complaint: str
) -> None:
    """Whoever ends nothing should know."""
    with pytest.raises(Rejected) as refused:
        after(*commands, command)

    assert complaint in str(refused.value)


def test_the_timeline_of_the_incident_tells_it() -> None:
    """Months later somebody asks why nobody heard of it."""
    told: Desk = desk()
    told.tell("incident-1", report())
    told.tell(STREAM, ask(at=(FIRST, SECOND)))
    told.tell(STREAM, MADE)

    assert [one.text for one in rows(told.history(1)) if one.stream == STREAM] == [
        'silence until 2026-03-01 14:00:00 asked for by ann: alertname="KVCacheFull": known',
        "silenced at http://am-0:9093, as 8a0f",
    ]
    assert told.journal.summary(STREAM).closed_at is None  # type: ignore[union-attr]  # it is there


def test_a_silence_without_events_is_called_by_its_stream() -> None:
    """A list shows what is there."""
    assert title(Silence(id=STREAM)) == STREAM
    assert after(MADE).stands == {FIRST: "8a0f"}
