"""Objectives whose budget burns, beside those about errors and about tokens; see outages, engines.

A ticket about a budget says so itself, by its label `priority`.
"""

from typing import Final

from incidents.catalogued import entry
from incidents.policy import Severity

ENTRIES: Final = (
    entry(
        "LLMDLatencyBudgetBurn",
        severity=Severity.P1,
        because="answers take longer than promised, fast enough to use up the budget within days",
        mode="RB-15",
    ),
    entry(
        "LLMDThroughputBudgetBurn",
        severity=Severity.P1,
        because="requests are refused although less is served than was promised",
        mode="RB-16",
    ),
    entry(
        "LLMDObjectiveUnseen",
        severity=Severity.P3,
        because="nobody can tell whether an objective is met: its series are missing",
        mode="RB-29",
    ),
)
