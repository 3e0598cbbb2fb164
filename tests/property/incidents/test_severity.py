"""Severity: what is not known never calms, order never decides, and worse is never better."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from incidents.alert import Alert
from incidents.conditions import Condition, How, witness
from incidents.default_policy import default_policy
from incidents.facts import FACTS, Kind, Known, Unknown, Worse
from incidents.policy import Bound, Cap, LiveRule, Lower, Lowering, Policy, Raise, Severity
from incidents.severity import classify, judge, looked_at, needed, worse
from tests.builders import alert, policy

DEFAULT = default_policy()
COMPARED = ("error_ratio", "waiting", "request_rate")
severities = st.sampled_from(Severity)
bounds = st.builds(
    Condition,
    fact=st.sampled_from(COMPARED),
    how=st.sampled_from((How.ABOVE, How.AT_LEAST, How.BELOW, How.AT_MOST)),
    value=st.sampled_from((0, 0.5, 1)),
)
effects = st.one_of(
    st.builds(Bound, severity=severities),
    st.builds(Cap, severity=severities),
    st.builds(Raise, levels=st.integers(1, 3)),
    st.builds(Lower, levels=st.integers(1, 3)),
)
rules = st.builds(
    LiveRule,
    name=st.text("abcdef", min_size=1, max_size=3),
    because=st.just("so it is"),
    effect=effects,
    when=st.lists(bounds, max_size=2).map(tuple),
    unless=st.lists(bounds, max_size=1).map(tuple),
    firm=st.booleans(),
)
some_rules = st.lists(rules, max_size=5, unique_by=lambda rule: rule.name)
policies = st.one_of(st.just(DEFAULT), some_rules.map(lambda live: policy(live=tuple(live))))
lowerings = st.builds(
    Lowering,
    levels=st.integers(0, 3),
    lowest=severities,
    when=st.lists(bounds, max_size=1).map(tuple),
)
labels = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.sampled_from(("P0", "P3", "high")),
        "severity": st.sampled_from(("critical", "warning", "odd")),
        "category": st.sampled_from(("security", "capacity")),
    },
)
alerts = st.builds(alert, st.sampled_from((*sorted(DEFAULT.catalogue), "Unheard")), labels=labels)
any_rules = st.lists(
    st.builds(
        replace,
        rules,
        alerts=st.sets(st.sampled_from(("VLLMQueueBuildUp", "Unheard")), max_size=1).map(frozenset),
        labels=st.sampled_from(({}, {"category": ("security", "cap*")})),
    ),
    max_size=6,
    unique_by=lambda rule: rule.name,
)
default_policies = st.builds(lambda low: replace(DEFAULT, lowering=low), lowerings)
made_policies = st.builds(
    lambda live, low: policy(live=tuple(live), lowering=low), any_rules, lowerings
)
some_alerts = alerts | st.builds(alert, st.just("VLLMQueueBuildUp"), labels=labels)


def values(name):
    """Return what a fact may be."""
    fact = FACTS[name]
    if fact.kind is Kind.TRUTH:
        return st.booleans()
    if fact.kind is Kind.WORD:
        return st.sampled_from(fact.words)
    return st.sampled_from((0, 0.01, 0.05, 0.1, 0.3, 0.5, 1, 2.5, 6, 79))


def known(value):
    """Return it as a fact."""
    return Known(value=value, unit="", source="drawn")


facts = st.fixed_dictionaries({}, optional={name: values(name).map(known) for name in FACTS})
seen = st.fixed_dictionaries({name: values(name).map(known) for name in FACTS})
asked = st.fixed_dictionaries({name: values(name).map(known) for name in COMPARED})
policies_and_facts = st.one_of(
    st.tuples(st.just(DEFAULT) | default_policies, seen, st.sets(st.sampled_from(sorted(FACTS)))),
    st.tuples(made_policies, asked, st.sets(st.sampled_from(COMPARED), min_size=1)),
)
unknown = st.dictionaries(
    st.sampled_from((*FACTS, "other")), st.just(Unknown(why="away")) | st.just(known(float("nan")))
)


def lowers(rule):
    """Tell whether a rule can only make it less bad."""
    return isinstance(rule.effect, (Cap, Lower))


def read(conditions):
    """Return the facts that the conditions look at."""
    return {one.fact for one in conditions}


def without(found, lost):
    """Return the facts as they are while some of them cannot be read."""
    return {**found, **dict.fromkeys(lost, Unknown(why="away"))}


@given(alerts, policies, facts, unknown)
def test_what_is_not_known_changes_nothing(one, rules, found, missing) -> None:
    """Prometheus going away must neither wake people nor calm them."""
    with_gaps = judge(one, {**missing, **found}, rules)

    assert replace(with_gaps, unavailable=()) == judge(one, found, rules)


@given(some_alerts, policies_and_facts)
def test_severity_never_falls_on_missing_data(one, drawn) -> None:
    """Whatever is lost, only what rested on it goes: a rule that raised by what is not seen now.

    Nothing that lowers begins to count, and none of it counts for more, when facts get lost; and
    what raises goes on where all that is lost is what would have kept it from raising.
    """
    rules, found, lost = drawn
    kept = tuple(rule for rule in rules.live if lowers(rule) or not lost & read(rule.when))

    before = judge(one, found, replace(rules, live=kept)).severity
    after = judge(one, without(found, lost), rules).severity

    assert not worse(before, after)


@given(some_alerts, policies_and_facts)
def test_rules_that_lower_count_for_less_with_every_fact_that_is_lost(one, drawn) -> None:
    """Where nothing raises by what is seen, losing any of it never says less than seeing it."""
    rules, found, lost = drawn
    calming = tuple(rule for rule in rules.live if lowers(rule) or not rule.when)
    still = replace(rules, live=calming)

    before = judge(one, found, still).severity
    after = judge(one, without(found, lost), still).severity

    assert not worse(before, after)


@given(alerts, policies, facts, st.sampled_from(sorted(FACTS)))
def test_losing_a_fact_never_lowers_by_a_rule_that_lowers(one, rules, found, lost) -> None:
    """A rule that lowers needs all that it looks at; without it, it is as if it were not there."""
    left = {name: value for name, value in found.items() if name != lost}
    lowered = {rule.name for rule in rules.live if isinstance(rule.effect, (Cap, Lower))}
    touching = {
        rule.name
        for rule in rules.live
        if lost in {c.fact for c in (*rule.when, *rule.unless, *rules.lowering.when)}
    }
    name = judge(one, left, rules).rule.removeprefix("live:")

    assert name not in lowered & touching


@given(alerts, some_rules, facts, st.randoms())
def test_the_order_of_rules_and_facts_never_decides(one, live, found, shuffle) -> None:
    """Whoever sorts a policy file must not change whom it wakes."""
    turned, other = list(live), list(found.items())
    shuffle.shuffle(turned)
    shuffle.shuffle(other)

    first = classify(one, found, policy(live=tuple(live)))
    assert classify(one, dict(other), policy(live=tuple(turned))) == first


@given(alerts, facts, st.data())
def test_a_worse_fact_never_lowers(one, found, data) -> None:
    """Otherwise an outage could end its own incident by getting worse."""
    name = data.draw(st.sampled_from([n for n, f in FACTS.items() if f.worse is not Worse.NEITHER]))
    ordered = sorted((data.draw(values(name)), data.draw(values(name))))
    better, bad = ordered if FACTS[name].worse is Worse.UP else ordered[::-1]

    before = judge(one, {**found, name: known(better)}, DEFAULT).severity
    after = judge(one, {**found, name: known(bad)}, DEFAULT).severity

    assert not worse(before, after)


@given(alerts, policies, facts)
def test_facts_that_are_not_needed_change_nothing(one, rules, found) -> None:
    """What is not asked for must not have mattered."""
    asked = needed(one, rules)
    fewer = {name: value for name, value in found.items() if name in asked}

    assert judge(one, fewer, rules) == judge(one, found, rules)


@given(alerts, policies, facts)
def test_what_would_change_it_does(one, rules, found) -> None:
    """A sentence on a card that is not true costs more trust than none."""
    verdict = classify(one, found, rules)

    for change in verdict.would_change:
        supposed = {**found, **{c.fact: witness(c) for c in change.when}}
        assert judge(one, supposed, rules).severity is change.severity
        assert change.severity is not verdict.severity


@given(alerts, facts)
def test_security_is_p0_whatever_is_known(one, found) -> None:
    """Neither a label nor a number makes it less."""
    loud = alert(one.name, labels={**one.labels, "category": "security"})

    assert judge(loud, found, DEFAULT).severity is Severity.P0


@given(alerts, alerts, policies)
def test_alerts_that_are_alike_where_it_is_looked_at_are_judged_alike(
    one: Alert, other: Alert, rules: Policy
) -> None:
    """A storm is judged once: what was left out of the comparison would be judged wrongly."""
    moved = replace(one, labels={**one.labels, "pod": "decode-7", "namespace": "elsewhere"})

    assert looked_at(moved, rules) == looked_at(one, rules)
    assert judge(moved, {}, rules) == judge(one, {}, rules)
    if looked_at(one, rules) == looked_at(other, rules):
        assert judge(one, {}, rules) == judge(other, {}, rules)
        assert needed(one, rules) == needed(other, rules)
