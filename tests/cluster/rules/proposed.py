"""The alerts that llm-d lacks and was found to need, by their rows, and where each stands now.

A row of the catalogue of alerts says `proposed` where no upstream project ships a rule for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """One row: the alerts that we ship for it, and those of its names that we do not, with why."""

    row: int
    what: str
    shipped: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)


def _of_553(*names: str) -> Mapping[str, str]:
    """Return names of llm-d PR #553, which was never merged."""
    reason = "the name of llm-d PR #553, never merged, for what rings here: two would ring at once"
    return dict.fromkeys(names, reason)


PROPOSED: Final = (
    Proposed(
        row=21,
        what="the budget of first tokens, of tokens, of whole answers burns",
        shipped=(
            "LLMDTTFTBudgetBurn",
            "LLMDITLBudgetBurn",
            "LLMDLatencyBudgetBurn",
            "LLMDHighTTFT",
        ),
        left_out=_of_553("LLMDLatencySLOViolation"),
    ),
    Proposed(
        row=22,
        what="the budget of availability burns",
        shipped=("LLMDAvailabilitySLOBurn", "LLMDErrorBudgetBurn", "LLMDThroughputBudgetBurn"),
    ),
    Proposed(row=23, what="an engine is silent", shipped=("VLLMEngineStalled",)),
    Proposed(
        row=24,
        what="requests are preempted",
        shipped=("VLLMPreemptionsHigh",),
        left_out=_of_553("LLMDHighPreemptions"),
    ),
    Proposed(
        row=25,
        what="the KV cache is full",
        shipped=("VLLMKVCacheCritical",),
        left_out=_of_553("LLMDDecodeKVCacheCritical"),
    ),
    Proposed(
        row=26,
        what="requests queue up",
        shipped=("VLLMQueueBuildUp",),
        left_out=_of_553("LLMDRequestQueueBuildup"),
    ),
    Proposed(row=27, what="prefixes are lost", shipped=("VLLMPrefixHitRatioDrop",)),
    Proposed(
        row=28,
        what="prefill and decode are out of balance, either way",
        shipped=("PrefillBacklog", "DecodeStarved", "DecodeSaturated"),
        left_out=_of_553("LLMDPrefillDecodeImbalance", "LLMDPrefillQueueSaturation"),
    ),
    Proposed(row=29, what="KV transfers fail", shipped=("NIXLTransferFailures",)),
    Proposed(row=30, what="KV blocks expire", shipped=("NIXLKVExpired",)),
    Proposed(row=31, what="KV blocks do not come", shipped=("DecodeDeferredStuck",)),
    Proposed(row=32, what="flow control refuses", shipped=("FlowControlRejecting",)),
    Proposed(row=33, what="a GPU must be drained", shipped=("GPUXidCritical",)),
    Proposed(row=34, what="a GPU's memory is worn out", shipped=("GPURowRemapFailure",)),
    Proposed(
        row=35,
        what="a GPU slows itself down, for heat or for power",
        shipped=("GPUThermalThrottle", "GPUPowerThrottle"),
    ),
    Proposed(row=36, what="killed for want of memory", shipped=("ModelServerOOMKilled",)),
    Proposed(
        row=51, what="a KServe service is not ready", shipped=("LLMInferenceServiceNotReady",)
    ),
)
