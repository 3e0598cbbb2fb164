"""Which alerts a rule of correlation means: by name and labels, `*` standing for any text."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

LONGEST = 512
"""A longer value fits no pattern but `*`: it comes from outside, and patterns may backtrack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """The alerts with one of the names whose labels are each like their pattern.

    Without names it is any alert; a label that is missing counts as empty.
    """

    alerts: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    def fits(self, name: str, labels: Mapping[str, str]) -> bool:
        """Tell whether an alert of this name with these labels is meant."""
        named = not self.alerts or any(like(one, name) for one in self.alerts)
        return named and all(like(one, labels.get(label, "")) for label, one in self.labels)

    @property
    def narrows(self) -> bool:
        """Tell whether it means some alerts only, and not any text or whatever lacks a label."""
        named = bool(self.alerts) and all(map(_says, self.alerts))
        return named or any(_says(one) for _, one in self.labels)

    def __str__(self) -> str:
        said = [" or ".join(self.alerts)] if self.alerts else []
        return ", ".join([*said, *(f"{label}={one}" for label, one in self.labels)]) or "any alert"


def like(pattern: str, text: str) -> bool:
    """Tell whether a text is like a pattern, in which `*` stands for any text."""
    if pattern == "*":
        return True
    return len(text) <= LONGEST and fnmatchcase(text, pattern)


def _says(pattern: str) -> bool:
    return bool(pattern.strip("*?"))
