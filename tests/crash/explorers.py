"""Explorers: processes that explore one point after the other, and the table of what they found."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests.crash.moments import distinct

COMMAND = (sys.executable, "-m", "tests.crash")

Found = Mapping[str, Any]  # a line of JSON


class Explorer:
    """A process that explores what it is told to."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def explore(self, points: Iterable[str]) -> Iterator[Found]:
        """Yield what each point shows."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for point in points:
            self._process.stdin.write(f"{point}\n")
            self._process.stdin.flush()
            yield json.loads(self._process.stdout.readline())


@contextmanager
def explorer(*arguments: str) -> Iterator[Explorer]:
    """Run an explorer; it ends when nothing more is asked."""
    command = [*COMMAND, "--explore", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Explorer(process)


def table(points: Sequence[str], found: Sequence[Found], seconds: float) -> str:
    """Return what was explored, by sort of point, with a command for everything wrong."""
    wrong = [one for one in found if one["violations"]]
    counts = {
        "there": Counter(map(sort, points)),
        "killed": _count(one for one in found if one["killed"]),
        "in doubt": _count(one for one in found if one["doubt"]),
        "violated": _count(wrong),
    }
    head = f"\n{'point':<24}" + "".join(f"{name:>10}" for name in counts)
    lines = [
        head,
        *(
            f"{name:<24}" + "".join(f"{each[name]:>10}" for each in counts.values())
            for name in sorted(counts["there"])
        ),
    ]
    slowest = max((one["seconds"] for one in found), default=0)
    said = f"{len(points)} points at {len(distinct(points))} moments, "
    said += f"{counts['killed'].total()} explored, {len(wrong)} with violations, "
    lines.append(f"{said}{seconds:.0f} s, the slowest point {slowest:.1f} s")
    for one in wrong:
        lines.append(f"python -m tests.crash --point {one['point']!r}")
        lines += [f"  {violation}" for violation in one["violations"]]
    return "\n".join(lines)


def sort(point: str) -> str:
    """Return the sort of a point: `before commit: append`."""
    when, _, what = point.partition(": ")
    return f"{when}: {what.partition(' ')[0]}"


def _count(found: Iterable[Found]) -> Counter[str]:
    return Counter(sort(one["point"]) for one in found)
