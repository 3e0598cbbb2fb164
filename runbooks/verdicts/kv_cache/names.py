"""The eight verdicts about a KV cache, in the order in which they are judged."""

from typing import Final

CANNOT_TELL: Final = "cannot_tell"
ZOMBIE_ENGINE: Final = "zombie_engine"
TRANSFER_STALLED: Final = "transfer_stalled"
EXHAUSTED: Final = "exhausted"
SATURATED: Final = "saturated"
PREFIX_THRASH: Final = "prefix_thrash"
BUSY_BUT_HEALTHY: Final = "busy_but_healthy"
HEALTHY: Final = "healthy"

VERDICTS: Final = (
    CANNOT_TELL,
    ZOMBIE_ENGINE,
    TRANSFER_STALLED,
    EXHAUSTED,
    SATURATED,
    PREFIX_THRASH,
    BUSY_BUT_HEALTHY,
    HEALTHY,
)

WRONG: Final = VERDICTS[1:6]
WELL: Final = VERDICTS[6:]
WORST_FIRST: Final = (*WRONG, CANNOT_TELL, *WELL)
"""The order in which pods are shown: what is wrong, then what nobody knows, then the rest."""
