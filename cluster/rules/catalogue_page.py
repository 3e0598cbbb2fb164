"""The catalogue of severities as a page: how bad each known alert is, and why."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from incidents.catalogued import Catalogue
from incidents.policy import Judged

HEAD: Final = """\
# The catalogue of alerts

Written by `triaged rules --out deploy` from the modules in `incidents/catalogue/`; change these.
[How bad it is](../docs/severity.md) says what the severities mean, and what changes them.

Names are those of llm-d's own rules, of GIE (both spellings), kubernetes-mixin and the workload
variant autoscaler, of the operations chapter, and of rules that we ship or propose. The *mode* is
the failure mode that a runbook covers.

| severity | mode | alerts | because |
|---|---|---|---|
"""


def text(known: Catalogue) -> str:
    """Return the page of everything that the catalogue knows."""
    return f"{HEAD}{''.join(_rows(known))}\n{_quiet(known.never_open)}\n"


def modes(judged: Judged) -> str:
    """Return the failure modes as the page says them."""
    return ", ".join(filter(None, (judged.mode, *judged.also)))


def _rows(known: Catalogue) -> Iterator[str]:
    def order(one: tuple[str, Judged]) -> tuple[str, ...]:
        judged = one[1]
        return judged.severity.value, judged.mode, *judged.also, judged.because

    # Of one entry the names keep their order: the first is the one that is shipped.
    for _, same in groupby(sorted(known.judged.items(), key=order), key=order):
        entries = list(same)
        judged = entries[0][1]
        names = ", ".join(f"`{name}`" for name, _ in entries)
        yield f"| {judged.severity.value} | {modes(judged)} | {names} | {judged.because} |\n"


def _quiet(never_open: Iterable[str]) -> str:
    names = ", ".join(f"`{name}`" for name in sorted(never_open))
    return f'No incident: {names}, and whatever has `severity="none"`.'
