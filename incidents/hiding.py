"""Which open incidents are the consequence of another one, and which no longer are. Pure."""

from collections.abc import Iterable, Mapping

from incidents.commands.incident import ComeForward, Hide
from incidents.correlation import words
from incidents.events.incident import AlertFired
from incidents.gathering import Gathering
from incidents.incident import DESK, Incident, Status
from incidents.keeping import Parent, Rules, inhibited
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


def hiding(incident: Incident, rules: Rules) -> Hide | ComeForward | None:
    """Return what becomes of an open incident: hidden, forward again, or as it is (None).

    It is hidden where all that fires in it is explained, and no person has said otherwise.
    """
    fired = list(_firing(incident))
    if incident.status is Status.RESOLVED or not fired:
        return None
    found = [
        (one, inhibited(one.name, Severity[one.severity], _words(incident, one), rules))
        for one in fired
    ]
    explained = [reason for _, reason in found if reason is not None]
    if len(explained) < len(found):
        alone = next(one.name for one, reason in found if reason is None)
        return _forward(incident, alone)
    if incident.under is not None or incident.forward:
        return None
    rule, parent = explained[0]
    names = ", ".join(sorted({one.name for one in fired}))
    because = f"{parent.name} fires there and explains {names}"
    return Hide(under=parent.number, rule=f"inhibition:{rule.name}", because=because)


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
