"""Failure modes of llm-d, by the number under which runbooks cover them."""

from collections.abc import Mapping
from typing import Final

MODES: Final[Mapping[str, str]] = {
    "RB-01": "no ready endpoint: the service is down",
    "RB-02": "endpoint picker down or unreachable",
    "RB-03": "high error ratio",
    "RB-04": "engine dead: it answers probes and nothing else",
    "RB-05": "crash loop for want of GPU memory",
    "RB-06": "killed for want of host memory",
    "RB-07": "GPU hardware fault",
    "RB-08": "collective hangs: a data-parallel rank is dead",
    "RB-09": "KV transfer fails",
    "RB-10": "decode saturated",
    "RB-11": "prefill backlog",
    "RB-12": "KV cache exhausted: preemption storm",
    "RB-13": "prefix cache lost",
    "RB-14": "index of prefixes stale",
    "RB-15": "high latency",
    "RB-16": "saturation: queues, refusals, stale metrics",
    "RB-17": "routing hotspot",
    "RB-18": "bad rollout",
    "RB-19": "rollout deadlocked",
    "RB-20": "pods pending: no GPU, quota or place",
    "RB-21": "GPU node lost",
    "RB-22": "model loads slowly or not at all",
    "RB-23": "probes misconfigured",
    "RB-24": "group of a LeaderWorkerSet restarts over and over",
    "RB-25": "autoscaler fails",
    "RB-26": "gateway errors and timeouts",
    "RB-27": "flood of client errors",
    "RB-28": "storm of long prompts",
    "RB-29": "telemetry lost or renamed",
    "RB-30": "control plane degraded",
    "RB-31": "KServe service not ready",
    "RB-32": "batch gateway backlog",
}
