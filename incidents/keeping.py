"""Which alerts are kept back, and why; what is not opens an incident, or joins one. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.commands.kept import Why
from incidents.events.snooze import Snoozed
from incidents.gathering import Gathering, Inhibition, Threshold
from incidents.incident_rules import minutes
from incidents.maintenance import standing
from incidents.policy import Severity
from incidents.severity import worse

THRESHOLD = "threshold:"
MOMENT = "%Y-%m-%d %H:%M:%S UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """An occurrence of which no incident knows; heard of first at `seen_at`.

    `words` are its labels, its place and its key; `was` is why it has been kept back so far. One
    that has `ended` since still counts below a threshold, and for those that fire beside it.
    """

    occurrence: str
    name: str
    severity: Severity
    words: Mapping[str, str]
    seen_at: datetime
    was: Why | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """An alert that fires in an open incident, and may explain others."""

    number: int
    name: str
    severity: Severity
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything by which alerts are kept back at one moment; `hold` as in the policy."""

    gathering: Gathering
    snoozes: tuple[Snoozed, ...] = ()
    parents: tuple[Parent, ...] = ()
    hold: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """What becomes of the alerts of one key: all are kept back, or `opens`.

    `kept` says why, by occurrence; `gathered` are rules with what they say of an incident that
    opens, and `joining` the occurrences that alone would have been kept back.
    """

    opens: bool
    kept: Mapping[str, Why]
    gathered: tuple[tuple[str, str], ...] = ()
    joining: frozenset[str] = frozenset()


def sort(alerts: Sequence[Firing], rules: Rules, now: datetime) -> Sorted:
    """Return what becomes of the alerts of one key of which no incident is open.

    One that nothing keeps back opens an incident for all of them: who looks sees everything. It may
    have ended where another one fires: had it been heard of a moment before, it had opened one.
    """
    kept = dict[str, Why]()
    left = list[Firing]()
    for one in alerts:
        why = _why(one, rules, now)
        if why is None:
            left.append(one)
        else:
            kept[one.occurrence] = why
    reached, waiting = _thresholds(left, rules.gathering, now)
    opening = [one for one in left if one.occurrence not in waiting]
    if not (reached or any(not one.ended for one in alerts)):
        opening = []
    if not opening:
        return Sorted(opens=False, kept={**kept, **waiting})
    gathered = [*_broken(opening, rules, now), *reached, *_released(opening)]
    return Sorted(
        opens=True,
        kept={},
        # Of several sentences about one rule the first.
        gathered=tuple(dict(reversed(gathered)).items())[::-1],
        joining=frozenset({*kept, *waiting}),
    )


def joined(alerts: Iterable[Firing]) -> tuple[tuple[str, str], ...]:
    """Return why alerts join an open incident only now, a sentence for each rule."""
    said = {
        one.was.rule: f"{one.name} joins; until now it was {one.was.because}"
        for one in alerts
        if one.was is not None
    }
    return tuple(sorted(said.items()))


def quiet(alerts: Sequence[Firing], rules: Rules, now: datetime) -> frozenset[str]:
    """Return the occurrences of an incident that alone would be kept back, and not by a parent.

    A threshold that the incident has reached once is reached, however long ago.
    """
    counts = Counter(rule.name for one in alerts if (rule := _threshold(one, rules.gathering)))

    def waits(one: Firing) -> bool:
        rule = _threshold(one, rules.gathering)
        return rule is not None and counts[rule.name] < rule.count

    return frozenset(
        one.occurrence
        for one in alerts
        if _in_maintenance(one, rules.gathering, now) or _snoozed(one, rules, now) or waits(one)
    )


def inhibited(
    name: str, severity: Severity, words: Mapping[str, str], rules: Rules
) -> tuple[Inhibition, Parent] | None:
    """Return the rule and the parent that explain an alert; None where nothing does.

    No parent hides what is worse than itself, or what belongs to its own incident.
    """
    for rule in rules.gathering.inhibitions:
        if not rule.child.fits(name, words):
            continue
        for parent in rules.parents:
            worse_than_it = worse(severity, parent.severity)
            apart = parent.words["key"] != words["key"]
            meant = rule.parent.fits(parent.name, parent.words)
            if apart and meant and not worse_than_it and rule.joins(parent.words, words):
                return rule, parent
    return None


def progress(alerts: Iterable[Firing], gathering: Gathering, now: datetime) -> tuple[str, ...]:
    """Return how far the alerts of one key have come: `2 of 3 within 10 min (restarts)`."""
    found = _counted(alerts, gathering, now)
    return tuple(_reached(rule, len(ones)) for rule, ones in found)


