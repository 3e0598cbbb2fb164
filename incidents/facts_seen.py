"""Facts as an event keeps them, and back: what a policy of another day is tried with."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from incidents.events.incident import FactSeen
from incidents.facts import FACTS, Facts, Known, Origin, Unknown, Value, shown
from incidents.severity import Verdict

SHOWN: Final = 3
REASONS: Final = 2
_OF_DESK: Final = frozenset(one.name for one in FACTS.values() if one.origin is Origin.DESK)


def seen(verdict: Verdict) -> tuple[FactSeen, ...]:
    """Return what a verdict rests on, and what was asked for and not there."""
    there = [
        FactSeen(name=one.name, value=json.dumps(one.value), unit=one.unit, source=one.source)
        for one in verdict.inputs
    ]
    missing = [
        FactSeen(name=one.name, value=None, unit="", source=one.why) for one in verdict.unavailable
    ]
    return (*there, *missing)


def facts(found: Iterable[FactSeen]) -> Facts:
    """Return the facts that an event kept."""
    return {one.name: _fact(one) for one in found}


def merged(before: Iterable[FactSeen], now: Iterable[FactSeen]) -> tuple[FactSeen, ...]:
    """Return what was seen with what is seen now; what is not seen any more stays as it was."""
    found = {one.name: one for one in before}
    for one in now:
        if one.value is not None or one.name not in found:
            found[one.name] = one
    return tuple(found.values())


def numbers(found: Iterable[FactSeen], *, most: int = SHOWN) -> str:
    """Return what is known, for people: `error ratio 0.14, ttft p95 3.2 s`."""
    said = [
        f"{_named(one)} {shown(_value(one.value), one.unit)}"
        for one in found
        if one.value is not None and one.name not in _OF_DESK
    ]
    return ", ".join(said[:most])


def blind(found: Iterable[FactSeen], *, most: int = SHOWN) -> str:
    """Return what could not be seen, to be added to a reason; empty where all could be.

    As in `; could not see: error ratio, waiting (Prometheus did not answer within 3 s)`.
    """
    reasons = dict[str, list[str]]()
    for one in found:
        if one.value is None:
            reasons.setdefault(one.source, []).append(_named(one))
    groups = [f"{_some(names, most)} ({why})" for why, names in reasons.items()]
    return f"; could not see: {_some(groups, REASONS, '; ')}" if groups else ""


def blind_in_short(found: Iterable[FactSeen]) -> str:
    """Return what could not be seen with the beginning of each reason, for a line or a headline.

    As in `(not scraped)`; what comes after its first `: ` stands on the page and in the timeline.
    """
    return blind(replace(one, source=one.source.partition(": ")[0]) for one in found)


def _some(words: Sequence[str], most: int, between: str = ", ") -> str:
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return f"{between.join(words[:most])}{more}"


def _named(one: FactSeen) -> str:
    return one.name.replace("_", " ")


def _fact(one: FactSeen) -> Known | Unknown:
    if one.value is None:
        return Unknown(why=one.source)
    return Known(value=_value(one.value), unit=one.unit, source=one.source)


def _value(kept: str) -> Value:
    """Return a value as it was before it was kept; what is none is text, and never an error."""
    try:
        value: object = json.loads(kept)
    except ValueError:
        return kept
    return value if isinstance(value, (bool, int, float, str)) else kept
