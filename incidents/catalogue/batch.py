"""The batch gateway (batch-gateway-alerting-rules.yaml): nobody waits in front of a screen."""

from typing import Final

from incidents.catalogued import entry
from incidents.policy import Severity

ENTRIES: Final = (
    entry(
        "BatchGatewayHighQueueWait",
        "BatchGatewayHighJobFailureRate",
        "BatchGatewayExpiredJobsDetected",
        "BatchGatewayWorkersSaturated",
        "BatchReconcilerErrors",
        severity=Severity.P3,
        because="batch jobs wait or fail; users in front of a screen notice nothing",
        mode="RB-32",
    ),
)
