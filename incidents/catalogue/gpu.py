"""GPUs that fail. Ours, from DCGM's numbers.

Classes of Xid: NVIDIA's catalogue and the checks of its health validation. It differs between
generations of GPUs, so a policy file may name the numbers anew.
"""

from typing import Final

from incidents.catalogued import entry
from incidents.conditions import at_least, equals
from incidents.policy import Bound, Cap, LiveRule, Severity

ENTRIES: Final = (
    entry(
        "GPUXidCritical",
        severity=Severity.P2,
        because="a GPU reports a fault for which it must be drained",
        mode="RB-07",
    ),
    entry(
        "GPURowRemapFailure",
        severity=Severity.P2,
        because="a GPU can no longer replace its broken memory",
        mode="RB-07",
    ),
    entry(
        "GPUThermalThrottle",
        "GPUPowerThrottle",
        severity=Severity.P3,
        because="a GPU slows itself down",
        mode="RB-07",
    ),
)

_XID: Final = frozenset({"GPUXidCritical"})

RULES: Final = (
    LiveRule(
        name="gpu-must-be-drained",
        alerts=frozenset({"GPUThermalThrottle", "GPUPowerThrottle"}) | _XID,
        when=(equals("xid", 46, 48, 64, 74, 79, 95, 119, 120),),
        effect=Bound(severity=Severity.P2),
        because="the GPU's last fault asks for a drain",
    ),
    LiveRule(
        name="fault-of-the-program",
        alerts=_XID,
        when=(equals("xid", 13, 31, 43, 45),),
        effect=Cap(severity=Severity.P3),
        because="this Xid is usually the program's fault and not the GPU's",
    ),
    LiveRule(
        name="more-than-one-replica-lost",
        alerts=_XID | {"GPURowRemapFailure"},
        when=(at_least("replicas_missing", 2),),
        effect=Bound(severity=Severity.P1),
        because="more than one replica is missing beside it",
    ),
)
