"""How bad an alert is, why, what that rests on, and what would change it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from incidents.alert import Alert
from incidents.conditions import Condition, holds, opposite, witness
from incidents.facts import FACTS, Facts, Value, known, shown, why_unknown
from incidents.policy import (
    Bound,
    Cap,
    Judged,
    LiveRule,
    Lower,
    Policy,
    Raise,
    Severity,
)

PRIORITY = "label:priority"
CATEGORY = "category"
"""The label about security and corruption, compared whatever its case: it may not go unheard."""

_LEVELS = tuple(Severity)
_UNLISTED = Judged(severity=Severity.P2, because="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A fact that was looked at."""

    name: str
    value: Value
    unit: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A fact that would have been looked at, and why it was not there."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What would have to be so for another severity, everything else staying as it is."""

    when: tuple[Condition, ...]
    severity: Severity
    because: str

    def __str__(self) -> str:
        return f"{' and '.join(map(str, self.when))} makes it {self.severity.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The severity with its reason.

    `rule` names what decided last: `label:priority`, `catalogue:<alert>`, `label:severity`,
    `default` or `live:<rule>`. `mode` is the failure mode, `also` what else it may turn out to be.
    """

    severity: Severity
    because: str
    rule: str
    mode: str = ""
    also: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    unavailable: tuple[Missing, ...] = ()
    would_change: tuple[Change, ...] = ()


def classify(alert: Alert, facts: Facts, policy: Policy) -> Verdict:
    """Return how bad the alert is, by what, and what would change it."""
    base, rules = _base(alert, policy), _concerned(alert, policy)
    verdict = _judged(base, rules, facts, policy)
    return replace(
        _resting(verdict, _needed(base, rules, policy), facts),
        would_change=_changes(base, rules, facts, policy),
    )


def judge(alert: Alert, facts: Facts, policy: Policy) -> Verdict:
    """Return the verdict, and of what it rests on only what was asked for.

    That is cheap enough for ten thousand alerts a minute.

    An explicit `priority` label comes before the catalogue, the catalogue before the `severity`
    label. Then live rules: those that cap what was said, those that raise it, those that lower
    it. What cannot be told never lowers, and nothing lowers what an alert's author made explicit.
    """
    base, rules = _base(alert, policy), _concerned(alert, policy)
    verdict = _judged(base, rules, facts, policy)
    if not facts:
        return verdict
    return _resting(
        verdict, [name for name in _needed(base, rules, policy) if name in facts], facts
    )


def needed(alert: Alert, policy: Policy) -> tuple[str, ...]:
    """Return the names of the facts that could change the verdict, in the table's order."""
    return _needed(_base(alert, policy), _concerned(alert, policy), policy)


def looked_at(alert: Alert, policy: Policy) -> tuple[str, ...]:
    """Return all of an alert that its judgement looks at: alike there, they are judged alike."""
    labels = {"priority", "severity"}.union(*(rule.labels for rule in policy.live))
    return (alert.name, *(alert.labels.get(label, "") for label in sorted(labels)))


