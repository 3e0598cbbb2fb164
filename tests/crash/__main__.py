"""Repeats one point: `python -m tests.crash --point 'after commit: keep #3'`.

`'after commit: keep #3 then 7'` kills who goes on, too, at its seventh point, and
`'after commit: keep #3 with no-look-back'` plants a fault of `faults.py`, which must be found.
Without a point they are listed; `--explore` reads points from standard input, one a line, and
answers each with a line of JSON.
"""

import argparse
import sys

from tests.crash.explorer import explore, line, points, theatre


def main() -> int:
    """Return 1 when the point shows a violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--point", help="kill here; without it the points are listed")
    parser.add_argument("--explore", action="store_true", help="points come on standard input")
    parser.add_argument("--loud", action="store_true", help="show the desk's log")
    given = parser.parse_args()
    with theatre(loud=given.loud) as here:
        if given.explore:
            for point in sys.stdin:
                print(line(explore(here, point.strip())), flush=True)  # noqa: T201  # it answers
            return 0
        if given.point is None:
            print("\n".join(points(here)))  # noqa: T201  # what was asked for
            return 0
        explored = explore(here, given.point)
        print(line(explored))  # noqa: T201  # what was asked for
        return 1 if explored.violations else 0


if __name__ == "__main__":
    sys.exit(main())
