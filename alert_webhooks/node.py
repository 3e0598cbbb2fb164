"""A JSON value together with where it stands, read with types."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from alert_webhooks.moment import moment
from alert_webhooks.unreadable import Reason, Unreadable

OBJECT = "must be an object"
ARRAY = "must be an array"
TEXT = "must be a text"
COUNT = "must be a whole number, and not negative"

_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a body and its JSON pointer (RFC 6901); every method raises Unreadable."""

    value: object
    pointer: str = ""

    def member(self, name: str) -> "Node":
        """Return a member of an object; one that is missing reads as null."""
        if not isinstance(self.value, dict):
            raise self.refuse(OBJECT)
        return Node(self.value.get(name), f"{self.pointer}/{_escaped(name)}")

    def items(self) -> Iterator["Node"]:
        """Yield the items of an array; null is an empty one, as Go writes it."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self.refuse(ARRAY)
        for number, item in enumerate(self.value):
            yield Node(item, f"{self.pointer}/{number}")

    def text(self, *, default: str | None = None) -> str:
        """Return a text; null is the default, where there is one."""
        if isinstance(self.value, str):
            return self.value
        if self.value is None and default is not None:
            return default
        raise self.refuse(TEXT)

    def texts(self) -> Mapping[str, str]:
        """Return an object whose values are texts; null is an empty one, as Go writes it."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.refuse(OBJECT)
        for name, value in self.value.items():
            if not isinstance(value, str):
                raise self.member(name).refuse(TEXT)
        return self.value

    def count(self) -> int:
        """Return a number of things; null is 0."""
        if self.value is None:
            return 0
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 0:
            raise self.refuse(COUNT)
        return self.value

    def moment(self) -> datetime | None:
        """Return a moment in UTC; null and Go's "no moment" are None."""
        if self.value is None:
            return None
        try:
            return moment(self.text())
        except ValueError as error:
            raise self.refuse(str(error)) from error

    def refuse(self, why: str, *, reason: Reason = Reason.SHAPE) -> Unreadable:
        """Return the error that names this place."""
        return Unreadable(why, reason=reason, at=self.pointer or "/")


def _escaped(name: str) -> str:
    return name[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1")
