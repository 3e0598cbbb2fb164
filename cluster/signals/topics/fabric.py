"""Fabric and storage: the network under KV transfers, and the disks from which models load.

Source: the collectors `infiniband` and `diskstats` of node_exporter, cAdvisor, and the kubelet.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from cluster.signals.formulas import Filled, Rate
from cluster.signals.names import like, metric
from cluster.signals.promql import Match, Matcher
from cluster.signals.series import Formula, Metric, Scope
from cluster.signals.signal import Signal
from cluster.signals.things import OnNodes

HOUR: Final = timedelta(hours=1)
NVME: Final = replace(
    metric("node_disk_read_bytes_total"), matchers=(like("device", "nvme[0-9]+n[0-9]+"),)
)
# Without a container's name it is the sum over the pod's cgroup, and would count twice.
READ: Final = replace(
    metric("container_fs_reads_bytes_total"),
    matchers=(Matcher(label="container", how=Match.NOT_EQUAL, value=""),),
)


def _nodes(counter: Metric) -> tuple[Formula, ...]:
    return (OnNodes(metric=counter), OnNodes(metric=counter, named=True))


SIGNALS: Final = (
    Signal(
        name="rdma_port_errors",
        unit="packets/s",
        meaning="Packets with an error on the RDMA ports of the target's nodes",
        without="cannot tell a bad link from a slow engine",
        ways=_nodes(metric("node_infiniband_port_errors_received_total")),
    ),
    Signal(
        name="rdma_discards",
        unit="packets/s",
        meaning="Packets that the RDMA ports of the target's nodes dropped on their way out",
        without="cannot see congestion of the fabric",
        ways=_nodes(metric("node_infiniband_port_discards_transmitted_total")),
    ),
    Signal(
        name="rdma_links_down",
        unit="links",
        meaning="How often an RDMA link of the target's nodes went down within the hour",
        without="cannot see a link that comes and goes",
        ways=tuple(
            OnNodes(
                metric=metric("node_infiniband_link_downed_total"),
                window=HOUR,
                per_second=False,
                named=named,
            )
            for named in (False, True)
        ),
    ),
    Signal(
        name="nvme_read",
        unit="bytes/s",
        meaning="What the NVMe disks of the target's nodes read",
        without="cannot tell a slow disk from a slow model load",
        ways=_nodes(NVME),
    ),
    Signal(
        name="volume_read",
        unit="bytes/s",
        meaning="What the target's containers read from their volumes and disks",
        without="cannot see whether a loading pod reads at all",
        ways=(Rate(metric=READ),),
    ),
    Signal(
        name="volume_usage",
        unit="ratio",
        meaning="Share in use of the fullest claimed volume of the namespace",
        without="cannot see a volume that runs full",
        ways=(
            Filled(
                above=metric("kubelet_volume_stats_used_bytes"),
                below=(metric("kubelet_volume_stats_capacity_bytes"),),
                each=("persistentvolumeclaim",),
                scope=Scope.NAMESPACE,
            ),
        ),
    ),
)
