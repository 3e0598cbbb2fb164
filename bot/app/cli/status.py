"""`triaged status`: what is open, what waits for whom, what is frozen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from bot.app import follow_ups_listing, kept_listing
from bot.app.cli.output import Json, counted, show, table
from bot.app.cli.snooze import standing
from bot.app.follow_ups_listing import Listed
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.belonging import team
from incidents.facts_seen import blind_in_short
from incidents.journal import Aggregate, Summary
from incidents.targeting import called, choosing, question

Told = Mapping[str, object]
"""One thing as JSON shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that is shown; JSON has the same names.

    `configuration` is what is wrong in it, `which` the incidents of which several workloads fit.
    """

    configuration: str
    incidents: list[Told]
    approvals: list[Told]
    which: list[Told]
    waits: list[Told]
    frozen: Mapping[str, str]
    kept_back: list[dict[str, object]]
    snoozes: list[dict[str, object]]
    follow_ups: list[Listed]
    set_aside: int
    undeliverable: int


def status(*, as_json: Json = False) -> None:
    """Show the open incidents, the approvals that wait, and what is frozen or set aside."""
    with opened(load(), needed=()) as desk:
        found = _found(desk)
        show(asdict(found), _lines(found), as_json=as_json)


def _found(desk: Opened) -> Found:
    journal = desk.store.journal
    incidents = journal.summaries(aggregate=Aggregate.INCIDENT, open_only=True)
    approvals = journal.summaries(aggregate=Aggregate.APPROVAL, open_only=True)
    return Found(
        configuration=desk.configuration.wrong,
        incidents=[_incident(row, desk) for row in incidents],
        approvals=[_approval(row) for row in approvals if row.state == "requested"],
        which=list(_which(incidents, desk)),
        waits=list(_waits(desk)),
        frozen={scope: one.reason for scope, one in desk.desk.freeze().frozen.items()},
        kept_back=list(kept_listing.listing(desk.desk)),
        snoozes=standing(desk),
        follow_ups=follow_ups_listing.listing(desk.desk, people=desk.configuration.people),
        set_aside=desk.store.inbox.count_aside(),
        undeliverable=desk.store.outbox.count_dead(),
    )


def _incident(row: Summary, desk: Opened) -> Told:
    return {
        "incident": row.incident,
        "severity": row.severity,
        "state": row.state,
        "title": row.title,
        "because": _because(row, desk),
        "team": _team(row, desk),
        "since": row.opened_at,
        "next_due": row.next_due,
    }


def _because(row: Summary, desk: Opened) -> str:
    """Return why it is as bad as it is said to be, and what could not be seen."""
    if row.incident is None:
        return ""
    incident = desk.desk.incident(row.incident)
    return f"{incident.severity_because}{blind_in_short(incident.seen)}"


def _team(row: Summary, desk: Opened) -> str:
    """Return whose incident it is, empty where no map says so; then nothing more is read."""
    policy = desk.configuration.policy
    if row.incident is None or not policy.ownership.written:
        return ""
    return team(desk.desk.incident(row.incident), policy)


def _approval(row: Summary) -> Told:
    return {
        "approval": row.stream,
        "incident": row.incident,
        "change": row.title,
        "digest": row.digest,
        "expires": row.not_after,
    }


def _which(rows: Sequence[Summary], desk: Opened) -> Iterator[Told]:
    """Yield the incidents about which people are asked which workload is meant."""
    for row in rows:
        incident = desk.desk.incident(row.incident) if row.incident else None
        if incident is not None and question(incident):
            yield {
                "incident": row.incident,
                "candidates": [called(one) for one in incident.candidates],
                "more": incident.unnamed,
                "asked": choosing(incident),
            }


def _waits(desk: Opened) -> Iterator[Told]:
    """Yield what the open runs cannot go on with, and why."""
    for row in desk.store.journal.summaries(aggregate=Aggregate.RUN, open_only=True):
        waits = desk.desk.run(row.stream).waits
        if waits is not None:
            yield {
                "run": row.stream,
                "incident": row.incident,
                "step": waits.step,
                "because": waits.because,
                "since": waits.since,
            }


def _lines(found: Found) -> Iterator[str]:
    for line in found.configuration.splitlines():
        yield f"configuration refused: {line}"
    yield from _open(found.incidents)
    for one in found.approvals:
        yield f"waits for a yes: {one['approval']}: {one['change']}"
    for one in found.which:
        how = f"triaged incident target {one['incident']}"
        yield f"asked: INC-{one['incident']}: {one['asked']} ({how})"
    for one in found.waits:
        name = f"{one['run']} {one['step']}".strip()
        yield f"waits: {name}: {one['because']}"
    for scope, reason in found.frozen.items():
        yield f"frozen: {scope}: {reason}"
    yield from kept_listing.lines(found.kept_back)
    for one in found.snoozes:
        yield f"snooze {one['snooze']}: {one['told']}"
    yield from _left(found.follow_ups)
    yield from _lost(found)


def _open(incidents: Sequence[Told]) -> Iterator[str]:
    if not incidents:
        yield "no open incident"
        return
    teams = ["team"] if any(one["team"] for one in incidents) else []
    shown = ["severity", "state", *teams, "title"]
    yield from table(
        [[f"INC-{one['incident']}", *(str(one[name]) for name in shown)] for one in incidents]
    )
    for one in incidents:
        yield f"because: INC-{one['incident']}: {one['because']}"


def _left(follow_ups: Sequence[Listed]) -> Iterator[str]:
    """Yield what was left on purpose; of what runbooks leave to do there is a number."""
    for one in follow_ups:
        if one["left"]:
            late = "overdue since" if one["overdue"] else "until"
            who = f"{one['owner_name']}, {late} {one['due']}"
            yield f"left: {one['follow_up']}: {one['what']} ({who})"
    to_do = sum(not one["left"] for one in follow_ups)
    if to_do:
        yield f"to be done: {counted(to_do, 'follow-up', 'follow-ups')}: `triaged followups`"


def _lost(found: Found) -> Iterator[str]:
    """Yield what came in and was not understood, and what could not be said."""
    if found.set_aside:
        deliveries = counted(found.set_aside, "delivery was", "deliveries were")
        yield f"{deliveries} set aside: `triaged inbox aside`"
    if found.undeliverable:
        messages = counted(found.undeliverable, "message", "messages")
        yield f"{messages} could not be delivered"
