"""Facts as an event keeps them, and back: what a policy of another day is tried with."""

import json
from collections.abc import Iterable

from incidents.events.incident import FactSeen
from incidents.facts import Facts, Known, Unknown
from incidents.severity import Verdict


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


def _fact(one: FactSeen) -> Known | Unknown:
    if one.value is None:
        return Unknown(why=one.source)
    return Known(value=json.loads(one.value), unit=one.unit, source=one.source)
