"""What kubernetes-mixin and kube-prometheus ring about, where it concerns serving."""

from typing import Final

from incidents.catalogued import entry
from incidents.conditions import at_least, equals
from incidents.policy import Bound, LiveRule, Lower, Severity

ENTRIES: Final = (
    entry(
        "ModelServerOOMKilled",
        severity=Severity.P2,
        because="a model server was killed for want of memory",
        mode="RB-06",
    ),
    entry(
        "KubePodCrashLooping",
        severity=Severity.P1,
        because="a pod crashes again and again; if it serves, capacity is missing",
        mode="RB-05",
        also=("RB-18", "RB-24"),
    ),
    entry(
        "KubePodNotReady",
        severity=Severity.P2,
        because="a pod has not become ready",
        mode="RB-20",
        also=("RB-22",),
    ),
    entry(
        "KubeContainerWaiting",
        severity=Severity.P2,
        because="a container has not started for an hour",
        mode="RB-22",
    ),
    entry(
        "KubeDeploymentRolloutStuck",
        severity=Severity.P2,
        because="a rollout does not go on",
        mode="RB-19",
    ),
    entry(
        "KubeDeploymentReplicasMismatch",
        "KubeStatefulSetReplicasMismatch",
        severity=Severity.P2,
        because="fewer replicas are ready than are wanted",
        mode="RB-20",
        also=("RB-24",),
    ),
    entry(
        "KubeStatefulSetUpdateNotRolledOut",
        severity=Severity.P2,
        because="a rollout does not go on",
        mode="RB-19",
    ),
    entry(
        "KubeNodeNotReady",
        "KubeNodeUnreachable",
        severity=Severity.P2,
        because="a node is lost, with its GPUs",
        mode="RB-21",
    ),
    entry(
        "KubePersistentVolumeFillingUp",
        "KubePersistentVolumeInodesFillingUp",
        "KubePersistentVolumeErrors",
        severity=Severity.P2,
        because="the volume that models are loaded from fills up or fails",
        mode="RB-22",
    ),
    entry(
        "KubeQuotaExceeded",
        severity=Severity.P2,
        because="the quota is used up: nothing more can be scheduled",
        mode="RB-20",
    ),
    entry(
        "KubeAPIErrorBudgetBurn",
        "KubeAPIDown",
        severity=Severity.P1,
        because="the control plane fails: what serves goes on, but nothing can be changed",
        mode="RB-30",
    ),
    entry(
        "LLMInferenceServiceNotReady",
        severity=Severity.P2,
        because="KServe says that the service is not ready",
        mode="RB-31",
    ),
    entry(
        "TargetDown",
        severity=Severity.P3,
        because="more than a tenth of a job's targets cannot be scraped",
        mode="RB-29",
    ),
)

NEVER_OPEN: Final = frozenset(
    {"Watchdog", "InfoInhibitor", "CPUThrottlingHigh", "KubeNodePressure"}
)

RULES: Final = (
    LiveRule(
        name="more-than-one-node",
        alerts=frozenset({"KubeNodeNotReady", "KubeNodeUnreachable"}),
        when=(at_least("nodes_affected", 2),),
        effect=Bound(severity=Severity.P1),
        because="more than one node is lost",
    ),
    LiveRule(
        name="not-about-serving",
        alerts=frozenset(
            {
                "KubePodCrashLooping",
                "KubePodNotReady",
                "KubeContainerWaiting",
                "KubeDeploymentRolloutStuck",
                "KubeDeploymentReplicasMismatch",
                "KubeStatefulSetReplicasMismatch",
                "KubeStatefulSetUpdateNotRolledOut",
            }
        ),
        when=(equals("serving", False),),  # noqa: FBT003  # the value that it must have
        effect=Lower(levels=1),
        because="what it names belongs to no pool and to no picker",
    ),
    LiveRule(
        name="engines-not-scraped",
        alerts=frozenset({"TargetDown"}),
        labels={"job": ("*vllm*", "*decode*", "*prefill*", "*epp*", "*sglang*")},
        effect=Bound(severity=Severity.P2),
        because="engines or pickers cannot be seen",
    ),
    LiveRule(
        name="blind-in-an-incident",
        alerts=frozenset({"TargetDown"}),
        when=(equals("incident_open", True),),  # noqa: FBT003  # see above
        effect=Bound(severity=Severity.P2),
        because="it hides what an open incident is judged by",
    ),
)
