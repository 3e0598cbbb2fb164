"""Replaying: a changed policy is tried on what happened, before it is in force."""

from dataclasses import replace
from functools import reduce

import pytest

from incidents.events.incident import FactSeen
from incidents.facts import Known, Unknown
from incidents.facts_seen import facts, seen
from incidents.incident import Incident, evolve
from incidents.incident_rules import decide
from incidents.policy import Judged, Policy, Severity
from incidents.replaying import Difference, difference
from incidents.severity import classify, judge
from tests.builders import INCIDENT, NOON, alert, judgement, policy, report
from tests.incidents.knowing import knowing

FULL = "VLLMKVCacheCritical"


def incident(*alerts: object, rules: Policy | None = None) -> Incident:
    """Return an incident that these alerts opened."""
    empty, used = Incident(id=INCIDENT), rules or policy()
    told = decide(empty, report(*alerts), NOON, used).events
    return reduce(lambda state, event: evolve(state, event, NOON), told, empty)


def as_judged(name: str, rules: Policy, **known: float) -> object:
    """Return an alert as the desk judges it, with what it knew."""
    verdict = judge(alert(name), knowing(**known), rules)
    return judgement(
        name,
        severity=verdict.severity,
        because=verdict.because,
        rule=verdict.rule,
        facts=seen(verdict),
    )


def with_judgement(name: str, severity: Severity) -> Policy:
    """Return a policy that says something of its own about an alert."""
    base = policy()
    own = Judged(severity=severity, because="we say so")
    return replace(base, catalogue={**base.catalogue, name: own})


def test_the_same_policy_makes_no_difference() -> None:
    """Also where live facts decided: they were kept with the alert."""
    rules = policy()
    loud = incident(as_judged(FULL, rules, error_ratio=0.3, request_rate=4))

    assert loud.severity is Severity.P1
    assert difference(loud, rules) is None


def test_another_policy_says_what_would_have_been() -> None:
    """Whoever changes a policy wants to know whom it would have woken."""
    quiet = incident(as_judged(FULL, policy()))

    assert difference(quiet, with_judgement(FULL, Severity.P0)) == Difference(
        incident=1,
        title=f"{FULL} of llama-3-70b",
        was=Severity.P2,
        was_because="the KV cache is nearly full",
        would_be=Severity.P0,
        because=f"{FULL}: we say so",
    )


def test_the_worst_alert_speaks_for_what_would_have_been() -> None:
    """One alert less is not one incident less."""
    rules = policy()
    both = incident(as_judged(FULL, rules), as_judged("EPPNoReadyEndpoints", rules))

    found = difference(both, with_judgement("EPPNoReadyEndpoints", Severity.P3))

    assert found is not None
    assert (found.was, found.would_be) == (Severity.P0, Severity.P2)
    assert found.because == f"{FULL}: the KV cache is nearly full"


def test_what_no_longer_opens_is_said() -> None:
    """Never to open is a stronger word than P3."""
    quiet = incident(as_judged(FULL, policy()))

    found = difference(quiet, policy(never_open=frozenset({FULL})))

    assert found is not None
    assert (found.would_be, found.because) == (None, "no alert of it may open an incident")


@pytest.mark.parametrize(
    "nothing",
    [
        pytest.param(Incident(id=INCIDENT), id="no-incident"),
        pytest.param(
            incident(judgement("DeliveryCannotBeRead", severity=Severity.P3, rule="delivery")),
            id="the-desk's-own",
        ),
    ],
)
def test_what_no_policy_judges_stays(nothing: Incident) -> None:
    """An unreadable delivery is as bad as it was."""
    assert difference(nothing, policy()) is None


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
