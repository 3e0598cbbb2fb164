"""Whatever is asked and answered, in any order: the target is one that was found."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from incidents.commands.incident import AskTarget, ChooseTarget, Resolve
from incidents.desk import Desk
from incidents.errors import Rejected
from incidents.events.incident import TargetAsked, TargetChosen, Workload
from incidents.incident import Incident
from incidents.incident_rules import due
from incidents.targeting import called, question
from tests.builders import INCIDENT, desk, report

workloads = st.builds(
    Workload,
    kind=st.sampled_from(("Deployment", "Rollout")),
    name=st.sampled_from("abcd"),
    words=st.sampled_from(("pod", "pod → x")),
)
asks = st.builds(AskTarget, candidates=st.lists(workloads, max_size=5).map(tuple))
choices = st.builds(
    ChooseTarget,
    chosen=st.one_of(workloads.map(called), st.just("Deployment elsewhere"), st.just("")),
    by=st.sampled_from(("ann", "ben")),
    via=st.just("slack"),
    because=st.sampled_from(("", "it is the big one")),
)
ends = st.just(Resolve(by="ann", because="over"))
stories = st.lists(st.one_of(asks, choices, choices, ends), max_size=20)


def told(story: Sequence[object]) -> Desk:
    """Return a desk to which all of it was said; what does not fit is refused."""
    made = desk()
    made.tell(INCIDENT, report())
    for command in story:
        try:
            made.tell(INCIDENT, command)
        except Rejected:
            continue
    return made


@given(stories)
def test_a_choice_never_names_what_is_no_candidate(story: Sequence[object]) -> None:
    """What was typed must never become the object of a change without having been found."""
    candidates = frozenset[str]()
    for entry in told(story).history(1):
        match entry.event:
            case TargetAsked():
                candidates = frozenset(map(called, entry.event.candidates))
            case TargetChosen():
                assert entry.event.chosen in candidates
                assert entry.event.of == len(candidates)


@given(asks, st.data())
def test_the_order_of_candidates_does_not_matter(ask: AskTarget, data: st.DataObject) -> None:
    """The cluster lists them in any order, and once more with the next check."""
    doubled = data.draw(st.permutations([*ask.candidates, *ask.candidates[:2]]))
    turned = AskTarget(candidates=tuple(doubled))

    assert _names(told([ask])) == _names(told([turned]))
    assert _names(told([ask, turned])) == _names(told([ask]))
    assert told([ask, turned]).state(INCIDENT).version == told([ask]).state(INCIDENT).version


@given(asks, st.lists(choices, max_size=6), st.data())
def test_repeated_choices_converge_on_the_last(
    ask: AskTarget, story: Sequence[ChooseTarget], data: st.DataObject
) -> None:
    """Clicks are delivered twice and replayed after a crash: the last one that fits stands."""
    twice = [one for each in story for one in [each] * data.draw(st.integers(1, 3))]
    names = set(map(called, ask.candidates))
    fitting = [one.chosen for one in story if one.chosen in names]

    once, repeated = told([ask, *story]).incident(1), told([ask, *twice]).incident(1)

    assert (once.choice, once.version) == (repeated.choice, repeated.version)
    assert once.target_chosen == (fitting[-1] if fitting else "")


@given(stories)
def test_a_question_is_always_open_or_answered(story: Sequence[object]) -> None:
    """No open incident without a next action: its target is known, or a person can choose it."""
    made = told(story)
    incident = made.incident(1)
    open_ = bool(question(incident))

    assert open_ == (bool(incident.candidates) and _unanswered(incident))
    assert due(incident, made.policy) is not None


def _unanswered(incident: Incident) -> bool:
    over = incident.resolved_at is not None
    return not over and incident.target_chosen not in map(called, incident.candidates)


def _names(made: Desk) -> list[str]:
    return [called(one) for one in made.incident(1).candidates]
