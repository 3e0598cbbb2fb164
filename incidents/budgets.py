"""Error budgets: what is left of each, how fast it burns, and which incident spent how much."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

SLOT: Final = timedelta(minutes=5)
"""How closely a budget is looked at; what one slot holds is counted as a whole."""
WINDOWS: Final = (
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),
)
"""Over which the burn rate is shown: those of the burn alerts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What counted within a slot, and how much of it was bad, both per second."""

    events: float
    bad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What was recorded of one objective for one service.

    `allowed` is the share that may be bad; `slots` are by the moments at which they end, and one
    that is missing was not seen; `planned` are those in which maintenance was planned.
    """

    objective: str
    kind: str
    allowed: float
    window: timedelta
    service: str = ""
    namespace: str = ""
    model: str = ""
    pool: str = ""
    slots: Mapping[datetime, Slot] = field(default_factory=dict)
    planned: frozenset[datetime] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An incident with its time, up to `end`; what it does not say about its place is empty."""

    number: int
    start: datetime
    end: datetime
    namespace: str
    model: str

    def concerns(self, ledger: Ledger) -> bool:
        """Tell whether it may be about what the objective is about."""
        pairs = ((self.namespace, ledger.namespace), (self.model, ledger.model))
        return all(not mine or not theirs or mine == theirs for mine, theirs in pairs)

    def holds(self, moment: datetime) -> bool:
        """Tell whether the slot that ends at the moment overlaps its time."""
        return self.start < moment and moment - SLOT < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The share of the whole budget that was spent while an incident lasted."""

    incident: int
    start: datetime
    end: datetime
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A budget at a moment; shares are of the whole budget, and None is "cannot tell".

    `left` is below 0 where more was spent than there was, and the most that there can be where not
    all was seen. `seen` is the share of the window that
    is known or planned, `planned` how long maintenance was planned. `elsewhere` is what was spent
    outside every incident; two incidents at once both count what was spent meanwhile. `agreed` is
    what was agreed for so much of it being spent.
    """

    ledger: Ledger
    left: float | None
    because: str
    seen: float
    planned: timedelta
    burns: Mapping[timedelta, float | None]
    spent: tuple[Spent, ...] = ()
    elsewhere: float | None = None
    agreed: tuple[str, ...] = ()


def budget(ledger: Ledger, troubles: Iterable[Trouble], at: datetime) -> Budget:
    """Return the budget at a moment, over the window that ends there."""
    counted = _within(ledger, at, ledger.window)
    events = sum(slot.events for slot in counted.values())
    planned = _planned(ledger, at)
    seen = min((len(counted) + planned) * (SLOT / ledger.window), 1.0)
    burns = {window: _burn(ledger, at, window) for window in WINDOWS}
    if not events:
        return Budget(
            ledger=ledger,
            left=None,
            because=_why(counted, planned),
            seen=seen,
            planned=planned * SLOT,
            burns=burns,
        )
    # What was not seen had as much to do, and nothing bad that is known: so this is the most.
    open_ = max(ledger.window // SLOT - planned, len(counted))
    whole = events / len(counted) * open_ * ledger.allowed
    concerned = [one for one in troubles if one.concerns(ledger)]
    shares = {at: slot.bad / whole for at, slot in counted.items()}
    return Budget(
        ledger=ledger,
        left=1 - sum(shares.values()),
        because="",
        seen=seen,
        planned=planned * SLOT,
        burns=burns,
        spent=tuple(_spent(shares, concerned)),
        elsewhere=sum(
            share
            for moment, share in shares.items()
            if not any(one.holds(moment) for one in concerned)
        ),
    )


def _within(ledger: Ledger, at: datetime, length: timedelta) -> Mapping[datetime, Slot]:
    """Return the slots of a span that count; what was planned is neither good nor bad."""
    return {
        moment: slot
        for moment, slot in ledger.slots.items()
        if at - length < moment <= at and moment not in ledger.planned
    }


def _planned(ledger: Ledger, at: datetime) -> int:
    return sum(at - ledger.window < moment <= at for moment in ledger.planned)


def _burn(ledger: Ledger, at: datetime, length: timedelta) -> float | None:
    """Return how many times too fast the budget was used up.

    None where nothing counted, or less than half of the window was seen.
    """
    counted = _within(ledger, at, length)
    planned = sum(at - length < moment <= at for moment in ledger.planned)
    events = sum(slot.events for slot in counted.values())
    if not events or 2 * len(counted) < length // SLOT - planned:
        return None
    return sum(slot.bad for slot in counted.values()) / events / ledger.allowed


def _why(counted: Mapping[datetime, Slot], planned: int) -> str:
    if counted:
        return "nothing happened that counts"
    if planned:
        return "maintenance was planned for all that is known"
    return "nothing is recorded: not scraped, renamed, or there is no such model"


def _spent(shares: Mapping[datetime, float], troubles: Sequence[Trouble]) -> list[Spent]:
    """Return what was spent during each incident, the most first; nothing spent is left out."""
    found = [
        Spent(
            incident=one.number,
            start=one.start,
            end=one.end,
            share=sum(share for moment, share in shares.items() if one.holds(moment)),
        )
        for one in troubles
    ]
    return sorted((one for one in found if one.share), key=lambda one: (-one.share, one.incident))