def _why(one: Firing, rules: Rules, now: datetime) -> Why | None:
    """Return why the alert is kept back by itself: planned work, a person, or its parent."""
    return (
        _in_maintenance(one, rules.gathering, now)
        or _snoozed(one, rules, now)
        or _hidden(one, rules)
    )


def _in_maintenance(one: Firing, gathering: Gathering, now: datetime) -> Why | None:
    for window in gathering.maintenance:
        interval = standing(window, now) if window.which.fits(one.name, one.words) else None
        if interval is not None:
            said = f"in maintenance {window.name} until {interval.end:{MOMENT}}: {window.reason}"
            rule = f"maintenance:{window.name}"
            return Why(rule=rule, because=said, until=interval.end)
    return None


def _snoozed(one: Firing, rules: Rules, now: datetime) -> Why | None:
    if one.severity.value in rules.gathering.snoozing.broken_by:
        return None
    for snooze in rules.snoozes:
        if now < snooze.until and snooze.which.fits(one.name, one.words):
            said = f"snoozed until {snooze.until:{MOMENT}} by {snooze.by}: {snooze.reason}"
            return Why(rule=f"snooze:{snooze.number}", because=said, until=snooze.until)
    return None


def _hidden(one: Firing, rules: Rules) -> Why | None:
    found = inhibited(one.name, one.severity, one.words, rules)
    if found is None:
        return None
    rule, parent = found
    said = f"hidden under {parent.name} of INC-{parent.number}"
    return Why(rule=f"inhibition:{rule.name}", because=said, under=parent.number)


def _thresholds(
    alerts: Sequence[Firing], gathering: Gathering, now: datetime
) -> tuple[list[tuple[str, str]], Mapping[str, Why]]:
    """Return which thresholds are reached, and what waits below one."""
    counts = {rule.name: len(ones) for rule, ones in _counted(alerts, gathering, now)}
    reached, waiting = dict[str, str](), dict[str, Why]()
    for one in alerts:
        rule = _threshold(one, gathering)
        if rule is None:
            continue
        named, count = f"{THRESHOLD}{rule.name}", counts[rule.name]
        if count >= rule.count:
            reached[named] = _reached(rule, count)
        else:
            within = minutes(rule.within)
            said = f"below the threshold {rule.name}: {rule.count} within {within} are an incident"
            waiting[one.occurrence] = Why(rule=named, because=said)
    return list(reached.items()), waiting


def _counted(
    alerts: Iterable[Firing], gathering: Gathering, now: datetime
) -> list[tuple[Threshold, list[Firing]]]:
    """Return for each threshold that concerns any of the alerts those that count now."""
    found = dict[str, tuple[Threshold, list[Firing]]]()
    for one in alerts:
        rule = _threshold(one, gathering)
        if rule is not None:
            _, ones = found.setdefault(rule.name, (rule, []))
            ones += [one] if _fresh(one.seen_at, rule.within, now) else []
    return list(found.values())


def _threshold(one: Firing, gathering: Gathering) -> Threshold | None:
    fitting = (rule for rule in gathering.thresholds if rule.which.fits(one.name, one.words))
    return next(fitting, None)


def _fresh(seen_at: datetime, within: timedelta, now: datetime) -> bool:
    return now - seen_at < within


def _reached(rule: Threshold, count: int) -> str:
    return f"{count} of {rule.count} within {minutes(rule.within)} ({rule.name})"


def _broken(opening: Iterable[Firing], rules: Rules, now: datetime) -> Iterable[tuple[str, str]]:
    """Yield the snoozes that an alert is too bad for."""
    breaking = rules.gathering.snoozing.broken_by
    for one in opening:
        for snooze in rules.snoozes:
            meant = now < snooze.until and snooze.which.fits(one.name, one.words)
            if meant and one.severity.value in breaking:
                said = f"{one.name} is {one.severity.value}, which breaks the snooze by {snooze.by}"
                yield f"snooze:{snooze.number}", said


def _released(opening: Iterable[Firing]) -> Iterable[tuple[str, str]]:
    """Yield what kept those back until now that open an incident."""
    for one in opening:
        if one.was is not None and not one.was.rule.startswith(THRESHOLD):
            how = "has ended" if one.ended else "still fires"
            yield one.was.rule, f"{one.name} {how}, and is no longer {one.was.because}"
