"""The tree of a query: frozen values, one class for each construct of the subset."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from drills.prometheus.matchers import Matcher

SET_OPERATORS: Final = frozenset({"and", "or", "unless"})
AGGREGATIONS: Final = frozenset(
    {"sum", "avg", "max", "min", "count", "group", "stddev", "stdvar", "quantile"}
    | {"topk", "bottomk"}
)
WINDOW_FUNCTIONS: Final = frozenset(
    {"rate", "increase", "irate", "delta", "deriv", "changes", "resets"}
    | {"avg_over_time", "max_over_time", "min_over_time", "sum_over_time"}
    | {"count_over_time", "last_over_time"}
)
VECTOR_FUNCTIONS: Final = frozenset(
    {"abs", "ceil", "floor", "round", "clamp", "clamp_min", "clamp_max"}
    | {"timestamp", "absent", "histogram_quantile", "label_replace"}
)
OTHER_FUNCTIONS: Final = frozenset({"absent_over_time", "scalar", "vector", "time"})
FUNCTIONS: Final = WINDOW_FUNCTIONS | VECTOR_FUNCTIONS | OTHER_FUNCTIONS


class Cardinality(Enum):
    """How many elements of each side may share the matching labels."""

    ONE_TO_ONE = "one-to-one"
    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Which labels decide that two elements belong together, and what is taken over."""

    cardinality: Cardinality = Cardinality.ONE_TO_ONE
    on: bool = False
    labels: frozenset[str] = frozenset()
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number literal."""

    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A string literal."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """The newest sample of each series that fits, `offset` milliseconds ago."""

    matchers: tuple[Matcher, ...]
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """All samples of the last `length` milliseconds of each series that fits."""

    selector: Selector
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function applied to its arguments."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregation:
    """One sample for each group; `by` keeps the named labels, otherwise they are dropped."""

    operator: str
    body: "Node"
    parameter: "Node | None"
    by: bool
    labels: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """Two operands and an operator; `boolean` answers 0 or 1 instead of filtering."""

    operator: str
    left: "Node"
    right: "Node"
    matching: Matching
    boolean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Negation:
    """A unary minus."""

    body: "Node"


Node: TypeAlias = Number | Words | Selector | Range | Call | Aggregation | Binary | Negation
