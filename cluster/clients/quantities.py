"""Quantities of Kubernetes as numbers: `96Gi`, `500m`, `1.5`."""

import re
from decimal import Decimal
from typing import Final

_UNITS: Final = {
    "m": Decimal("0.001"),
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "P": 10**15,
    "E": 10**18,
    **{f"{one}i": 2 ** (10 * power) for power, one in enumerate("KMGTPE", start=1)},
}
_QUANTITY: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)([A-Za-z]{0,2})", re.ASCII)


def quantity(text: str) -> Decimal | None:
    """Return the number that a quantity is, None for what is none."""
    fit = _QUANTITY.fullmatch(text)
    return Decimal(fit[1]) * _UNITS[fit[2]] if fit and fit[2] in _UNITS else None
