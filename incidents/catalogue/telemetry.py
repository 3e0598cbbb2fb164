"""Signals that are lost. Ours: a renamed metric silences whatever rests on it."""

from typing import Final

from incidents.catalogued import entry
from incidents.policy import Severity

ENTRIES: Final = (
    entry(
        "LLMDSignalLost",
        severity=Severity.P3,
        because="engines no longer tell what they told: alerts and runbooks that need it are blind",
        mode="RB-29",
    ),
)
