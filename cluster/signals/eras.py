"""What a metric's name says about who exports it: the engine, and the era of its names.

Sources: docs/metrics.md of llm-d-router and its renaming; docs/design/metrics.md of vLLM; the
registrations of SGLang, LMCache, DCGM's exporter, kube-state-metrics and KEDA; Istio's standard
metrics, Envoy's statistics, agentgateway's metrics.
"""

from collections.abc import Iterable
from typing import Final

ERAS: Final = (
    ("llm_d_epp_", "llm-d router 0.9 and later"),
    ("llm_d_router_epp_", "llm-d router between 0.8 and 0.9"),
    ("llm_d_inference_scheduler_", "llm-d scheduler 0.4 to 0.8"),
    ("inference_objective_", "endpoint picker of GIE 1.1 to 1.5"),
    ("inference_model_", "endpoint picker of GIE 1.0 and before"),
    ("inference_extension_", "endpoint picker before its renaming"),
    ("inference_pool_", "endpoint picker before its renaming"),
    ("kvcache_", "KV index before its renaming"),
    ("vllm:gpu_", "vLLM before V1's renaming"),
    ("vllm:time_per_output_token_", "vLLM before V1's renaming"),
    ("vllm:", "vLLM"),
    ("http_", "the engine's HTTP server"),
    ("sglang:", "SGLang"),
    ("sglang_", "SGLang, with underscores"),
    ("trtllm_", "TensorRT-LLM"),
    ("lmcache:", "LMCache"),
    ("DCGM_", "DCGM exporter"),
    ("kube_", "kube-state-metrics"),
    ("kubelet_", "kubelet"),
    ("container_", "cAdvisor"),
    ("node_", "node exporter"),
    ("istio_", "Istio"),
    ("envoy_", "Envoy"),
    ("agentgateway_", "agentgateway"),
    ("keda_", "KEDA"),
    ("wva_", "workload variant autoscaler"),
    ("inferno_", "workload variant autoscaler before its renaming"),
    ("redis_", "Redis exporter"),
    ("llm_d_", "the names of the operations chapter"),
)
"""Prefixes, the longer ones before those that they begin with."""


def era(name: str) -> str:
    """Return who exports a metric, and in which era's names."""
    return next((words for prefix, words in ERAS if name.startswith(prefix)), "unknown exporter")


def eras(names: Iterable[str]) -> str:
    """Return the eras of several metrics, each once."""
    return ", ".join(dict.fromkeys(era(name) for name in names))
