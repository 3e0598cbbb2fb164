"""Binary operators: scalars, vectors with scalars, vectors with vectors."""

from collections.abc import Callable
from typing import TypeAlias

from drills.prometheus import labels as label_sets
from drills.prometheus.arithmetic import ARITHMETIC, COMPARISON
from drills.prometheus.errors import Failed
from drills.prometheus.labels import Labels
from drills.prometheus.tree import SET_OPERATORS, Binary, Cardinality, Matching
from drills.prometheus.values import Sample, Scalar, Vector

Operand: TypeAlias = Scalar | Vector
Signature: TypeAlias = Callable[[Labels], Labels]


def combine(node: Binary, left: Operand, right: Operand) -> Operand:
    """Apply the operator.

    Raises Failed where Prometheus refuses: more than one partner for an element.
    Source: prometheus.io/docs/prometheus/latest/querying/operators, vector matching.
    """
    if isinstance(left, Scalar):
        if isinstance(right, Scalar):
            return Scalar(_number(node.operator, left.value, right.value))
        return _with_scalar(node, right, left.value, swapped=True)
    if isinstance(right, Scalar):
        return _with_scalar(node, left, right.value, swapped=False)
    if node.operator in SET_OPERATORS:
        return _sets(node, left, right)
    return _vectors(node, left, right)


def _number(operator: str, left: float, right: float) -> float:
    if operator in COMPARISON:
        return float(COMPARISON[operator](left, right))
    return ARITHMETIC[operator](left, right)


def _outcome(node: Binary, left: float, right: float, kept: float) -> float | None:
    """Return the value of the element, or None when the comparison filters it out."""
    if node.operator in ARITHMETIC:
        return ARITHMETIC[node.operator](left, right)
    holds = COMPARISON[node.operator](left, right)
    if node.boolean:
        return float(holds)
    return kept if holds else None


def _changes_meaning(node: Binary) -> bool:
    return node.boolean or node.operator in ARITHMETIC


def _with_scalar(node: Binary, vector: Vector, scalar: float, *, swapped: bool) -> Vector:
    found: list[Sample] = []
    for labels, value in vector.samples:
        left, right = (scalar, value) if swapped else (value, scalar)
        if (outcome := _outcome(node, left, right, kept=value)) is not None:
            kept = label_sets.nameless(labels) if _changes_meaning(node) else labels
            found.append(Sample(kept, outcome))
    return Vector(tuple(found))


def _signature(matching: Matching) -> Signature:
    if matching.on:
        return lambda labels: label_sets.only(labels, matching.labels)
    ignored = matching.labels | {label_sets.NAME}
    return lambda labels: label_sets.without(labels, ignored)


def _sets(node: Binary, left: Vector, right: Vector) -> Vector:
    signature = _signature(node.matching)
    if node.operator == "or":
        taken = {signature(sample.labels) for sample in left.samples}
        new = tuple(each for each in right.samples if signature(each.labels) not in taken)
        return Vector(left.samples + new)
    present = {signature(sample.labels) for sample in right.samples}
    wanted = node.operator == "and"
    return Vector(
        tuple(each for each in left.samples if (signature(each.labels) in present) is wanted)
    )


def _vectors(node: Binary, left: Vector, right: Vector) -> Vector:
    swapped = node.matching.cardinality is Cardinality.ONE_TO_MANY
    many, one = (right, left) if swapped else (left, right)
    signature = _signature(node.matching)
    partners = _partners(node, one, many, signature, side="left" if swapped else "right")
    found: list[Sample] = []
    used: set[tuple[Labels, Labels | None]] = set()
    for sample in many.samples:
        key = signature(sample.labels)
        if (partner := partners.get(key)) is None:
            continue
        labels = _joined(node, sample.labels, partner.labels)
        _use(used, node.matching, key, labels)
        pair = (partner.value, sample.value) if swapped else (sample.value, partner.value)
        if (outcome := _outcome(node, *pair, kept=pair[0])) is not None:
            found.append(Sample(labels, outcome))
    return Vector(tuple(found))


def _partners(
    node: Binary, one: Vector, many: Vector, signature: Signature, *, side: str
) -> dict[Labels, Sample]:
    partners: dict[Labels, Sample] = {}
    for sample in one.samples if many.samples else ():
        key = signature(sample.labels)
        if (other := partners.get(key)) is not None:
            raise _many_to_many(node.matching, key, side, sample, other)
        partners[key] = sample
    return partners


def _many_to_many(
    matching: Matching, key: Labels, side: str, sample: Sample, other: Sample
) -> Failed:
    group = label_sets.text(key if matching.on else label_sets.without(key, matching.labels))
    pair = ", ".join(sorted(label_sets.text(each.labels) for each in (sample, other)))
    return Failed(
        f"found duplicate series for the match group {group} on the {side} hand-side of the"
        f" operation: [{pair}];many-to-many matching not allowed: matching labels must be"
        " unique on one side"
    )


def _use(
    used: set[tuple[Labels, Labels | None]], matching: Matching, key: Labels, labels: Labels
) -> None:
    """Note the match; refuse the second one that Prometheus refuses."""
    one_to_one = matching.cardinality is Cardinality.ONE_TO_ONE
    entry = (key, None if one_to_one else labels)
    if entry in used and one_to_one:
        message = (
            "multiple matches for labels: many-to-one matching must be explicit"
            " (group_left/group_right)"
        )
        raise Failed(message)
    if entry in used:
        message = "multiple matches for labels: grouping labels must ensure unique matches"
        raise Failed(message)
    used.add(entry)


def _joined(node: Binary, many: Labels, one: Labels) -> Labels:
    matching = node.matching
    kept = label_sets.nameless(many) if _changes_meaning(node) else many
    if matching.cardinality is Cardinality.ONE_TO_ONE:
        keep = label_sets.only if matching.on else label_sets.without
        return keep(kept, matching.labels)
    for name in matching.include:
        kept = label_sets.replaced(kept, name, label_sets.value(one, name))
    return kept
