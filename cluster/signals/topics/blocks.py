"""How many KV blocks the engines have: what is left of GPU memory beside weights and activations.

A rollout with a longer context, a larger model or less memory leaves fewer. The engines tell the
number in a label of `vllm:cache_config_info`, a gauge that is always 1.
"""

from typing import Final

from cluster.signals.formulas import Gauge
from cluster.signals.names import metric
from cluster.signals.series import Scope
from cluster.signals.signal import Signal

SIGNALS: Final = (
    Signal(
        # By the workload's pod names of all times: those from before a rollout are compared with.
        name="kv_blocks",
        unit="engines",
        meaning="Engines by how many KV blocks they have",
        without="cannot tell a rollout that leaves fewer blocks from more load",
        ways=(Gauge(metric=metric("vllm:cache_config_info"), across="sum", scope=Scope.WORKLOAD),),
        fresh=None,
        breakdown="num_gpu_blocks",
    ),
)
