"""`triaged status`: what is open, what waits for whom, what is frozen."""

from collections.abc import Iterator

from bot.app import kept_listing
from bot.app.cli.output import Json, counted, show, table
from bot.app.cli.snooze import standing
from bot.app.opening import Opened, opened
from bot.app.settings import load
from incidents.belonging import team
from incidents.facts_seen import blind_in_short
from incidents.journal import Aggregate, Summary


def status(*, as_json: Json = False) -> None:
    """Show the open incidents, the approvals that wait, and what is frozen or set aside."""
    with opened(load()) as desk:
        found = _found(desk)
        show(found, _lines(found), as_json=as_json)


def _found(desk: Opened) -> dict[str, object]:
    journal = desk.store.journal
    incidents = journal.summaries(aggregate=Aggregate.INCIDENT, open_only=True)
    approvals = journal.summaries(aggregate=Aggregate.APPROVAL, open_only=True)
    return {
        "incidents": [_incident(row, desk) for row in incidents],
        "approvals": [_approval(row) for row in approvals if row.state == "requested"],
        "waits": list(_waits(desk)),
        "frozen": {scope: one.reason for scope, one in desk.desk.freeze().frozen.items()},
        "kept_back": list(kept_listing.listing(desk.desk)),
        "snoozes": standing(desk),
        "set_aside": desk.store.inbox.count_aside(),
        "undeliverable": desk.store.outbox.count_dead(),
    }


def _incident(row: Summary, desk: Opened) -> dict[str, object]:
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


def _approval(row: Summary) -> dict[str, object]:
    return {
        "approval": row.stream,
        "incident": row.incident,
        "change": row.title,
        "digest": row.digest,
        "expires": row.not_after,
    }


def _waits(desk: Opened) -> Iterator[dict[str, object]]:
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


def _lines(found: dict[str, object]) -> list[str]:
    incidents, approvals, frozen = found["incidents"], found["approvals"], found["frozen"]
    waits = found["waits"]
    lines = list[str]()
    if isinstance(incidents, list):
        teams = ["team"] if any(one["team"] for one in incidents) else []
        shown = ["severity", "state", *teams, "title"]
        rows = [
            [f"INC-{one['incident']}", *(str(one[name]) for name in shown)] for one in incidents
        ]
        lines += table(rows) or ["no open incident"]
        lines += [f"because: INC-{one['incident']}: {one['because']}" for one in incidents]
    if isinstance(approvals, list):
        lines += [f"waits for a yes: {one['approval']}: {one['change']}" for one in approvals]
    if isinstance(waits, list):
        names = [f"{one['run']} {one['step']}".strip() for one in waits]
        lines += [
            f"waits: {name}: {one['because']}" for name, one in zip(names, waits, strict=True)
        ]
    if isinstance(frozen, dict):
        lines += [f"frozen: {scope}: {reason}" for scope, reason in frozen.items()]
    lines += _kept_back(found["kept_back"], found["snoozes"])
    if found["set_aside"]:
        deliveries = counted(found["set_aside"], "delivery was", "deliveries were")
        lines.append(f"{deliveries} set aside: `triaged inbox aside`")
    if found["undeliverable"]:
        messages = counted(found["undeliverable"], "message", "messages")
        lines.append(f"{messages} could not be delivered")
    return lines


def _kept_back(kept: object, snoozes: object) -> list[str]:
    lines = list[str]()
    if isinstance(kept, list):
        lines += kept_listing.lines(kept)
    if isinstance(snoozes, list):
        lines += [f"snooze {one['snooze']}: {one['told']}" for one in snoozes]
    return lines
