"""What an engine's command line says: vLLM's and SGLang's flags. Pure; the line is foreign text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cluster.clients import command_line
from cluster.drift.findings import Unknown

CONFIG: Final = "--config"
"""vLLM takes further arguments from this file, which is not seen."""
VARIABLE: Final = "$"
CHOSEN: Final = "it is not on the command line: the engine chooses"
IN_FILE: Final = f"it is not on the command line and may stand in the file of {CONFIG}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The words of one engine's command line."""

    words: tuple[str, ...]

    def value(self, *flags: str) -> str | Unknown:
        """Return what stands after one of the flags, several words with spaces between.

        The last one counts, as with argparse.
        """
        found: str | Unknown = Unknown(because=IN_FILE if self._has(CONFIG) else CHOSEN)
        for index, word in enumerate(self.words):
            name, equals, value = word.partition("=")
            if command_line.spelled(name) in flags:
                after = command_line.until_flag(self.words[index + 1 :])
                told = value if equals else " ".join(after)
                found = _known(name, told)
        return found

    def switched(self, flag: str) -> bool | Unknown:
        """Tell whether the flag stands there, with a value or without."""
        if self._has(flag):
            return True
        return Unknown(because=IN_FILE) if self._has(CONFIG) else False

    def _has(self, flag: str) -> bool:
        return any(command_line.spelled(word.partition("=")[0]) == flag for word in self.words)

    @property
    def models(self) -> tuple[str, ...]:
        """Return the models that it says it serves, in the order in which they are known."""
        return tuple(command_line.models(self.words))


def line(words: Sequence[str]) -> Line:
    """Return the line of a container's `command` and `args`, one after the other."""
    return Line(words=tuple(command_line.apart(words)))


def _known(flag: str, told: str) -> str | Unknown:
    if VARIABLE in told:
        return Unknown(because=f"{flag} is set from a variable")
    return told