def worse(one: Severity, other: Severity) -> bool:
    """Return whether `one` is worse than `other`."""
    return one.value < other.value


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the worst of them; there must be one."""
    return min(severities, key=lambda severity: severity.value)


def least(severities: Iterable[Severity]) -> Severity:
    """Return the least bad of them; there must be one."""
    return max(severities, key=lambda severity: severity.value)


def opens(alert: Alert, policy: Policy) -> bool:
    """Return whether such an alert may open an incident; a watchdog never does."""
    return alert.name not in policy.never_open and alert.labels.get("severity") != "none"


def in_force(rule: LiveRule, facts: Facts, policy: Policy) -> bool:
    """Return whether a rule takes effect, as far as it is known."""
    if isinstance(rule.effect, (Cap, Lower)):
        wanted = (*rule.when, *map(opposite, rule.unless), *policy.lowering.when)
        return policy.lowering.levels > 0 and all(holds(one, facts) for one in wanted)
    return all(holds(one, facts) for one in rule.when) and not any(
        holds(one, facts) for one in rule.unless
    )


def _base(alert: Alert, policy: Policy) -> Verdict:
    judged = policy.catalogue.get(alert.name, _UNLISTED)
    plain = Verdict(
        severity=judged.severity,
        because=judged.because,
        rule=f"catalogue:{alert.name}",
        mode=judged.mode,
        also=judged.also,
    )
    priority = alert.labels.get("priority", "").upper()
    if priority in Severity.__members__:
        because = f"the alert's own rule says {priority}"
        return replace(plain, severity=Severity[priority], because=because, rule=PRIORITY)
    if judged is not _UNLISTED:
        return plain
    label = alert.labels.get("severity", "")
    if said := _called(label, policy):
        because = f"the alert's rule calls it {label}"
        return replace(plain, severity=worst(said), because=because, rule="label:severity")
    because = "nothing says how bad it is, so somebody should look"
    return replace(plain, because=because, rule="default")


def _called(label: str, policy: Policy) -> list[Severity]:
    """Return what the label may mean, whatever its case: `Critical` is no less than `critical`."""
    word = label.lower()
    return [severity for one, severity in policy.by_label.items() if one.lower() == word]


def _concerned(alert: Alert, policy: Policy) -> Sequence[LiveRule]:
    return [rule for rule in policy.live if _concerns(rule, alert)]


def _concerns(rule: LiveRule, alert: Alert) -> bool:
    if rule.alerts and alert.name not in rule.alerts:
        return False
    return all(
        any(_like(label, alert.labels.get(label, ""), pattern) for pattern in patterns)
        for label, patterns in rule.labels.items()
    )


def _like(label: str, value: str, pattern: str) -> bool:
    if label == CATEGORY:
        return fnmatchcase(value.casefold(), pattern.casefold())
    return fnmatchcase(value, pattern)


def _judged(base: Verdict, rules: Sequence[LiveRule], facts: Facts, policy: Policy) -> Verdict:
    # By name, so that the order of a policy file never decides.
    live = sorted(
        (rule for rule in rules if in_force(rule, facts, policy)), key=lambda one: one.name
    )
    capped = base if base.rule == PRIORITY else _capped(base, live, facts, policy)
    bound = _confirmed(_at_least(capped, live, facts), live, facts)
    raised = _up(bound, live, facts)
    lowered = raised if base.rule == PRIORITY else _down(raised, live, facts, policy)
    return _at_least(lowered, [rule for rule in live if rule.firm], facts)


def _capped(base: Verdict, live: Sequence[LiveRule], facts: Facts, policy: Policy) -> Verdict:
    caps = [(rule.effect.severity, rule) for rule in live if isinstance(rule.effect, Cap)]
    if not caps:
        return base
    cap, rule = max(caps, key=lambda one: one[0].value)
    cap = worst([cap, policy.lowering.lowest])
    if not worse(base.severity, cap):
        return base
    return _by(base, rule, cap, _reason(rule, facts))


def _at_least(verdict: Verdict, live: Sequence[LiveRule], facts: Facts) -> Verdict:
    bounds = [(rule.effect.severity, rule) for rule in live if isinstance(rule.effect, Bound)]
    if not bounds:
        return verdict
    bound, rule = min(bounds, key=lambda one: one[0].value)
    if not worse(bound, verdict.severity):
        return verdict
    return _by(verdict, rule, bound, _reason(rule, facts))


def _confirmed(verdict: Verdict, live: Sequence[LiveRule], facts: Facts) -> Verdict:
    """Return the verdict with the number that says the same: what is said may be about a bound."""
    same = [
        rule
        for rule in live
        if isinstance(rule.effect, Bound) and rule.effect.severity is verdict.severity and rule.when
    ]
    if verdict.rule.startswith("live:") or not same:
        return verdict
    return replace(verdict, because=f"{verdict.because}; {_reason(same[0], facts)}")


def _up(verdict: Verdict, live: Sequence[LiveRule], facts: Facts) -> Verdict:
    steps = [(rule.effect.levels, rule) for rule in live if isinstance(rule.effect, Raise)]
    if not steps:
        return verdict
    levels, rule = max(steps, key=lambda one: one[0])
    to = _LEVELS[max(_LEVELS.index(verdict.severity) - levels, 0)]
    if to is verdict.severity:
        return verdict
    return _by(verdict, rule, to, f"{verdict.because}; raised: {_reason(rule, facts)}")


def _down(verdict: Verdict, live: Sequence[LiveRule], facts: Facts, policy: Policy) -> Verdict:
    steps = [(rule.effect.levels, rule) for rule in live if isinstance(rule.effect, Lower)]
    if not steps:
        return verdict
    levels, rule = max(steps, key=lambda one: one[0])
    place = _LEVELS.index(verdict.severity) + min(levels, policy.lowering.levels)
    to = worst([_LEVELS[min(place, len(_LEVELS) - 1)], policy.lowering.lowest])
    if not worse(verdict.severity, to):
        return verdict
    return _by(verdict, rule, to, f"{verdict.because}; lowered: {_reason(rule, facts)}")


def _by(verdict: Verdict, rule: LiveRule, severity: Severity, because: str) -> Verdict:
    return replace(verdict, severity=severity, because=because, rule=f"live:{rule.name}")


def _reason(rule: LiveRule, facts: Facts) -> str:
    """Return the rule's reason, with the numbers that it rests on."""
    names = dict.fromkeys(one.fact for one in rule.when)
    found = {name: known(facts, name) for name in names}
    words = [f"{name} {shown(one.value, one.unit)}" for name, one in found.items() if one]
    return f"{rule.because} ({', '.join(words)})" if words else rule.because


