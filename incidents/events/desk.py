"""Events of the desk itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """Nothing may change the cluster within the scope until it is thawed."""

    scope: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thawed:
    """Changes may be claimed again."""

    scope: str
    by: str
    reason: str


DeskEvent = Frozen | Thawed
