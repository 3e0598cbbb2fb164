"""How `policy.yaml` says what every change must keep to: its field, mistakes and meaning."""

import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any  # what the shapes have checked

from cluster.guardrails import guards
from incidents.guardrails import (
    Allowed,
    Exceptions,
    Guardrails,
    Mark,
    Sign,
    VersionPair,
    Where,
)
from runbooks.language.positions import Path
from runbooks.language.shapes import (
    Choice,
    Duration,
    Field,
    Integer,
    ListOf,
    Number,
    Record,
    Text,
)

Wrong = tuple[str, Path]
"""What is wrong, and where it stands."""

Said = Mapping[str, Any]  # see the import

FIELD = "guardrails"
FOR, STRICT, OFF = "for", "cannot_tell_refuses", "off"
PEOPLE = "people"
MEANT = ("actions", "environments", "namespaces")
YES, NO = "yes", "no"

_LONG = Text(longest=253)
_PATTERNS = ListOf(item=_LONG, fewest=1)
_GUARDS = ListOf(item=Text(pattern=r"[a-z][a-z0-9_]*", example="serving", longest=64))
_LIMITS: Mapping[str, Field] = {
    "largest_step": Field(
        shape=Integer(minimum=1, maximum=1000), meaning="replicas by which a size changes at once"
    ),
    "largest_factor": Field(
        shape=Number(minimum=1, maximum=100), meaning="factor by which a size changes at once"
    ),
    "small_step": Field(
        shape=Integer(minimum=1, maximum=1000), meaning="so many replicas are small enough"
    ),
    "cool_down": Field(
        shape=Duration(minimum=timedelta(0), maximum=timedelta(days=1)),
        meaning="pause after a change by the same action; 0s for none",
    ),
    "kv_usage": Field(
        shape=Number(minimum=0, maximum=1), meaning="KV use that pods that stay may have"
    ),
    "waiting": Field(
        shape=Number(minimum=0, maximum=10_000), meaning="requests that may wait on each of them"
    ),
    PEOPLE: Field(
        shape=Integer(minimum=1, maximum=5),
        meaning="how many must approve what takes peers of prefill or decode along",
    ),
    STRICT: Field(shape=_GUARDS, meaning="guards that refuse what they cannot tell"),
}
_ALLOWED = Record(
    fields={
        "namespaces": Field(shape=_PATTERNS, meaning="namespaces in which anything is changed"),
        "kinds": Field(shape=_PATTERNS, meaning="kinds of objects that are written"),
        "names": Field(
            shape=_PATTERNS, meaning="names of objects that are written; of pods the workload's"
        ),
    },
    one_of=("namespaces", "kinds", "names"),
)
_PAIR = Record(
    fields={
        "prefill": Field(shape=_LONG, meaning="tags of prefill's image", required=True),
        "decode": Field(shape=_LONG, meaning="tags of decode's image", required=True),
        "because": Field(shape=_LONG, meaning="why they do not fit", required=True),
    }
)
_MARK = Record(
    fields={
        "on": Field(
            shape=Choice(choices=tuple(one.value for one in Where)),
            meaning="what carries it",
            required=True,
        ),
        "sign": Field(
            shape=Choice(choices=tuple(one.value for one in Sign)),
            meaning="what it is",
            required=True,
        ),
        "key": Field(shape=_LONG, meaning="its name; * is any text", required=True),
        "who": Field(shape=_LONG, meaning="whose it is, for people", required=True),
        "value": Field(shape=_LONG, meaning="its value, or a condition's status"),
        "unless": Field(shape=_LONG, meaning="a value that means nothing"),
        "refuses": Field(
            shape=Choice(choices=(YES, NO)), meaning="whether what carries it is left alone"
        ),
    }
)

SHAPE = Record(
    fields={
        **_LIMITS,
        FOR: Field(
            shape=ListOf(
                item=Record(
                    fields={
                        "actions": Field(shape=_PATTERNS, meaning="names of actions"),
                        "environments": Field(shape=_PATTERNS, meaning="names of environments"),
                        "namespaces": Field(shape=_PATTERNS, meaning="names of namespaces"),
                        **_LIMITS,
                    },
                    one_of=MEANT,
                )
            ),
            meaning="other limits for some changes; of several that fit the last one counts",
        ),
        OFF: Field(shape=_GUARDS, meaning="guards that do not look"),
        "allowed": Field(shape=_ALLOWED, meaning="what may be touched at all; else everything"),
        "node_autoscaler": Field(
            shape=Choice(choices=(YES, NO)),
            meaning="whether nodes come where GPUs are wanted; triaged looks for it without",
        ),
        "version_pairs": Field(
            shape=ListOf(item=_PAIR), meaning="versions that must not serve together"
        ),
        "marks": Field(
            shape=ListOf(item=_MARK), meaning="marks of other controllers, beside those known"
        ),
    }
)


def known() -> tuple[str, ...]:
    """Return the names of all guards; none of them is loaded for it."""
    return tuple(sorted(each.name for each in pkgutil.iter_modules(guards.__path__)))


def wrong(says: Said) -> Iterator[Wrong]:
    """Yield what a shape cannot see: names of guards that do not exist."""
    rails: Said = says.get(FIELD, {})
    lists: list[tuple[Sequence[str], Path]] = [
        (rails.get(OFF, ()), (FIELD, OFF)),
        (rails.get(STRICT, ()), (FIELD, STRICT)),
    ]
    for index, one in enumerate(rails.get(FOR, ())):
        lists.append((one.get(STRICT, ()), (FIELD, FOR, index, STRICT)))
    for names, where in lists:
        for place, name in enumerate(names):
            if name not in known():
                what = f"there is no guard {name!r}; known are {', '.join(known())}"
                yield what, (*where, place)


def people(says: Said) -> Iterator[tuple[int, Path]]:
    """Yield how many people the file says must approve, and where it says so."""
    rails: Said = says.get(FIELD, {})
    if PEOPLE in rails:
        yield rails[PEOPLE], (FIELD, PEOPLE)
    for index, one in enumerate(rails.get(FOR, ())):
        if PEOPLE in one:
            yield one[PEOPLE], (FIELD, FOR, index, PEOPLE)


def changed(says: Said, base: Guardrails) -> Guardrails:
    """Return the guardrails with what the file says."""
    rails: Said = says.get(FIELD, {})
    comes = rails.get("node_autoscaler")
    return replace(
        base,
        limits=replace(base.limits, **_limits(rails)),
        exceptions=tuple(map(_exceptions, rails.get(FOR, ()))),
        allowed=Allowed(**{k: tuple(v) for k, v in rails.get("allowed", {}).items()}),
        off=frozenset(rails.get(OFF, ())),
        node_autoscaler=base.node_autoscaler if comes is None else comes == YES,
        version_pairs=tuple(VersionPair(**one) for one in rails.get("version_pairs", ())),
        marks=(*base.marks, *map(_mark, rails.get("marks", ()))),
    )


def _limits(says: Said) -> Mapping[str, Any]:  # see the import
    found = {name: says[name] for name in _LIMITS if name in says}
    return {**found, **({STRICT: frozenset(found[STRICT])} if STRICT in found else {})}


def _exceptions(says: Said) -> Exceptions:
    meant = {name: tuple(says[name]) for name in MEANT if name in says}
    return Exceptions(limits=_limits(says), **meant)


def _mark(says: Said) -> Mark:
    plain = {name: says[name] for name in ("key", "who", "value", "unless") if name in says}
    return Mark(
        on=Where(says["on"]), sign=Sign(says["sign"]), refuses=says.get("refuses") == YES, **plain
    )
