"""An alert as it was reported, and its occurrence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from incidents.codec import micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert of a delivery; `ends_at` is None while it fires.

    `fingerprint` and `starts_at` name the occurrence: delivered twice, it is one occurrence.
    All texts are foreign.
    """

    name: str
    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None
    url: str
    source: str

    @property
    def firing(self) -> bool:
        """Return whether this report says that it still fires."""
        return self.ends_at is None

    @property
    def occurrence(self) -> str:
        """Return the key of the occurrence."""
        return occurrence(self.fingerprint, self.starts_at)


def occurrence(fingerprint: str, starts_at: datetime) -> str:
    """Return the key of an occurrence: fingerprint and start in microseconds."""
    return f"{fingerprint}@{micros(starts_at)}"
