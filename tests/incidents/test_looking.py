"""Facts that are asked for again: what is seen now is noted, worse raises, and nothing lowers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.commands.incident import NoteFacts, Resolve, SetSeverity
from incidents.events.incident import FactSeen, LookedAgain, SeverityChanged
from incidents.facts_seen import blind, blind_in_short, merged, numbers
from incidents.incident import Incident
from incidents.policy import Severity
from incidents.severity import worse
from tests.builders import judgement, report
from tests.incidents.telling_incidents import after, begin, decided

LATE = "Prometheus did not answer within 3 s"
UNSEEN = FactSeen(name="error_ratio", value=None, unit="", source=LATE)
SEEN = FactSeen(name="error_ratio", value="0.6", unit="ratio", source="picker")
HALF = "at least half of all requests fail (error_ratio 0.6)"


def blinded() -> Incident:
    """Return a P2 that opened while nothing could be seen."""
    return begin(report(judgement(facts=(UNSEEN,))))


def looked(severity: Severity = Severity.P0, **changes: object) -> NoteFacts:
    """Return what a second look found: half of all requests fail, unless told otherwise."""
    plain = NoteFacts(
        name="VLLMPreemptionsHigh",
        severity=severity,
        because=HALF,
        rule="live:errors-half",
        facts=(SEEN,),
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # the caller names real fields


RAISED = SeverityChanged(was="P2", now="P0", because=HALF, rule="live:errors-half", by="triaged")
NOTED = LookedAgain(name="VLLMPreemptionsHigh", facts=(SEEN,))


def test_what_is_seen_at_last_raises_an_incident_with_what_it_rests_on() -> None:
    """It opened with the base priority, because Prometheus was away."""
    assert decided(blinded(), looked()).events == (NOTED, RAISED)

    incident = after(blinded(), looked())
    assert (incident.severity, incident.severity_because) == (Severity.P0, HALF)
    assert incident.seen == (SEEN,)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(looked(Severity.P3), id="less-bad"),
        pytest.param(looked(Severity.P2), id="as-bad"),
        pytest.param(looked(rule="catalogue:VLLMPreemptionsHigh"), id="not-by-a-fact"),
    ],
)
def test_what_does_not_raise_is_noted_alone(command: NoteFacts) -> None:
    """The headline no longer says that it could not be seen; a changed policy raises nothing."""
    assert decided(blinded(), command).events == (NOTED,)


@pytest.mark.parametrize(
    ("state", "command"),
    [
        pytest.param(blinded(), looked(Severity.P2, facts=(UNSEEN,)), id="still-unseen"),
        pytest.param(
            after(blinded(), looked()),
            looked(facts=(replace(SEEN, value="0.7"),)),
            id="another-number",
        ),
        pytest.param(after(blinded(), Resolve(by="ann", because="done")), looked(), id="resolved"),
    ],
)
def test_a_look_without_news_is_no_event(state: Incident, command: NoteFacts) -> None:
    """It is done again and again: the journal must not grow by it."""
    assert decided(state, command).events == ()


def test_a_person_s_word_stands_whatever_is_seen() -> None:
    """Whoever overrode the rules gave a reason."""
    said = after(blinded(), SetSeverity(severity=Severity.P3, by="ann", because="a test"))

    assert decided(said, looked()).events == (NOTED,)


def test_an_alert_that_joins_does_not_lower_what_facts_raised() -> None:
    """The incident is as bad as the worst that is known of it."""
    raised = after(blinded(), looked())
    joined = after(raised, report(judgement("VLLMQueueBuildUp")))

    assert (joined.severity, joined.severity_because) == (Severity.P0, HALF)


severities = st.sampled_from(Severity)
facts = st.lists(st.sampled_from((UNSEEN, SEEN)), max_size=2).map(tuple)
looks = st.builds(looked, severities, facts=facts, rule=st.sampled_from(("live:a", "default")))
reports = st.builds(
    lambda name, severity, seen: report(judgement(name, severity=severity, facts=seen)),
    st.sampled_from("abc"),
    severities,
    facts,
)


@given(st.lists(st.one_of(looks, reports), max_size=6))
def test_nothing_but_a_person_lowers_an_open_incident(
    commands: list[NoteFacts],
) -> None:
    """Prometheus coming, going or changing its mind calls nobody off."""
    state = blinded()
    for command in commands:
        grown = after(state, command)
        assert not worse(state.severity, grown.severity)
        state = grown


def test_what_was_seen_once_stays_seen() -> None:
    """It is what the severity rests on, also while Prometheus is away again."""
    other = FactSeen(name="waiting", value=None, unit="", source=LATE)

    assert merged((SEEN,), (UNSEEN, other)) == (SEEN, other)
    assert merged((UNSEEN,), (SEEN,)) == (SEEN,)


def test_what_could_not_be_seen_is_said_in_few_words() -> None:
    """A headline has room for the first of them, grouped by the reason."""
    names = ("ttft_p95", "waiting", "itl_p95")
    late = [replace(UNSEEN, name=name) for name in names]
    empty = replace(UNSEEN, name="xid", source="empty")
    other = replace(UNSEEN, name="serving", source="gone")

    assert blind([SEEN]) == ""
    assert blind([UNSEEN]) == f"; could not see: error ratio ({LATE})"
    assert blind([UNSEEN, *late, empty, other]) == (
        "; could not see: error ratio, ttft p95, waiting and 1 more "
        f"({LATE}); xid (empty) and 1 more"
    )


def test_a_headline_says_the_beginning_of_a_long_reason() -> None:
    """What was tried fills a line by itself; reasons that begin alike are one there."""
    nothing = replace(
        UNSEEN, name="itl_p95", source="not scraped: namespace llm-d has none of: a, b"
    )
    other = replace(UNSEEN, name="waiting", source="not scraped: namespace llm-d has none of: c")

    assert blind_in_short([nothing, other, UNSEEN]) == (
        f"; could not see: itl p95, waiting (not scraped); error ratio ({LATE})"
    )
    assert blind([nothing]) == f"; could not see: itl p95 ({nothing.source})"
    assert blind_in_short([SEEN]) == ""


def test_what_was_seen_is_said_with_its_numbers() -> None:
    """What the desk itself knows is no news."""
    late = FactSeen(name="ttft_p95", value="3.25", unit="s", source="picker")
    mine = FactSeen(name="approvals_pending", value="0", unit="approvals", source="the desk")

    assert numbers([mine, SEEN, UNSEEN, late]) == "error ratio 0.6, ttft p95 3.25 s"
    assert numbers([SEEN, late], most=1) == "error ratio 0.6"


@pytest.mark.parametrize("kept", ["", "{", "null", "[1]", '{"a": 1}'])
def test_a_value_that_cannot_be_read_is_told_as_it_was_kept(kept: str) -> None:
    """What is in the journal stays readable, whoever wrote it: replay never raises."""
    there = FactSeen(name="error_ratio", value=kept, unit="ratio", source="prometheus")

    assert numbers([there]) == f"error ratio {kept}"
