"""Several workloads fit: a person is asked which one is meant, and the answer stands."""

from dataclasses import replace

import pytest

from incidents.commands.incident import Acknowledge, AskTarget, ChooseTarget, Resolve
from incidents.errors import Rejected
from incidents.events.incident import Acknowledged, TargetAsked, TargetChosen, Workload
from incidents.incident import Incident
from incidents.targeting import (
    LONGEST_WORDS,
    MOST_ASKED,
    answer,
    called,
    choosing,
    question,
    unlisted,
)
from incidents.telling import tell
from tests.builders import later
from tests.incidents.telling_incidents import after, begin, decided

CANARY = Workload(kind="Deployment", name="canary", words="pod → Deployment canary")
DECODE = Workload(kind="Deployment", name="decode", words="pod → Deployment decode")
ASK = AskTarget(candidates=(CANARY, DECODE))
CHOOSE = ChooseTarget(chosen="Deployment decode", by="ann", via="slack", because="the big one")
CHOSEN = TargetChosen(chosen="Deployment decode", of=2, by="ann", because="the big one")
OVER = Resolve(by="ben", because="over")


def asked() -> Incident:
    """Return an incident of which two workloads may be meant."""
    return after(begin(), ASK)


def test_a_person_is_asked_and_sees_what_there_is_to_choose() -> None:
    """That none was chosen is a question to a person, with its answers."""
    assert decided(begin(), ASK).events == (TargetAsked(candidates=(CANARY, DECODE)),)
    assert question(begin()) == ()
    assert question(asked()) == (CANARY, DECODE)


def test_the_same_question_is_asked_once() -> None:
    """Every check of a run meets the same two workloads: that is no news."""
    turned = AskTarget(candidates=(DECODE, CANARY, replace(DECODE, words="another way")))

    assert decided(asked(), turned).events == ()
    assert decided(begin(), AskTarget(candidates=())).events == ()


def test_another_owner_of_a_candidate_is_another_question() -> None:
    """Whoever chooses by the way up to it must not be shown the one of yesterday."""
    owned = replace(DECODE, words="pod → Deployment decode → LLMInferenceService chat")
    state = after(asked(), AskTarget(candidates=(CANARY, owned)))

    assert question(state) == (CANARY, owned)
    assert decided(state, AskTarget(candidates=(owned, CANARY))).events == ()


def many(number: int) -> tuple[Workload, ...]:
    """Return so many workloads, in the order of their names."""
    return tuple(replace(CANARY, name=f"decode-{each:03}") for each in range(number))


@pytest.mark.parametrize(
    ("number", "named", "more"),
    [
        pytest.param(MOST_ASKED, MOST_ASKED, 0, id="as-many-as-can-be"),
        pytest.param(MOST_ASKED + 2, MOST_ASKED, 2, id="two-more"),
    ],
)
def test_of_very_many_the_rest_is_counted(number: int, named: int, more: int) -> None:
    """A cluster of a thousand workloads must neither fill the journal nor look like fifty."""
    ask = AskTarget(candidates=many(number))
    state = after(begin(), ask)
    choose = replace(CHOOSE, chosen="Deployment decode-007")
    event = TargetAsked(candidates=many(number)[:named], more=more)

    assert decided(begin(), ask).events == (event,)
    assert decided(state, ask).events == ()
    assert tell(event).startswith(f"which workload is meant? {number} fit: ")
    assert tell(event).endswith("; and 2 more") is bool(more)
    assert choosing(state).endswith(f"Deployment decode-004 and {number - 5} more")
    assert after(state, choose).choice == replace(CHOSEN, chosen="Deployment decode-007", of=number)


