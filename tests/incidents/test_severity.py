"""How bad an alert is: what decides, in which order, and why."""

from dataclasses import replace
from datetime import timedelta

import pytest

from incidents.policy import LiveRule, Severity, default_policy
from incidents.severity import Facts, Verdict, classify, opens, raised, worse, worst
from tests.builders import alert

POLICY = default_policy()


@pytest.mark.parametrize(
    ("name", "labels", "verdict"),
    [
        pytest.param(
            "VLLMPreemptionsHigh",
            {"priority": "P0", "severity": "info"},
            Verdict(
                severity=Severity.P0,
                because="the alert's own rule says P0",
                rule="label:priority",
                mode="RB-12",
            ),
            id="priority-label-wins",
        ),
        pytest.param(
            "Unheard",
            {"priority": "P3"},
            Verdict(
                severity=Severity.P3, because="the alert's own rule says P3", rule="label:priority"
            ),
            id="priority-without-catalogue",
        ),
        pytest.param(
            "LLMDServiceDown",
            {"severity": "info", "priority": "urgent"},
            Verdict(
                severity=Severity.P0,
                because="the service answers nobody",
                rule="catalogue:LLMDServiceDown",
                mode="RB-01",
            ),
            id="catalogue-before-severity",
        ),
        pytest.param(
            "Unheard",
            {"severity": "critical"},
            Verdict(
                severity=Severity.P1,
                because="the alert's rule calls it critical",
                rule="label:severity",
            ),
            id="severity-label",
        ),
        pytest.param(
            "Unheard",
            {"severity": "apocalyptic"},
            Verdict(
                severity=Severity.P2,
                because="nothing says how bad it is, so somebody should look",
                rule="default",
            ),
            id="nothing-says",
        ),
    ],
)
def test_what_decides_comes_in_this_order(
    name: str, labels: dict[str, str], verdict: Verdict
) -> None:
    """The rule's author knows best, then the catalogue, then a label that everybody sets."""
    assert classify(alert(name, labels=labels), {}, POLICY) == verdict


BASE = Verdict(severity=Severity.P2, because="a queue", rule="default", mode="RB-16")
RATIO = "error_ratio"


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        pytest.param({}, BASE, id="missing"),
        pytest.param({RATIO: None}, BASE, id="cannot-tell"),
        pytest.param({RATIO: float("nan")}, BASE, id="not-a-number"),
        pytest.param({RATIO: 0.02}, BASE, id="not-worse"),
        pytest.param(
            {RATIO: 0.125},
            replace(
                BASE,
                severity=Severity.P1,
                because="more than one request in ten fails (error_ratio 0.125)",
                rule="live:error_ratio",
            ),
            id="worse",
        ),
        pytest.param(
            {RATIO: 0.5},
            replace(
                BASE,
                severity=Severity.P0,
                because="at least half of all requests fail (error_ratio 0.5)",
                rule="live:error_ratio",
            ),
            id="worst",
        ),
    ],
)
def test_live_facts_raise_it_and_say_why(facts: Facts, verdict: Verdict) -> None:
    """A page that grew must name the number that made it grow."""
    assert raised(BASE, facts, POLICY) == verdict


def test_the_worst_live_rule_decides_in_whatever_order() -> None:
    """The order of a policy file must not decide whom we wake."""
    turned = replace(POLICY, live=POLICY.live[::-1])

    assert raised(BASE, {RATIO: 0.9}, turned) == raised(BASE, {RATIO: 0.9}, POLICY)


def test_live_facts_count_when_an_alert_is_classified() -> None:
    """A quiet alert over a loud outage is an outage."""
    rule = LiveRule(fact="down", at_least=1, severity=Severity.P0, because="all pods are down")

    verdict = classify(alert(), {"down": 1}, replace(POLICY, live=(rule,)))

    assert verdict == Verdict(
        severity=Severity.P0, because="all pods are down (down 1)", rule="live:down", mode="RB-12"
    )


def test_p0_is_worse_than_p1() -> None:
    """The smaller number is the worse one, and equal is not worse."""
    pairs = [(Severity.P0, Severity.P1), (Severity.P1, Severity.P0), (Severity.P1, Severity.P1)]

    assert [worse(one, other) for one, other in pairs] == [True, False, False]
    assert worst([Severity.P3, Severity.P1, Severity.P2]) is Severity.P1


@pytest.mark.parametrize(
    ("name", "labels", "opened"),
    [
        pytest.param("VLLMPreemptionsHigh", {}, True, id="usual"),
        pytest.param("Watchdog", {"severity": "critical"}, False, id="watchdog"),
        pytest.param("InfoInhibitor", {}, False, id="inhibitor"),
        pytest.param("Quiet", {"severity": "none"}, False, id="none"),
    ],
)
def test_a_watchdog_opens_no_incident(name: str, labels: dict[str, str], opened: bool) -> None:
    """It fires always: an incident about it would never end."""
    assert opens(alert(name, labels=labels), POLICY) is opened


def test_the_default_policy_is_the_table_of_the_seed() -> None:
    """Without any configuration people are called as the table says."""
    table = {
        severity.value: (
            demand.respond_within,
            demand.escalate_after,
            demand.roles,
            demand.channel,
            demand.update_every,
        )
        for severity, demand in POLICY.demands.items()
    }

    half = timedelta(minutes=30)
    sre, owner, chief = "on-call-sre", "service-owner", "incident-commander"
    assert table == {
        "P0": (half / 6, half / 2, (sre, owner, chief), "incidents-critical", half),
        "P1": (half / 2, half, (sre, owner), "incidents-high", half),
        "P2": (half, half * 4, (sre,), "incidents-medium", None),
        "P3": (half * 4, half * 16, (sre,), "incidents-low", None),
    }