def _needed(base: Verdict, rules: Sequence[LiveRule], policy: Policy) -> tuple[str, ...]:
    caps = [rule.effect.severity for rule in rules if isinstance(rule.effect, Cap)]
    explicit = base.rule == PRIORITY
    lowest = base.severity if explicit else least([base.severity, *caps])
    names = set[str]()
    for rule in rules:
        if not _worth(rule, base.severity, lowest, explicit=explicit):
            continue
        names |= {one.fact for one in (*rule.when, *rule.unless)}
        if isinstance(rule.effect, (Cap, Lower)):
            names |= {one.fact for one in policy.lowering.when}
    return tuple(name for name in FACTS if name in names)


def _worth(rule: LiveRule, base: Severity, lowest: Severity, *, explicit: bool) -> bool:
    """Return whether a rule could matter for a base that no cap brings below `lowest`."""
    match rule.effect:
        case Bound(severity=severity):
            return rule.firm or severity is base or worse(severity, lowest)
        case Cap(severity=severity):
            return not explicit and worse(base, severity)
        case Raise():
            return lowest is not Severity.P0
        case Lower():
            return not explicit


def _resting(verdict: Verdict, asked: Sequence[str], facts: Facts) -> Verdict:
    """Return the verdict with the facts that were asked for: those that are there, and the rest."""
    found = {name: known(facts, name) for name in asked}
    return replace(
        verdict,
        inputs=tuple(
            Input(name=name, value=one.value, unit=one.unit, source=one.source)
            for name, one in found.items()
            if one is not None
        ),
        unavailable=tuple(
            Missing(name=name, why=why_unknown(facts, name))
            for name, one in found.items()
            if one is None
        ),
    )


def _changes(
    base: Verdict, rules: Sequence[LiveRule], facts: Facts, policy: Policy
) -> tuple[Change, ...]:
    """Return what each rule that is not in force would take, and what would then be."""
    now = _judged(base, rules, facts, policy).severity
    found = dict[tuple[Condition, ...], Change]()
    for rule in rules:
        wanted = _wanted(rule, facts, policy)
        if not wanted:
            continue
        supposed = {**facts, **{one.fact: witness(one) for one in wanted}}
        then = _judged(base, rules, supposed, policy).severity
        lowers = isinstance(rule.effect, (Cap, Lower))
        # What it alone would do: a bound may be met at a number at which another rule decides.
        does = worse(now, then) if lowers else worse(then, now)
        if does and in_force(rule, supposed, policy):
            found[wanted] = Change(when=wanted, severity=then, because=rule.because)
    return tuple(sorted(found.values(), key=lambda one: (one.severity.value, str(one))))


def _wanted(rule: LiveRule, facts: Facts, policy: Policy) -> tuple[Condition, ...]:
    """Return the conditions that keep a rule from taking effect."""
    missing = [one for one in rule.when if not holds(one, facts)]
    if isinstance(rule.effect, (Cap, Lower)):
        others = (*map(opposite, rule.unless), *policy.lowering.when)
        return (*missing, *(one for one in others if not holds(one, facts)))
    return (*missing, *(opposite(one) for one in rule.unless if holds(one, facts)))
