"""What the answers to one prompt say together: the worst of them counts. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cluster import wording
from cluster.canary.port import Answer
from cluster.drift.intended import Canary
from incidents.events.run import Evidence

DIFFERS, SLOW, SAME, CANNOT_TELL = "differs", "slow", "same", "cannot_tell"
VERDICTS: Final = (DIFFERS, SLOW, SAME, CANNOT_TELL)
SHOWN: Final = 3
FIRST: Final = "canary_first_token"
BETWEEN: Final = "canary_between_tokens"

Told = Answer | str
"""An answer, or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict of VERDICTS, and why."""

    verdict: str
    because: str


def judge(told: Mapping[str, Told], canary: Canary) -> Judged:
    """Judge the answers of all who were asked, by their names; who said nothing proves nothing."""
    answers = {name: one for name, one in told.items() if isinstance(one, Answer)}
    silent = _silent(told)
    gaps = f"; {silent}" if silent else ""
    if wrong := [name for name, one in answers.items() if not one.begins]:
        others = len(answers) - len(wrong)
        because = f"{_listing(wrong)} answered otherwise than declared, {others} as declared"
        return Judged(verdict=DIFFERS, because=because + gaps)
    if late := [f"{name}: {why}" for name, one in answers.items() if (why := _late(one, canary))]:
        return Judged(verdict=SLOW, because=_listing(late) + gaps)
    blind = [name for name, one in answers.items() if _unmeasured(one, canary)]
    whole = f"{_listing(blind)}: too few pieces to tell how fast they came" if blind else ""
    well = f"{_listing(list(answers))} answered as declared" if answers else ""
    if silent or blind or not answers:
        because = "; ".join(filter(None, (silent, whole, well))) or "nobody was asked"
        return Judged(verdict=CANNOT_TELL, because=because)
    return Judged(verdict=SAME, because=well)


def evidence(told: Mapping[str, Told], at: datetime, *, pods: frozenset[str]) -> Iterator[Evidence]:
    """Yield how long each took; the digest of an answer stands in place of its text."""
    for name, one in told.items():
        pod = name if name in pods else None
        if isinstance(one, str):
            yield Evidence(
                name=FIRST, value=None, unit="s", because=one, query=name, at=at, pod=pod
            )
            continue
        for number, span in ((FIRST, one.first), (BETWEEN, one.between)):
            yield Evidence(
                name=number,
                value=None if span is None else span.total_seconds(),
                unit="s",
                because="too few pieces" if span is None else None,
                query=f"{name}: {one.pieces} pieces, sha256 {one.digest[:16]}",
                at=at,
                pod=pod,
            )


def _silent(told: Mapping[str, Told]) -> str:
    """Return who did not answer, and why, each reason once; empty where all did."""
    by_reason: dict[str, list[str]] = {}
    for name, one in told.items():
        if isinstance(one, str):
            by_reason.setdefault(one, []).append(name)
    why = [f"{_listing(names)}: {_short(reason)}" for reason, names in by_reason.items()]
    return f"no answer: {'; '.join(why[:SHOWN])}" if why else ""


def _unmeasured(one: Answer, canary: Canary) -> bool:
    """Tell whether a bound is declared for what was not measured: a gateway may hold pieces."""
    return (one.first is None and canary.first_token is not None) or (
        one.between is None and canary.between_tokens is not None
    )


def _late(one: Answer, canary: Canary) -> str:
    """Return in words which bound an answer missed, empty for none."""
    bounds = (
        ("the first token", one.first, canary.first_token),
        ("each further token", one.between, canary.between_tokens),
    )
    return ", ".join(
        f"{what} took {took.total_seconds():.2f} s, more than {most.total_seconds():g} s"
        for what, took, most in bounds
        if took is not None and most is not None and took > most
    )


def _listing(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(_short, names[:SHOWN])) + more


def _short(text: str) -> str:
    return wording.short(text, wording.SHOWN)