def test_one_more_that_fits_is_another_question() -> None:
    """The number is all that is said of those that are not listed: it must be true."""
    state = after(begin(), AskTarget(candidates=many(MOST_ASKED + 1)))

    assert after(state, AskTarget(candidates=many(MOST_ASKED + 2))).unnamed == 2
    assert after(state, AskTarget(candidates=many(2))).unnamed == 0
    assert unlisted(after(state, AskTarget(candidates=many(2)))) == ""
    assert unlisted(state).startswith("1 more fit and are not listed: ")


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        pytest.param("w" * LONGEST_WORDS, "w" * LONGEST_WORDS, id="whole"),
        pytest.param("w" * 501, "w" * 499 + "…", id="cut-with-a-mark"),
    ],
)
def test_a_way_up_is_never_longer_than_that(words: str, kept: str) -> None:
    """Names come from the cluster: who makes objects there must not fill the journal."""
    ask = AskTarget(candidates=(replace(DECODE, words=words),))
    state = after(begin(), ask)

    assert [one.words for one in state.candidates] == [kept]
    assert decided(state, ask).events == ()


def test_the_answer_stands_with_who_gave_it() -> None:
    """Whoever reads it tomorrow must see who said so, and why."""
    state = after(asked(), CHOOSE, at=later(3))

    assert (state.target_chosen, state.choice, state.chosen_at) == (
        "Deployment decode",
        CHOSEN,
        later(3),
    )
    assert question(state) == ()


def test_who_chooses_has_the_incident_where_nobody_has() -> None:
    """Somebody is there: nobody else is to be woken because of it."""
    taken = after(asked(), Acknowledge(by="ben", via="cli"))

    assert decided(asked(), CHOOSE).events == (CHOSEN, Acknowledged(by="ann", via="slack"))
    assert decided(taken, CHOOSE).events == (CHOSEN,)


def test_a_later_choice_replaces_it_and_the_same_is_nothing_new() -> None:
    """People find out that they were wrong; pressing twice is no second answer."""
    state = after(asked(), CHOOSE)
    other = replace(CHOOSE, chosen="Deployment canary", by="ben", because="")

    assert decided(state, replace(CHOOSE, by="ben")).events == ()
    assert after(state, other).target_chosen == "Deployment canary"
    assert tell(decided(state, other).events[0]) == "ben chose Deployment canary of 2"


@pytest.mark.parametrize(
    ("state", "chosen", "because"),
    [
        pytest.param(
            asked(),
            "Deployment gone",
            "INC-1: 'Deployment gone' is none of its candidates: "
            "Deployment canary, Deployment decode",
            id="no-candidate",
        ),
        pytest.param(
            begin(),
            "Deployment decode",
            "INC-1: nobody asked which workload is meant",
            id="nobody-asked",
        ),
        pytest.param(
            after(asked(), OVER),
            "Deployment decode",
            "INC-1 was resolved by ben",
            id="over",
        ),
    ],
)
def test_what_cannot_be_chosen_is_refused_by_name(
    state: Incident, chosen: str, because: str
) -> None:
    """A workload that nobody found must never become the target by being typed."""
    with pytest.raises(Rejected) as refused:
        decided(state, replace(CHOOSE, chosen=chosen))

    assert str(refused.value) == because


def test_a_resolved_incident_asks_nothing() -> None:
    """Nobody is asked about what is over."""
    over = after(asked(), OVER)

    assert question(over) == ()
    assert decided(over, AskTarget(candidates=(CANARY,))).events == ()


def test_it_is_asked_again_where_the_chosen_one_is_gone() -> None:
    """What a person chose was deleted: what stands there now is another question."""
    state = after(after(asked(), CHOOSE), AskTarget(candidates=(CANARY,)))

    assert question(state) == (CANARY,)
    assert called(CANARY) == "Deployment canary"


def test_the_question_and_its_answer_are_said_in_one_line() -> None:
    """The headline has room for one; what does not fit is counted and not dropped unsaid."""
    seven = after(begin(), AskTarget(candidates=many(7)))
    state = after(asked(), CHOOSE)

    assert choosing(asked()) == (
        "say which workload is meant: Deployment canary, Deployment decode"
    )
    assert choosing(seven).endswith("Deployment decode-004 and 2 more")
    assert choosing(state) == ""
    assert (answer(asked()), answer(state), answer(state, "Ann Ode")) == (
        "",
        "Deployment decode, chosen by ann of 2",
        "Deployment decode, chosen by Ann Ode of 2",
    )
