"""Severity: what is not known changes nothing, and more facts never calm."""

from hypothesis import given
from hypothesis import strategies as st

from incidents.policy import LiveRule, Severity, default_policy
from incidents.severity import classify, worse
from tests.builders import alert, policy

NAMES = ("error_ratio", "queue", "down")
rules = st.builds(
    LiveRule,
    fact=st.sampled_from(NAMES),
    at_least=st.floats(allow_nan=False),
    severity=st.sampled_from(Severity),
    because=st.just("so it is"),
)
policies = st.lists(rules, max_size=4).map(lambda live: policy(live=tuple(live)))
labels = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.sampled_from(("P0", "P3", "high")),
        "severity": st.sampled_from(("critical", "warning", "odd")),
    },
)
alerts = st.builds(alert, st.sampled_from((*default_policy().catalogue, "Unheard")), labels=labels)
numbers = st.dictionaries(st.sampled_from(NAMES), st.floats())
unknown = st.dictionaries(st.sampled_from((*NAMES, "other")), st.none() | st.just(float("nan")))


@given(alerts, policies, numbers, unknown)
def test_what_is_not_known_changes_nothing(one, rules, known, missing) -> None:
    """Prometheus going away must neither wake people nor calm them."""
    with_gaps = {**missing, **known}

    assert classify(one, with_gaps, rules) == classify(one, known, rules)


@given(alerts, policies, numbers)
def test_facts_never_lower_a_severity(one, rules, known) -> None:
    """Only a person may say that it is not so bad."""
    without = classify(one, {}, rules).severity

    assert not worse(without, classify(one, known, rules).severity)
