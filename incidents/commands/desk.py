"""Commands to the desk itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Stop every change within a scope: `all`, or a namespace."""

    scope: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thaw:
    """Let changes be claimed again."""

    scope: str
    by: str
    reason: str


DeskCommand = Freeze | Thaw
