"""Moments: which points must be killed one by one, and which are the same moment as another."""

from collections.abc import Sequence

# The moment between such a commit and the next point is seen from outside: somebody is answered.
ANSWERS = "after commit: keep"


def distinct(points: Sequence[str]) -> list[str]:
    """Return the points at which something lasting differs from the point before.

    Nothing lasts but what is committed or requested, so `before` the next step is the same moment
    as `after` the last one; of such twins the first is returned.
    """
    pairs = zip(["", *points], points, strict=False)
    return [
        point
        for last, point in pairs
        if not (point.startswith("before") and last.startswith("after")) or last.startswith(ANSWERS)
    ]


def twins(points: Sequence[str]) -> list[str]:
    """Return the other points."""
    known = set(distinct(points))
    return [point for point in points if point not in known]
