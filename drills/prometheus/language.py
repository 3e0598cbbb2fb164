"""Reads PromQL into the declared subset; everything else is refused here, by name."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final, NoReturn

import promql_parser as grammar

from drills.prometheus.arithmetic import ARITHMETIC, COMPARISON
from drills.prometheus.errors import BadQuery, Unsupported
from drills.prometheus.labels import NAME
from drills.prometheus.matchers import Matcher, Operation, pattern
from drills.prometheus.tree import (
    AGGREGATIONS,
    FUNCTIONS,
    SET_OPERATORS,
    Aggregation,
    Binary,
    Call,
    Cardinality,
    Matching,
    Negation,
    Node,
    Number,
    Range,
    Selector,
    Words,
)

MILLISECOND: Final = timedelta(milliseconds=1)

OPERATIONS: Final = (
    (grammar.MatchOp.Equal, Operation.EQUAL),
    (grammar.MatchOp.NotEqual, Operation.NOT_EQUAL),
    (grammar.MatchOp.Re, Operation.LIKE),
    (grammar.MatchOp.NotRe, Operation.UNLIKE),
)


@lru_cache(maxsize=512)
def read(expr: str) -> Node:
    """Parse a query.

    Raises BadQuery for what is not PromQL (the grammar is that of promql-parser: Prometheus
    2.45) and Unsupported, naming the construct, for what is outside the subset.
    """
    try:
        parsed = grammar.parse(expr)
    except ValueError as error:
        message = f'invalid parameter "query": {error}'
        raise BadQuery(message) from error
    return _node(parsed)


def _node(parsed: grammar.Expr) -> Node:
    reader = READERS.get(type(parsed))
    if reader is None:
        _refuse(type(parsed).__name__.removesuffix("Expr").lower(), parsed)
    return reader(parsed)


def _range(parsed: grammar.MatrixSelector) -> Range:
    selector = _selector(parsed.vector_selector)
    return Range(selector=selector, length=parsed.range // MILLISECOND)


def _selector(parsed: grammar.VectorSelector) -> Selector:
    if parsed.at is not None:
        _refuse("@ modifier", parsed)
    if parsed.matchers.or_matchers:
        _refuse("alternative matchers (or inside braces)", parsed)
    matchers = [_matcher(matcher) for matcher in parsed.matchers.matchers]
    if parsed.name:
        matchers.append(Matcher(name=NAME, operation=Operation.EQUAL, value=parsed.name))
    offset = parsed.offset or timedelta()
    return Selector(matchers=tuple(matchers), offset=offset // MILLISECOND)


def _matcher(parsed: grammar.Matcher) -> Matcher:
    operation = next(ours for theirs, ours in OPERATIONS if theirs == parsed.op)
    if operation in {Operation.LIKE, Operation.UNLIKE}:
        pattern(parsed.value)
    return Matcher(name=parsed.name, operation=operation, value=parsed.value)


def _aggregation(parsed: grammar.AggregateExpr) -> Aggregation:
    operator = str(parsed.op)
    if operator not in AGGREGATIONS:
        _refuse(f"aggregation {operator}", parsed)
    modifier = parsed.modifier
    return Aggregation(
        operator=operator,
        body=_node(parsed.expr),
        parameter=None if parsed.param is None else _node(parsed.param),
        by=modifier is None or modifier.type == grammar.AggModifierType.By,
        labels=frozenset(modifier.labels if modifier else ()),
    )


def _binary(parsed: grammar.BinaryExpr) -> Binary:
    operator = str(parsed.op)
    if operator not in SET_OPERATORS | ARITHMETIC.keys() | COMPARISON.keys():
        _refuse(f"operator {operator}", parsed)
    return Binary(
        operator=operator,
        left=_node(parsed.lhs),
        right=_node(parsed.rhs),
        matching=_matching(parsed),
        boolean=parsed.modifier is not None and parsed.modifier.return_bool,
    )


def _matching(parsed: grammar.BinaryExpr) -> Matching:
    modifier = parsed.modifier
    if modifier is None:
        return Matching()
    if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
        _refuse("fill modifier", parsed)
    on = modifier.matching
    return Matching(
        # Set operators are many-to-many by nature; the evaluation does not ask.
        cardinality=_cardinality(modifier.card),
        on=on is not None and on.type == grammar.LabelModifierType.Include,
        labels=frozenset(on.labels if on else ()),
        include=tuple(modifier.group_labels or ()),
    )


def _cardinality(card: grammar.VectorMatchCardinality) -> Cardinality:
    if card == grammar.VectorMatchCardinality.ManyToOne:
        return Cardinality.MANY_TO_ONE
    if card == grammar.VectorMatchCardinality.OneToMany:
        return Cardinality.ONE_TO_MANY
    return Cardinality.ONE_TO_ONE


def _call(parsed: grammar.Call) -> Call:
    function = parsed.func.name
    if function not in FUNCTIONS:
        _refuse(f"function {function}()", parsed)
    return Call(function=function, arguments=tuple(_node(each) for each in parsed.args))


def _refuse(construct: str, parsed: grammar.Expr) -> NoReturn:
    message = f"{construct} is outside the declared subset: {parsed.prettify()}"
    raise Unsupported(message)


# Any: each function takes exactly the class that is its key.
READERS: Final[Mapping[type, Callable[[Any], Node]]] = {
    grammar.ParenExpr: lambda parsed: _node(parsed.expr),
    grammar.NumberLiteral: lambda parsed: Number(value=parsed.val),
    grammar.StringLiteral: lambda parsed: Words(value=parsed.val),
    grammar.UnaryExpr: lambda parsed: Negation(body=_node(parsed.expr)),
    grammar.AggregateExpr: _aggregation,
    grammar.BinaryExpr: _binary,
    grammar.Call: _call,
    grammar.VectorSelector: _selector,
    grammar.MatrixSelector: _range,
}
