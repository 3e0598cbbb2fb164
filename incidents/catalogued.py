"""What the folder `catalogue/` says, put together: every module of it, one a source of alerts."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any  # modules are known by their names only

from incidents import catalogue
from incidents.errors import Rejected
from incidents.policy import Judged, LiveRule, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Alerts that are judged alike, by all their names."""

    names: tuple[str, ...]
    judged: Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """How every known alert is judged, the rules about live facts, and what never opens."""

    judged: Mapping[str, Judged]
    live: tuple[LiveRule, ...]
    never_open: frozenset[str]


def entry(
    *names: str, severity: Severity, because: str, mode: str = "", also: tuple[str, ...] = ()
) -> Entry:
    """Return an entry for alerts of these names."""
    return Entry(
        names=names, judged=Judged(severity=severity, because=because, mode=mode, also=also)
    )


@cache
def shipped() -> Catalogue:
    """Return what the folder says."""
    found = sorted(one.name for one in pkgutil.iter_modules(catalogue.__path__))
    return together(importlib.import_module(f"{catalogue.__name__}.{name}") for name in found)


def together(modules: Iterable[Any]) -> Catalogue:  # see the import
    """Return what the modules declare as ENTRIES, RULES and NEVER_OPEN; each may be missing.

    Raises Rejected when an alert, or a rule, stands there twice: nobody would know which counts.
    """
    judged, live, never = dict[str, Judged](), dict[str, LiveRule](), set[str]()
    for module in modules:
        for name, one in _entries(getattr(module, "ENTRIES", ())):
            _once(name, judged, module)
            judged[name] = one
        for rule in getattr(module, "RULES", ()):
            _once(rule.name, live, module)
            live[rule.name] = rule
        never |= set(getattr(module, "NEVER_OPEN", ()))
    return Catalogue(judged=judged, live=tuple(live.values()), never_open=frozenset(never))


def _entries(entries: Iterable[Entry]) -> Iterator[tuple[str, Judged]]:
    for one in entries:
        for name in one.names:
            yield name, one.judged


def _once(name: str, known: Mapping[str, object], module: Any) -> None:  # see the import
    if name in known:
        message = f"{module.__name__}: {name} stands in the catalogue already"
        raise Rejected(message)
