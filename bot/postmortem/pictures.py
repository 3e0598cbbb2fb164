"""The pictures of a postmortem as geometry: where the time went, and before and after.

Text stands beside the drawings, not in them, so that it stays legible on a phone.
"""

from dataclasses import dataclass

from bot.postmortem.document import Change, Compared, Document
from bot.postmortem.spans import span

WIDTH = 1000
"""Units of a drawing's width."""

_THINNEST = 3.0
_LEAST = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A phase as a stretch of the strip; `look` picks its colour."""

    name: str
    length: str
    share: str
    x: float
    width: float
    look: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The whole incident from left to right; `told` says the same in a sentence."""

    begins: str
    ends: str
    stretches: tuple[Stretch, ...]
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A value as a bar; `width` is None where there was no data."""

    value: str
    width: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A signal before and after; both bars have one scale. `look` is good, bad or unknown."""

    signal: str
    before: Bar
    after: Bar
    expected: str
    look: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The pairs of one change."""

    title: str
    verdict: str
    pairs: tuple[Pair, ...]


def strip(document: Document) -> Strip | None:
    """Return where the time went; None for an incident that took none."""
    phases = document.phases
    if not phases:
        return None
    begins, ends = phases[0].begins, phases[-1].ends
    whole = (ends - begins).total_seconds()
    stretches = tuple(
        Stretch(
            name=one.name,
            length=span(one.ends - one.begins),
            share=_share((one.ends - one.begins).total_seconds() / whole),
            x=_round((one.begins - begins).total_seconds() / whole * WIDTH),
            width=_wide((one.ends - one.begins).total_seconds() / whole),
            look=look,
        )
        for look, one in enumerate(phases)
    )
    days = "%H:%M" if begins.date() == ends.date() else "%Y-%m-%d %H:%M"
    told = ", then ".join(f"{one.name} for {one.length}" for one in stretches)
    return Strip(begins=f"{begins:{days}}", ends=f"{ends:{days}}", stretches=stretches, told=told)


def effects(document: Document) -> tuple[Effect, ...]:
    """Return before and after of every change that was compared."""
    return tuple(_effect(change) for change in document.changes if change.comparisons)


def _effect(change: Change) -> Effect:
    pairs = tuple(_pair(one) for one in change.comparisons)
    return Effect(title=change.title, verdict=change.verdict, pairs=pairs)


def _pair(one: Compared) -> Pair:
    known = [abs(value) for value in (one.before, one.after) if value is not None]
    largest = max(known, default=0.0) or 1.0
    look, verdict = {
        True: ("good", "as expected"),
        False: ("bad", "not as expected"),
        None: ("unknown", "cannot tell"),
    }[one.met]
    return Pair(
        signal=one.signal,
        before=_bar(one.before, one.shown_before, largest),
        after=_bar(one.after, one.shown_after, largest),
        expected=one.expected,
        look=look,
        verdict=verdict,
    )


def _bar(value: float | None, shown: str, largest: float) -> Bar:
    width = None if value is None else _wide(abs(value) / largest)
    return Bar(value=shown, width=width)


def _wide(share: float) -> float:
    # Something that was there must be seen, however short it was.
    return max(_THINNEST, _round(share * WIDTH)) if share else 0.0


def _share(part: float) -> str:
    return "< 1 %" if part < _LEAST else f"{part * 100:.0f} %"


def _round(value: float) -> float:
    return round(value, 1)
