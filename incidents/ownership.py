"""Whose incident it is: team, service, people and channel, by where its alert points. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from incidents.correlation import Place

BY_DEFAULT: Final = "default: no entry of ownership.yaml fits"
DEFAULT_TEAM: Final = "default"


class Condition(Protocol):
    """One comparison of an alert's labels."""

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Tell whether it holds; a label that is missing counts as empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who owns something: `service_owner` and `approvers` are ids of people.

    Everything but the team may be empty, which means that nobody has said it.
    """

    team: str
    service: str = ""
    service_owner: tuple[str, ...] = ()
    channel: str = ""
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the map: it fits where everything that it says fits.

    `namespace` and `model` are the place's, empty where they do not matter; `conditions` are of the
    alert's labels. `where` names the entry for people: `ownership.yaml:7`.
    """

    owner: Owner
    where: str
    namespace: str = ""
    model: str = ""
    conditions: tuple[Condition, ...] = ()

    @property
    def matchers(self) -> int:
        """Return how much it says: the entry that says most is meant."""
        return bool(self.namespace) + bool(self.model) + len(self.conditions)

    def fits(self, place: Place, labels: Mapping[str, str]) -> bool:
        """Tell whether an incident of this place and these labels is meant."""
        return (
            self.namespace in {"", place.namespace}
            and self.model in {"", place.model}
            and all(condition.fits(labels) for condition in self.conditions)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipMap:
    """The whole map, in the order of its file; `default` owns what no entry fits.

    `written` is whether somebody has written one at all.
    """

    entries: tuple[Entry, ...] = ()
    default: Owner = field(default=Owner(team=DEFAULT_TEAM))
    written: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Who owns an incident, and by what: `ownership.yaml:7`, or that no entry fits."""

    team: str
    service: str
    service_owner: tuple[str, ...]
    channel: str
    approvers: tuple[str, ...]
    by: str


def owner_of(place: Place, labels: Mapping[str, str], ownership: OwnershipMap) -> Owned:
    """Return the owner by the entry that fits and says most; of several of these the first."""
    fitting = [entry for entry in ownership.entries if entry.fits(place, labels)]
    if not fitting:
        return _owned(ownership.default, BY_DEFAULT)
    # max returns the first of equals, and the file's order is the entries'.
    most = max(fitting, key=lambda entry: entry.matchers)
    return _owned(most.owner, most.where)


def _owned(owner: Owner, by: str) -> Owned:
    return Owned(
        team=owner.team,
        service=owner.service,
        service_owner=owner.service_owner,
        channel=owner.channel,
        approvers=owner.approvers,
        by=by,
    )
