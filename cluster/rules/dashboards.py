"""Grafana dashboards over the recorded signals: the operations chapter's, and ours."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final  # Any: Grafana's JSON is nested without end

from cluster.rules.budget import BUDGET, SPENT, ratio
from cluster.rules.recordings import PREFIX
from cluster.signals.catalogue import SIGNALS
from incidents.objectives import BURNS

Json = dict[str, Any]  # see the import
Step = tuple[float, str]

WIDTH: Final = 24
HALF: Final = 12
HEIGHT: Final = 8
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
PLACE: Final = 'namespace=~"$namespace",model_name=~"$model"'
UNITS: Final[Mapping[str, str]] = {
    "ratio": "percentunit",
    "s": "s",
    "requests/s": "reqps",
    "bytes": "bytes",
    "bytes/s": "Bps",
    "%": "percent",
    "°C": "celsius",
}
# What one may do without any traffic is green; the chapter's first step is its lowest colour.
TRAFFIC: Final = ((50, "red"), (100, "yellow"), (200, "green"))
ERRORS: Final = ((1, "green"), (5, "yellow"), (10, "red"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel: `targets` are queries with their legends."""

    title: str
    kind: str
    targets: tuple[tuple[str, str], ...]
    unit: str = "short"
    steps: tuple[Step, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard; `variables` are the labels that are chosen above it, with their queries."""

    name: str
    title: str
    panels: tuple[Panel, ...]
    variables: Mapping[str, str]


def texts() -> Mapping[str, str]:
    """Return the JSON of every dashboard by its name."""
    return {one.name: json.dumps(_document(one), indent=2) + "\n" for one in DASHBOARDS}


def signal(
    name: str, *, only: str = "", by: str = "model_name, role", across: str = "max"
) -> Panel:
    """Return a panel of a signal over time; KeyError for no signal."""
    meant = SIGNALS[name]
    place = ",".join(filter(None, (PLACE, only)))
    legend = " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(","))
    return Panel(
        title=f"{meant.meaning}",
        kind="timeseries",
        unit=UNITS.get(meant.unit, "short"),
        targets=((f"{across} by ({by}) ({PREFIX}{meant.name}{{{place}}})", legend),),
        text=f"{meant.name} [{meant.unit}]. Empty: {meant.without}.",
    )


def _of_pool(name: str) -> Panel:
    meant = SIGNALS[name]
    return Panel(
        title=meant.meaning,
        kind="timeseries",
        unit=UNITS.get(meant.unit, "short"),
        targets=((f'max by (pool) ({PREFIX}{name}{{namespace=~"$namespace"}})', "{{pool}}"),),
        text=f"{meant.name} [{meant.unit}]. Empty: {meant.without}.",
    )


def _side_by_side(*names: str) -> tuple[Panel, ...]:
    """Return each signal of prefill beside the same of decode."""
    return tuple(
        Panel(
            title=f"{role}: {panel.title}",
            kind=panel.kind,
            unit=panel.unit,
            targets=panel.targets,
            text=panel.text,
        )
        for name in names
        for role in ("prefill", "decode")
        for panel in (signal(name, only=f'role="{role}"', by="model_name"),)
    )


CHAPTER: Final = Dashboard(
    name="operations-chapter",
    title="LLM-D Golden Signals",
    variables={},
    panels=(
        Panel(
            title="Request Rate (Traffic)",
            kind="stat",
            targets=(("sum(triaged:requests)", "Requests/sec"),),
            steps=TRAFFIC,
        ),
        Panel(
            title="Error Rate",
            kind="stat",
            unit="percent",
            targets=(("sum(triaged:failed_requests) / sum(triaged:requests) * 100", "Error %"),),
            steps=ERRORS,
        ),
        Panel(
            title="Latency Distribution",
            kind="heatmap",
            unit="s",
            targets=tuple((f"max(triaged:e2e_p{share})", f"p{share}") for share in (50, 95, 99)),
            text="Whole answers: how long they are decides as much as how fast they come.",
        ),
        Panel(
            title="Resource Saturation",
            kind="graph",
            unit="percent",
            targets=(
                (
                    "avg by (instance) (DCGM_FI_DEV_GPU_UTIL or llm_d_gpu_utilization)",
                    "GPU Utilization - {{instance}}",
                ),
                (
                    (
                        "avg by (instance) (100 * DCGM_FI_DEV_FB_USED / "
                        "(DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE) or llm_d_memory_utilization)"
                    ),
                    "Memory Utilization - {{instance}}",
                ),
            ),
            text="Busy GPUs and full memory are the normal state of a healthy engine.",
        ),
    ),
)

MODELS: Final = {
    "namespace": "label_values(triaged:engine_pod, namespace)",
    "model": 'label_values(triaged:engine_pod{namespace=~"$namespace"}, model_name)',
}

DASHBOARDS: Final = (
    CHAPTER,
    Dashboard(
        name="golden-signals",
        title="triaged: golden signals",
        variables=MODELS,
        panels=(
            Panel(
                title="Requests, failed and refused ones",
                kind="timeseries",
                unit="reqps",
                targets=tuple(
                    (
                        f"sum by (model_name) (triaged:{name}{{{PLACE}}})",
                        f"{{{{model_name}}}} {says}",
                    )
                    for name, says in (
                        ("requests", "all"),
                        ("failed_requests", "failed"),
                        ("refused_requests", "refused"),
                    )
                ),
            ),
            signal("error_ratio", by="model_name"),
            signal("ttft_p95", only='role!="prefill"', by="model_name"),
            signal("itl_p95", only='role!="prefill"', by="model_name"),
            signal("waiting", across="sum"),
            signal("kv_usage"),
            _of_pool("ready_endpoints"),
            _of_pool("flow_rejected_ratio"),
            signal("silent_ranks", across="sum"),
            signal("restarts", across="sum"),
        ),
    ),
    Dashboard(
        name="prefill-and-decode",
        title="triaged: prefill and decode",
        variables=MODELS,
        panels=(
            *_side_by_side("waiting", "running", "kv_usage", "ttft_p95", "gpu_utilization"),
            signal("prompt_tokens", only='role="prefill"', by="model_name", across="sum"),
            signal("generation_tokens", only='role="decode"', by="model_name", across="sum"),
            signal("prefill_p95"),
            signal("decode_p95"),
            signal("transfers", across="sum"),
            signal("transfer_failures", across="sum"),
            signal("transfer_expirations", across="sum"),
            signal("transfer_time_p95"),
        ),
    ),
    Dashboard(
        name="kv-cache",
        title="triaged: KV cache",
        variables=MODELS,
        panels=(
            signal("kv_usage"),
            signal("preemptions", across="sum"),
            signal("waiting_capacity", across="sum"),
            signal("waiting_deferred", across="sum"),
            signal("prefix_hit_ratio"),
            signal("prefix_hit_ratio_baseline"),
            signal("recomputed_tokens", across="sum"),
            signal("external_hit_ratio"),
            signal("second_tier_evictions", by="model_name", across="sum"),
            signal("evicted_tokens", across="sum"),
            signal("block_evictions", across="sum"),
            signal("prompt_length_p95", by="model_name"),
        ),
    ),
    Dashboard(
        name="budget",
        title="triaged: error budgets",
        variables={"objective": f"label_values({BUDGET}, objective)"},
        panels=(
            Panel(
                title="Budget that is left",
                kind="stat",
                unit="percentunit",
                targets=(
                    (
                        f'1 - max by (objective) ({SPENT}{{objective=~"$objective"}})',
                        "{{objective}}",
                    ),
                ),
                steps=((0, "orange"), (0.5, "green")),
                text="1 is all of it; below 0 more was spent than there was.",
            ),
            Panel(
                title="Budget that is spent",
                kind="timeseries",
                unit="percentunit",
                targets=(
                    (
                        (
                            "max by (objective, model_name, pool) "
                            f'({SPENT}{{objective=~"$objective"}})'
                        ),
                        "{{objective}} {{model_name}}{{pool}}",
                    ),
                ),
            ),
            *(
                Panel(
                    title=f"Burn rate over {name.rpartition('_')[2]}",
                    kind="timeseries",
                    targets=(
                        (
                            (
                                f'max by (objective) ({name}{{objective=~"$objective"}} '
                                f"/ on (objective) group_left () {BUDGET})"
                            ),
                            "{{objective}}",
                        ),
                    ),
                    steps=((burn.factor, "red"),),
                )
                for burn in BURNS
                for name in (ratio(burn.long),)
            ),
            Panel(
                title="What counts",
                kind="timeseries",
                targets=(
                    (
                        'sum by (objective) (triaged:objective:events{objective=~"$objective"})',
                        "{{objective}}",
                    ),
                ),
                text="Nothing here: nothing is known of the objective, and its budget is not kept.",
            ),
            Panel(
                title="Planned maintenance, which is no breach",
                kind="timeseries",
                targets=(
                    (
                        'max by (objective) (triaged:objective:planned{objective=~"$objective"})',
                        "{{objective}}",
                    ),
                ),
            ),
        ),
    ),
)


def _document(dashboard: Dashboard) -> Json:
    return {
        "uid": f"triaged-{dashboard.name}",
        "title": dashboard.title,
        "tags": ["triaged", "llm-d"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_source(), *_variables(dashboard.variables)]},
        "panels": [_panel(panel, number) for number, panel in enumerate(dashboard.panels)],
    }


def _source() -> Json:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _variables(variables: Mapping[str, str]) -> Sequence[Json]:
    return [
        {
            "name": name,
            "type": "query",
            "datasource": SOURCE,
            "query": query,
            "includeAll": True,
            "allValue": ".*",
            "multi": True,
            "current": {"text": "All", "value": "$__all"},
            "refresh": 2,
        }
        for name, query in variables.items()
    ]


def _panel(panel: Panel, number: int) -> Json:
    field: Json = {"unit": panel.unit}
    if panel.steps:
        field["thresholds"] = {"mode": "absolute", "steps": _steps(panel.steps)}
    return {
        "id": number + 1,
        "title": panel.title,
        "description": panel.text,
        "type": panel.kind,
        "datasource": SOURCE,
        "gridPos": {
            "x": number % 2 * HALF,
            "y": number // 2 * HEIGHT,
            "w": HALF,
            "h": HEIGHT,
        },
        "fieldConfig": {"defaults": field, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": expr, "legendFormat": legend}
            for place, (expr, legend) in enumerate(panel.targets)
        ],
    }


def _steps(steps: Sequence[Step]) -> Sequence[Json]:
    """Return the steps as Grafana wants them: the first one reaches down without end."""
    lowest = "green" if steps[0][1] == "green" else "red"
    below = {"value": None, "color": "green" if len(steps) == 1 else lowest}
    return [below, *({"value": value, "color": color} for value, color in steps)]
