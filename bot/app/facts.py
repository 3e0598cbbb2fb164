"""Where facts come from when an alert is judged: a file, or whoever can look at the world."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Final, Protocol

from bot.app import saved
from incidents.correlation import Place
from incidents.errors import Rejected
from incidents.facts import FACTS, Fact, Facts, Kind, Known, Unknown, Value, outside
from runbooks.language.document import Entries, Node, Plain, Scalar, read
from runbooks.language.problem import Problem, refuse

RATIO: Final = "ratio"
# What is measured may be a little above 1, see Fact; what a person types is a percentage then.
PERCENT: Final = "a share of all, so that 7 % is written as 0.07"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Facts that are wanted about what an alert names.

    `chosen` is the workload that a person chose among several, empty where nobody did.
    """

    place: Place
    names: tuple[str, ...]
    chosen: str = ""


class FactsSource(Protocol):
    """Finds out facts about what alerts name."""

    def gather(
        self, asked: Sequence[Asked], at: datetime, *, again: bool = False
    ) -> Sequence[Facts]:
        """Return for each question each of its facts, known or unknown with the reason.

        Never raises for what the world does, and takes three real seconds at most for all. With
        `again` also those are asked who did not answer a moment ago.
        """


class NoSource:
    """Knows nothing, and says why."""

    def __init__(self, why: str = "no live source") -> None:
        self._why = why

    def gather(
        self,
        asked: Sequence[Asked],
        at: datetime,  # noqa: ARG002  # the port's
        *,
        again: bool = False,  # noqa: ARG002  # the port's
    ) -> Sequence[Facts]:
        """Return that nothing can be told; see the port."""
        return [unknown(one.names, self._why) for one in asked]


def unknown(names: Iterable[str], why: str, *, lasting: bool = True) -> Facts:
    """Return that none of the facts is known, and why."""
    return {name: Unknown(why=why, lasting=lasting) for name in names}


def from_file(file: Path) -> Facts:
    """Return the facts of a YAML or JSON file of `name: value`; `null` is a fact not known.

    Raises Rejected with file and line of every name and value that does not fit, and for a file
    that cannot be read or is too large.
    """
    try:
        text = saved.read(file).decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"{file}: it is no text in UTF-8: byte {error.start}"
        raise Rejected(message) from error
    document = read(text, file=str(file))
    refuse(document.problems)
    if not isinstance(document.root, Entries):
        refuse([Problem(file=str(file), line=1, what="expected names of facts and their values")])
        return {}
    return _facts(document.root, file)


def _facts(root: Entries, file: Path) -> Facts:
    found, problems = dict[str, Known | Unknown](), list[Problem]()
    for name, node in root.entries.items():
        try:
            found[name] = _fact(name, node, file, root.lines[name])
        except ValueError as error:
            problems.append(Problem(file=str(file), line=root.lines[name], what=str(error)))
    refuse(problems)
    return found


def _fact(name: str, node: Node, file: Path, line: int) -> Known | Unknown:
    fact = FACTS.get(name)
    if fact is None:
        message = f"no fact is called {name!r}; known are {', '.join(FACTS)}"
        raise ValueError(message)
    if not isinstance(node, Scalar):
        message = f"{name}: expected one value"
        raise ValueError(message)  # noqa: TRY004  # read from text
    if node.value is None:
        return Unknown(why=f"{file.name} says that it is not known")
    return Known(value=_value(fact, node.value), unit=fact.unit, source=f"{file.name}:{line}")


def _value(fact: Fact, plain: Plain) -> Value:
    number = isinstance(plain, (int, float)) and not isinstance(plain, bool)
    match fact.kind:
        case Kind.NUMBER if number and not isinstance(plain, str) and plain is not None:
            if fact.unit == RATIO and plain > 1:
                message = f"{fact.name}: expected from 0 to 1, found {plain!r}; {PERCENT}"
                raise ValueError(message)
            if outside(fact, plain):
                bounds = f"from {fact.lowest:g} to {fact.highest:g}"
                wanted = bounds if isfinite(fact.highest) else f"{fact.lowest:g} or more"
                message = f"{fact.name}: expected {wanted}, found {plain!r}"
                raise ValueError(message)
            return plain
        case Kind.TRUTH if isinstance(plain, bool):
            return plain
        case Kind.WORD if isinstance(plain, str) and plain in fact.words:
            return plain
        case _:
            wanted = f"one of {', '.join(fact.words)}" if fact.words else f"a {fact.kind.value}"
            if fact.kind is Kind.TRUTH:
                wanted = fact.kind.value
            message = f"{fact.name}: expected {wanted}, found {plain!r}"
            raise ValueError(message)
