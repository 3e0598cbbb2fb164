"""Names of people in place of their ids: in events before they are told, never in a sentence.

A sentence may hold foreign text, and an id such as `sre` may be a word of it.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any, TypeVar  # Any: see _event

from incidents.approval import Approval
from incidents.desk import Entry
from incidents.events.registry import Event
from incidents.people import People

E = TypeVar("E", bound=Event)

_ONE = ("by", "requested_by", "edited_by", "owner")
_MANY = ("approvers", "together_with", "editors")
_BOTH = " and "


def named(history: Iterable[Entry], people: People) -> tuple[Entry, ...]:
    """Return the history with names in its events."""
    return tuple(dataclasses.replace(entry, event=_event(entry.event, people)) for entry in history)


def decided(approval: Approval, people: People) -> Approval:
    """Return the approval with the names of those who were asked and who decided."""
    asked = None if approval.asked is None else _event(approval.asked, people)
    by = approval.decided_by
    names = None if by is None else _BOTH.join(people.called(one) for one in by.split(_BOTH))
    return dataclasses.replace(approval, asked=asked, decided_by=names)


def _event(event: E, people: People) -> E:
    present = {field.name for field in dataclasses.fields(event)}
    names: dict[str, Any] = {  # a field's value is a text, or several
        name: people.called(getattr(event, name)) for name in _ONE if name in present
    }
    for name in _MANY:
        if name in present:
            names[name] = tuple(people.called(one) for one in getattr(event, name))
    return dataclasses.replace(event, **names)
