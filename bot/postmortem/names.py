"""Names of people in place of their ids: in events before they are told, never in a sentence.

A sentence may hold foreign text, and an id such as `sre` may be a word of it.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any  # see _event

from incidents.approval import Approval
from incidents.desk import Entry
from incidents.events.registry import Event
from incidents.people import People

_ONE = ("by", "requested_by")
_MANY = ("approvers", "together_with")
_BOTH = " and "


def named(history: Iterable[Entry], people: People) -> tuple[Entry, ...]:
    """Return the history with names in its events."""
    return tuple(dataclasses.replace(entry, event=_event(entry.event, people)) for entry in history)


def decided(approval: Approval, people: People) -> Approval:
    """Return the approval with names of those who decided."""
    if approval.decided_by is None:
        return approval
    names = (people.called(one) for one in approval.decided_by.split(_BOTH))
    return dataclasses.replace(approval, decided_by=_BOTH.join(names))


def _event(event: Event, people: People) -> Event:
    present = {field.name for field in dataclasses.fields(event)}
    names: dict[str, Any] = {  # a field's value is a text, or several
        name: people.called(getattr(event, name)) for name in _ONE if name in present
    }
    for name in _MANY:
        if name in present:
            names[name] = tuple(people.called(one) for one in getattr(event, name))
    return dataclasses.replace(event, **names)
