"""What the snapshot identity needs to read workloads and to note their generations."""

from typing import Final

from cluster.clients import kinds
from cluster.rights import creates, lists

WORKLOADS: Final = (*kinds.WORKLOADS, kinds.INFERENCE_SERVICE)
"""Whose templates are looked at, as they are now."""
HISTORY: Final = (kinds.REPLICA_SET, kinds.CONTROLLER_REVISION)
"""Where earlier templates are kept."""
RIGHTS: Final = (*lists(*HISTORY, *WORKLOADS), *creates(kinds.CONTROLLER_REVISION))
"""Beside `get` and `patch` of the one ConfigMap with the bounds."""
