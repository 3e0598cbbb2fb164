"""Classifying without a desk: what it would say of a saved delivery."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from alert_webhooks.notification import Notification
from alert_webhooks.registry import sources
from alert_webhooks.unreadable import Unreadable
from bot.app import saved
from bot.app.configuration import Configuration, keeping, policy_of
from bot.app.facts import Asked, FactsSource
from bot.app.intake_bounds import bounded, key_of
from bot.app.intake_units import Choose
from incidents import correlation
from incidents.alert import Alert
from incidents.correlation import Place
from incidents.errors import Rejected
from incidents.facts import FACTS, Facts, Known
from incidents.policy import Policy
from incidents.severity import Verdict, classify, needed, opens
from runbooks.language.loader import LIBRARY
from runbooks.language.loader import load as load_runbooks
from runbooks.language.matching import choose

ALERTMANAGER = "alertmanager"
RUNBOOK_URL = "runbook_url"
PENDING = "approvals_pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the desk would say of one alert; `opens` is whether an incident may be about it."""

    alert: Alert
    opens: bool
    verdict: Verdict
    runbook: str
    runbook_because: str
    place: Place
    key: str


def read(file: Path) -> Notification:
    """Return a saved delivery of Alertmanager (version 4).

    Raises Rejected where there is no such file, or none that can be read.
    """
    source, body = sources()[ALERTMANAGER], saved.read(file)
    try:
        return source.parse(body, source=f"{ALERTMANAGER}:{file.name}")
    except Unreadable as error:
        message = f"{file}: {error}"
        raise Rejected(message) from error


def policy_in(configuration: Configuration, file: Path | None) -> Policy:
    """Return the policy of a file, else the one that is configured.

    Either way with the planned work that the objectives name.
    """
    if file is None:
        return configuration.policy
    return keeping(policy_of(file, configuration.people), configuration.objectives)


def chooser(configuration: Configuration) -> Choose:
    """Return what chooses the runbook for an alert; raises Rejected for one that is wrong."""
    runbooks = load_runbooks((LIBRARY, *configuration.runbooks))

    def chosen(alert: Alert) -> tuple[str, str]:
        found = choose(alert.labels, alert.annotations.get(RUNBOOK_URL, ""), runbooks=runbooks)
        return found.runbook.name, found.because

    return chosen


def answers(
    alerts: Sequence[Alert],
    *,
    policy: Policy,
    facts: Facts,
    source: FactsSource,
    chosen: Choose,
    at: datetime,
) -> Iterator[Answer]:
    """Yield what the desk would say of each alert; facts that are given are not asked for.

    The others are those of the moment `at`.
    """
    shorts, placing = [bounded(one) for one in alerts], policy.gathering.placing
    places = [
        correlation.place(replace(short, url=full.url), placing)
        for short, full in zip(shorts, alerts, strict=True)
    ]
    asked = [
        Asked(place=place, names=tuple(x for x in needed(short, policy) if x not in facts))
        for short, place in zip(shorts, places, strict=True)
    ]
    gathered = source.gather(asked, at) if asked else []
    for full, alert, place, found in zip(alerts, shorts, places, gathered, strict=True):
        runbook, because = chosen(full)
        yield Answer(
            alert=alert,
            opens=opens(alert, policy),
            verdict=classify(alert, {**found, **_calm(), **facts}, policy),
            runbook=runbook,
            runbook_because=because,
            place=place,
            key=key_of(alert, placing, where=place),
        )


def _calm() -> Mapping[str, Known]:
    unit = FACTS[PENDING].unit
    return {PENDING: Known(value=0, unit=unit, source="a saved alert belongs to no incident")}
