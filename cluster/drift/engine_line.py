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
            if _same(name) in flags:
                told = value if equals else " ".join(_until_flag(self.words[index + 1 :]))
                found = _known(name, told)
        return found

    def switched(self, flag: str) -> bool | Unknown:
        """Tell whether the flag stands there, with a value or without."""
        if self._has(flag):
            return True
        return Unknown(because=IN_FILE) if self._has(CONFIG) else False

    def _has(self, flag: str) -> bool:
        return any(_same(word.partition("=")[0]) == flag for word in self.words)

    @property
    def models(self) -> tuple[str, ...]:
        """Return the models that it says it serves, in the order in which they are known."""
        return tuple(command_line.models(self.words))


def line(words: Sequence[str]) -> Line:
    """Return the line of a container's `command` and `args`, one after the other."""
    return Line(words=tuple(command_line.apart(words)))


def _same(flag: str) -> str:
    """Return the flag as we write it: vLLM takes underscores for dashes."""
    return flag.replace("_", "-") if flag.startswith("--") else flag


def _known(flag: str, told: str) -> str | Unknown:
    if VARIABLE in told:
        return Unknown(because=f"{flag} is set from a variable")
    return told


def _until_flag(words: Sequence[str]) -> Sequence[str]:
    ends = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    return words[:ends]
