"""Facts as an event keeps them come back as they were."""

from incidents.events.incident import FactSeen
from incidents.facts import Known, Unknown
from incidents.facts_seen import facts, seen
from incidents.severity import classify, judge
from tests.builders import alert, policy
from tests.incidents.knowing import knowing


def test_facts_come_back_from_an_event_as_they_were() -> None:
    """Numbers, truths, words, and what was not known."""
    known = {**knowing(error_ratio=0.3, second_pool_healthy=False, failure_mode="FailOpen")}
    asked = {**known, "gateway_error_ratio": Unknown(why="timeout")}
    one = alert("EPPMetricsAbsent")

    kept = seen(judge(one, asked, policy()))

    assert facts(kept) == asked
    assert FactSeen(name="gateway_error_ratio", value=None, unit="", source="timeout") in kept
    assert isinstance(facts(kept)["error_ratio"], Known)


def test_what_nobody_asked_for_is_not_kept() -> None:
    """A storm of alerts without live facts must not fill the journal with reasons."""
    assert seen(judge(alert(), {}, policy())) == ()
    assert seen(classify(alert(), {}, policy())) != ()
