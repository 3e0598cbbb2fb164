"""The freeze: while a scope is frozen, nothing in it can be claimed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from incidents.commands.desk import DeskCommand, Freeze
from incidents.decision import Decision
from incidents.errors import Rejected
from incidents.events.desk import DeskEvent, Frozen, Thawed
from incidents.journal import Release, Take
from incidents.run_rules import FROZEN

ALL = "all"
"""The scope of everything."""

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeState:
    """What is frozen, by scope."""

    id: str = "desk"
    version: int = 0
    frozen: Mapping[str, Frozen] = field(default_factory=dict)
    opened_at: datetime | None = None
    updated_at: datetime | None = None


def evolve(state: FreezeState, event: DeskEvent, at: datetime) -> FreezeState:
    """Return the state after the event."""
    others = {scope: one for scope, one in state.frozen.items() if scope != event.scope}
    frozen = {**others, event.scope: event} if isinstance(event, Frozen) else others
    return replace(
        state,
        version=state.version + 1,
        frozen=frozen,
        opened_at=state.opened_at or at,
        updated_at=at,
    )


def decide(state: FreezeState, command: DeskCommand) -> Decision[DeskEvent]:
    """Return what follows; raises Rejected when it is so already, or says nothing."""
    standing = state.frozen.get(command.scope)
    if not _NAMESPACE.fullmatch(command.scope):
        # A mistyped scope would look like safety.
        message = f"{command.scope!r} is neither {ALL} nor the name of a namespace"
        raise Rejected(message)
    if not command.reason.strip():
        message = "say why: others will read it"
        raise Rejected(message)
    if isinstance(command, Freeze):
        if standing is not None:
            message = f"{command.scope} was frozen by {standing.by}: {standing.reason}"
            raise Rejected(message)
        frozen = Frozen(scope=command.scope, by=command.by, reason=command.reason)
        return Decision(events=(frozen,), take=(Take(kind=FROZEN, key=command.scope),))
    if standing is None:
        message = f"{command.scope} is not frozen"
        raise Rejected(message)
    thawed = Thawed(scope=command.scope, by=command.by, reason=command.reason)
    return Decision(events=(thawed,), release=(Release(kind=FROZEN, key=command.scope),))
