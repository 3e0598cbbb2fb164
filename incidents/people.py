"""People: one person, however they come in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from incidents.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person with their names elsewhere; `id` is what events carry.

    `slack` is a Slack user id, `unix` a login name on the server; empty where there is none.
    """

    id: str
    name: str
    slack: str = ""
    unix: str = ""
    roles: tuple[str, ...] = ()


class People:
    """Everybody that triaged knows."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self._by_id: Mapping[str, Person] = _index(people, "id")
        known = self._by_id.values()
        self._by_slack = _index((person for person in known if person.slack), "slack")
        self._by_unix = _index((person for person in known if person.unix), "unix")

    def get(self, person: str) -> Person | None:
        """Return the person with this id."""
        return self._by_id.get(person)

    def by_slack(self, user: str) -> Person:
        """Return the person behind a Slack user; an unknown one is a person of that name.

        Such a person may ask and read; nobody put them on a list of approvers.
        """
        return self._by_slack.get(user) or Person(id=f"slack:{user}", name=user, slack=user)

    def by_unix(self, login: str) -> Person:
        """Return the person behind a login on the server; an unknown one as above."""
        return self._by_unix.get(login) or Person(id=f"unix:{login}", name=login, unix=login)

    def with_role(self, role: str) -> tuple[Person, ...]:
        """Return those who have a role, in the file's order."""
        return tuple(person for person in self._by_id.values() if role in person.roles)

    def all(self) -> tuple[Person, ...]:
        """Return everybody, in the file's order."""
        return tuple(self._by_id.values())

    def called(self, person: str) -> str:
        """Return the name to show for an id."""
        found = self._by_id.get(person)
        return found.name if found else person.partition(":")[2] or person


def _index(people: Iterable[Person], field: str) -> dict[str, Person]:
    index = dict[str, Person]()
    for person in people:
        name = getattr(person, field)
        if name in index:
            message = f"people: {field} {name!r} stands for {index[name].id} and {person.id}"
            raise Rejected(message)
        index[name] = person
    return index
