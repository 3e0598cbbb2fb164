"""GPUs that fail or slow themselves down.

The last Xid sticks: it is news only where it was another one ten minutes ago. Which Xids ask for a
drain differs between generations of GPUs; the list is that of the catalogue of severities.
"""

from datetime import timedelta
from typing import Final

from cluster.rules.asked import consumer, with_model
from cluster.rules.proving import DECODE, NAMESPACE, always, engine, minutes, series
from cluster.rules.rule import GPUS, Alert, Group, Proof, Recording, RuleFile

GPU: Final = ("namespace", "pod", "gpu", "Hostname")
DRAIN: Final = (46, 48, 64, 74, 79, 95, 119, 120)
XID: Final = "triaged:gpu_last_xid"
NEWS: Final = f"{XID} unless {XID} == {XID} offset 10m"
COUNTED: Final = "DCGM_EXP_XID_ERRORS_COUNT"
THROTTLES: Final = 87
# Bit 7 of the reasons, and the exporter's word for it: nvml.h, dcgm-exporter
# internal/pkg/collector/clock_events_collector.go.
BRAKE_BIT: Final = 128
EVENTS: Final = "DCGM_EXP_CLOCK_EVENTS_COUNT"
BRAKES: Final = f'{EVENTS}{{clock_event="hw_power_brake"}}'
REASONS: Final = ("DCGM_FI_DEV_CLOCKS_EVENT_REASONS", "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS")
BRAKED: Final = " or ".join(
    (
        consumer(f"{BRAKES} > 0", GPU),
        *(consumer(f"floor({name} / {BRAKE_BIT}) % 2 == 1", GPU) for name in REASONS),
    )
)

ALIVE: Final = {engine("vllm:num_requests_running"): always(1, 90)}
# On a GPU that no engine is known to use it rings without a model.
UNUSED: Final = {"vllm:num_requests_running": "a GPU fails also where no engine is seen on it"}
WHERE: Final = {"namespace": NAMESPACE, "pod": "decode-0", "gpu": "3", "Hostname": "gpu-a"}
KNOWN: Final = {**WHERE, **DECODE}


def on_gpu(metric: str, /, **labels: str) -> str:
    """Return a series of DCGM's exporter about a GPU of the decode pod."""
    return series(metric, **WHERE, job="dcgm", **labels)


def moved(name: str, **labels: str) -> str:
    """Return the same as a scrape without `honor_labels` keeps it."""
    return series(
        name,
        namespace="gpu-operator",
        pod="dcgm-x",
        exported_namespace=NAMESPACE,
        exported_pod="decode-0",
        gpu="3",
        Hostname="gpu-a",
        **labels,
    )


