"""`triaged backtest`: what the desk would have made of the alerts that a Prometheus remembers."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bot.app import classifying, reach, telemetry
from bot.app.backtest import grouping, history, replay
from bot.app.backtest.history import History
from bot.app.backtest.outcome import Foreseen, Outcome, by_severity, outcome
from bot.app.cli import asked
from bot.app.cli.output import Json, clean, show, table
from bot.app.clock import world_clock
from bot.app.configuration_usable import needed_beside, usable
from bot.app.settings import load
from bot.postmortem.spans import span
from incidents.errors import Rejected
from incidents.policy import Policy, Severity
from runbooks.language import duration

MOST_DAYS = 400
LISTED = 50
NOISIEST = 10
MINUTE = "%Y-%m-%d %H:%M"

Days = Annotated[int, Parameter(name="--days", help="How many days back from now.")]
Url = Annotated[str, Parameter(name="--url", help="Prometheus; else TRIAGED_PROMETHEUS_URL.")]
PolicyFile = Annotated[
    Path | None, Parameter(name="--policy", help="A policy.yaml, in place of the configured one.")
]
Step = Annotated[
    str, Parameter(name="--step", help="As 30s; else that of the fastest alerting rule.")
]


def backtest(
    *,
    days: Days = 30,
    url: Url = "",
    policy: PolicyFile = None,
    step: Step = "",
    as_json: Json = False,
) -> None:
    """Print the incidents, channels and pages that there would have been.

    Read are the ALERTS that Prometheus kept; nothing is written, posted or changed anywhere.
    """
    settings = load()
    telemetry.configure(form=settings.log_format)
    if not 1 <= days <= MOST_DAYS:
        message = f"--days: from 1 to {MOST_DAYS}"
        raise Rejected(message)
    configuration = usable(settings.config, needed=needed_beside(policy))
    chosen = classifying.policy_in(configuration, policy)
    address = asked.address(url or settings.prometheus_url)
    end = world_clock(settings.clock_url)() if settings.clock_url else datetime.now(UTC)
    with ExitStack() as closing:
        client = reach.prometheus(address, settings, closing=closing)
        wanted = history.period(client, end=end, days=days, step=_step(step))
        found = history.read(client, wanted, without=chosen.never_open, tell=_tell)
    there = replay.Replay(
        policy=chosen, choose=classifying.chooser(configuration), start=wanted.start
    )
    there.run(grouping.notices(found.occurrences), end=wanted.end)
    result = outcome(there.desk, found.occurrences)
    unknown = tuple(_unknown(found, days))
    show(
        _plain(address, found, result, chosen, unknown),
        _lines(address, found, result, chosen, unknown),
        as_json=as_json,
    )


def _tell(line: str) -> None:
    sys.stderr.write(f"triaged: {clean(line)}\n")


def _step(text: str) -> timedelta | None:
    if not text:
        return None
    try:
        found = duration.parse(text)
    except ValueError as error:
        message = f"--step: {error}"
        raise Rejected(message) from error
    if not history.SHORTEST <= found <= history.LONGEST:
        message = "--step: from 1s to 1h"
        raise Rejected(message)
    return found


def _unknown(found: History, days: int) -> Iterator[str]:
    """Yield what a history like this cannot tell."""
    wanted = found.period
    yield f"whatever began and ended within one step of {span(wanted.step)} ({wanted.because})"
    for start, end in found.gaps:
        whole = (start, end) == (wanted.start, wanted.end)
        told = f"nothing is recorded from {start:{MINUTE}} to {end:{MINUTE}}"
        yield f"{told}: not one of the {days} days" if whole else told
    cut = sum(one.cut for one in found.occurrences)
    if cut:
        yield f"when what fired already at the beginning was first told: {cut} of them"
    yield "live facts: nobody was asked what was true then, so that no live rule took effect"
    yield "annotations and external labels: neither summary, runbook_url nor cluster is in ALERTS"
    yield "what Alertmanager's own silences, inhibitions and other routes would have held back"
    yield "runs, approvals and people: nothing was mitigated, nobody acknowledged or resolved"


def _plain(
    address: str, found: History, result: Outcome, policy: Policy, unknown: tuple[str, ...]
) -> Mapping[str, object]:
    return {
        "prometheus": address,
        "from": found.period.start,
        "to": found.period.end,
        "step_seconds": found.period.step.total_seconds(),
        "occurrences": len(found.occurrences),
        "kept_back": result.kept,
        "incidents": list(result.incidents),
        "pages": list(result.pages),
        "channels": [one.channel for one in result.incidents],
        "by_severity": [
            {
                "severity": severity.value,
                "incidents": count,
                "pages": sum(page.severity is severity for page in result.pages),
                "roles": list(policy.demands[severity].roles),
            }
            for severity, count in by_severity(result.incidents).items()
        ],
        "by_week": [
            {
                "week": one.name,
                "incidents": {severity.value: n for severity, n in one.incidents.items()},
                "pages": one.pages,
            }
            for one in result.weeks
        ],
        "noisiest": list(result.noisy),
        "could_not_know": list(unknown),
    }


def _lines(
    address: str, found: History, result: Outcome, policy: Policy, unknown: tuple[str, ...]
) -> Iterator[str]:
    period, incidents = found.period, result.incidents
    yield f"{address}: {period.start:{MINUTE}} to {period.end:{MINUTE}} UTC"
    yield (
        f"{len(found.occurrences)} times an alert fired: {len(incidents)} incidents, each with a"
        f" channel, and {len(result.pages)} pages; {result.kept} were kept back"
    )
    yield from ("", *_severities(result, policy))
    if result.weeks:
        yield from ("", *_weeks(result))
        yield from ("", *_noisy(result))
        yield from ("", *_incidents(incidents))
    yield ""
    yield "This could not be known:"
    for one in unknown:
        yield f"  - {one}"


def _severities(result: Outcome, policy: Policy) -> list[str]:
    rows = [("severity", "incidents", "pages", "would have paged")]
    for severity, count in by_severity(result.incidents).items():
        pages = sum(page.severity is severity for page in result.pages)
        roles = ", ".join(policy.demands[severity].roles)
        rows.append((severity.value, str(count), str(pages), roles))
    return table(rows)


def _weeks(result: Outcome) -> list[str]:
    rows = [("week", *(one.value for one in Severity), "pages")]
    for one in result.weeks:
        counts = (str(one.incidents[severity]) for severity in Severity)
        rows.append((one.name, *counts, str(one.pages)))
    return table(rows)


def _noisy(result: Outcome) -> list[str]:
    found = result.noisy[:NOISIEST]
    rows = [(one.name, str(one.occurrences), str(one.incidents)) for one in found]
    return table([("noisiest alerts", "fired", "incidents"), *rows])


def _incidents(incidents: tuple[Foreseen, ...]) -> list[str]:
    rows = [("incident", "severity", "opened", "lasted", "fired", "about")]
    for one in incidents[:LISTED]:
        lasted = span(one.resolved_at - one.opened_at) if one.resolved_at else "open"
        about = f"{one.key}: {', '.join(one.alerts)}"
        opened = f"{one.opened_at:{MINUTE}}"
        row = (f"INC-{one.number}", one.severity.value, opened, lasted, str(one.occurrences), about)
        rows.append(row)
    more = len(incidents) - LISTED
    return [*table(rows), *([f"and {more} more; --json has them all"] if more > 0 else [])]
