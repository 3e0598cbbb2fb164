"""Units of intake: the alerts of many deliveries, judged and put together by their key."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from alert_webhooks.notification import Notification
from bot.app.intake_bounds import bounded, kept, kept_labels, kept_place, key_of, title
from incidents import correlation, severity
from incidents.alert import Alert
from incidents.commands.incident import Judgement
from incidents.correlation import Place
from incidents.facts_seen import seen
from incidents.journal import Delivery
from incidents.policy import Policy
from incidents.severity import Verdict

Choose = Callable[[Alert], tuple[str, str]]
"""Returns the runbook for an alert, and why this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A delivery and what it says."""

    delivery: Delivery
    notification: Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An alert of a delivery with all that is decided about it before its incident is known.

    `seen_firing` unless every delivery said that it had ended; `place_because` says what of the
    place its labels do not.
    """

    alert: Alert
    key: str
    place: Place
    verdict: Verdict
    runbook: str
    runbook_because: str
    seen_firing: bool = True
    place_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The alerts of one key, each occurrence once, and the deliveries that they came in.

    `truncated` is the most that one of the deliveries left out; `finishes` names the deliveries
    that are done when this unit is.
    """

    key: str
    place: Place
    candidates: tuple[Candidate, ...]
    deliveries: tuple[int, ...]
    truncated: int = 0
    finishes: tuple[int, ...] = ()


def units(readings: Sequence[Reading], *, policy: Policy, choose: Choose) -> tuple[Unit, ...]:
    """Return the units, the worst first; each delivery is finished by the last that it is in."""
    keyed = dict[str, list[tuple[Reading, Candidate]]]()
    for reading in readings:
        for alert in reading.notification.alerts:
            if severity.opens(alert, policy):
                one = judged(alert, policy=policy, choose=choose)
                keyed.setdefault(one.key, []).append((reading, one))
    return in_order(_unit(found) for found in keyed.values())


def in_order(found: Iterable[Unit]) -> tuple[Unit, ...]:
    """Return the units, the worst first; each delivery is finished by the last that it is in."""
    return _finishing(sorted(found, key=_urgency))


def judged(alert: Alert, *, policy: Policy, choose: Choose) -> Candidate:
    """Return the alert with its key, place, severity and runbook."""
    runbook, because = choose(alert)
    short, placing = bounded(alert), policy.gathering.placing
    # An address may be too long to keep, and its query still says where it is.
    placed = correlation.placed(replace(short, url=alert.url), placing)
    return Candidate(
        alert=short,
        key=key_of(short, placing, where=placed.place),
        place=kept_place(placed.place),
        place_because=placed.because,
        verdict=severity.judge(short, {}, policy),
        runbook=runbook,
        runbook_because=because,
        seen_firing=short.ends_at is None,
    )


def judgement(one: Candidate, *, text: str) -> Judgement:
    """Return what an incident is told of an alert; `text` is the digest of its annotations."""
    return Judgement(
        fingerprint=one.alert.fingerprint,
        starts_at=one.alert.starts_at,
        ends_at=one.alert.ends_at,
        name=kept(one.alert.name),
        title=title(one.alert),
        labels=kept_labels(one.alert.labels),
        text=text,
        source=one.alert.source,
        url=kept(one.alert.url),
        severity=one.verdict.severity,
        because=kept(one.verdict.because),
        rule=one.verdict.rule,
        mode=one.verdict.mode,
        runbook=one.runbook,
        runbook_because=kept(one.runbook_because),
        seen_firing=one.seen_firing,
        facts=seen(one.verdict),
    )


def _unit(found: Sequence[tuple[Reading, Candidate]]) -> Unit:
    first = found[0][1]
    readings = {one.delivery.inbox_id: one for one, _ in found}
    return Unit(
        key=first.key,
        place=first.place,
        candidates=_once(one for _, one in found),
        deliveries=tuple(sorted(readings)),
        truncated=max(one.notification.truncated for one in readings.values()),
    )


def _once(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return each occurrence once, as it was said first, with the latest end that anybody says."""
    known = dict[str, Candidate]()
    for one in candidates:
        first = known.setdefault(one.alert.occurrence, one)
        ends = [end for end in (first.alert.ends_at, one.alert.ends_at) if end is not None]
        ended = replace(first.alert, ends_at=max(ends, default=None))
        seen = first.seen_firing or one.seen_firing
        known[one.alert.occurrence] = replace(first, alert=ended, seen_firing=seen)
    return tuple(known.values())


def _urgency(unit: Unit) -> tuple[str, int]:
    worst = severity.worst(one.verdict.severity for one in unit.candidates)
    return (worst.value, unit.deliveries[0])


def _finishing(ordered: Sequence[Unit]) -> tuple[Unit, ...]:
    last: Mapping[int, int] = {
        inbox_id: number for number, unit in enumerate(ordered) for inbox_id in unit.deliveries
    }
    return tuple(
        replace(unit, finishes=tuple(one for one in unit.deliveries if last[one] == number))
        for number, unit in enumerate(ordered)
    )
