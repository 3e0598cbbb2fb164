"""How `policy.yaml` says how bad alerts are: its fields, their mistakes, and what they mean."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any  # what the shapes have checked

from incidents.conditions import Condition, How, opposite
from incidents.facts import FACTS, Kind, Value, Worse
from incidents.modes import MODES
from incidents.policy import (
    Bound,
    Cap,
    Effect,
    Judged,
    LiveRule,
    Lower,
    Lowering,
    Policy,
    Raise,
    Severity,
)
from runbooks.language.positions import Path
from runbooks.language.shapes import (
    Choice,
    Field,
    Integer,
    ListOf,
    MapOf,
    Number,
    Record,
    Text,
)

Wrong = tuple[str, Path]
"""What is wrong, and where it stands."""

YES, NO = "yes", "no"
BOUNDS: Mapping[str, How] = {
    how.value: how for how in (How.ABOVE, How.AT_LEAST, How.BELOW, How.AT_MOST)
}
WORDS: Mapping[str, How] = {"is": How.IS, "is_not": How.IS_NOT}
NUMBERS: Mapping[str, How] = {"one_of": How.IS, "none_of": How.IS_NOT}
EFFECTS: Mapping[str, Callable[[Any], Effect]] = {  # each takes what its own shape has read
    "at_least": lambda word: Bound(severity=Severity[word]),
    "at_most": lambda word: Cap(severity=Severity[word]),
    "raise": lambda levels: Raise(levels=levels),
    "lower": lambda levels: Lower(levels=levels),
}

LOWERING = ("at_most", "lower")
"""The effects that make it less bad."""

_WAY: Mapping[Worse, str] = {Worse.UP: "upwards", Worse.DOWN: "downwards"}
_SEVERITY = Choice(choices=tuple(Severity.__members__))
_MODE = Choice(choices=tuple(MODES))
_LEVELS = Integer(minimum=1, maximum=3)
_CONDITIONS = ListOf(
    item=Record(
        fields={
            "fact": Field(shape=Choice(choices=tuple(FACTS)), meaning="which fact", required=True),
            "above": Field(shape=Number(), meaning="it is more than this"),
            "at_least": Field(shape=Number(), meaning="it is this or more"),
            "below": Field(shape=Number(), meaning="it is less than this"),
            "at_most": Field(shape=Number(), meaning="it is this or less"),
            "is": Field(shape=Text(), meaning="it is this word; yes or no where it is a truth"),
            "is_not": Field(shape=Text(), meaning="it is another word"),
            "one_of": Field(shape=ListOf(item=Number(), fewest=1), meaning="one of the numbers"),
            "none_of": Field(shape=ListOf(item=Number(), fewest=1), meaning="none of the numbers"),
        },
        one_of=(*BOUNDS, *WORDS, *NUMBERS),
    )
)

FIELDS: Mapping[str, Field] = {
    "alerts": Field(
        shape=MapOf(
            key=r".+",
            item=Record(
                fields={
                    "severity": Field(shape=_SEVERITY, meaning="how bad it is", required=True),
                    "because": Field(shape=Text(), meaning="why", required=True),
                    "mode": Field(shape=_MODE, meaning="its failure mode"),
                    "also": Field(
                        shape=ListOf(item=_MODE), meaning="modes that it may turn out to be"
                    ),
                }
            ),
        ),
        meaning="how bad an alert of this name is; wins over the built-in catalogue",
    ),
    "by_label": Field(
        shape=MapOf(key=r".+", item=_SEVERITY),
        meaning="what a `severity` label says of an alert that no catalogue knows",
    ),
    "live": Field(
        shape=ListOf(
            item=Record(
                fields={
                    "name": Field(
                        shape=Text(pattern=r"[a-z0-9][a-z0-9-]*", example="errors-tenth"),
                        meaning="its name; that of a built-in rule replaces it",
                        required=True,
                    ),
                    "because": Field(shape=Text(), meaning="why", required=True),
                    "alerts": Field(
                        shape=ListOf(item=Text(), fewest=1), meaning="which alerts; all without it"
                    ),
                    "labels": Field(
                        shape=MapOf(key=r".+", item=ListOf(item=Text(), fewest=1)),
                        meaning="labels that must be like one of the patterns; * is any text",
                    ),
                    "when": Field(shape=_CONDITIONS, meaning="all of these must hold"),
                    "unless": Field(shape=_CONDITIONS, meaning="none of these may hold"),
                    "at_least": Field(shape=_SEVERITY, meaning="then it is at least so bad"),
                    "at_most": Field(
                        shape=_SEVERITY, meaning="then what the catalogue says is at most so bad"
                    ),
                    "raise": Field(shape=_LEVELS, meaning="then it is so many levels worse"),
                    "lower": Field(shape=_LEVELS, meaning="then it is so many levels less bad"),
                    "firm": Field(
                        shape=Choice(choices=(YES, NO)), meaning="whether nothing lowers it again"
                    ),
                },
                one_of=tuple(EFFECTS),
            )
        ),
        meaning="rules about live facts, beside the built-in ones",
    ),
    "live_off": Field(
        shape=ListOf(item=Text()), meaning="names of built-in rules that are not in force"
    ),
    "lowering": Field(
        shape=Record(
            fields={
                "levels": Field(
                    shape=Integer(minimum=0, maximum=3),
                    meaning="the most that live facts lower by themselves; 0 is never",
                ),
                "lowest": Field(shape=_SEVERITY, meaning="where they end"),
            }
        ),
        meaning="how far live facts may lower a severity",
    ),
}
"""The fields of `policy.yaml` about severity, beside `severities` and `never_open`."""


def wrong(says: Mapping[str, Any], base: Policy) -> Iterator[Wrong]:
    """Yield what a shape cannot see: names that are not known, and rules that say two things."""
    alerts = {*base.catalogue, *says.get("alerts", {})}
    rules: Sequence[Mapping[str, Any]] = says.get("live", ())
    first = dict[str, int]()
    for number, rule in enumerate(rules):
        here: Path = ("live", number)
        if first.setdefault(rule["name"], number) != number:
            yield f"rule {rule['name']!r} stands here twice", (*here, "name")
        given = [word for word in EFFECTS if word in rule]
        if len(given) != 1:
            yield f"expected one of {', '.join(EFFECTS)}, found {' and '.join(given)}", here
        for place, name in enumerate(rule.get("alerts", ())):
            if name not in alerts:
                yield f"no alert {name!r} is known; add it to alerts", (*here, "alerts", place)
        mistakes = list(_conditions(rule, here))
        yield from mistakes or (_calming(rule, here) if len(given) == 1 else ())
    known = {rule.name for rule in base.live}
    for number, name in enumerate(says.get("live_off", ())):
        if name not in known:
            yield f"no built-in rule is called {name!r}", ("live_off", number)


def changed(says: Mapping[str, Any], base: Policy) -> Policy:
    """Return the policy with what the file says about severity."""
    own = tuple(_rule(one) for one in says.get("live", ()))
    gone = {*says.get("live_off", ()), *(rule.name for rule in own)}
    return replace(
        base,
        catalogue={**base.catalogue, **_catalogue(says.get("alerts", {}), base.catalogue)},
        by_label={
            **base.by_label,
            **{label: Severity[word] for label, word in says.get("by_label", {}).items()},
        },
        live=(*(rule for rule in base.live if rule.name not in gone), *own),
        lowering=_lowering(says.get("lowering", {}), base.lowering),
    )


def doubtful(policy: Policy, base: Policy) -> tuple[str, ...]:
    """Return what is allowed and may cost dear: firm rules that are off, outages that open nothing.

    `base` is the built-in policy.
    """
    firm = {rule.name for rule in policy.live if rule.firm}
    off = sorted(rule.name for rule in base.live if rule.firm and rule.name not in firm)
    unheard = sorted(
        name
        for name in policy.never_open - base.never_open
        if name in policy.catalogue and policy.catalogue[name].severity is Severity.P0
    )
    return (
        *(f"the firm rule {name} is off, or replaced by one that is not firm" for name in off),
        *(f"{name} is P0 in the catalogue, and never opens an incident" for name in unheard),
    )


def _conditions(rule: Mapping[str, Any], here: Path) -> Iterator[Wrong]:
    for list_of in ("when", "unless"):
        for number, one in enumerate(rule.get(list_of, ())):
            fact = FACTS[one["fact"]]
            for word in one:
                problem = _unfit(fact.kind, fact.words, word, one[word])
                if problem:
                    yield f"{fact.name} {problem}", (*here, list_of, number, word)


def _calming(rule: Mapping[str, Any], here: Path) -> Iterator[Wrong]:
    """Yield how a rule would lower unseen, or by what gets worse."""
    lowers = [effect for effect in LOWERING if effect in rule]
    if not lowers:
        return
    if not rule.get("when"):
        yield f"{lowers[0]} needs a fact in when: nothing is less bad unseen", (*here, lowers[0])
    for list_of in ("when", "unless"):
        for number, one in enumerate(rule.get(list_of, ())):
            meant = list(_each([one]))
            if list_of == "unless":
                meant = [opposite(condition) for condition in meant]
            if not all(map(_calm, meant)):
                way = _WAY[FACTS[one["fact"]].worse]
                what = f"{one['fact']} gets worse {way}: what gets worse must not lower"
                yield what, (*here, list_of, number)


def _calm(condition: Condition) -> bool:
    """Return whether the fact getting worse never makes the condition hold."""
    fact = FACTS[condition.fact]
    return fact.worse is Worse.NEITHER or _upward(condition) is (fact.worse is Worse.DOWN)


def _upward(condition: Condition) -> bool | None:
    """Return whether more of the fact makes it hold; None of a list of numbers. False is below."""
    if FACTS[condition.fact].kind is Kind.TRUTH:
        return condition.value == (condition.how is How.IS,)
    if condition.how in {How.IS, How.IS_NOT}:
        return None
    return condition.how in {How.ABOVE, How.AT_LEAST}


def _unfit(kind: Kind, words: tuple[str, ...], word: str, value: object) -> str:
    """Return what is wrong with comparing a fact of this kind in this way; empty is fine."""
    if word == "fact":
        return ""
    if kind is Kind.NUMBER:
        known = ", ".join((*BOUNDS, *NUMBERS))
        return f"is a number: compare it with {known}" if word in WORDS else ""
    wanted = (YES, NO) if kind is Kind.TRUTH else words
    if word in WORDS and value in wanted:
        return ""
    return f"is one of {', '.join(wanted)}: compare it with {' or '.join(WORDS)}"


def _catalogue(entries: Mapping[str, Any], base: Mapping[str, Judged]) -> Mapping[str, Judged]:
    """Return the file's judgements; what they leave out stays that of the built-in entry."""
    plain = Judged(severity=Severity.P3, because="")
    return {name: _judged(one, base.get(name, plain)) for name, one in entries.items()}


