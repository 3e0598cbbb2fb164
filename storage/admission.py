"""Admission: may this append be written, and what does it change? Pure, under somebody's lock."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from incidents.errors import HoldConflict, Rejected, RequirementConflict, VersionConflict
from incidents.journal import (
    BUDGET,
    Append,
    Appended,
    ApprovalGranted,
    Budget,
    Hold,
    HoldAbsent,
    HoldPresent,
    Requirement,
    Summary,
)
from storage.chain import GENESIS, START, Chain, End, Sealed, record

GRANTED = "granted"

HoldKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A stream as it stands: its summary, its last seal, the position of its first event."""

    summary: Summary
    mac: bytes
    born: int


@dataclass(slots=True, kw_only=True)
class Picture:
    """All that must be known to judge appends; each admission changes it."""

    end: End = START
    appended: dict[str, Appended] = field(default_factory=dict)
    streams: dict[str, Standing] = field(default_factory=dict)
    holds: dict[HoldKey, Hold] = field(default_factory=dict)
    spent: dict[str, list[datetime]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What an admitted append answers, and what it changes; a repeated one changes nothing."""

    request: Append
    answer: Appended
    sealed: tuple[Sealed, ...] = ()
    holds: Mapping[HoldKey, Hold | None] = field(default_factory=dict)


def check_form(request: Append) -> None:
    """Raise Rejected when the append contradicts itself."""
    summary, version = request.summary, request.expected + len(request.events)
    if not request.events:
        message = f"append {request.stream}: there is no event in it"
        raise Rejected(message)
    if (summary.stream, summary.version) != (request.stream, version):
        said = f"{summary.stream} version {summary.version}"
        message = f"append {request.stream}: its summary is of {said}, not of version {version}"
        raise Rejected(message)


def admit(picture: Picture, request: Append, *, chain: Chain) -> Admitted:
    """Judge the append and enter it into the picture.

    Raises VersionConflict, HoldConflict or RequirementConflict, and then the picture is unchanged.
    """
    known = picture.appended.get(request.append_id)
    if known is not None:
        return Admitted(request=request, answer=replace(known, repeated=True))
    _check_version(picture, request)
    for requirement in request.require:
        _check(picture, request, requirement)
    admitted = _seal(picture, request, holds=_moved(picture, request), chain=chain)
    _enter(picture, admitted, chain=chain)
    return admitted


def live(hold: Hold | None, at: datetime) -> bool:
    """Tell whether somebody has the hold at that moment."""
    return hold is not None and (hold.expires_at is None or at < hold.expires_at)


def _check_version(picture: Picture, request: Append) -> None:
    standing = picture.streams.get(request.stream)
    version = standing.summary.version if standing else 0
    if version != request.expected:
        message = f"{request.stream} is at version {version}, not at {request.expected}"
        raise VersionConflict(message)


def _check(picture: Picture, request: Append, requirement: Requirement) -> None:
    match requirement:
        case HoldAbsent():
            hold = picture.holds.get((requirement.kind, requirement.key))
            if hold is not None and live(hold, request.at):
                raise _taken(hold)
        case HoldPresent():
            _check_present(picture, request, requirement)
        case ApprovalGranted():
            _check_granted(picture, request, requirement)
        case Budget():
            _check_budget(picture, request, requirement)
        case _:
            assert_never(requirement)


def _check_present(picture: Picture, request: Append, required: HoldPresent) -> None:
    hold = picture.holds.get((required.kind, required.key))
    holder = hold.stream if hold is not None and live(hold, request.at) else None
    if holder is None or required.stream not in (None, holder):
        message = f"{required.kind} {required.key} is not held by {required.stream or 'anybody'}"
        raise HoldConflict(message, kind=required.kind, key=required.key, holder=holder)


def _check_granted(picture: Picture, request: Append, required: ApprovalGranted) -> None:
    standing = picture.streams.get(required.approval)
    if standing is None:
        message = f"{required.approval}: there is no such approval"
        raise RequirementConflict(message)
    summary = standing.summary
    ends = min(required.not_after, summary.not_after or required.not_after)
    if summary.state != GRANTED:
        message = f"{required.approval} is {summary.state}, not {GRANTED}"
        raise RequirementConflict(message)
    if summary.digest != required.digest:
        message = f"{required.approval} is for another plan"
        raise RequirementConflict(message)
    if request.at > ends:
        message = f"{required.approval} ended at {ends.isoformat()}"
        raise RequirementConflict(message)


def _check_budget(picture: Picture, request: Append, budget: Budget) -> None:
    since = request.at - budget.window
    # An entry later than `at` counts too: clocks of replicas differ, and less is safer.
    spent = sum(1 for at in picture.spent.get(budget.key, ()) if at > since)
    if spent >= budget.limit:
        message = f"budget {budget.key}: {spent} of {budget.limit} are spent within {budget.window}"
        raise RequirementConflict(message, kind=BUDGET)


def _moved(picture: Picture, request: Append) -> Mapping[HoldKey, Hold | None]:
    """Return the holds as the append leaves them: releases come first, then takes."""
    moved: dict[HoldKey, Hold | None] = {}
    for release in request.release:
        held = picture.holds.get((release.kind, release.key))
        if held is not None and held.stream == request.stream:
            moved[release.kind, release.key] = None
    for take in request.take:
        key = (take.kind, take.key)
        held = moved[key] if key in moved else picture.holds.get(key)
        if held is not None and live(held, request.at):
            raise _taken(held)
        moved[key] = Hold(
            kind=take.kind,
            key=take.key,
            stream=request.stream,
            taken_at=request.at,
            expires_at=take.expires_at,
        )
    return moved


def _taken(hold: Hold) -> HoldConflict:
    message = f"{hold.kind} {hold.key} is held by {hold.stream}"
    return HoldConflict(message, kind=hold.kind, key=hold.key, holder=hold.stream)


def _seal(
    picture: Picture, request: Append, *, holds: Mapping[HoldKey, Hold | None], chain: Chain
) -> Admitted:
    standing = picture.streams.get(request.stream)
    previous = standing.mac if standing else GENESIS
    position, sealed = picture.end.position, []
    for offset, draft in enumerate(request.events, start=1):
        event = record(
            draft,
            position=position + offset,
            stream=request.stream,
            version=request.expected + offset,
            append_id=request.append_id,
        )
        sealed.append(chain.seal(event, previous=previous))
        previous = sealed[-1].mac
    last = sealed[-1].event
    answer = Appended(stream=last.stream, version=last.version, position=last.position)
    return Admitted(request=request, answer=answer, sealed=tuple(sealed), holds=holds)


def _enter(picture: Picture, admitted: Admitted, *, chain: Chain) -> None:
    request, first = admitted.request, admitted.sealed[0].event.position
    standing = picture.streams.get(request.stream)
    picture.end = chain.extend(picture.end, admitted.sealed)
    picture.appended[request.append_id] = admitted.answer
    picture.streams[request.stream] = Standing(
        summary=request.summary,
        mac=admitted.sealed[-1].mac,
        born=standing.born if standing else first,
    )
    for key, hold in admitted.holds.items():
        if hold is None:
            del picture.holds[key]
        else:
            picture.holds[key] = hold
    for budget in request.require:
        if isinstance(budget, Budget):
            picture.spent.setdefault(budget.key, []).append(request.at)
