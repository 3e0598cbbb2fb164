"""GPUs, as DCGM's exporter tells of them.

Its labels `pod` and `namespace` name the consumer of the GPU; a scrape with `honor_labels: false`
moves them to `exported_pod` and `exported_namespace`. High utilisation and full memory are the
normal state of a healthy engine. Source: etc/default-counters.csv of NVIDIA/dcgm-exporter.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from cluster.signals.formulas import Filled, Gauge, Rate
from cluster.signals.names import metric
from cluster.signals.series import Formula, Scope
from cluster.signals.signal import Signal
from cluster.signals.things import Agreed, Changed

MINUTES_10: Final = timedelta(minutes=10)
HOUR: Final = timedelta(hours=1)
CONSUMERS: Final = (Scope.PODS, Scope.EXPORTED)
LAST_XID: Final = metric("DCGM_FI_DEV_XID_ERRORS")
BRAKES: Final = metric("DCGM_EXP_CLOCK_EVENTS_COUNT", clock_event="hw_power_brake")
USED, FREE = (metric(f"DCGM_FI_DEV_FB_{kind}") for kind in ("USED", "FREE"))


def _gauge(name: str, across: str) -> tuple[Formula, ...]:
    return tuple(Gauge(metric=metric(name), across=across, scope=each) for each in CONSUMERS)


def _grown(name: str, window: timedelta) -> tuple[Formula, ...]:
    return tuple(
        Rate(metric=metric(name), window=window, per_second=False, scope=each) for each in CONSUMERS
    )


def _memory(scope: Scope) -> Formula:
    return Filled(above=USED, below=(USED, FREE), each=(*scope.pods, "gpu"), scope=scope)


def _each(make: Callable[[Scope], Formula]) -> tuple[Formula, ...]:
    return tuple(make(scope) for scope in CONSUMERS)


SIGNALS: Final = (
    Signal(
        name="gpu_utilization",
        unit="%",
        meaning="Share of time in which the GPUs do anything, on the mean; high is normal",
        without="no GPU exporter: cannot see whether the GPUs work",
        ways=(
            *_gauge("DCGM_FI_DEV_GPU_UTIL", "avg"),
            Gauge(metric=metric("llm_d_gpu_utilization"), across="avg", scope=Scope.NAMESPACE),
        ),
    ),
    Signal(
        name="gpu_engine_active",
        unit="ratio",
        meaning="Share of time in which the GPUs' engines are active, on the mean",
        without="profiling counters are off: cannot tell busy from waiting",
        ways=_gauge("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "avg"),
    ),
    Signal(
        name="gpu_tensor_active",
        unit="ratio",
        meaning="Share of time in which the tensor cores compute, on the mean",
        without="profiling counters are off: cannot tell computing from waiting for memory",
        ways=_gauge("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "avg"),
    ),
    Signal(
        name="gpu_dram_active",
        unit="ratio",
        meaning="Share of time in which the GPUs' memory is busy, on the mean",
        without="profiling counters are off: cannot tell whether memory is the limit",
        ways=_gauge("DCGM_FI_PROF_DRAM_ACTIVE", "avg"),
    ),
    Signal(
        name="gpu_memory",
        unit="ratio",
        meaning="Share of GPU memory in use on the fullest GPU; engines take it in advance",
        without="cannot see whether a GPU has no memory left",
        ways=(
            *_each(_memory),
            Gauge(
                metric=metric("llm_d_memory_utilization"),
                across="max",
                scope=Scope.NAMESPACE,
                times=0.01,
            ),
        ),
    ),
    Signal(
        name="gpu_temperature",
        unit="°C",
        meaning="Temperature of the hottest GPU",
        without="cannot see GPUs that throttle for heat",
        ways=_gauge("DCGM_FI_DEV_GPU_TEMP", "max"),
    ),
    Signal(
        # Off by default: the exporter counts them where its list of counters names it.
        name="gpu_power_brakes",
        unit="events",
        meaning="Times that the power brake slowed GPUs down within the exporter's own window",
        without="opt-in counter: cannot see GPUs that are short of power",
        ways=tuple(Gauge(metric=BRAKES, across="sum", scope=each) for each in CONSUMERS),
    ),
    Signal(
        # The last Xid sticks: ask around the moment at which an alert began.
        name="gpu_xid_faults",
        unit="faults",
        meaning="GPUs that reported a new Xid fault within ten minutes",
        without="GPU faults stay unseen: a broken GPU looks like a slow engine",
        ways=(
            *_gauge("DCGM_EXP_XID_ERRORS_COUNT", "sum"),
            *_each(lambda scope: Changed(metric=LAST_XID, window=MINUTES_10, scope=scope)),
        ),
    ),
    Signal(
        # Kept for the hour for which the alert about it rings.
        name="gpu_xid",
        unit="Xid",
        meaning="Last Xid of the GPUs, of the last hour where there was one; 0 for none, ever",
        without="cannot tell a broken GPU from a program that failed on it",
        ways=_each(lambda scope: Agreed(metric=LAST_XID, window=HOUR, scope=scope)),
    ),
    Signal(
        name="gpu_rows_lost",
        unit="rows",
        meaning="Memory rows that were remapped for an uncorrectable error within the hour",
        without="cannot see GPU memory that wears out",
        ways=_grown("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", HOUR),
    ),
    Signal(
        name="gpu_remap_failures",
        unit="GPUs",
        meaning="GPUs that could not remap a broken row, and have to be replaced",
        without="cannot see a GPU that has to be replaced",
        ways=_gauge("DCGM_FI_DEV_ROW_REMAP_FAILURE", "sum"),
    ),
    Signal(
        name="gpu_ecc_errors",
        unit="errors",
        meaning="Double-bit memory errors within the hour",
        without="opt-in counter: cannot see uncorrectable memory errors",
        ways=_grown("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", HOUR),
    ),
    Signal(
        name="gpu_pcie_replays",
        unit="replays",
        meaning="PCIe transfers that had to be repeated within the hour",
        without="cannot see a bad PCIe link",
        ways=_grown("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", HOUR),
    ),
)