FILE: Final = RuleFile(
    name="gpu",
    needs=("signals",),
    about="Alerts about GPUs, from DCGM's exporter. Busy GPUs and full memory are no alert: they "
    "are the normal state of a healthy engine.",
    groups=(
        Group(
            name="llm-d-gpu",
            interval=timedelta(seconds=30),
            rules=(
                Recording(
                    name=XID,
                    expr=consumer("DCGM_FI_DEV_XID_ERRORS", GPU),
                    why="The last Xid of each GPU, with the pod that uses it; 0 is none.",
                ),
                Alert(
                    name="GPUXidCritical",
                    rings_without=UNUSED,
                    expr=with_model(
                        f'count_values by ({", ".join(GPU)}) ("xid", '
                        f"({' or '.join(f'{XID} == {code}' for code in DRAIN)}) unless "
                        f"({XID} == {XID} offset 10m)) or "
                        + consumer(
                            f'{COUNTED}{{xid=~"{"|".join(map(str, DRAIN))}"}} > 0',
                            (*GPU, "xid"),
                        ),
                        (*GPU, "xid"),
                        anywhere=True,
                    ),
                    keep=timedelta(hours=1),
                    severity="critical",
                    runbook=GPUS,
                    summary="GPU {{ $labels.gpu }} of {{ $labels.Hostname }} must be drained",
                    description=(
                        "GPU {{ $labels.gpu }} of {{ $labels.Hostname }} reports Xid "
                        "{{ $labels.xid }}; {{ $labels.namespace }}/{{ $labels.pod }} uses it."
                    ),
                    why=(
                        "It rings for an hour from the fault on: the number stays for ever. The "
                        "codes are those of a drain; adapt them to your GPUs."
                    ),
                    proofs=(
                        Proof(
                            title="fallen off the bus",
                            series={
                                **ALIVE,
                                on_gpu("DCGM_FI_DEV_XID_ERRORS"): "0x20 79x20",
                            },
                            at=minutes(25),
                            fires={**KNOWN, "xid": "79"},
                        ),
                        Proof(
                            title="an exporter whose labels the scrape moved",
                            series={**ALIVE, moved("DCGM_FI_DEV_XID_ERRORS"): "0x20 79x20"},
                            at=minutes(25),
                            fires={**KNOWN, "xid": "79"},
                        ),
                        Proof(
                            title="an exporter that puts the code into a label",
                            series={
                                **ALIVE,
                                on_gpu("DCGM_FI_DEV_XID_ERRORS", err_code="0"): "0x20 stale",
                                on_gpu("DCGM_FI_DEV_XID_ERRORS", err_code="48"): "_x20 48x20",
                            },
                            at=minutes(25),
                            fires={**KNOWN, "xid": "48"},
                        ),
                        Proof(
                            title="the counter where somebody switched it on",
                            series={**ALIVE, on_gpu(COUNTED, xid="79"): "0x20 1x5 0x10"},
                            at=minutes(25),
                            fires={**KNOWN, "xid": "79"},
                        ),
                        Proof(
                            title="a fault of the program",
                            series={**ALIVE, on_gpu("DCGM_FI_DEV_XID_ERRORS"): "0x20 13x20"},
                            at=minutes(25),
                        ),
                        Proof(
                            title="an old fault that sticks",
                            series={
                                **ALIVE,
                                on_gpu("DCGM_FI_DEV_XID_ERRORS"): always(79, 90),
                            },
                            at=minutes(85),
                        ),
                        Proof(title="no exporter", series=ALIVE, at=minutes(25)),
                    ),
                ),
                Alert(
                    name="GPURowRemapFailure",
                    rings_without=UNUSED,
                    expr=with_model(
                        consumer("DCGM_FI_DEV_ROW_REMAP_FAILURE > 0", GPU), GPU, anywhere=True
                    ),
                    hold=minutes(1),
                    severity="warning",
                    runbook=GPUS,
                    summary="GPU {{ $labels.gpu }} of {{ $labels.Hostname }} must be replaced",
                    description=(
                        "GPU {{ $labels.gpu }} of {{ $labels.Hostname }} can no longer replace "
                        "broken rows of its memory; {{ $labels.namespace }}/{{ $labels.pod }} "
                        "uses it."
                    ),
                    proofs=(
                        Proof(
                            title="a row that could not be remapped",
                            series={**ALIVE, on_gpu("DCGM_FI_DEV_ROW_REMAP_FAILURE"): always(1)},
                            at=minutes(5),
                            fires=KNOWN,
                        ),
                        Proof(
                            title="on a GPU that no engine uses",
                            series={on_gpu("DCGM_FI_DEV_ROW_REMAP_FAILURE"): always(1)},
                            at=minutes(5),
                            fires=WHERE,
                        ),
                        Proof(
                            title="none",
                            series={**ALIVE, on_gpu("DCGM_FI_DEV_ROW_REMAP_FAILURE"): always(0)},
                            at=minutes(5),
                        ),
                        Proof(title="no exporter", series=ALIVE, at=minutes(5)),
                    ),
                ),
                Alert(
                    name="GPUThermalThrottle",
                    rings_without=UNUSED,
                    expr=with_model(
                        consumer(f"DCGM_FI_DEV_GPU_TEMP > {THROTTLES}", GPU), GPU, anywhere=True
                    ),
                    hold=minutes(10),
                    severity="info",
                    runbook=GPUS,
                    summary="GPU {{ $labels.gpu }} of {{ $labels.Hostname }} is too hot",
                    description=(
                        "GPU {{ $labels.gpu }} of {{ $labels.Hostname }} has {{ $value }} °C and "
                        "slows itself down; {{ $labels.namespace }}/{{ $labels.pod }} uses it."
                    ),
                    why="87 °C is where an H100 begins; adapt it to your GPUs.",
                    proofs=(
                        Proof(
                            title="90 degrees",
                            series={**ALIVE, on_gpu("DCGM_FI_DEV_GPU_TEMP"): always(90)},
                            at=minutes(15),
                            fires=KNOWN,
                        ),
                        Proof(
                            title="80 degrees",
                            series={**ALIVE, on_gpu("DCGM_FI_DEV_GPU_TEMP"): always(80)},
                            at=minutes(15),
                        ),
                        Proof(title="no exporter", series=ALIVE, at=minutes(15)),
                    ),
                ),
                Alert(
                    name="GPUPowerThrottle",
                    rings_without=UNUSED,
                    expr=with_model(BRAKED, GPU, anywhere=True),
                    hold=minutes(10),
                    severity="info",
                    runbook=GPUS,
                    summary="GPU {{ $labels.gpu }} of {{ $labels.Hostname }} is short of power",
                    description=(
                        "The power brake of GPU {{ $labels.gpu }} of {{ $labels.Hostname }} halves "
                        "its clocks or more, for 10 minutes: its supply cannot give what it needs; "
                        "{{ $labels.namespace }}/{{ $labels.pod }} uses it."
                    ),
                    why="The brake and not the power cap, at which every busy GPU runs. Neither "
                    "metric is on by default: name one in the exporter's list of counters.",
                    proofs=(
                        Proof(
                            title="the brake is on",
                            series={
                                **ALIVE,
                                on_gpu(EVENTS, clock_event="hw_power_brake"): always(9),
                            },
                            at=minutes(15),
                            fires=KNOWN,
                        ),
                        Proof(
                            title="an exporter whose labels the scrape moved",
                            series={
                                **ALIVE,
                                moved(EVENTS, clock_event="hw_power_brake"): always(9),
                            },
                            at=minutes(15),
                            fires=KNOWN,
                        ),
                        *(
                            Proof(
                                title=f"the reasons as {name}, the brake among them",
                                series={**ALIVE, on_gpu(name): always(BRAKE_BIT + 4)},
                                at=minutes(15),
                                fires=KNOWN,
                            )
                            for name in REASONS
                        ),
                        Proof(
                            title="on a GPU that no engine uses",
                            series={on_gpu(EVENTS, clock_event="hw_power_brake"): always(9)},
                            at=minutes(15),
                            fires=WHERE,
                        ),
                        Proof(
                            title="a busy GPU at its power cap",
                            series={**ALIVE, on_gpu(EVENTS, clock_event="power_cap"): always(9)},
                            at=minutes(15),
                            unless={on_gpu(EVENTS, clock_event="hw_power_brake"): always(9)},
                        ),
                        *(
                            Proof(
                                title=f"other reasons as {name}: its cap, heat, and being idle",
                                series={**ALIVE, on_gpu(name): always(256 + 64 + 4 + 1)},
                                at=minutes(15),
                                unless={on_gpu(name): always(BRAKE_BIT)},
                            )
                            for name in REASONS
                        ),
                        Proof(
                            title="the brake was on",
                            series={
                                **ALIVE,
                                on_gpu(EVENTS, clock_event="hw_power_brake"): "9x4 0x20",
                            },
                            at=minutes(15),
                        ),
                        Proof(title="no exporter", series=ALIVE, at=minutes(15)),
                    ),
                ),
            ),
        ),
    ),
)
