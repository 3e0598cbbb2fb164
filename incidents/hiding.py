"""Which open incidents are the consequence of another one, and which no longer are. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from incidents.alert import occurrence
from incidents.commands.incident import ComeForward, Hide
from incidents.correlation import words
from incidents.events.incident import AlertFired
from incidents.gathering import Gathering, Inhibition
from incidents.incident import DESK, Incident, Status
from incidents.keeping import Firing, Parent, Rules, inhibited, quiet
from incidents.policy import Severity


def parents(incident: Incident, gathering: Gathering) -> tuple[Parent, ...]:
    """Return the alerts of the incident that may explain others: those that fire.

    One that is hidden itself explains nothing: its own parent does.
    """
    if incident.status is Status.RESOLVED or incident.under is not None:
        return ()
    found = dict[object, Parent]()
    for fired in _firing(incident):
        said = _words(incident, fired)
        for rule in gathering.inhibitions:
            if rule.parent.fits(fired.name, said):
                # Of a hundred pods that say the same one is enough.
                same = (rule.name, fired.name, *(said.get(one, "") for one in rule.equal))
                found.setdefault(same, _parent(incident, fired))
    return tuple(found.values())


def hiding(incident: Incident, rules: Rules, now: datetime) -> Hide | ComeForward | None:
    """Return what becomes of an open incident: hidden, forward again, or as it is (None).

    It is hidden where a parent explains something of it, also what has ended since, and all that
    fires is explained or would be kept back by itself, and no person has said otherwise.
    """
    firing = list(_firing(incident))
    if incident.status is Status.RESOLVED or not firing:
        return None
    if not rules.parents:
        return _forward(incident, firing[0].name)
    explained = _explained(incident, rules)
    still = [one for one in firing if _name(one) not in explained]
    beside = quiet(_all(incident), rules, now) if still else frozenset[str]()
    rings = [one for one in still if _name(one) not in beside]
    if rings or not explained:
        return _forward(incident, (rings or firing)[0].name)
    if incident.under is not None or incident.forward:
        return None
    return _hide(incident, explained, still)


def near(incident: Incident, rules: Rules) -> bool:
    """Return whether time alone may hide it, or bring it forward: it is hidden, or a parent fits.

    Any other open incident stays as it is until it changes, or the parents or the policy do.
    """
    return incident.under is not None or bool(_explained(incident, rules))


def _explained(incident: Incident, rules: Rules) -> Mapping[str, tuple[Inhibition, Parent]]:
    """Return what explains the occurrences that something explains: those that fire come first."""
    found = dict[str, tuple[Inhibition, Parent]]()
    ordered = sorted(incident.alerts.items(), key=lambda item: item[1].ends_at is not None)
    for name, one in ordered:
        fired = one.fired
        severity, said = Severity[fired.severity], _words(incident, fired)
        reason = inhibited(fired.name, severity, said, rules)
        if reason is not None:
            found[name] = reason
    return found


def _hide(
    incident: Incident,
    explained: Mapping[str, tuple[Inhibition, Parent]],
    still: Iterable[AlertFired],
) -> Hide:
    rule, parent = next(iter(explained.values()))
    names = ", ".join(sorted({incident.alerts[name].fired.name for name in explained}))
    beside = ", ".join(sorted({one.name for one in still}))
    rest = f"; {beside} alone would be kept back" if beside else ""
    because = f"{parent.name} fires there and explains {names}{rest}"
    return Hide(under=parent.number, rule=f"inhibition:{rule.name}", because=because)


def _all(incident: Incident) -> Sequence[Firing]:
    return [
        Firing(
            occurrence=name,
            name=one.fired.name,
            severity=Severity[one.fired.severity],
            words=_words(incident, one.fired),
            seen_at=one.fired.starts_at,
            ended=one.ends_at is not None,
        )
        for name, one in incident.alerts.items()
    ]


def _name(fired: AlertFired) -> str:
    return occurrence(fired.fingerprint, fired.starts_at)


def _forward(incident: Incident, alone: str) -> ComeForward | None:
    if incident.under is None:
        return None
    because = f"{alone} fires, and nothing of INC-{incident.under} explains it any more"
    return ComeForward(by=DESK, because=because)


def _firing(incident: Incident) -> Iterable[AlertFired]:
    return (one.fired for one in incident.alerts.values() if one.ends_at is None)


def _parent(incident: Incident, fired: AlertFired) -> Parent:
    return Parent(
        number=incident.number,
        name=fired.name,
        severity=Severity[fired.severity],
        words=_words(incident, fired),
    )


def _words(incident: Incident, fired: AlertFired) -> Mapping[str, str]:
    return words(dict(fired.labels), incident.place, incident.key)
