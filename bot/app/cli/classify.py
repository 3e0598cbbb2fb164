"""`triaged classify`: how bad the desk would say that a saved alert is, and why."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import structlog
from cyclopts import Parameter

from bot.app import classifying, telemetry
from bot.app.backtest.again import again
from bot.app.backtest.comparing import compared
from bot.app.classifying import Answer
from bot.app.cli import replayed
from bot.app.cli.output import Json, clean, show
from bot.app.clock import world_clock
from bot.app.configuration_usable import needed_beside, usable
from bot.app.facts import FactsSource, NoSource, from_file
from bot.app.opening import opened
from bot.app.settings import Settings, load
from incidents.errors import Rejected
from incidents.facts import shown
from incidents.modes import MODES

Facts = Annotated[
    Path | None, Parameter(name="--facts", help="YAML or JSON of `name: value`: what is known.")
]
Live = Annotated[
    bool, Parameter(name="--live", negative="", help="Ask Prometheus and Kubernetes for facts.")
]
Replay = Annotated[
    bool,
    Parameter(name="--replay", negative="", help="Replay what was delivered, by --policy."),
]
Policy = Annotated[
    Path | None, Parameter(name="--policy", help="A policy.yaml, in place of the configured one.")
]


def classify(  # each is an option of the command
    file: Path | None = None,
    /,
    *,
    facts: Facts = None,
    live: Live = False,
    replay: Replay = False,
    policy: Policy = None,
    as_json: Json = False,
) -> None:
    """Say how bad the alerts of a saved webhook body are, or what a policy would have changed.

    FILE is a body as Alertmanager posts it (version 4); each of its alerts is one answer.
    """
    if replay:
        _alone(file, facts, live=live)
        _replay(policy, as_json=as_json)
        return
    saved = _saved(file, facts, live=live)
    settings = load()
    configuration = usable(settings.config, needed=needed_beside(policy))
    delivery = classifying.read(saved)
    with ExitStack() as closing:
        found = list(
            classifying.answers(
                delivery.alerts,
                policy=classifying.policy_in(configuration, policy),
                facts=from_file(facts) if facts is not None else {},
                source=_source(settings, facts, live=live, closing=closing),
                chosen=classifying.chooser(configuration),
                at=world_clock(settings.clock_url)() if settings.clock_url else datetime.now(UTC),
            )
        )
    left_out = delivery.truncated
    show([_answer(one, left_out) for one in found], _told(found, left_out), as_json=as_json)


def _saved(file: Path | None, facts: Path | None, *, live: bool) -> Path:
    """Return the file to judge; raises Rejected where the options do not say what is wanted."""
    if file is None:
        message = "name the file of a saved webhook body, or --replay"
        raise Rejected(message)
    if facts is not None and live:
        message = "--facts and --live: facts come from one of them"
        raise Rejected(message)
    return file


def _source(
    settings: Settings, facts: Path | None, *, live: bool, closing: ExitStack
) -> FactsSource:
    if not live:
        return NoSource(f"{facts.name} does not say" if facts is not None else "nobody was asked")
    # Imported here: the cluster's clients take a second to load, and only this needs them.
    from bot.app.reach import live_facts  # noqa: PLC0415  # see above

    return live_facts(settings, closing=closing)


def _alone(file: Path | None, facts: Path | None, *, live: bool) -> None:
    if file is not None or facts is not None or live:
        message = "--replay takes what was delivered and known then: no file, no facts, not live"
        raise Rejected(message)


def _replay(policy: Path | None, *, as_json: bool) -> None:
    settings = load()
    telemetry.configure(form=settings.log_format)
    # What the rules log is of the past, and must not look as if it happened now.
    with (
        opened(settings, needed=needed_beside(policy)) as there,
        structlog.contextvars.bound_contextvars(replayed=True),
    ):
        found = again(
            there.desk,
            there.store.inbox,
            policy=classifying.policy_in(there.configuration, policy),
            choose=classifying.chooser(there.configuration),
            tell=_tell,
        )
    result = compared(found)
    show(replayed.plain(found, result), replayed.lines(found, result), as_json=as_json)


def _tell(line: str) -> None:
    sys.stderr.write(f"triaged: {clean(line)}\n")


def _answer(one: Answer, truncated: int) -> Mapping[str, object]:
    verdict = one.verdict
    return {
        "alert": one.alert.name,
        "status": "firing" if one.alert.firing else "resolved",
        "opens": one.opens,
        "severity": verdict.severity.value,
        "rule": verdict.rule,
        "because": verdict.because,
        "inputs": [
            {"name": i.name, "value": i.value, "unit": i.unit, "source": i.source}
            for i in verdict.inputs
        ],
        "unavailable": [{"name": m.name, "why": m.why} for m in verdict.unavailable],
        "would_change": [str(change) for change in verdict.would_change],
        "mode": verdict.mode,
        "also": list(verdict.also),
        "runbook": one.runbook,
        "runbook_because": one.runbook_because,
        "target": {
            "cluster": one.place.cluster,
            "namespace": one.place.namespace,
            "model": one.place.model,
            "role": one.place.role,
            "key": one.key,
        },
        # Of the whole delivery, and so the same in each answer: the answers are a list.
        "truncated_alerts": truncated,
    }


def _told(found: Sequence[Answer], left_out: int) -> Iterator[str]:
    for one in found:
        yield from _lines(one)
    if not found:
        yield "no alert in it"
    if left_out:
        yield f"{left_out} more alerts were left out of it (truncatedAlerts)"


def _lines(one: Answer) -> Iterator[str]:
    verdict, place = one.verdict, one.place
    yield f"{verdict.severity.value}  {one.alert.name}: {verdict.because}"
    yield f"    rule         {verdict.rule}"
    if not one.opens:
        yield "    opens        no incident"
    where = "/".join(part for part in (place.namespace, place.model, place.role) if part)
    yield f"    target       {where or 'its labels name none'}"
    if verdict.mode:
        yield f"    mode         {verdict.mode}: {MODES[verdict.mode]}"
    yield f"    runbook      {one.runbook} ({one.runbook_because})"
    for fact in verdict.inputs:
        yield f"    known        {fact.name} {shown(fact.value, fact.unit)} ({fact.source})"
    for why, names in _by_reason(one).items():
        yield f"    unavailable  {', '.join(names)}: {why}"
    for change in verdict.would_change:
        yield f"    would change {change}"


def _by_reason(one: Answer) -> Mapping[str, Sequence[str]]:
    found = dict[str, list[str]]()
    for missing in one.verdict.unavailable:
        found.setdefault(missing.why, []).append(missing.name)
    return found
