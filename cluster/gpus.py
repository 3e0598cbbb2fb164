"""What counts as a GPU among the resources that nodes have and pods ask for."""

import re
from typing import Final

# What the vendors' device plugins call a GPU, a slice of one, or what stands in its place. Sources:
# NVIDIA/k8s-device-plugin, ROCm/k8s-device-plugin, intel/intel-device-plugins-for-kubernetes,
# HabanaAI's device plugin, GKE's TPU device plugin.
GPU: Final = re.compile(
    r"nvidia\.com/(gpu(\.shared)?|mig-[0-9a-z.]+)|amd\.com/gpu|gpu\.intel\.com/(i915|xe)"
    r"|habana\.ai/gaudi|google\.com/tpu",
    re.ASCII,
)
