"""What is wrong with a file that a person wrote, and where."""

from collections.abc import Sequence
from dataclasses import dataclass

from incidents.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong; `line` counts from 1."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


def refuse(problems: Sequence[Problem]) -> None:
    """Raise Rejected with all problems, one a line, in the order of the files; none is fine."""
    if problems:
        raise Rejected("\n".join(str(problem) for problem in sorted(problems)))
