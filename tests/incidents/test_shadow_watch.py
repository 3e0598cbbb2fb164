"""A watch over what people do in shadow: what is nearest counts, and it ends once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.commands.shadow import BeginWatch, EndWatch, JudgeAct, NoteAct, WatchCommand
from incidents.errors import Rejected
from incidents.events.registry import from_bytes, to_bytes
from incidents.events.shadow import (
    ActJudged,
    Better,
    Did,
    PeopleActed,
    ShadowBegan,
    ShadowEnded,
)
from incidents.journal import Aggregate
from incidents.shadow import (
    AFTER_END,
    DONE,
    Watch,
    closes_at,
    decide,
    evolve,
    shadow_stream,
    state,
    title,
)
from incidents.telling import tell
from tests.builders import NOON, RUN, desk, later, report

STREAM = shadow_stream(RUN, 7)
STEP = "scale-decode"
BEGAN = ShadowBegan(
    incident=1,
    run=RUN,
    would=7,
    runbook="cache-evictions",
    step=STEP,
    until=later(60),
    before=(),
    marks=(),
    pods=(),
    unseen="",
)
BEGIN = BeginWatch(began=BEGAN)
JUDGE = JudgeAct(verdict="verified", because="preemptions stopped")
END = EndWatch(did=Did.NOTHING, because="everything stands as it did", better=Better.NO)


def act(did: Did, what: str = "replicas is 6 now", **changes: object) -> PeopleActed:
    """Return what a person with kubectl did, twenty minutes after noon."""
    plain = PeopleActed(
        step=STEP, did=did, what=what, became=(), who=("kubectl-scale",), at=later(20)
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


def note(did: Did, **changes: object) -> NoteAct:
    """Return that it was seen."""
    return NoteAct(act=act(did, **changes))


def after(*commands: WatchCommand) -> Watch:
    """Return the watch after these commands, a minute apart."""
    watch = Watch(id=STREAM)
    for number, command in enumerate(commands):
        for event in decide(watch, command).events:
            watch = evolve(watch, event, later(number))
    return watch


def test_a_watch_goes_from_its_beginning_to_its_end() -> None:
    """Who decides about switching a runbook on reads exactly this."""
    watch = after(BEGIN, note(Did.SAME), JUDGE, EndWatch(did=Did.NOTHING, because="so"))

    assert (watch.began, watch.did, watch.version) == (BEGAN, Did.SAME, 4)
    assert watch.proof == ActJudged(
        step=STEP, verdict="verified", because="preemptions stopped", comparisons=()
    )
    assert watch.ended == ShadowEnded(step=STEP, did=Did.SAME, because="so", better=None)
    assert (state(watch), title(watch)) == ("the same", "cache-evictions scale-decode")


def test_it_is_watched_until_it_ends() -> None:
    """The open row is what a restart finds."""
    assert (state(after(BEGIN)), after(BEGIN).did) == ("watched", None)


def test_a_watch_that_never_began_has_no_row_to_show() -> None:
    """Its name is all that is known of it."""
    unknown = Watch(id=STREAM)

    assert (title(unknown), unknown.acted_at) == ("shadow-1-1-7", None)


def test_what_is_nearer_counts_instead_and_is_proven_anew() -> None:
    """A colleague who restarts first and then scales did scale."""
    other, amount = note(Did.OTHERWISE), note(Did.AMOUNT, what="replicas is 5 now")
    once = after(BEGIN, other, amount, JUDGE)

    again = after(BEGIN, other, amount, JUDGE, note(Did.SAME))

    assert (once.did, once.unproven) == (Did.AMOUNT, False)
    assert (again.did, again.unproven, again.proof) == (Did.SAME, True, None)
    assert after(BEGIN, note(Did.SAME), other, amount) == after(BEGIN, note(Did.SAME))


def test_nothing_is_to_be_proven_of_another_act() -> None:
    """Our windows say nothing of a change that is not ours."""
    assert [after(BEGIN, note(did)).unproven for did in (Did.OTHERWISE, *DONE)] == [
        False,
        True,
        True,
    ]
    assert not after(BEGIN).unproven


def test_people_acted_when_the_api_server_says() -> None:
    """The windows begin there; where nobody says it, when it was seen."""
    assert after(BEGIN, note(Did.SAME)).acted_at == later(20)
    assert after(BEGIN, note(Did.SAME, at=None)).acted_at == later(1)


@pytest.mark.parametrize(
    ("resolved", "closes"),
    [
        pytest.param(None, later(60), id="goes-on"),
        pytest.param(later(20), later(20) + AFTER_END, id="over-early"),
        pytest.param(later(59), later(60), id="over-late"),
    ],
)
def test_an_incident_that_is_over_ends_its_watch_a_while_later(
    resolved: object, closes: object
) -> None:
    """What people do an hour after the pain has nothing to do with it."""
    assert closes_at(BEGAN, resolved) == closes  # type: ignore[arg-type] # moments or None


@pytest.mark.parametrize(
    ("told", "command", "reason"),
    [
        pytest.param([], END, "there is no shadow-1-1-7", id="unknown"),
        pytest.param(
            [BEGIN],
            note(Did.NOTHING),
            "shadow-1-1-7: 'not at all' is no act of people",
            id="no-act",
        ),
        pytest.param(
            [BEGIN],
            JUDGE,
            "shadow-1-1-7: people have not done what would have been done",
            id="nothing-to-judge",
        ),
        pytest.param(
            [BEGIN, note(Did.OTHERWISE)],
            JUDGE,
            "shadow-1-1-7: people have not done what would have been done",
            id="another-act",
        ),
        pytest.param(
            [BEGIN],
            EndWatch(did=Did.SAME, because="so"),
            "shadow-1-1-7: nothing was noted that people did",
            id="an-end-without-an-act",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    told: Sequence[WatchCommand], command: WatchCommand, reason: str
) -> None:
    """A mistake of the loop must not become a number in the report."""
    with pytest.raises(Rejected) as refused:
        decide(after(*told), command)

    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("told", "command"),
    [
        pytest.param([BEGIN], BEGIN, id="begun-twice"),
        pytest.param([BEGIN, note(Did.SAME)], note(Did.SAME), id="seen-twice"),
        pytest.param([BEGIN, note(Did.SAME), JUDGE], JUDGE, id="judged-twice"),
        pytest.param([BEGIN, END], END, id="ended-twice"),
        pytest.param([BEGIN, END], note(Did.SAME), id="seen-after-the-end"),
        pytest.param([BEGIN, note(Did.SAME), END], JUDGE, id="judged-after-the-end"),
    ],
)
def test_what_is_told_again_changes_nothing(
    told: Sequence[WatchCommand], command: WatchCommand
) -> None:
    """Two processes may look at the same moment, and each tells what it saw."""
    assert decide(after(*told), command).events == ()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param(
            note(Did.SAME),
            "people did the same: replicas is 6 now, by kubectl-scale at 12:20:00",
            id="same",
        ),
        pytest.param(
            note(Did.OTHERWISE, what="Pod decode-a went", who=(), at=None),
            "people did otherwise: Pod decode-a went, "
            "by somebody (the API server does not say who)",
            id="nobody-says-who",
        ),
        pytest.param(
            END,
            "the watch is over: people did not do it: everything stands as it did; "
            "it did not get better",
            id="nothing",
        ),
        pytest.param(
            EndWatch(did=Did.NOTHING, because="so", better=Better.CANNOT_TELL),
            "the watch is over: people did not do it: so; whether it got better cannot be told",
            id="not-known-whether-better",
        ),
        pytest.param(
            EndWatch(did=Did.CANNOT_TELL, because="no permission"),
            "the watch is over: what people did cannot be told: no permission",
            id="cannot-tell",
        ),
    ],
)
def test_it_is_told_in_words(command: WatchCommand, words: str) -> None:
    """Thread, page and postmortem read it from here."""
    (event,) = decide(after(BEGIN), command).events

    assert tell(event) == f"{STEP}: {words}"


def test_people_are_told_each_thing_once() -> None:
    """One message in the thread says all of it, and grows with what is seen."""
    kinds = [
        [type(one).__name__ for one in after(*commands).told]
        for commands in (
            [BEGIN],
            [BEGIN, note(Did.SAME), JUDGE, END],
            [BEGIN, note(Did.OTHERWISE), END],
            [BEGIN, END],
        )
    ]

    assert kinds == [
        [],
        ["PeopleActed", "ActJudged"],
        ["PeopleActed", "ShadowEnded"],
        ["ShadowEnded"],
    ]


def test_a_beginning_says_until_when() -> None:
    """Whoever wonders why nothing is counted yet finds the moment."""
    told = "scale-decode: what people do instead is watched until 13:00:00"

    assert tell(BEGAN) == told
    assert tell(replace(BEGAN, unseen="gone")) == f"{told}; not seen: gone"


def test_its_row_stays_when_run_and_incident_are_over() -> None:
    """The watch has a stream of its own, so that neither is kept open by it."""
    told = desk()
    told.tell("incident-1", report())
    told.tell(STREAM, BEGIN)

    row = told.journal.summary(STREAM)
    told.tell(STREAM, END)
    closed = told.journal.summary(STREAM)

    assert row is not None
    assert closed is not None
    assert (row.aggregate, row.incident, row.closed_at) == (Aggregate.SHADOW, 1, None)
    assert (row.next_due, row.title) == (None, "cache-evictions scale-decode")
    assert (closed.closed_at, closed.next_due, closed.state) == (NOON, None, "not at all")
    assert STREAM in told.streams(1)
    assert told.watch(STREAM).did is Did.NOTHING


ACTS = st.builds(note, st.sampled_from([Did.SAME, Did.AMOUNT, Did.OTHERWISE, Did.NOTHING]))
ENDS = st.builds(
    EndWatch,
    did=st.sampled_from(Did),
    because=st.text(max_size=9),
    better=st.sampled_from([None, *Better]),
)


@given(st.lists(st.one_of(st.just(BEGIN), ACTS, st.just(JUDGE), ENDS), max_size=12))
def test_whatever_is_told_an_act_only_comes_nearer_and_the_end_stays(
    commands: Sequence[WatchCommand],
) -> None:
    """Replayed from its bytes it is the same watch, and after its end nothing is added."""
    watch, told = Watch(id=STREAM), []
    for number, command in enumerate(commands):
        try:
            events = decide(watch, command).events
        except Rejected:
            continue
        assert not (events and watch.ended)
        for event in events:
            assert not isinstance(event, PeopleActed) or watch.nearer(event.did)
            watch = evolve(watch, event, NOON + timedelta(minutes=number))
            told.append((number, event))

    again = Watch(id=STREAM)
    for number, event in told:
        again = evolve(again, from_bytes(*to_bytes(event)), NOON + timedelta(minutes=number))  # type: ignore[arg-type] # its own events
    assert again == watch
    assert len(told) <= 7
