"""Kinds of events by name, and how older shapes become today's."""

from collections.abc import Callable, Mapping
from typing import get_args

from incidents.codec import decode, encode
from incidents.errors import Rejected
from incidents.events import upcasting
from incidents.events.approval import ApprovalEvent
from incidents.events.desk import DeskEvent
from incidents.events.followups import FollowUpEvent
from incidents.events.incident import IncidentEvent
from incidents.events.kept import KeptEvent
from incidents.events.run import RunEvent
from incidents.events.shadow import ShadowEvent
from incidents.events.silence import SilenceEvent
from incidents.events.snooze import SnoozeEvent

Event = (
    IncidentEvent
    | RunEvent
    | ApprovalEvent
    | DeskEvent
    | KeptEvent
    | SnoozeEvent
    | SilenceEvent
    | ShadowEvent
    | FollowUpEvent
)
Upcaster = Callable[[bytes], bytes]

KINDS: Mapping[str, type] = {kind.__name__: kind for kind in get_args(Event)}
"""Every kind of event, by the name that stands in the journal."""

SCHEMAS: Mapping[str, int] = {
    **dict.fromkeys(KINDS, 1),
    "IncidentOpened": 2,
    "AlertFired": 2,
    "AlertResolved": 2,
    "RunStarted": 3,
    "ActionPlanned": 5,
    "WouldHaveActed": 3,
    "UndoAsked": 2,
    "CheckFinished": 2,
    "SettleObserved": 2,
    "EffectVerified": 2,
    "ApprovalRequested": 3,
    "TargetAsked": 2,
}
"""The schema number with which each kind is written today."""

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    # It knew no pool, and no incident that it follows: none is the default.
    ("IncidentOpened", 1): lambda body: body,
    # The first release asked for no facts: none is the default.
    ("AlertFired", 1): lambda body: body,
    # It did not say whether it was seen firing: that it was is the default.
    ("AlertResolved", 1): lambda body: body,
    # It did not carry the pool that the alerts name: none is the default.
    ("RunStarted", 1): lambda body: body,
    # It carried neither the cluster nor what a person chose: none is the default.
    ("RunStarted", 2): lambda body: body,
    # Only Deployments were scaled, and the target itself was written.
    ("ActionPlanned", 1): upcasting.with_write,
    # No field was copied from another object: none is the default.
    ("ActionPlanned", 2): lambda body: body,
    # One person was enough unless the policy said more, and no load time was known: the defaults.
    ("ActionPlanned", 3): lambda body: body,
    ("WouldHaveActed", 1): lambda body: body,
    # No plan said what it leaves behind: nothing is the default.
    ("ActionPlanned", 4): lambda body: body,
    ("WouldHaveActed", 2): lambda body: body,
    # An undo was always the inverse: that is the default.
    ("UndoAsked", 1): lambda body: body,
    # No check named a pod or a node: none is the default.
    ("CheckFinished", 1): lambda body: body,
    # Every change was about pods, which need no words of their own: none is the default.
    ("SettleObserved", 1): lambda body: body,
    # Nobody looked any more once it was verified: no watch is the default.
    ("EffectVerified", 1): lambda body: body,
    # No plan could be edited: nobody is the default.
    ("ApprovalRequested", 1): lambda body: body,
    # It named only who edited last: whoever reads all editors knows that none is the default.
    ("ApprovalRequested", 2): lambda body: body,
    # Every candidate was named, however many there were: none more is the default.
    ("TargetAsked", 1): lambda body: body,
}
"""What turns a body of (kind, schema number) into one of the next number."""


def to_bytes(event: Event) -> tuple[str, int, bytes]:
    """Return the event's kind, schema number and canonical bytes."""
    kind = type(event).__name__
    return kind, SCHEMAS[kind], encode(event)


def from_bytes(
    kind: str,
    schema: int,
    body: bytes,
    *,
    schemas: Mapping[str, int] = SCHEMAS,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> Event:
    """Return the event; raises Rejected when the kind or its schema number is not known."""
    if kind not in KINDS or schema > schemas[kind]:
        message = f"{kind} {schema} was written by a newer triaged"
        raise Rejected(message)
    for number in range(schema, schemas[kind]):
        body = upcasters[kind, number](body)
    event: Event = decode(KINDS[kind], body)
    return event
