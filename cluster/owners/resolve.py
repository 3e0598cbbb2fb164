"""Finds the place where a size stays, from the workload outwards."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from cluster.owners.ownership import Barred, Claim, Moved, Noted, OwnerKind, Ownership
from cluster.owners.place import Place
from cluster.owners.sight import Sight

DEEPEST: Final = 8
"""More owners above each other than this are a loop."""


def resolve(start: Place, sight: Sight, kinds: Sequence[OwnerKind]) -> Ownership:
    """Ask every kind of owner at each place, and go where the size is declared.

    Several owners that each declare it fight each other already: that bars it too.
    """
    path: list[str] = []
    notes: list[str] = []
    place = start
    for _ in range(DEEPEST):
        claims = _claims(place, sight, kinds)
        barred = tuple(each for each in claims if isinstance(each, Barred))
        moved = _outermost([each for each in claims if isinstance(each, Moved)])
        if isinstance(moved, Barred):
            barred = (*barred, moved)
        if isinstance(moved, Moved) and moved.follows:
            barred = tuple(_undone(each, place, moved) for each in barred)
        if not isinstance(moved, Moved) or any(not each.only_here for each in barred):
            notes += _told(claims)
            words = ", ".join([str(place), *_asides(claims)])
            return Ownership(
                path=(*path, words), place=place, barred=barred, notes=tuple(filter(None, notes))
            )
        gave_way = [each.note for each in claims if isinstance(each, Moved) and each != moved]
        notes += [*gave_way, *_told(claims)]
        path.append(str(place))
        place = moved.to
    endless = Barred(because=f"{start} has owners above owners without an end", advice="look at it")
    return Ownership(path=tuple(path), place=place, barred=(endless,))


def _claims(place: Place, sight: Sight, kinds: Sequence[OwnerKind]) -> Sequence[Claim]:
    found = [claim for kind in kinds if (claim := kind.find(place, sight))]
    above = place.thing.controller
    known = {each for kind in kinds for each in kind.controls}
    if above is not None and (above.group, above.kind) not in known:
        found.append(
            Barred(
                because=f"{above} controls {place.thing} and is not known here",
                advice=f"change it at {above}",
            )
        )
    return found


def _outermost(moved: Sequence[Moved]) -> Moved | Barred | None:
    firm = [each for each in moved if each.firm] or list(moved)
    places = list({(each.to.thing.itself, each.to.path): each for each in firm}.values())
    if len(places) > 1:
        names = " and ".join(sorted(str(each.to) for each in places))
        return Barred(
            because=f"{names} both write the size, and undo each other",
            advice="let only one of them scale it",
        )
    return places[0] if places else None


def _undone(barred: Barred, place: Place, moved: Moved) -> Barred:
    """Return a bar of a number that follows another one as a bar of both."""
    if not barred.only_here:
        return barred
    return replace(
        barred,
        because=f"{barred.because}, while {moved.to} decides it",
        advice=f"take {place.dotted} out of Git, so that only one of them writes it",
        only_here=False,
        file="",
    )


def _told(claims: Sequence[Claim]) -> list[str]:
    return [each.because for each in claims if isinstance(each, Noted)]


def _asides(claims: Sequence[Claim]) -> list[str]:
    return [each.aside for each in claims if isinstance(each, (Barred, Noted)) and each.aside]
