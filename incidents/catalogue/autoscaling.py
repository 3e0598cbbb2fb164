"""Autoscalers: HPA, and llm-d's workload variant autoscaler (wva-alerting-rules.yaml)."""

from typing import Final

from incidents.catalogued import entry
from incidents.conditions import above
from incidents.policy import Bound, LiveRule, Severity

ENTRIES: Final = (
    entry(
        "KubeHpaMaxedOut",
        severity=Severity.P2,
        because="the autoscaler is at its limit",
        mode="RB-25",
    ),
    entry(
        "KubeHpaReplicasMismatch",
        severity=Severity.P3,
        because="the autoscaler wants what it does not get",
        mode="RB-25",
    ),
    entry(
        "WVAMetricsCollectionFailing",
        "WVAHighErrorRate",
        severity=Severity.P3,
        because="the autoscaler works with old numbers or none",
        mode="RB-25",
    ),
    entry(
        "WVAReplicaScalingThrashing",
        severity=Severity.P2,
        because="replicas go up and down: each new one loads its model in vain",
        mode="RB-25",
    ),
    entry(
        # It means that nothing is allocatable: nodes or the device plugin are gone.
        "WVAGPUResourceExhausted",
        severity=Severity.P2,
        because="nodes with GPUs offer none: the node or its device plugin is gone",
        mode="RB-20",
        also=("RB-21",),
    ),
)

NEVER_OPEN: Final = frozenset({"WVAOptimizationLoopStalled"})

RULES: Final = (
    LiveRule(
        name="no-gpu-while-requests-wait",
        alerts=frozenset({"WVAGPUResourceExhausted"}),
        when=(above("waiting", 0),),
        effect=Bound(severity=Severity.P1),
        because="no GPU can be had while requests wait",
    ),
)