def _judged(one: Mapping[str, Any], built_in: Judged) -> Judged:
    return replace(
        built_in,
        severity=Severity[one["severity"]],
        because=one["because"],
        mode=one.get("mode", built_in.mode),
        also=tuple(one.get("also", built_in.also)),
    )


def _rule(one: Mapping[str, Any]) -> LiveRule:
    (word,) = (word for word in EFFECTS if word in one)
    return LiveRule(
        name=one["name"],
        because=one["because"],
        effect=EFFECTS[word](one[word]),
        alerts=frozenset(one.get("alerts", ())),
        labels={label: tuple(like) for label, like in one.get("labels", {}).items()},
        when=tuple(_each(one.get("when", ()))),
        unless=tuple(_each(one.get("unless", ()))),
        firm=one.get("firm", NO) == YES,
    )


def _each(listed: Sequence[Mapping[str, Any]]) -> Iterator[Condition]:
    for one in listed:
        fact = FACTS[one["fact"]]
        for word, value in one.items():
            if word in BOUNDS:
                yield Condition(fact=fact.name, how=BOUNDS[word], value=value)
            if word in WORDS:
                meant: Value = value == YES if fact.kind is Kind.TRUTH else value
                yield Condition(fact=fact.name, how=WORDS[word], value=(meant,))
            if word in NUMBERS:
                yield Condition(fact=fact.name, how=NUMBERS[word], value=tuple(value))


def _lowering(one: Mapping[str, Any], base: Lowering) -> Lowering:
    lowest = one.get("lowest", base.lowest.value)
    return replace(base, levels=one.get("levels", base.levels), lowest=Severity[lowest])
