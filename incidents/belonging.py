"""To whom an open incident belongs, by the map that is in force now. Pure."""

from incidents.correlation import Place
from incidents.incident import Incident
from incidents.ownership import BY_DEFAULT, Owned, owner_of
from incidents.policy import Policy


def belongs(incident: Incident, policy: Policy) -> Owned | None:
    """Return whose incident it is, by its place and the labels of the alert that leads it.

    None where nobody has written a map, or where there is no incident yet.
    """
    opened = incident.opened
    if opened is None or not policy.ownership.written:
        return None
    place = Place(
        cluster=opened.cluster, namespace=opened.namespace, model=opened.model, role=opened.role
    )
    labels = dict(incident.lead.labels) if incident.lead else {}
    return owner_of(place, labels, policy.ownership)


def team(incident: Incident, policy: Policy) -> str:
    """Return the team in words, empty where there is nothing to say.

    Whom an incident falls to because no entry fits is said, so that somebody writes one.
    """
    owned = belongs(incident, policy)
    if owned is None:
        return ""
    named = f"{owned.team}, {owned.service}" if owned.service else owned.team
    return f"{named} ({owned.by})" if owned.by == BY_DEFAULT else named
