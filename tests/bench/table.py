"""The table: every figure in one line, and what was not reached in words."""

from collections.abc import Iterator, Sequence

from tests.bench.figures import Figure

TIMES = "\N{MULTIPLICATION SIGN}"
HEAD = ("goal", "figure", "store", "measured", "ratio", "must", "reached")


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table that reads well in a terminal too."""
    rows = [HEAD, *(_row(one) for one in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, _line(["-" * width for width in widths], widths))
    return "\n".join(lines)


def shortfalls(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield one sentence per must that was not reached, with by how much not."""
    for one in figures:
        if one.must and not one.must.reached_by(one.judged):
            yield (
                f"{one.goal} is not reached on {one.store}: {one.name} is {_number(one.judged)}, "
                f"must be {_must(one)}: missed by {one.must.missed_by(one.judged):.0%}"
            )


def _row(one: Figure) -> tuple[str, ...]:
    ratio = "" if one.ratio is None else f"{_number(one.ratio)} {TIMES} {one.against}"
    reached = "" if one.must is None else "yes" if one.must.reached_by(one.judged) else "NO"
    measured = f"{_number(one.value)} {one.unit}"
    return (one.goal, one.name, one.store, measured, ratio, _must(one), reached)


def _must(one: Figure) -> str:
    if one.must is None:
        return ""
    unit = TIMES if one.base else one.unit
    return f"{one.must.sense.value} {_number(one.must.bound)} {unit}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return f"| {' | '.join(padded)} |"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"
