"""Shapes of what may be written: the loader reads by them, the JSON Schema is made from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

Value = str | int | float | timedelta | tuple[str, ...]
"""A value of a parameter or of a step's field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text; `pattern` must fit all of it, `example` shows one that does."""

    pattern: str | None = None
    example: str = ""
    longest: int = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of these words."""

    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer:
    """A whole number within its bounds."""

    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number within its bounds."""

    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent:
    """A share, written `50%`, kept as the number before the sign."""

    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A length of time, written `30s`, `10m`, `1h30m`."""

    minimum: timedelta | None = None
    maximum: timedelta | None = None


Atom = Text | Choice | Integer | Number | Percent | Duration
"""What one scalar can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A parameter that is named instead of a value: `$name`."""

    name: str

    def __str__(self) -> str:
        return f"${self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBy:
    """What an earlier check found, instead of a value: `$step.pod`."""

    step: str
    what: str

    def __str__(self) -> str:
        return f"${self.step}.{self.what}"


Argument = Value | Reference | FoundBy
"""What stands in a step's field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """A list of at least `fewest` of one shape."""

    item: "Shape"
    fewest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOf:
    """A mapping with keys of one pattern and values of one shape."""

    key: str
    item: "Shape"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a record; `meaning` is its line in the documentation.

    With `by_reference` a parameter may be named instead of a value, `$name`, and for a pod or a
    node what an earlier check found, `$step.pod`.
    """

    shape: "Shape"
    meaning: str
    required: bool = False
    by_reference: bool = False
    default: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A mapping with known fields; of the fields in `one_of` at least one must be there.

    `never` names fields that people try, with the reason why there is none.
    """

    fields: Mapping[str, Field]
    one_of: tuple[str, ...] = ()
    never: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """A record whose shape follows the word in its field `key`."""

    key: str
    records: Mapping[str, Record] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """A record whose shape follows which of the keys is there; exactly one is."""

    records: Mapping[str, Record]


Shape = Atom | ListOf | MapOf | Record | Tagged | Variants
